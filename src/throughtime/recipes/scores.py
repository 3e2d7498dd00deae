"""What a method's one-step forecasts were worth on one part of a problem.

Numeric targets: RMSE and MAE in the target's unit, the share of outcomes inside each interval. Class targets: Brier
score (for two classes (p - y)^2 of the second, for more the sum over classes), log loss in nats, accuracy. A row is
scored where the target is present and was seen before, so that persistence has a forecast too: all methods are scored
on the same rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from throughtime import metrics
from throughtime.recipes.problem import Problem
from throughtime.tasks.baselines import TEST, Forecast

Array = np.ndarray
# The intervals every method gives, in per cent.
LEVELS = (80, 95)
Scores = dict[tuple[str, str], float]


def score(problem: Problem, forecasts: Sequence[Forecast], part: int | None = TEST) -> Scores:
    """Score the forecasts of every series.

    Args:
        problem: the truth.
        forecasts: one per series, aligned with its rows.
        part: rows of which part are scored; None for all.

    Returns:
        Figures by (measure, target): ("RMSE", "temp_max"), ("coverage 80", "temp_max"), ("Brier", "wet"), ...

    Raises:
        DataError: a target has no row to score, or a forecast is missing where persistence has one.
    """
    scores: Scores = {}
    numbers = [scored_numbers(one, part) for one in zip(problem.numeric_values(), problem.part, strict=True)]
    for k, name in enumerate(problem.numeric):
        truth = np.concatenate([values[:, k] for values in numbers])
        point = np.concatenate([forecast.point[:, k] for forecast in forecasts])
        scores["RMSE", name] = metrics.rmse(truth, point)
        scores["MAE", name] = metrics.mae(truth, point)
        for level in forecasts[0].intervals:
            ends = [np.concatenate([f.intervals[level][end][:, k] for f in forecasts]) for end in (0, 1)]
            scores[f"coverage {level}", name] = metrics.coverage(truth, *ends)
    labels = [scored_labels(one, part) for one in zip(problem.class_labels(), problem.part, strict=True)]
    for n, name in enumerate(problem.classes):
        truth = np.concatenate([values[:, n] for values in labels])
        probability = np.concatenate([forecast.probability[n] for forecast in forecasts])
        scores |= _class_scores(name, truth, probability)
    return scores


def scored_numbers(values_and_part: tuple[Array, Array], part: int | None) -> Array:
    """Numeric targets [T, K] with nan where they are not scored."""
    values, parts = values_and_part
    return _kept(values, np.isfinite(values), parts, part)


def scored_labels(labels_and_part: tuple[Array, Array], part: int | None) -> Array:
    """Class targets [T, N] as floats with nan where they are not scored."""
    labels, parts = labels_and_part
    return _kept(labels.astype(np.float64), labels >= 0, parts, part)


def _kept(values: Array, present: Array, parts: Array, part: int | None) -> Array:
    seen_before = np.zeros_like(present)
    seen_before[1:] = np.maximum.accumulate(present, axis=0)[:-1]
    wanted = np.ones(len(parts), bool) if part is None else parts == part
    return np.where(present & seen_before & wanted[:, None], values, np.nan)


def _class_scores(name: str, truth: Array, probability: Array) -> Scores:
    best = np.where(np.isnan(probability).any(axis=1), np.nan, np.argmax(np.nan_to_num(probability), axis=1))
    two = probability.shape[1] == 2
    return {
        ("Brier", name): metrics.brier(truth, probability[:, 1] if two else probability),
        ("log loss", name): metrics.log_loss(truth, probability),
        ("accuracy", name): metrics.accuracy(truth, best),
    }
