"""The recipe from a file to text that goes on, with trainings of seconds."""

from __future__ import annotations

import json
import math

import pytest

from tests.recipes.text.made_up import made_up
from throughtime import recipes
from throughtime.base.errors import ConfigError, DataError
from throughtime.recipes.text.methods import compare_methods
from throughtime.recipes.text.problem import make_problem
from throughtime.recipes.text.rivals import try_ngrams
from throughtime.recipes.text.settings import Corpus, Model

QUICK = {"epochs": "8", "hidden_size": "32", "learning_rate": "0.01", "length": "80"}
pytestmark = pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("corpus") / "made_up.txt"
    path.write_text(made_up())
    return path


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "run"
    return recipes.train("text", data=data, out=out, settings=QUICK, progress=False)


def test_scores_stand_beside_n_grams(trained):
    methods = trained.table.column("method")
    assert methods == ["single symbols", "Kneser-Ney, 3 symbols", "Kneser-Ney, 6 symbols", "network"]
    nats, bits = trained.table.column("nats a symbol"), trained.table.column("bits a character")
    assert nats[-1] < nats[0]
    test = round(0.1 * len(made_up()))
    assert bits[-1] == pytest.approx(nats[-1] * (test - 1) / test / math.log(2))
    assert trained.table.column("perplexity")[0] == pytest.approx(math.exp(nats[0]))
    again = recipes.evaluate(trained.run)
    assert again.column("nats a symbol") == nats


def test_the_report_shows_what_it_writes_and_follows(trained):
    page = (trained.run / "report.html").read_text()
    for heading in ("Learning curve", "What it writes", "Beside held-out text", "What repeats this run"):
        assert f"<h2>{heading}</h2>" in page
    assert page.count("<pre>") == 3
    assert "held-out text" in page


def test_other_text_is_scored_without_n_grams(trained, tmp_path):
    (tmp_path / "other.txt").write_text(made_up(40, seed=7))
    table = recipes.evaluate(trained.run, data=tmp_path / "other.txt")
    assert table.column("method") == ["network"]
    assert table.column("nats a symbol")[0] < 3


def test_it_goes_on_from_places_in_the_test_part(trained, tmp_path):
    table = recipes.predict(trained.run)
    assert len(table.rows) == 5
    assert all(table.column("goes on"))
    (tmp_path / "new.txt").write_text("alpha(ω)\n" * 30)
    said = recipes.predict(trained.run, data=tmp_path / "new.txt")
    assert "ω" not in "".join(said.column("after"))


def test_text_is_told_as_it_is_written(trained):
    pieces = list(recipes.generate(trained.run, 40, "alpha", temperature=0.5, seed=2))
    assert "".join(pieces).startswith("alpha")
    assert len("".join(pieces)) == 45
    assert len(pieces) > 20
    assert "".join(recipes.generate(trained.run, 40, "alpha", temperature=0.5, seed=2)) == "".join(pieces)
    (whole,) = recipes.generate(trained.run, 10, "alpha", beam=3)
    assert len(whole) == 15


def test_what_does_not_write_is_refused(tmp_path):
    run = recipes.train("dna", out=tmp_path / "dna", settings={"epochs": "1", "hidden_size": "4"}, progress=False).run
    with pytest.raises(ConfigError, match="is of dna"):
        next(recipes.generate(run))


def test_documents_have_ends(tmp_path):
    names = ["anna", "otto", "hannah", "bob"] * 30
    (tmp_path / "names.txt").write_text("\n".join(names))
    settings = {**QUICK, "documents": "lines", "epochs": "20"}
    run = recipes.train("text", data=tmp_path / "names.txt", out=tmp_path / "run", settings=settings, progress=False)
    assert "12 documents" in " ".join(run.notes)
    assert "".join(recipes.generate(run.run, 30, "an", top_k=1)) == "anna"
    (tmp_path / "rows.jsonl").write_text("\n".join(json.dumps({"text": each}) for each in names))
    assert recipes.evaluate(run.run, data=tmp_path / "rows.jsonl").column("nats a symbol")[0] < 1
    assert len(recipes.predict(run.run).rows) == 5


def test_a_file_of_its_own_may_test(data, tmp_path):
    (tmp_path / "test.txt").write_text(made_up(50, seed=3))
    settings = {**QUICK, "epochs": "1", "test": str(tmp_path / "test.txt")}
    run = recipes.train("text", data=data, out=tmp_path / "run", settings=settings, progress=False)
    assert "test.txt" in run.notes[-1]
    (tmp_path / "test.txt").write_text("changed")
    with pytest.raises(DataError, match="has changed"):
        recipes.evaluate(run.run)


def test_all_methods_stand_in_one_table():
    problem = make_problem("made up", made_up(), Corpus(), 0, ())
    model = Model(hidden_size=16, epochs=2, window_steps=4)
    table = compare_methods(problem, model, "50,50", 2, False)
    assert table.column("method")[-3:] == ["perceptron", "Elman RNN", "LSTM"]
    assert table.column("seeds") == [None, None, None, 2, 2, 2]
    assert any("than Kneser-Ney" in note or "no more than noise" in note for note in table.notes)


def test_n_grams_of_words_are_compared_by_character():
    problem = make_problem("made up", made_up(), Corpus(), 0, ())
    letters, words = try_ngrams(problem, "characters", 6), try_ngrams(problem, "words", 4)
    assert words.nats > letters.nats
    assert words.bits < words.nats / math.log(2)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"temperature": "0"}, "temperature"),
        ({"tied": "maybe"}, "tied"),
        ({"documents": "words"}, "documents"),
        ({"embedding_size": "0"}, "embedding_size"),
        ({"hiden_size": "3"}, "hidden_size"),
    ],
)
def test_settings_are_checked(data, tmp_path, settings, message):
    with pytest.raises(ConfigError, match=message):
        recipes.train("text", data=data, out=tmp_path / "run", settings=settings, progress=False)
