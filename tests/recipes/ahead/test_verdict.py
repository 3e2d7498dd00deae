"""Scores in words and tables, and the forecasts of what comes next."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from tests.recipes.ahead.made import TINY, changed, exact, problem, settings, table
from throughtime.base.errors import DataError
from throughtime.recipes.ahead.methods import FALLEN_BACK, fit_network
from throughtime.recipes.ahead.problem import load_problem, other_problem
from throughtime.recipes.ahead.scores import errors
from throughtime.recipes.ahead.verdict import compared, next_table, rule_errors, scores_table

pytestmark = pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")


@pytest.fixture(scope="module")
def fitted():
    return fit_network(problem(), TINY, "n,n")


def with_mase(own, values):
    """Errors whose scaled ones are these."""
    return replace(own, mase=np.array(values, dtype=float))


def test_a_row_for_each_method_and_losses_told_first():
    made = problem()
    found = {"LSTM": errors(made, exact(made, 1.0)), **rule_errors(made)}
    shown = scores_table(made, "LSTM", found)
    assert shown.column("method") == ["LSTM", "naive", "seasonal naive", "naive2", "theta", "exponential smoothing"]
    assert shown.column("OWA")[3] == pytest.approx(1)
    assert shown.title == "shops: 3 series, 7 steps ahead, 6 forecasts"
    assert shown.notes[0].startswith("The LSTM (MASE ")


def test_losses_ties_and_gains_are_named():
    made = problem()
    own = with_mase(errors(made, exact(made)), [1.0] * 6)
    # All series have the same error in their own units, so that the standard error is 0 and every difference is one.
    same = {name: [with_mase(own, [each] * 6)] for name, each in (("worse", 2.0), ("better", 0.5), ("alike", 1.0))}
    said = compared("LSTM", [own], same, 3)
    assert [sentence.split(") ")[1].split(" (")[0] for sentence in said] == [
        "loses to better",
        "is level with alike",
        "beats worse",
    ]


def test_a_difference_within_its_error_is_level():
    made = problem()
    own = with_mase(errors(made, exact(made)), [1.0] * 6)
    shaken = with_mase(own, [0.5, 1.7, 1.0] * 2)
    assert "is level with" in compared("LSTM", [own], {"other": [shaken]}, 3)[0]


def test_a_network_that_gave_up_says_so():
    made = problem()
    found = {"LSTM": errors(made, exact(made, 1.0)), **rule_errors(made)}
    assert scores_table(made, "LSTM", found, FALLEN_BACK).notes[0] == f"The LSTM: {FALLEN_BACK}."


def test_nothing_is_said_where_no_series_has_a_scale():
    chosen = settings()
    made, filled = load_problem(table(), "shops", chosen)
    still = changed(table(days=40), pl.lit(value=True), sales=4.0)
    other = other_problem(still, "still", filled, made.series.arguments(), True)
    found = {"LSTM": errors(other, exact(other)), **rule_errors(other)}
    assert scores_table(other, "LSTM", found).notes[0].startswith("OWA: ")


def test_the_steps_that_follow_are_told_with_intervals(fitted):
    frame = changed(table(), pl.col("day") >= pl.date(2024, 3, 24), sales=None)
    shown = next_table(problem(frame), fitted)
    assert len(shown.rows) == 21
    assert [column.key for column in shown.columns][:3] == ["shop", "day", "forecast"]
    assert shown.column("day")[:7] == [dt.date(2024, 3, 24) + dt.timedelta(days=each) for each in range(7)]
    for row in shown.rows:
        _, _, point, low80, high80, low95, high95 = row
        assert low95 <= low80 <= point <= high80 <= high95


def test_what_is_known_ahead_must_go_on_far_enough(fitted):
    with pytest.raises(DataError, match=r"3 of 3 series do not go on with 7 rows of it, 's0', 's1', 's2'"):
        next_table(problem(), fitted)
    short = changed(table(), pl.col("day") >= pl.date(2024, 3, 26), sales=None)
    with pytest.raises(DataError, match="do not go on with 7 rows"):
        next_table(problem(short), fitted)
