"""A describer learns to say what is where, from pixels or features, and says where it looks."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.base import clone
from torch.nn import functional as F

import throughtime as tt
from tests.tasks.scenes import squares
from throughtime.base.errors import ConfigError, DataError, ModelFileError, ShapeError
from throughtime.base.run_folder import RunFolder
from throughtime.tasks import NotFittedError, caption_fitting
from throughtime.tasks.captions import CaptionGenerator

SMALL = {
    "image_size": 16,
    "channels": 8,
    "region_size": 32,
    "heads": 2,
    "hidden_size": 24,
    "embedding_size": 12,
    "batch_size": 16,
    "epochs": 40,
    "learning_rate": 0.01,
    "averaging": 0.9,
    "progress": False,
}
TEST = squares(40, seed=1)


def small(**changes):
    return CaptionGenerator(**(SMALL | changes))


@pytest.fixture(scope="module")
def model():
    return small().fit(*squares(300))


def right(texts, wanted):
    return sum(a == b for a, b in zip(texts, wanted, strict=True)) / len(wanted)


def test_it_says_what_is_where(model):
    assert right(model.describe(TEST[0]), TEST[1]) > 0.9
    assert model.score(*TEST) < 0.15
    # Nobody can tell three colours and four corners without looking: (log 3 + log 4) / 6 symbols.
    assert model.score(TEST[0], TEST[1][::-1]) > 0.4
    assert model.history_.epochs[-1].validation is not None
    assert model.best_epoch_ == model.history_.best_epoch


def test_training_reaches_the_encoder():
    images, sentences = squares(40)
    trained = small(epochs=1, validation=None, averaging=0.0).fit(images, sentences).encoder_
    more = small(epochs=2, validation=None, averaging=0.0).fit(images, sentences).encoder_
    for (name, one), other in zip(trained.named_parameters(), more.parameters(), strict=True):
        assert not torch.equal(one, other), name


def by_hand(model, image, sentence):
    """-log p of each word and the end, one step after the other."""
    numbers, costs = model.encoding_.document(sentence), []
    with torch.no_grad():
        state = model.network_.core.begin(model.encoder_(torch.from_numpy(image)[None]))
        for before, word in zip(numbers[:-1].tolist(), numbers[1:].tolist(), strict=True):
            logits, state = model.network_(torch.tensor([[before]]), state)
            costs.append(float(F.cross_entropy(logits[0], torch.tensor([word]))))
    return costs


def test_a_score_is_the_mean_of_what_each_word_costs(model):
    images, sentences = TEST[0][:3], [["a red square", "a green square left above"], "a blue square", ["a square"]]
    pairs = [(images[0], each) for each in sentences[0]] + [(images[1], sentences[1]), (images[2], sentences[2][0])]
    costs = [cost for pair in pairs for cost in by_hand(model, *pair)]
    assert model.score(images, sentences) == pytest.approx(np.mean(costs), rel=1e-4)


def test_a_beam_of_one_takes_the_likeliest_word_each_time(model):
    said = model.describe(TEST[0][:8])
    assert model.describe(TEST[0][:8], beam=1) == said
    for image, greedy, beam in zip(TEST[0], said, model.describe(TEST[0][:8], beam=4), strict=False):
        assert sum(by_hand(model, image, beam)) <= sum(by_hand(model, image, greedy)) + 1e-4
    assert [model.describe([each])[0] for each in TEST[0][:8]] == said


def test_words_are_drawn_by_a_seed(model):
    drawn = model.describe(TEST[0], temperature=3.0, seed=1)
    assert drawn == model.describe(TEST[0], temperature=3.0, seed=1)
    assert drawn != model.describe(TEST[0], temperature=3.0, seed=2)
    assert max(len(each.split()) for each in model.describe(TEST[0], temperature=50.0, most=4)) <= 4
    assert model.describe(TEST[0], top_k=1) == model.describe(TEST[0])


def test_it_looks_where_the_square_is(model):
    looks = []
    for image, sentence in zip(*TEST, strict=True):
        words, weights = model.attention(image, sentence)
        assert words == sentence.split()
        assert weights.shape == (len(words), 4)
        np.testing.assert_allclose(weights.sum(1), 1, rtol=1e-5)
        looks.append(weights)
    own, weights = model.attention(TEST[0][0])
    assert " ".join(own) == model.describe(TEST[0][:1])[0]
    assert len(weights) == len(own)
    # It need not look at one word more than at another, but not everywhere alike.
    assert np.max(looks) > 0.5


@pytest.mark.parametrize("cell", ["rnn", "perceptron"])
def test_other_cells_learn_it_too(cell):
    model = small(cell=cell, epochs=10, window_steps=4).fit(*squares(200))
    # Without looking it is 0.41 at best.
    assert model.score(*TEST) < 0.35


def test_features_of_ones_own_are_described():
    def features(images):
        # Means of 4 x 4 pixels: [16, 3].
        return np.stack([each.reshape(4, 4, 4, 4, 3).mean((1, 3)).reshape(16, 3) / 255 for each in images])

    images, sentences = squares(200)
    model = small(encoder="features", epochs=15).fit(features(images), sentences)
    assert (model.design_.regions, model.design_.features) == (16, 3)
    assert right(model.describe(list(features(TEST[0]))), TEST[1]) > 0.8
    with pytest.raises(ShapeError, match="regions, numbers"):
        model.describe([np.zeros((16, 3)), np.zeros((9, 3))])
    with pytest.raises(ShapeError, match=r"\(1, 9, 3\) came"):
        model.describe([np.zeros((9, 3))])
    with pytest.raises(DataError, match="nan or infinity"):
        model.describe([np.full((16, 3), np.nan)])


def test_images_come_as_they_are(model, tmp_path):
    image = TEST[0][0]
    Image.fromarray(image).save(tmp_path / "a.png")
    wanted = model.describe([image])
    assert model.describe([tmp_path / "a.png"]) == wanted
    assert model.describe([Image.fromarray(image)]) == wanted
    assert len(model.describe([np.zeros((1, 90, 3), np.uint8), np.zeros((40, 30), np.uint8)])) == 2


def test_a_file_gives_it_back(model, tmp_path):
    model.save(tmp_path / "model.safetensors")
    again = tt.load(tmp_path / "model.safetensors")
    assert again.get_params() == model.get_params()
    assert again.describe(TEST[0]) == model.describe(TEST[0])
    assert again.score(*TEST) == model.score(*TEST)
    content = bytearray((tmp_path / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(ModelFileError):
        tt.load(tmp_path / "model.safetensors")


def test_a_training_that_stops_goes_on_bit_by_bit(tmp_path):
    images, sentences = squares(60)
    whole = small(epochs=3, checkpoint_every_s=0).fit(images, sentences)

    class Stopped(Exception):
        pass

    ask = caption_fitting.CaptionBatches.__getitem__

    def stopping(self, place):
        if place == (1, 1):
            raise Stopped
        return ask(self, place)

    with pytest.MonkeyPatch.context() as patch, RunFolder.create(tmp_path / "run", {}) as run:
        patch.setattr(caption_fitting.CaptionBatches, "__getitem__", stopping)
        with pytest.raises(Stopped):
            small(epochs=3, checkpoint_every_s=0).fit(images, sentences, run=run)
    with RunFolder.open(tmp_path / "run") as run:
        again = small(epochs=3, checkpoint_every_s=0).fit(images, sentences, run=run)
    assert again.history_.losses == whole.history_.losses
    assert again.score(*TEST) == whole.score(*TEST)


def test_truncated_and_bounded_training_work(model):
    with pytest.warns(tt.Notice, match="it is constant"):
        truncated = small(tbptt="2,4", epochs=4).fit(*squares(60))
    assert truncated.history_.epochs[-1].loss < 0.7 * truncated.history_.epochs[0].loss
    bounded = small(memory="8MB", epochs=1, validation=None).fit(*squares(60))
    plain = small(epochs=1, validation=None).fit(*squares(60))
    np.testing.assert_allclose(bounded.history_.losses, plain.history_.losses, rtol=1e-4)


def test_images_of_its_own_validate():
    model = small(epochs=2, validation=squares(20, seed=5)).fit(*squares(40))
    assert model.history_.epochs[-1].validation == pytest.approx(
        small(epochs=2, validation=None).fit(*squares(40)).score(*squares(20, seed=5)), rel=1e-4
    )


def test_it_follows_scikit_learn(model):
    assert clone(model).get_params() == model.get_params()
    with pytest.raises(NotFittedError):
        small().describe(TEST[0])


@pytest.mark.parametrize(
    ("images", "sentences", "error", "message"),
    [
        ([], [], DataError, "none came"),
        (TEST[0], None, DataError, "NoneType came"),
        (TEST[0], TEST[1][:-1], ShapeError, "40 images and 39 sentences"),
        (TEST[0][:2], ["a", []], DataError, "1 of 2 have none, the first is number 1"),
        (TEST[0][:2], ["a", 3], DataError, "the first is number 1"),
        (TEST[0][:2], ["a", ["b", 3]], DataError, "Documents are texts"),
        (TEST[0][:2], ["a", ""], DataError, "1 of 2 are empty"),
        (["none.png"], ["a"], DataError, "cannot be read, the first is number 0"),
        (TEST[0][:1], ["a"], DataError, "an image of its own"),
    ],
)
def test_bad_input_is_refused(images, sentences, error, message):
    with pytest.raises(error, match=message):
        small(epochs=1).fit(images, sentences)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"temperature": 0}, "temperature"),
        ({"temperature": -1.0}, "temperature"),
        ({"beam": 0}, "beam"),
        ({"beam": 2, "temperature": 0.5}, "draws nothing"),
        ({"most": 0}, "most"),
        ({"length_power": 2.0}, "length_power"),
    ],
)
def test_ways_of_writing_are_checked(model, how, message):
    with pytest.raises(ConfigError, match=message):
        model.describe(TEST[0][:1], **how)


def test_an_image_that_is_not_there(model):
    with pytest.raises(DataError, match="no file 'none.png'"):
        model.describe(["none.png"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"encoder": "pixels"}, "encoder"),
        ({"image_size": 20}, "image_size=20"),
        ({"region_size": 24}, "multiple of 16"),
        ({"heads": 5}, "heads"),
        ({"word_dropout": 1.0}, "word_dropout"),
        ({"validation": 2}, "validation"),
        ({"tbptt": "auto"}, "'auto' came"),
        ({"symbols": "letters", "epochs": 0}, "symbols.*epochs|epochs.*symbols"),
    ],
)
def test_settings_are_checked(changes, message):
    with pytest.raises(ConfigError, match=message):
        small(**changes).fit(*squares(4))
