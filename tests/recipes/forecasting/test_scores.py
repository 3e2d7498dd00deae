"""Scores are the plain formulas, on rows that every method can be asked about."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from throughtime.base.errors import DataError
from throughtime.recipes.forecasting.scores import few_rows_note, score
from throughtime.tasks.baselines import TEST, TRAIN, Forecast

NAN = np.nan


def problem_of(numbers: list[float], labels: list[int], classes: int, part: list[int]) -> Any:
    return SimpleNamespace(
        numeric=("level",),
        classes={"kind": tuple(range(classes))},
        numeric_values=lambda: [np.array(numbers)[:, None]],
        class_labels=lambda: [np.array(labels)[:, None]],
        part=[np.array(part)],
    )


def forecast_of(point: list[float], width: float, probability: list[list[float]]) -> Forecast:
    values = np.array(point)[:, None]
    return Forecast(values, {80: (values - width, values + width)}, [np.array(probability)])


def test_scores_are_their_formulas_on_the_test_rows() -> None:
    problem = problem_of([9, 1, 2, 4], [0, 1, 0, 1], 2, [TRAIN, TRAIN, TEST, TEST])
    forecast = forecast_of([NAN, 5, 3, 2], 1.0, [[NAN, NAN], [0.5, 0.5], [0.8, 0.2], [0.6, 0.4]])
    scores = score(problem, [forecast])
    assert scores["RMSE", "level"] == pytest.approx(np.sqrt((1 + 4) / 2))
    assert scores["MAE", "level"] == pytest.approx(1.5)
    assert scores["coverage 80", "level"] == 0.5
    assert scores["Brier", "kind"] == pytest.approx((0.2**2 + 0.6**2) / 2)
    assert scores["log loss", "kind"] == pytest.approx(-(np.log(0.8) + np.log(0.4)) / 2)
    assert scores["accuracy", "kind"] == 0.5


def test_missing_targets_and_those_never_seen_before_are_not_scored() -> None:
    problem = problem_of([NAN, 7, 8, NAN, 10], [-1, -1, 1, 0, 1], 2, [TEST] * 5)
    # Nothing is known before the first value: no method is asked for rows 0 and 1 (0 to 2 for the class).
    forecast = forecast_of([NAN, NAN, 8.5, NAN, 10.5], 1.0, [[NAN, NAN]] * 3 + [[0.9, 0.1], [0.1, 0.9]])
    scores = score(problem, [forecast])
    assert scores["RMSE", "level"] == pytest.approx(0.5)
    assert scores["accuracy", "kind"] == 1.0


def test_a_forecast_that_is_missing_where_it_is_asked_is_an_error() -> None:
    problem = problem_of([1, 2, 3], [0, 1, 0], 2, [TRAIN, TEST, TEST])
    forecast = forecast_of([1, 2, NAN], 1.0, [[0.5, 0.5]] * 3)
    with pytest.raises(DataError):
        score(problem, [forecast])


def test_three_classes_sum_their_brier_score() -> None:
    problem = problem_of([1, 2, 3], [0, 2, 1], 3, [TRAIN, TEST, TEST])
    forecast = forecast_of([1, 2, 3], 1.0, [[1, 0, 0], [0.2, 0.3, 0.5], [0.1, 0.8, 0.1]])
    scores = score(problem, [forecast])
    assert scores["Brier", "kind"] == pytest.approx(((0.04 + 0.09 + 0.25) + (0.01 + 0.04 + 0.01)) / 2)
    assert scores["accuracy", "kind"] == 1.0


@pytest.mark.parametrize(
    ("rows", "note"), [(29, ("Few rows: the test part has 29, and scores of fewer than 30 say little.",)), (30, ())]
)
def test_a_short_test_part_is_said(rows: int, note: tuple[str, ...]) -> None:
    part = SimpleNamespace(lengths=np.array([rows - 9, 9]))
    assert few_rows_note(SimpleNamespace(parts=(None, None, part))) == note  # type: ignore[arg-type]
