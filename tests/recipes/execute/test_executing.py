"""The recipe from drawn programs or files to outputs, with trainings of seconds."""

from __future__ import annotations

import json

import pytest

from throughtime import recipes
from throughtime.base.errors import ConfigError, DataError, Interrupted
from throughtime.recipes.execute import curricula

SMALL = {"hidden_size": "8", "embedding_size": "4", "epochs": "3"}
QUICK = {**SMALL, "kind": "programs", "length": "2", "nesting": "2", "programs": "40", "test_programs": "5"}
pytestmark = pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return recipes.train("execute", out=tmp_path_factory.mktemp("run") / "run", settings=QUICK, progress=False)


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    place = tmp_path_factory.mktemp("own") / "pairs.jsonl"
    rows = [{"program": f"say {number}", "output": "yes" if number % 2 else "no"} for number in range(30)]
    place.write_text("\n".join(map(json.dumps, rows)))
    return place


def test_scores_stand_beside_the_rule(trained):
    table = trained.table
    assert table.column("method") == ["commonest by place", "network"]
    assert recipes.evaluate(trained.run).column("characters right") == table.column("characters right")
    assert any("each program read from both ends" in note for note in table.notes)


def test_the_report_shows_levels_and_where_it_looks(trained):
    page = (trained.run / "report.html").read_text()
    for heading in ("By length and nesting", "Learning curve", "Where it looks", "Test programs"):
        assert f"<h2>{heading}</h2>" in page
    assert page.count("<svg ") == 3


def test_programs_are_run_by_the_network(trained, tmp_path):
    file = tmp_path / "programs.txt"
    file.write_text("a=4\nprint(a+5)\nprint(8/2)\n")
    table = recipes.predict(trained.run, data=file)
    assert table.column("program") == ["a=4⏎print(a+5)", "print(8/2)"]
    assert table.column("prints") == ["9", None]
    said = table.column("network")
    assert "".join(recipes.generate(trained.run, prompt="a=4\\nprint(a+5)")) == said[0]
    assert "".join(recipes.generate(trained.run, prompt="a=4\nprint(a+5)", beam=1)) == said[0]
    (told,) = recipes.generate(trained.run, prompt="print(8/2)", out=tmp_path / "said.txt")
    assert "said.txt" in told
    assert (tmp_path / "said.txt").read_text() == said[1] + "\n"
    assert len(recipes.predict(trained.run).rows) == 12


def test_scored_programs_need_their_outputs(trained, tmp_path):
    file = tmp_path / "programs.txt"
    file.write_text("print(8/2)\n")
    with pytest.raises(DataError, match="is neither"):
        recipes.evaluate(trained.run, data=file)
    file.write_text("print(8*2)\n")
    assert recipes.evaluate(trained.run, data=file).column("method") == ["network"]


def test_pairs_of_ones_own_in_any_language(own, tmp_path):
    done = recipes.train("execute", data=own, out=tmp_path / "run", settings=SMALL, progress=False)
    assert any("30 of 30 programs; used as they stand" in note for note in done.notes)
    assert "By length and nesting" not in (done.run / "report.html").read_text()
    assert set(recipes.predict(done.run).column("prints")) <= {"yes", "no"}


def test_a_network_without_attention_looks_nowhere(tmp_path):
    done = recipes.train("execute", out=tmp_path / "run", settings={**QUICK, "heads": "0"}, progress=False)
    assert "Where it looks" not in (done.run / "report.html").read_text()
    assert any("no attention" in note for note in done.table.notes)


@pytest.mark.parametrize("curriculum", ["naive", "combined"])
def test_a_resumed_training_is_that_of_one_that_was_not_stopped(tmp_path, monkeypatch, curriculum):
    settings = {**QUICK, "curriculum": curriculum}
    whole = recipes.train("execute", out=tmp_path / "whole", settings=settings, progress=False)
    lesson = curricula.Curriculum.lesson

    def stopped(self, epoch, losses):
        if epoch == 2:
            raise Interrupted("stopped")
        return lesson(self, epoch, losses)

    monkeypatch.setattr(curricula.Curriculum, "lesson", stopped)
    with pytest.raises(Interrupted):
        recipes.train("execute", out=tmp_path / "parted", settings=settings, progress=False)
    monkeypatch.setattr(curricula.Curriculum, "lesson", lesson)
    resumed = recipes.resume(tmp_path / "parted", progress=False)
    figures = ("characters right", "without ends", "outputs right", "nats")
    assert [resumed.table.column(name)[1] for name in figures] == [whole.table.column(name)[1] for name in figures]


@pytest.mark.parametrize(
    ("asked", "message"),
    [({}, "What is run is a program"), ({"prompt": "print(1)", "temperature": 0.5}, "is not drawn")],
)
def test_requests_are_checked(trained, asked, message):
    with pytest.raises(ConfigError, match=message):
        list(recipes.generate(trained.run, **asked))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"nesting": "2"}, "nesting=2 came with kind=addition"),
        ({"length": "99"}, "length"),
        ({"epochs": "auto"}, "epochs=auto came"),
        ({"heads": "7"}, "heads"),
    ],
)
def test_settings_are_checked(tmp_path, settings, message):
    with pytest.raises(ConfigError, match=message):
        recipes.train("execute", out=tmp_path / "run", settings=settings, progress=False)


def test_a_run_holds_to_the_file_of_its_test_part(own, tmp_path):
    test = tmp_path / "test.csv"
    test.write_text("program,output\nsay 3,yes\nsay 4,no\n")
    done = recipes.train(
        "execute", data=own, out=tmp_path / "run", settings={**SMALL, "epochs": "1", "test": str(test)}, progress=False
    )
    test.write_text("program,output\nsay 3,yes\n")
    with pytest.raises(DataError, match="has changed"):
        recipes.evaluate(done.run)
