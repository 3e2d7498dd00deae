"""A walk from a table to a run, its scores and tomorrow; the future does not move the past."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from joblib import parallel_config

from tests.recipes.stock.prices import table
from throughtime import recipes
from throughtime.base.errors import ConfigError, DataError, Notice, notices_heard_afresh
from throughtime.recipes.stock import load

pytestmark = pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")
QUICK = {"refit": "100", "epochs": "2", "hidden_size": "4"}


def fitted(rows: pl.DataFrame, **settings: str):
    case = load(rows, {**QUICK, **settings})
    return case, case.fit("50,50", run=None, progress=False, group=None)


def test_the_future_moves_no_earlier_decision() -> None:
    rows = table(400).select("Date", "Close")
    later = pl.int_range(pl.len()) > 300
    other = rows.with_columns(Close=pl.when(later).then(pl.col("Close") * 1.5).otherwise("Close"))
    (case, model), (_, moved) = fitted(rows), fitted(other)
    before, after = case.forecasts(model), model.decisions.height
    assert after == moved.decisions.height
    early = before.session < 300
    names = [name for name in model.decisions.columns if name != "came"]
    assert model.decisions.filter(early).select(names).equals(moved.decisions.filter(early).select(names))
    assert not model.decisions.equals(moved.decisions)


def test_a_run_is_scored_again_and_says_what_comes_next(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    table(400).write_csv(path)
    trained = recipes.train("stock", data=path, out=tmp_path / "run", tbptt="50,50", settings=QUICK, progress=False)
    assert trained is not None
    again = recipes.evaluate(tmp_path / "run")
    assert again.rows == trained.table.rows
    assert again.column("method") == ["network", "always-up", "last-sign"]
    assert any("within noise" in note or "more than noise" in note for note in again.notes)
    ahead = recipes.predict(tmp_path / "run")
    assert sum(ahead.rows[0][2:]) == pytest.approx(1)
    other = tmp_path / "other.csv"
    table(150, 7).write_csv(other)
    elsewhere = recipes.evaluate(tmp_path / "run", other)
    assert elsewhere.column("Matthews")[1] == 0  # always-up
    assert elsewhere.rows[0][-1] > 50
    assert any("these are no test" in note for note in elsewhere.notes)
    table(150, 7).with_columns(Volume=None).write_csv(other)
    with pytest.raises(DataError, match="gives no volume"):
        recipes.evaluate(tmp_path / "run", other)
    page = (tmp_path / "run" / "report.html").read_text()
    assert "Calibration" in page
    assert "no advice" in page


def test_a_walk_that_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    table(400).write_csv(path)
    trained = recipes.train("stock", data=path, out=tmp_path / "run", tbptt="50,50", settings=QUICK, progress=False)
    (tmp_path / "run" / "model.safetensors").unlink()
    (tmp_path / "run" / "stretches" / "02" / "model.safetensors").unlink()
    again = recipes.resume(tmp_path / "run", progress=False)
    assert trained is not None
    assert again is not None
    assert again.table.rows == trained.table.rows


def test_a_planted_signal_is_found_and_a_random_walk_is_not() -> None:
    signal = load(table(700, 3, stay=0.75).select("Date", "Close"), {**QUICK, "epochs": "10", "learning_rate": "0.02"})
    model = signal.fit("50,50", run=None, progress=False, group=None)
    scores = signal.scores(model)
    assert scores.rows[0][1] > 0.3
    assert any("network is better than always-up" in note for note in scores.notes)
    chance, model = fitted(table(700, 4).select("Date", "Close"))
    assert any("over always-up is within noise" in note for note in chance.scores(model).notes)


def test_several_securities_and_sessions_ahead() -> None:
    both = pl.concat([table(400, seed).with_columns(symbol=pl.lit(name)) for seed, name in ((0, "A"), (1, "B"))])
    case, model = fitted(both, horizon="2", flat="class")
    assert set(model.decisions["security"]) == {"A", "B"}
    assert [row[0] for row in case.predictions(model).rows] == ["A", "B"]
    assert case.predictions(model).rows[0][1] == str(both["Date"][399])


def test_every_method_is_compared() -> None:
    case = load(table(400).select("Date", "Close"), {**QUICK, "refit": "300", "epochs": "1"})
    with parallel_config("threading", n_jobs=1):  # processes take longer to start than the trials
        found = case.compare("50,50", 1, False)
    assert len(found.rows) == 7
    assert np.isfinite([row[1] for row in found.rows]).all()


def test_few_rows_and_unfit_settings_are_refused() -> None:
    with pytest.raises(DataError, match="A walk through time needs"):
        load(table(60), {})
    with pytest.raises(ConfigError, match="standard deviations"):
        load(table(400), {"dead_zone": "wide"})
    with notices_heard_afresh(), pytest.warns(Notice, match="time: Date"):
        load(table(400), {})
