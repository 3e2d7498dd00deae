"""The case from training to the table of what comes next."""

from __future__ import annotations

import polars as pl
import pytest

from tests.recipes.ahead.made import changed, settings, table
from throughtime.base.errors import ConfigError
from throughtime.recipes import run
from throughtime.recipes.ahead.case import AheadCase, read_other
from throughtime.recipes.ahead.problem import load_problem
from throughtime.recipes.catalogue import recipe_named
from throughtime.train.ranks import Ranks

pytestmark = pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")

SAID = {
    "id": "shop", "time": "day", "target": "sales", "known": "offer", "horizon": "7", "origins": "2",
    "hidden_size": "4", "members": "1", "epochs": "1", "batch_size": "32", "window_steps": "8", "segment_steps": "2",
}  # fmt: skip


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    data = folder / "shops.csv"
    table().write_csv(data)
    found = run.train(recipe_named("forecast"), data, folder / "run", None, SAID, False)
    return folder, found


def test_a_run_has_model_report_and_settings(trained):
    folder, found = trained
    assert {path.name for path in (folder / "run").iterdir()} >= {"model.safetensors", "report.html", "run.toml"}
    assert found.table.column("method")[0] == "LSTM"
    assert "season = 7" in (folder / "run" / "run.toml").read_text()


def test_a_finished_run_resumes_to_the_same_scores(trained):
    folder, found = trained
    assert run.resume(folder / "run", False).table.rows == found.table.rows


def test_its_own_table_is_scored_again(trained):
    folder, found = trained
    assert run.evaluate(folder / "run", None).rows == found.table.rows


def test_other_series_are_scored_by_the_same_model(trained):
    folder, _ = trained
    scored = run.evaluate(folder / "run", table(2, 60, seed=3))
    assert scored.title == "your table: 2 series, 7 steps ahead, 4 forecasts"


def test_what_comes_next_is_told_of_other_series(trained):
    folder, _ = trained
    ahead = changed(table(2, 40), pl.col("day") >= pl.date(2024, 2, 3), sales=None)
    assert len(run.predict(folder / "run", ahead).rows) == 14


def test_a_network_that_does_not_fit_is_refused_before_anything_is_written(tmp_path):
    data = tmp_path / "shops.csv"
    table().write_csv(data)
    with pytest.raises(ConfigError, match="segment_steps"):
        run.train(recipe_named("forecast"), data, tmp_path / "run", None, {**SAID, "segment_steps": "9"}, False)
    assert not (tmp_path / "run").exists()


def test_there_is_no_measured_schedule():
    case = AheadCase(*load_problem(table(), "shops", settings()))
    case.check(None, Ranks())
    with pytest.raises(ConfigError, match="--tbptt auto"):
        case.measured_tbptt(False, None)


def test_another_case_knows_its_settings():
    case = AheadCase(*load_problem(table(), "shops", settings()))
    other = read_other(table(days=40), case.settings(), case.table(), True)
    assert other.chosen == case.chosen
    assert not other.problem.trains
