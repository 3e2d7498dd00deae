"""The recipe from files to handwriting, with trainings of seconds."""

from __future__ import annotations

import base64
import math
import re

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.recipes.handwriting.made_up import archive, as_xml, drawings, iam
from throughtime import recipes
from throughtime.base.errors import ConfigError, DataError
from throughtime.base.run_folder import RunFolder
from throughtime.recipes.handwriting import reader
from throughtime.recipes.handwriting.case import _in_own_units, load
from throughtime.recipes.handwriting.settings import Collection, Model, Settings
from throughtime.train.history import Epoch, History
from throughtime.train.ranks import Ranks

pytestmark = pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")
QUICK = {"epochs": "3", "hidden_size": "12", "learning_rate": "0.02", "batch_size": "8", "points": "24"}


def trained_on(data, out, tbptt=None, **settings):
    return recipes.train("handwriting", data=data, out=out, tbptt=tbptt, settings={**QUICK, **settings}, progress=False)


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    folder = tmp_path_factory.mktemp("iam")
    iam(folder)
    (folder / "lineStrokes" / "broken.xml").write_text("<StrokeSet>")
    return folder


@pytest.fixture(scope="module")
def arrays(tmp_path_factory):
    some = drawings(40)
    return archive(tmp_path_factory.mktemp("set") / "set.npz", train=some[:30], valid=some[30:34], test=some[34:])


@pytest.fixture(scope="module")
def phrased(lines, tmp_path_factory):
    return trained_on(lines, tmp_path_factory.mktemp("run") / "run")


@pytest.fixture(scope="module")
def unread(arrays, tmp_path_factory):
    return trained_on(arrays, tmp_path_factory.mktemp("run") / "run")


def test_scores_stand_beside_rules_and_what_was_skipped_is_named(phrased):
    assert phrased.table.column("method") == ["mixture without memory", "mixture after a move", "network"]
    assert any(
        note.startswith("Skipped: 1 files that cannot be read, lineStrokes/broken.xml") for note in phrased.notes
    )
    assert any("reads the phrase that it writes" in note for note in phrased.notes)
    assert recipes.evaluate(phrased.run).column("nats a point") == phrased.table.column("nats a point")


def test_an_archive_has_parts_of_its_own_and_no_phrases(unread):
    said = " ".join(unread.notes)
    assert "the data's own parts" in said
    assert "4 drawings of" in said
    assert "reads no phrases" in said
    assert recipes.evaluate(unread.run).column("nats a point") == unread.table.column("nats a point")


@pytest.mark.parametrize(("name", "pictures"), [("phrased", 4), ("unread", 3)])
def test_the_report_needs_nothing_else(name, pictures, request):
    page = (request.getfixturevalue(name).run / "report.html").read_text()
    for heading in ("Learning curve", "What it writes", "Tidier by a bias", "Beside held-out drawings"):
        assert f"<h2>{heading}</h2>" in page
    assert ("<h2>Where it looks</h2>" in page) is (name == "phrased")
    assert page.count("<svg") == page.count('role="img"') == pictures
    for ending, begins in (("svg", b"<svg"), ("png", b"\x89PNG")):
        (found,) = re.findall(rf'href="data:[^;]*;base64,([^"]*)" download="handwriting\.{ending}"', page)
        assert base64.b64decode(found).startswith(begins)
    for bias in ("bias 0", "bias 0.5", "bias 1", "bias 2"):
        assert f">{bias}<" in page
    assert set(re.findall(r"https?://[^\"<\s]*", page)) <= {"http://www.w3.org/2000/svg"}


def test_phrases_that_are_asked_for_are_in_the_report(lines, tmp_path):
    result = trained_on(lines, tmp_path / "run", prompt="abc | cab", epochs="1")
    page = (result.run / "report.html").read_text()
    written = page[page.index("<h2>What it writes</h2>") : page.index("<h2>Tidier")]
    assert [name for name in ("abc", "cab", "Once more", "Held out") if f">{name}<" in written] == [
        "abc",
        "cab",
        "Once more",
    ]


def test_it_writes_phrases_of_test_drawings(phrased):
    table = recipes.predict(phrased.run)
    test = {each.phrase for each in load_test(phrased.run)}
    assert set(table.column("phrase")) <= test
    assert all(1 <= count <= 24 for count in table.column("points.network"))


def load_test(run):
    with RunFolder.read(run) as opened:
        return load(opened.settings["data"], opened.settings["settings"]).problem.test


def test_without_phrases_it_goes_on_from_the_middle(unread):
    table = recipes.predict(unread.run)
    assert len(table.rows) == 5
    assert all(re.fullmatch(r"-?\d+,-?\d+/?( -?\d+,-?\d+/?){0,3}", said) for said in table.column("goes on"))


def test_other_drawings_are_scored_without_rules(phrased, unread, tmp_path):
    iam(tmp_path / "more", forms=2, seed=5)
    table = recipes.evaluate(phrased.run, data=tmp_path / "more")
    assert table.column("method") == ["network"]
    assert "6 test drawings" in table.title
    (tmp_path / "one.xml").write_text(as_xml(drawings(1)[0]))
    assert "1 test drawings" in recipes.evaluate(unread.run, data=tmp_path / "one.xml").title
    with pytest.raises(DataError, match=r"one\.xml has no phrases"):
        recipes.evaluate(phrased.run, data=tmp_path / "one.xml")
    (tmp_path / "one.txt").write_text("xyz")
    with pytest.raises(DataError, match="every test phrase has others, 'x', 'y', 'z'"):
        recipes.evaluate(phrased.run, data=tmp_path / "one.xml")
    (tmp_path / "one.txt").write_text("abc")
    assert recipes.predict(phrased.run, data=tmp_path / "one.xml").column("phrase") == ["abc"]


def test_a_folder_of_its_own_may_test(lines, tmp_path):
    iam(tmp_path / "test", forms=2, seed=3)
    result = trained_on(lines, tmp_path / "run", test=str(tmp_path / "test"), epochs="1")
    assert "6 drawings of" in " ".join(result.notes)
    (tmp_path / "test" / "more.xml").write_text(as_xml(drawings(1)[0]))
    with pytest.raises(DataError, match="has changed"):
        recipes.evaluate(result.run)


def test_the_sample_trains_with_and_without_phrases(tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "EACH", 4)
    pytest.importorskip("HersheyFonts", reason="Hershey-Fonts, whose strokes the sample is of, is not installed")
    for conditioned in ("auto", "false"):
        result = trained_on(None, tmp_path / conditioned, phrases="40", epochs="1", conditioned=conditioned)
        assert "Made-up phrases" in result.table.title
        assert "made up by a generator" in result.notes[0]
        page = (result.run / "report.html").read_text()
        assert ("letters read back" in page) is (conditioned == "auto")


def test_a_learning_curve_is_in_one_unit():
    history = History([0.5], [Epoch(-1.5, 2.0, 0.01, 57)], 0)
    (epoch,) = _in_own_units(history, 6.0).epochs
    assert (epoch.loss, epoch.validation) == (-1.5 + 2 * math.log(6.0), 2.0)


def test_an_interrupted_run_resumes_to_what_it_would_have_been(lines, tmp_path, monkeypatch):
    settings = {"validation": "0.1", "checkpoint_every_s": "0"}
    whole = trained_on(lines, tmp_path / "whole", tbptt="4,6", **settings)
    save, saved = RunFolder.save_checkpoint, []

    class Stop(Exception):
        pass

    def stop_later(self, tree, step):
        save(self, tree, step)
        saved.append(step)
        if len(saved) == 7:  # in the middle of rows, whose phrases the second part needs again
            raise Stop

    monkeypatch.setattr(RunFolder, "save_checkpoint", stop_later)
    with pytest.raises(Stop):
        trained_on(lines, tmp_path / "stopped", tbptt="4,6", **settings)
    monkeypatch.undo()
    again = recipes.resume(tmp_path / "stopped", progress=False)
    assert again.table.rows[-1][:3] == whole.table.rows[-1][:3]
    one, other = (load_file(tmp_path / name / "model.safetensors") for name in ("whole", "stopped"))
    assert all(np.array_equal(one[name], other[name]) for name in one)


def test_a_memory_budget_changes_no_weight(lines, tmp_path):
    weights = []
    for name, memory in (("free", {}), ("bound", {"memory": "100KB"})):
        trained_on(lines, tmp_path / name, epochs="2", dropout="0", **memory)
        weights.append(load_file(tmp_path / name / "model.safetensors"))
    for name, free in weights[0].items():
        # Gradients are sums in another order.
        np.testing.assert_allclose(free, weights[1][name], rtol=1e-4, atol=1e-5)


def test_schedules_follow_from_the_lengths(arrays, lines, tmp_path):
    assert load(arrays, {}).usual_tbptt("x") == "n,n"
    assert load(lines, {}).usual_tbptt("x") == "n,n"
    long = [np.tile([[1.0, 2, 0]], (500, 1)) for _ in range(3)]
    assert load(archive(tmp_path / "long.npz", train=long, test=long), {}).usual_tbptt("x") != "n,n"


@pytest.mark.parametrize(
    ("parts", "settings", "error", "message"),
    [
        ({"train": drawings(1), "test": drawings(2)}, {}, DataError, "1 trains.*validation=0"),
        ({"train": [np.ones((1, 3))] * 4, "test": drawings(2)}, {}, DataError, "no drawing of the train part has two"),
        ({"train": drawings(4), "test": [np.ones((1, 3))]}, {}, DataError, "no drawing of the test part has two"),
        ({"train": [np.zeros((5, 3))] * 4, "test": drawings(2)}, {}, DataError, "every dx and dy"),
        (
            {"train": drawings(4), "test": drawings(2)},
            {"prompt": "ab"},
            ConfigError,
            "prompt=ab came, and none",
        ),
    ],
)
def test_what_cannot_be_trained_is_refused_before_there_is_a_run(tmp_path, parts, settings, error, message):
    data = archive(tmp_path / "set.npz", **parts)
    with pytest.raises(error, match=message):
        trained_on(data, tmp_path / "run", **settings)
    assert not (tmp_path / "run").exists()


def test_one_drawing_may_train_where_nothing_validates(tmp_path):
    data = archive(tmp_path / "set.npz", train=drawings(1), test=drawings(2))
    load(data, {**QUICK, "validation": "0"}).check("n,n", Ranks())


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"conditioned": "maybe"}, ConfigError, "conditioned"),
        ({"variation": "-1"}, ConfigError, "from 0 to 10, times the usual"),
        ({"bias": "21"}, ConfigError, "from -20 to 20"),
        ({"points": "0"}, ConfigError, "auto, or a whole number"),
        ({"learning_rate": "0"}, ConfigError, "auto, or a number above 0"),
        ({"dropout": "1"}, ConfigError, "auto, or a number of 0 or more"),
        ({"hiden_size": "3"}, ConfigError, "hidden_size"),
        ({"cell": "rnn"}, ConfigError, "LSTM with a window"),
        ({"num_layers": "2"}, ConfigError, "LSTM with a window"),
        ({"prompt": "axe"}, DataError, "'e', 'x' came"),
    ],
)
def test_settings_are_checked(lines, settings, error, message):
    with pytest.raises(error, match=message):
        load(lines, settings).check("n,n", Ranks())


def test_a_drawing_without_a_phrase_may_be_twice_as_long_as_the_longest(arrays):
    case = load(arrays, {})
    assert case.chosen.writing.points == 2 * max(map(len, case.problem.train))
    assert load(arrays, {"points": "7"}).chosen.writing.points == 7


def test_settings_left_open_are_the_estimators(lines):
    assert load(lines, {"dropout": "auto"}).chosen == Settings(Collection(), model=Model())
