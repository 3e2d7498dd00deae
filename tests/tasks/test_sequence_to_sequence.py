"""Sequences from sequences: learned, told, looked at, kept in a file; other cells, copying, and bad input."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone

import throughtime as tt
from tests.tasks.reversing import Growing, reversed_pairs, small, texts
from throughtime.base.errors import ConfigError, DataError, ModelFileError, ShapeError
from throughtime.tasks import NotFittedError

TEST = reversed_pairs(60, seed=1)


@pytest.fixture(scope="module")
def model():
    return small(epochs=25).fit(*reversed_pairs(500))


def right(found, wanted):
    return np.mean([ours == theirs for ours, theirs in zip(found, wanted, strict=True)])


def test_it_learns(model):
    assert right(model.predict(TEST[0]), TEST[1]) > 0.9
    assert right(model.predict(TEST[0], beam=4), TEST[1]) > 0.9
    assert model.score(*TEST) < 0.2
    assert model.longest_ == 5
    assert model.best_epoch_ == model.history_.best_epoch


def test_a_score_is_the_mean_over_symbols_and_ends(model):
    one, two = (model.score(TEST[0][place : place + 1], TEST[1][place : place + 1]) for place in (0, 1))
    counts = [len(text) + 1 for text in TEST[1][:2]]
    both = model.score(TEST[0][:2], TEST[1][:2])
    assert both == pytest.approx(np.average([one, two], weights=counts), rel=1e-4)


def test_what_is_told_by_true_symbols(model):
    told = model.told(*TEST)
    assert [len(each) for each in told] == [len(text) + 1 for text in TEST[1]]
    assert np.concatenate(told).mean() > 0.95
    # Where every symbol is the likeliest, that is what is written.
    for source, target, each in zip(*TEST, told, strict=True):
        assert (model.predict([source])[0] == target) == bool(each.all())


def test_the_best_come_with_their_probabilities(model):
    (found,) = model.predict(["abc"], beam=4, best=3)
    assert len(found) == 3
    values = [value for _, value in found]
    assert values == sorted(values, reverse=True)
    assert found[0][0] == model.predict(["abc"], beam=4)[0]
    nats = model.score(["abc"], [found[0][0]]) * (len(found[0][0]) + 1)
    assert values[0] == pytest.approx(-nats, abs=1e-3)


def test_it_is_told_as_it_is_written(model):
    for source in TEST[0][:10]:
        assert "".join(model.stream(source)) == model.predict([source])[0]


def test_it_looks_where_the_symbol_stands(model):
    right = []
    for source, target in zip(*TEST, strict=True):
        symbols, told, weights, copied = model.attention(source, target)
        assert (symbols, told) == (list(source), list(target))
        assert weights.shape == (len(target), len(source))
        np.testing.assert_allclose(weights.sum(1), 1, rtol=1e-5)
        assert copied is None
        right += (weights.argmax(1) == np.arange(len(source))[::-1]).tolist()
    assert np.mean(right) > 0.5
    assert "".join(model.attention("abc")[1]) == model.predict(["abc"])[0]


def test_a_longer_target_is_cut_and_said(model):
    with pytest.warns(tt.Notice, match="1 of 1 targets had no end after 2 symbols"):
        assert len(model.predict(["abcde"], most=2)[0]) == 2


def test_a_file_gives_it_back(model, tmp_path):
    model.save(tmp_path / "model.safetensors")
    again = tt.load(tmp_path / "model.safetensors")
    assert again.get_params() == model.get_params()
    assert again.predict(TEST[0]) == model.predict(TEST[0])
    assert again.score(*TEST) == pytest.approx(model.score(*TEST))
    data = (tmp_path / "model.safetensors").read_bytes()
    (tmp_path / "bad.safetensors").write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(ModelFileError):
        tt.load(tmp_path / "bad.safetensors")


KINDS = {
    "rnn": {"cell": "rnn"},
    "perceptron": {"cell": "perceptron", "window_steps": 4},
    "one direction": {"bidirectional": False, "reverse": True, "num_layers": 2},
    "fixed vector": {"heads": 0},
    "fixed, one direction": {"heads": 0, "bidirectional": False, "reverse": True},
    "tied": {"tied": True, "label_smoothing": 0.1, "dropout": 0.1, "num_layers": 2, "word_dropout": 0.1},
    "copying": {"copy": True, "tied": True, "label_smoothing": 0.1},
    "covering": {"copy": True, "coverage": 1.0, "tbptt": "2,2"},
}


@pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")  # targets that were cut, windows of TBPTT
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_trains_and_is_kept(kind, tmp_path):
    model = small(epochs=4, validation=None, **KINDS[kind]).fit(*reversed_pairs(100, letters="abc"))
    unlearned = np.log(5)
    assert model.score(*reversed_pairs(30, 1, letters="abc")) < 0.85 * unlearned
    model.save(tmp_path / "model.safetensors")
    again = tt.load(tmp_path / "model.safetensors")
    sources = texts(10, 2, letters="abc")
    assert again.predict(sources, beam=2) == model.predict(sources, beam=2)
    assert again.parameters_count_ == model.parameters_count_


def names(count, seed):
    """Sentences of which one word, mostly never seen before, is the answer."""
    draws = np.random.default_rng(seed)
    found = ["".join(draws.choice(list("klmnop"), 6)) for _ in range(count)]
    return [f"{'so ' * int(draws.integers(0, 3))}my name is {name} ." for name in found], found


class Unseen:
    """Lessons whose names are none of the vocabulary's."""

    def __init__(self, count):
        self.given = names(count, 0)

    @property
    def vocabulary(self):
        return ["so so my name is ."], ["my so so so"]

    def pairs(self, epoch, losses):
        return self.given

    def validation(self, epoch, losses):
        return None


def test_words_never_seen_are_copied():
    model = small(symbols="words", copy=True, epochs=12).fit(Unseen(150))
    new, wanted = names(50, 1)
    assert right(model.predict(new), wanted) > 0.9
    symbols, told, weights, copied = model.attention(new[0])
    assert told == [wanted[0]]
    assert symbols[int(weights[0].argmax())] == wanted[0]
    assert copied[0] > 0.9
    assert model.score(new, wanted) < 0.5


def test_lists_of_symbols_come_back_as_lists():
    sources = [list(each) for each in texts(60)]
    model = small(epochs=2).fit(sources, [each[::-1] for each in sources])
    (found,) = model.predict([["a", "b", "never seen"]])
    assert isinstance(found, list)
    assert all(isinstance(symbol, str) for symbol in found)
    assert list(model.stream(["a", "b"])) == model.predict([["a", "b"]])[0]
    with pytest.raises(DataError, match="list of symbols"):
        model.predict(["ab"])


@pytest.mark.parametrize("symbols", ["words", "characters", "subwords", "jamo", "bytes"])
def test_hangul_by_every_kind_of_symbols(symbols):
    sources, targets = ["나는 학교에 간다"] * 12, ["학교에 간다"] * 12
    model = small(symbols=symbols, epochs=25, validation=None).fit(sources, targets)
    assert model.predict(sources[:1]) == targets[:1]
    assert "".join(model.stream(sources[0])) == targets[0]


def test_one_symbol_is_enough():
    model = small(epochs=3, validation=None).fit(["a"] * 4, ["a"] * 4)
    assert model.predict(["a"]) == ["a"]
    assert model.predict(["zzz"]) in (["a"], ["aa"])


def test_lessons_take_the_place_of_pairs():
    model = small(epochs=2).fit(Growing())
    assert len(model.history_.epochs) == 2
    assert model.longest_ == 6


def test_pairs_that_validate_are_given():
    model = small(epochs=2, validation=TEST).fit(*reversed_pairs(40))
    assert model.history_.best_validation == pytest.approx(model.score(*TEST), rel=1e-4)
    with pytest.raises(DataError, match=r"a pair \(sources, targets\), or None: set came"):
        small(validation={7}).fit(*TEST)


def test_it_is_repeated_by_its_seed():
    one, two, other = (small(epochs=1, seed=seed).fit(*reversed_pairs(40)).history_.losses for seed in (0, 0, 1))
    assert one == two != other


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"heads": 3}, "share `hidden_size` evenly: 3 came for 32"),
        ({"copy": True, "heads": 0}, "copy=True came with heads=0"),
        ({"copy": True, "target_symbols": "words"}, "'words' came beside 'characters'"),
        ({"coverage": 1.0}, "1 came without copy=True"),
        ({"cell": "perceptron", "bidirectional": True}, "True came with 'perceptron'"),
        ({"cell": "perceptron", "heads": 0}, "sees the source by attention"),
        ({"label_smoothing": 1.0, "symbols": "word", "tbptt": "auto"}, r"auto.*did you mean 'words'.*label_smoothing"),
    ],
)
def test_settings_are_checked(changes, message):
    with pytest.raises(ConfigError, match=message):
        small(**changes).fit(*TEST)


def test_bad_input_is_refused(model):
    with pytest.raises(ShapeError, match="60 sources and 59 targets came"):
        small().fit(TEST[0], TEST[1][1:])
    with pytest.raises(DataError, match="1 of 2 are empty"):
        small().fit(["a", "b"], ["a", ""])
    with pytest.raises(DataError, match="none came"):
        model.predict([])
    with pytest.raises(NotFittedError):
        small().predict(["a"])
    with pytest.raises(ConfigError, match="heads=0"):
        small(heads=0, epochs=1).fit(*TEST).attention("ab")
    assert clone(model).get_params() == model.get_params()
