"""The recipe from scenes or files to captions, with trainings of seconds."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.tasks.scenes import squares
from throughtime import recipes
from throughtime.base.errors import ConfigError, DataError
from throughtime.data import as_png
from throughtime.recipes.caption import methods
from throughtime.recipes.caption.judging import judge
from throughtime.recipes.caption.methods import compare_methods
from throughtime.recipes.caption.problem import sample
from throughtime.recipes.caption.settings import Images, Model, Settings, Writing

SMALL = {"hidden_size": "16", "region_size": "16", "channels": "8", "embedding_size": "8", "image_size": "16"}
QUICK = {**SMALL, "scenes": "60", "test_scenes": "20", "epochs": "2"}
pytestmark = pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return recipes.train("caption", out=tmp_path_factory.mktemp("run") / "run", settings=QUICK, progress=False)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("squares")
    images, sentences = squares(150)
    for place, image in enumerate(images):
        (folder / f"{place:03}.png").write_bytes(as_png(image))
    rows = [f"{place:03}.png,{sentence}" for place, sentence in enumerate(sentences)]
    (folder / "table.csv").write_text("\n".join(["image,sentence", *rows]))
    return folder


@pytest.fixture(scope="module")
def described(data, tmp_path_factory):
    settings = {**SMALL, "epochs": "20", "learning_rate": "0.01", "averaging": "0.9", "batch_size": "16"}
    out = tmp_path_factory.mktemp("own") / "run"
    return recipes.train("caption", data=data, out=out, settings=settings, progress=False)


def test_scores_stand_beside_what_sees_no_image(trained):
    table = trained.table
    assert table.column("method") == ["commonest caption", "n-grams without image", "network"]
    assert [each is None for each in table.column("nats a word")] == [True, False, False]
    assert all(0 <= each <= 1 for each in table.column("attributes right") if each is not None)
    again = recipes.evaluate(trained.run)
    assert [again.column(key)[2] for key in ("nats a word", "BLEU")] == [
        table.column(key)[2] for key in ("nats a word", "BLEU")
    ]


def test_the_report_shows_images_and_where_it_looks(trained):
    page = (trained.run / "report.html").read_text()
    for heading in ("What captions have right", "Learning curve", "Test images", "Where it looks"):
        assert f"<h2>{heading}</h2>" in page
    assert page.count("<img ") == 12
    assert page.count("<image ") >= 1


def test_the_commonest_caption_is_judged_as_any():
    problem = sample(Settings(images=Images(scenes=30, test_scenes=10), model=Model(image_size=16)))
    found = methods.try_commonest(problem)
    texts = [each[0] for each in problem.train.sentences]
    said = max(texts, key=texts.count)
    assert found.attributes == judge([said] * 10, problem.test.scenes).attributes


def test_images_of_ones_own_are_described(described, data, tmp_path):
    assert described.table.columns[2].name == "BLEU"  # nobody knows the attributes of photographs
    nats = described.table.column("nats a word")
    assert nats[1] < nats[0] if nats[0] is not None else nats[2] < nats[1]
    for place, image in enumerate(squares(3, seed=4)[0]):
        (tmp_path / f"new{place}.png").write_bytes(as_png(image))
    (tmp_path / "broken.png").write_text("none")
    table = recipes.predict(described.run, data=tmp_path)
    assert table.column("image") == ["new0.png", "new1.png", "new2.png"]
    assert all(each.startswith("a ") for each in table.column("caption"))
    assert "broken.png" in table.notes[0]
    with pytest.raises(DataError, match="holds images alone"):
        recipes.evaluate(described.run, data=tmp_path)
    assert recipes.evaluate(described.run, data=data).column("method") == ["network"]


def test_one_image_is_described(described, tmp_path):
    (tmp_path / "one.png").write_bytes(as_png(squares(1, seed=4)[0][0]))
    prompt = str(tmp_path / "one.png")
    (text,) = recipes.generate(described.run, prompt=prompt)
    assert text == recipes.predict(described.run, data=tmp_path / "one.png").column("caption")[0]
    (beam,) = recipes.generate(described.run, prompt=prompt, beam=1)
    assert beam == text
    (drawn,) = recipes.generate(described.run, 3, prompt=prompt, temperature=5.0, seed=2)
    assert len(drawn.split()) <= 3
    (told,) = recipes.generate(described.run, prompt=prompt, out=tmp_path / "said.txt")
    assert "said.txt" in told
    assert (tmp_path / "said.txt").read_text() == text + "\n"


@pytest.mark.parametrize(
    ("asked", "error", "message"),
    [
        ({}, ConfigError, "--prompt image.png"),
        ({"prompt": "none.png"}, DataError, "no file 'none.png'"),
        ({"prompt": "none.png", "temperature": 0.0}, ConfigError, "temperature"),
        ({"prompt": "none.png", "stop": "a"}, ConfigError, "ends by itself"),
        ({"prompt": "none.png", "beam": 3, "temperature": 0.5}, ConfigError, "draws nothing"),
    ],
)
def test_requests_are_checked(described, asked, error, message):
    with pytest.raises(error, match=message):
        list(recipes.generate(described.run, **asked))


def test_a_run_holds_to_its_images(data, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    for file in sorted(data.iterdir())[:12]:
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "table.csv").write_text(
        "\n".join(["image,sentence", *(f"{place:03}.png,a square" for place in range(12))])
    )
    run = recipes.train(
        "caption",
        data=folder / "table.csv",
        out=tmp_path / "run",
        settings={**SMALL, "epochs": "1", "test": "0.2"},
        progress=False,
    )
    recipes.evaluate(run.run)
    (folder / "000.png").write_bytes(as_png(np.zeros((3, 3, 3), np.uint8)))
    with pytest.raises(DataError, match="has changed"):
        recipes.evaluate(run.run)


def test_all_methods_stand_in_one_table():
    problem = sample(Settings(images=Images(scenes=40, test_scenes=10), model=Model(image_size=16)))
    model = Model(hidden_size=8, region_size=16, channels=8, image_size=16, epochs=1, window_steps=3)
    table = compare_methods(problem, model, Writing(), "n,n", 2, False)
    assert table.column("method")[2:] == ["perceptron", "Elman RNN", "LSTM"]
    assert table.column("seeds") == [None, None, 2, 2, 2]
    assert any("nats a word against n-grams" in note for note in table.notes)


@pytest.mark.parametrize(("nats", "said"), [({"perceptron": 1.0, "LSTM": 1.5}, "by 0.500"), ({"LSTM": 1.0}, None)])
def test_a_loss_to_another_network_is_printed(nats, said):
    problem = sample(Settings(images=Images(scenes=20, test_scenes=5), model=Model(image_size=16)))
    scored = {"perceptron": 2.0, "Elman RNN": 2.0, "LSTM": 2.0} | nats
    found = [[methods.Scored(name, each, None, None, None, None, 1, 0.0)] * 2 for name, each in scored.items()]
    notes = [note for note in methods._notes(problem, found) if "tells words better" in note]
    assert [said in note for note in notes] == ([True] if said else [])


def test_without_sacrebleu_the_column_says_so(monkeypatch):
    monkeypatch.setattr(methods, "HAS_BLEU", False)
    problem = sample(Settings(images=Images(scenes=20, test_scenes=5), model=Model(image_size=16)))
    assert methods.try_commonest(problem).bleu is None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"image_size": "20"}, "image_size=20"),
        ({"heads": "7"}, "heads"),
        ({"beam": "0"}, "beam"),
        ({"scnes": "3"}, "did you mean 'scenes'"),
    ],
)
def test_settings_are_checked(tmp_path, settings, message):
    with pytest.raises(ConfigError, match=message):
        recipes.train("caption", out=tmp_path / "run", settings=settings, progress=False)


def test_settings_come_back_from_a_run(trained):
    from throughtime.base.run_folder import RunFolder

    with RunFolder.read(trained.run) as run:
        json.dumps(run.settings["settings"])
        assert run.settings["settings"]["scenes"] == 60
