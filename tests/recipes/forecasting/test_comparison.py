"""The comparison holds every method on the same rows, says who wins either way, and never looks at the test part."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from throughtime import recipes
from throughtime.base.errors import ConfigError, Notice, forget_notices
from throughtime.recipes import trials
from throughtime.recipes.forecasting import comparison
from throughtime.recipes.forecasting.methods import BASELINES, NETWORKS, Trial
from throughtime.recipes.forecasting.problem import Problem, load_problem
from throughtime.recipes.forecasting.settings import Settings
from throughtime.recipes.settings import parse
from throughtime.recipes.table import Spread, Table
from throughtime.tasks import learners

METHODS = [*BASELINES, *NETWORKS]
SMALL = {"hidden_size": "4", "epochs": "2"}


def table_of(rows: int = 160, seed: int = 0) -> pl.DataFrame:
    """A noisy wave and the rain that follows it."""
    draw = np.random.default_rng(seed)
    wave = np.sin(np.arange(rows) / 10)
    return pl.DataFrame(
        {
            "date": [date(2020, 1, 1) + timedelta(days=t) for t in range(rows)],
            "level": 10 + 3 * wave + draw.normal(size=rows),
            "precipitation": np.maximum(0, wave + draw.normal(size=rows)),
        }
    )


def problem_of(table: pl.DataFrame) -> Problem:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Notice)
        return load_problem(table, "a wave", parse({"target": "level,precipitation,wet"}, Settings()))[0]


@pytest.fixture(scope="module")
def one_process() -> Iterator[None]:
    """Trials run in this process, which has torch loaded already, and boosting stops at twenty trees."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trials.os, "cpu_count", lambda: 1)
        patch.setattr(learners, "BOOSTING_ROUNDS", 20)
        yield


@pytest.fixture(scope="module")
def compared(one_process: None) -> Table:
    return comparison.compare_methods(
        problem_of(table_of()), parse(SMALL, Settings()).model, "10,10", seeds=2, progress=False
    )


def test_every_method_has_every_score(compared: Table) -> None:
    assert compared.column("method") == METHODS
    keys = [column.key for column in compared.columns]
    for key in ("RMSE.level", "RMSE.precipitation", "Brier.wet", "MAE.level", "log loss.wet", "accuracy.wet"):
        assert key in keys
    for key in ("skill against persistence.wet", "coverage 80.level", "coverage 95.precipitation"):
        assert key in keys
    assert all(cell is not None for row in compared.rows for cell in row[1:-1])


def test_networks_have_a_spread_over_seeds_and_rules_have_none(compared: Table) -> None:
    for method, cell, seeds in zip(METHODS, compared.column("RMSE.level"), compared.column("seeds"), strict=True):
        if method in NETWORKS:
            assert isinstance(cell, Spread)
            assert cell.runs == seeds == 2
            assert cell.deviation > 0
        else:
            assert isinstance(cell, float)
            assert seeds is None


def test_skill_is_against_persistence(compared: Table) -> None:
    errors, skills = compared.column("RMSE.level"), compared.column("skill against persistence.level")
    assert skills[0] == 0.0
    assert skills[2] == pytest.approx(1 - errors[2] / errors[0])  # type: ignore[operator]


def test_it_reads_at_a_hundred_columns_and_as_json(compared: Table) -> None:
    assert max(map(len, compared.to_text(100).splitlines())) <= 100
    body = json.loads(compared.to_json())
    assert [row["method"] for row in body["rows"]] == METHODS
    assert set(body["rows"][-1]["RMSE"]["level"]) == {"mean", "deviation", "runs"}


def test_the_notes_say_who_wins_and_how_was_chosen(compared: Table) -> None:
    for rival in ("ridge on lags", "boosting on lags", "the perceptron", "the Elman RNN"):
        assert (
            sum(
                bool(re.match(rf"The LSTM (beats|does not beat|is level with) {rival} on ", note))
                for note in compared.notes
            )
            == 1
        )
    assert any(
        note.startswith("Rule of selection:") and "the test part is scored once" in note for note in compared.notes
    )
    assert any(note.startswith("Chosen for ridge on lags: level ") for note in compared.notes)


def trial(method: str, **errors: float) -> Trial:
    scores = {("Brier" if name == "wet" else "RMSE", name): error for name, error in errors.items()}
    return Trial(method, scores, 0, 0.0, "")


def test_the_verdict_is_plain_either_way() -> None:
    problem = problem_of(table_of())
    reference = {"persistence": [trial("persistence", level=2.91, precipitation=8.3, wet=0.2)]}
    ridge = [trial("ridge on lags", level=2.681, precipitation=6.97, wet=0.185)]
    ours = [
        trial("LSTM", level=2.60, precipitation=7.1, wet=0.19),
        trial("LSTM", level=2.64, precipitation=7.3, wet=0.18),
    ]
    sentence = comparison._against(problem, {**reference, "ridge on lags": ridge, "LSTM": ours}, "ridge on lags")
    assert sentence == (
        "The LSTM beats ridge on lags on level (2.62 against 2.68); it is level with ridge on lags on wet (0.185 "
        "against 0.185); it does not beat ridge on lags on precipitation (7.20 against 6.97)."
    )


def test_what_the_table_has_to_say_is_not_said_by_every_trial(one_process: None) -> None:
    table = table_of().with_columns(pl.when(pl.col("level") > 14).then(None).otherwise(pl.col("level")).alias("level"))
    uneven = [datetime(2020, 1, 1) + timedelta(days=t, minutes=(37 * t * t) % 1000) for t in range(160)]
    problem = problem_of(table.with_columns(pl.Series("date", uneven)))
    assert problem.series.step is None
    assert np.isnan(problem.series.values[0]).any()
    model = parse({**SMALL, "epochs": "1"}, Settings()).model
    forget_notices()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        comparison.compare_methods(problem, model, "10,10", seeds=1, progress=False)


def test_the_same_seeds_give_the_same_table(one_process: None, tmp_path) -> None:
    path = tmp_path / "table.csv"
    table_of().write_csv(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Notice)
        first, second = (
            recipes.compare("weather", data=path, seeds=1, settings=SMALL, out=tmp_path / out, progress=False)
            for out in ("scores.json", "folder")
        )
    scores = [column.key for column in first.columns if column.group]
    assert [first.column(key) for key in scores] == [second.column(key) for key in scores]
    assert json.loads((tmp_path / "scores.json").read_text())["rows"]
    assert sorted(entry.name for entry in (tmp_path / "folder").iterdir()) == ["comparison.json", "comparison.txt"]


def test_a_wrong_ending_is_refused_before_the_work(tmp_path) -> None:
    with pytest.raises(ConfigError, match="a file|written as"):
        recipes.compare("weather", out=tmp_path / "scores.xlsx")


def test_a_window_longer_than_the_training_part_is_refused_before_the_work(
    tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table_of(100).write_csv(tmp_path / "table.csv")
    monkeypatch.setattr(
        "throughtime.recipes.forecasting.case.compare_methods", lambda *_: pytest.fail("the work began")
    )
    settings = {**SMALL, "window_steps": "61"}
    with pytest.warns(Notice), pytest.raises(ConfigError, match="window_steps=61 came for at most 60 training rows"):
        recipes.compare("weather", data=tmp_path / "table.csv", settings=settings, progress=False)


def test_no_seed_is_refused() -> None:
    with pytest.raises(ConfigError, match="at least 1; 0 came"):
        recipes.compare("weather", seeds=0)


def test_an_unknown_recipe_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'weather'"):
        recipes.compare("wether")
