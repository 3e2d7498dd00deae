"""Series anomalous or not, from files to predictions, with trainings of seconds."""

from __future__ import annotations

import polars as pl
import pytest

from throughtime import recipes
from throughtime.base.errors import ConfigError, DataError
from throughtime.recipes.labelling import beats
from throughtime.recipes.labelling.synthetic_beats import synthetic_beats

QUICK = {"epochs": "2", "hidden_size": "4", "positions": "false", "front_steps": "3"}


def table_of(count: int, seed: int = 0) -> pl.DataFrame:
    rows, labels, _ = synthetic_beats(count, seed)
    parts = [
        pl.DataFrame({"id": f"r{place}", "step": range(len(row)), "value": row[:, 0], "label": label})
        for place, (row, label) in enumerate(zip(rows, labels, strict=True))
    ]
    return pl.concat(parts)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("beats") / "beats.csv"
    table_of(60).write_csv(path)
    return path


@pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")
def test_train_evaluate_predict_and_inspect(data, tmp_path):
    result = recipes.train("anomaly", data=data, out=tmp_path / "run", settings=QUICK, progress=False)
    assert result is not None
    assert result.table.column("measure")[:4] == ["AUC", "average precision", "recall at 1 %", "recall at 5 %"]
    truth = beats.load_series(data, QUICK).problem.test.labels
    assert result.table.column("majority class")[1] == pytest.approx(truth.count("anomalous") / len(truth))
    assert any("rarer label, anomalous" in note for note in result.notes)
    assert recipes.evaluate(result.run).rows == result.table.rows
    assert recipes.evaluate(result.run, data=data).column("measure")[1] == "average precision"
    table_of(5, seed=1).drop("label").write_csv(tmp_path / "new.csv")
    said = recipes.predict(result.run, data=tmp_path / "new.csv")
    assert said.column("sequence") == [f"r{place}" for place in range(5)]
    assert set(said.column("class")) <= {"normal", "anomalous"}
    assert recipes.inspect(result.run).column("variable")
    assert "Which steps it comes from" in (result.run / "report.html").read_text(encoding="utf-8")


def test_the_sample_s_case_and_what_it_says():
    case = beats.load_series(None, {})
    assert "made up" in case.notes[0]
    again = beats.load_series(None, case.settings())
    assert again.settings() == case.settings()
    assert again.problem.test.names == case.problem.test.names


def test_a_test_part_of_its_own(data, tmp_path):
    table_of(10, seed=2).write_csv(tmp_path / "test.csv")
    case = beats.load_series(data, {"test": str(tmp_path / "test.csv")})
    assert (len(case.problem.train), len(case.problem.test)) == (60, 10)


@pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")
def test_a_run_holds_to_the_file_of_its_test_part(data, tmp_path):
    table_of(10, seed=2).write_csv(tmp_path / "test.csv")
    settings = {**QUICK, "test": str(tmp_path / "test.csv")}
    result = recipes.train("anomaly", data=data, out=tmp_path / "run", settings=settings, progress=False)
    recipes.evaluate(result.run)
    table_of(10, seed=3).write_csv(tmp_path / "test.csv")
    with pytest.raises(DataError, match="test.csv has changed since"):
        recipes.evaluate(result.run)


def test_labels_that_are_not_two_are_refused(tmp_path):
    table_of(20).with_columns(label=pl.lit("same")).write_csv(tmp_path / "one.csv")
    with pytest.raises(DataError, match="at least 2 classes"):
        beats.load_series(tmp_path / "one.csv", {})
    many = table_of(30).with_columns(label=pl.col("id").str.slice(-1))
    many.write_csv(tmp_path / "many.csv")
    with pytest.raises(ConfigError, match="one of two labels: 10 came"):
        beats.load_series(tmp_path / "many.csv", {})


def test_which_label_is_the_anomaly(data, tmp_path):
    case = beats.load_series(data, {"anomaly": "normal"})
    assert (case.problem.positive, case.problem.wanted, case.settings()["anomaly"]) == ("normal", 1, "normal")
    assert beats.load_series(data, {}).settings()["anomaly"] == "anomalous"
    with pytest.raises(ConfigError, match="anomaly=odd came, the labels are anomalous, normal"):
        beats.load_series(data, {"anomaly": "odd"})
    even = table_of(20).with_columns(label=pl.col("id").str.slice(-1).cast(pl.Int64) % 2)
    even.write_csv(tmp_path / "even.csv")
    case = beats.load_series(tmp_path / "even.csv", {})
    assert case.problem.positive == 0
    assert any("equally frequent" in note for note in case.notes)


def test_a_single_anomaly_cannot_train_and_test(data, tmp_path):
    table_of(20).with_columns(label=pl.col("id") == "r3").write_csv(tmp_path / "single.csv")
    with pytest.raises(DataError, match="2 series at least: single.csv has 1 of"):
        beats.load_series(tmp_path / "single.csv", {})
