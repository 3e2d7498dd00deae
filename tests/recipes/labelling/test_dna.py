"""The recipe from files to predictions, with trainings of seconds."""

from __future__ import annotations

import numpy as np
import pytest

from tests.recipes.labelling.made_up import letters
from throughtime import recipes
from throughtime.base.errors import ConfigError, DataError
from throughtime.recipes.labelling import dna, methods, rivals
from throughtime.recipes.labelling.comparison import OURS
from throughtime.recipes.labelling.methods import _training, baselines
from throughtime.recipes.recipe import Case

QUICK = {"epochs": "6", "hidden_size": "8", "positions": "false", "front_steps": "3", "averaging": "0.5"}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("dna") / "made.csv"
    made = letters(80)
    rows = [f"{sequence},{label}" for sequence, label in zip(made.sequences, made.labels, strict=True)]
    path.write_text("\n".join(["sequence,label", *rows]) + "\n")
    return path


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    run = tmp_path_factory.mktemp("run") / "run"
    return recipes.train("dna", data=data, out=run, settings=QUICK, progress=False)


@pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")
def test_train_evaluate_and_predict(trained, data, tmp_path):
    assert trained.table.column("network")[0] > 0.8
    page = (trained.run / "report.html").read_text()
    for heading in ("Learning curve", "What is taken for what", "Found over false alarms", "Calibration", "Surest"):
        assert heading in page
    assert recipes.evaluate(trained.run).rows == trained.table.rows
    other = tmp_path / "other.fa"
    other.write_text(">first\nACTAGGGTCACT\n>second\nACTACATTCACT\n")
    said = recipes.predict(trained.run, data=other)
    assert said.column("sequence") == ["first", "second"]
    assert said.column("class") == ["b", "a"]
    np.testing.assert_allclose(np.add(said.column("probability.a"), said.column("probability.b")), 1)
    scored = recipes.evaluate(trained.run, data=data)
    assert "80 test sequences" in scored.title
    with pytest.raises(DataError, match="has none"):
        recipes.evaluate(trained.run, data=other)


def test_the_sample_s_case_and_what_it_says():
    case = dna.load(None, {})
    assert isinstance(case, Case)
    assert "made up" in case.notes[0]
    assert len(case.problem.train) == 800
    again = dna.load(None, case.settings())
    assert again.settings() == case.settings()
    assert again.problem.test.names == case.problem.test.names


def test_settings_are_checked():
    with pytest.raises(ConfigError, match="`epochs` is auto, or a whole number"):
        dna.load(None, {"epochs": "0"})
    with pytest.raises(ConfigError, match="reverse_complement"):
        dna.load(None, {"reverse_complement": "both"})
    with pytest.raises(ConfigError, match="`pools` is some of last"):
        dna.load(None, {"pools": "median"})
    with pytest.raises(ConfigError, match="did you mean|the keys are"):
        dna.load(None, {"windw": "3"})
    with pytest.raises(ConfigError, match="bidirectional network cannot have"):
        recipes.train("dna", data=None, tbptt="5,5", progress=False)


@pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")
def test_the_other_strand_trains_and_never_validates_where_its_sequence_trains(data):
    case = dna.load(data, {**QUICK, "reverse_complement": "augment", "validation": "0.25"})
    sequences, labels, given = _training(case.problem, case.model)
    valid = given["validation"][0]
    assert len(sequences) == len(labels) == 2 * (len(case.problem.train) - len(valid))
    twins = {*valid, *map(dna.reverse_complement, valid)}
    assert twins.isdisjoint(set(sequences) - set(case.problem.train.sequences)) or len(twins & set(sequences)) == 0
    model = case.fit("n,n", run=None, progress=False, group=None)
    one = ["ACTAGGGTCACT"]
    both = [methods.probabilities(model, case.problem, each) for each in (one, [dna.reverse_complement(one[0])])]
    np.testing.assert_allclose(both[0], both[1], atol=1e-6)  # the order of two terms is all that differs


@pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")
def test_compare(data, monkeypatch):
    monkeypatch.setattr(rivals, "ROUNDS", 5)
    case = dna.load(data, QUICK)
    monkeypatch.setattr("throughtime.recipes.labelling.comparison.run_trials", lambda trials, _: [t() for t in trials])
    table = case.compare("n,n", 1, False)
    assert table.column("method") == [*baselines("letters"), "perceptron", "Elman RNN", OURS]
    assert table.column("AUC")[0] == 0.5
    assert sum(note.startswith("The LSTM ") for note in table.notes) == 4
    assert any("Chosen for logistic on letters: " in note for note in table.notes)
