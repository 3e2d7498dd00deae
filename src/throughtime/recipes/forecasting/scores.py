"""What a method's one-step forecasts were worth on the test part of a problem.

Numeric targets: RMSE and MAE in the target's unit, the share of outcomes inside each interval. Class targets: Brier
score (for two classes (p - y)^2 of the second, for more the sum over classes), log loss in nats, accuracy. A row is
scored where the target is present and was seen before, so that persistence has a forecast too: all methods are scored
on the same rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from throughtime import metrics
from throughtime.recipes.forecasting.problem import Problem, counted
from throughtime.tasks.baselines import TEST, Forecast

Array = np.ndarray
# The intervals every method gives, in per cent.
LEVELS = (80, 95)
Scores = dict[tuple[str, str], float]
# With fewer rows the standard error of a share near one half is above 9 %, and one odd row moves an RMSE by as much.
_ENOUGH_ROWS = 30


def score(problem: Problem, forecasts: Sequence[Forecast]) -> Scores:
    """Score the forecasts of every series on its test rows.

    Args:
        problem: the truth.
        forecasts: one per series, aligned with its rows.

    Returns:
        Figures by (measure, target): ("RMSE", "temp_max"), ("coverage 80", "temp_max"), ("Brier", "wet"), ...

    Raises:
        DataError: a target has no row to score, or a forecast is missing where persistence has one.
    """
    scores: Scores = {}
    numbers = [
        np.where(counted(np.isfinite(values), part, TEST), values, np.nan)
        for values, part in zip(problem.numeric_values(), problem.part, strict=True)
    ]
    for k, name in enumerate(problem.numeric):
        truth = np.concatenate([values[:, k] for values in numbers])
        point = np.concatenate([forecast.point[:, k] for forecast in forecasts])
        scores["RMSE", name] = metrics.rmse(truth, point)
        scores["MAE", name] = metrics.mae(truth, point)
        for level in forecasts[0].intervals:
            ends = [np.concatenate([f.intervals[level][end][:, k] for f in forecasts]) for end in (0, 1)]
            scores[f"coverage {level}", name] = metrics.coverage(truth, *ends)
    labels = [
        np.where(counted(codes >= 0, part, TEST), codes.astype(np.float64), np.nan)
        for codes, part in zip(problem.class_labels(), problem.part, strict=True)
    ]
    for n, name in enumerate(problem.classes):
        truth = np.concatenate([values[:, n] for values in labels])
        probability = np.concatenate([forecast.probability[n] for forecast in forecasts])
        scores |= _class_scores(name, truth, probability)
    return scores


def few_rows_note(problem: Problem) -> tuple[str, ...]:
    """One line where the test part is too short for its scores to mean much; nothing otherwise."""
    rows = int(problem.parts[TEST].lengths.sum())
    if rows >= _ENOUGH_ROWS:
        return ()
    return (f"Few rows: the test part has {rows}, and scores of fewer than {_ENOUGH_ROWS} say little.",)


def _class_scores(name: str, truth: Array, probability: Array) -> Scores:
    best = np.where(np.isnan(probability).any(axis=1), np.nan, np.argmax(np.nan_to_num(probability), axis=1))
    two = probability.shape[1] == 2
    return {
        ("Brier", name): metrics.brier(truth, probability[:, 1] if two else probability),
        ("log loss", name): metrics.log_loss(truth, probability),
        ("accuracy", name): metrics.accuracy(truth, best),
    }
