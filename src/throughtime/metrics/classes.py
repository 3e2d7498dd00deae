"""Scores of classes and their probabilities.

    accuracy            share of right classes
    balanced_accuracy   mean over the classes present of the share found
    matthews            correlation of target and forecast classes (two or more classes)
    macro_f1            mean over the classes of 2 right / (targets + forecasts)
    log_loss            mean -ln p(target)            brier   mean of sum_k (p_k - [target = k])^2
    nats_per_step       mean -ln p(target) from log-probabilities

Sources: Gorodkin, Computational Biology and Chemistry 28, 2004 (Matthews for K classes); Brier, Monthly Weather Review
78(1), 1950. With two classes the original Brier sum is twice the squared error of one class; as is usual now, a
forecast of one probability is scored by that squared error alone.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from throughtime.base.errors import DataError
from throughtime.metrics.scored import Floats, check_shape, class_places, scored, scored_classes

# Room for the rounding of float32 softmaxes over many classes.
_SUM_SLACK = 1e-3


def accuracy(target: ArrayLike, forecast: ArrayLike) -> float:
    """Share of present targets whose class is right.

    Args:
        target: classes of any shape, numbers or text; nan and None are not scored.
        forecast: classes of the same shape.

    Returns:
        A share from 0 to 1.

    Raises:
        ShapeError: shapes differ.
        DataError: nothing to score, or no forecast where a target is present.
    """
    table = _confusion(target, forecast)
    return float(np.trace(table) / table.sum())


def balanced_accuracy(target: ArrayLike, forecast: ArrayLike) -> float:
    """Mean over the classes among the targets of the share of each that is found; used as `accuracy`."""
    table = _confusion(target, forecast)
    counts = table.sum(axis=1)
    present = counts > 0
    return float(np.mean(np.diag(table)[present] / counts[present]))


def matthews(target: ArrayLike, forecast: ArrayLike) -> float:
    """Matthews correlation, from -1 to 1; 0 where target or forecast has one class only.

    Arguments and errors as `accuracy`.
    """
    table = _confusion(target, forecast).astype(np.float64)
    of_target, of_forecast, total = table.sum(axis=1), table.sum(axis=0), table.sum()
    shared = np.trace(table) * total - of_target @ of_forecast
    spread = (total**2 - of_forecast @ of_forecast) * (total**2 - of_target @ of_target)
    return float(shared / math.sqrt(spread)) if spread > 0 else 0.0


def macro_f1(target: ArrayLike, forecast: ArrayLike) -> float:
    """Mean F1 over the classes among targets and forecasts, from 0 to 1; used as `accuracy`."""
    table = _confusion(target, forecast)
    return float(np.mean(2 * np.diag(table) / (table.sum(axis=1) + table.sum(axis=0))))


def log_loss(target: ArrayLike, probability: ArrayLike) -> float:
    """Mean negative log-likelihood of the classes, in nats.

    Args:
        target: [...] classes 0 .. K-1 (or 0 and 1); nan is not scored.
        probability: [..., K], rows summing to 1, or [...] the probability of class 1.

    Returns:
        Nats per entry; inf where a class that came had probability 0.

    Raises:
        ShapeError: shapes do not fit.
        DataError: nothing to score, a class out of range, or rows that are no probabilities.
    """
    places, rows = class_places(target, _distribution(target, probability))
    with np.errstate(divide="ignore"):
        return float(-np.mean(np.log(rows[np.arange(len(places)), places])))


def brier(target: ArrayLike, probability: ArrayLike) -> float:
    """Mean squared error of probabilities.

    Args:
        target: [...] classes 0 .. K-1 (or 0 and 1); nan is not scored.
        probability: [...] the probability of class 1, scored (p - y)^2; or [..., K], scored summed over the classes.

    Returns:
        From 0 (best) to 1, or to 2 for [..., K].

    Raises:
        ShapeError: shapes do not fit.
        DataError: nothing to score, a class out of range, or rows that are no probabilities.
    """
    places, rows = class_places(target, _distribution(target, probability))
    sums = np.sum((rows - np.eye(rows.shape[1])[places]) ** 2, axis=1)
    one_column = np.ndim(probability) == np.ndim(target)
    return float(np.mean(sums) / (2 if one_column else 1))


def nats_per_step(target: ArrayLike, log_probability: ArrayLike) -> float:
    """Mean negative log-likelihood of the symbols that came.

    Args:
        target: [...] symbols 0 .. K-1, such as [T, B]; nan is not scored.
        log_probability: [..., K] natural logarithms, rows summing to 1 after exp; or [...] that of the target itself.

    Returns:
        Nats per step; divide by ln 2 for bits.

    Raises:
        ShapeError: shapes do not fit.
        DataError: nothing to score, a symbol out of range, or rows that are no log-probabilities.
    """
    if np.ndim(log_probability) == np.ndim(target):
        return float(-np.mean(scored(target, log_probability)[1]))
    places, rows = class_places(target, log_probability)
    _check_distribution(np.exp(np.minimum(rows, 1.0)), "exp(log_probability)")
    return float(-np.mean(rows[np.arange(len(places)), places]))


def _distribution(target: ArrayLike, probability: ArrayLike) -> Floats:
    """Probabilities [..., K], checked where a target is present."""
    rows = np.asarray(probability, np.float64)
    if rows.ndim == np.ndim(target):
        rows = np.stack([1.0 - rows, rows], axis=-1)
    _check_distribution(class_places(target, rows)[1], "`probability`")
    return rows


def _check_distribution(rows: Floats, name: str) -> None:
    sums = rows.sum(axis=-1)
    if rows.min() < 0 or rows.max() > 1 + _SUM_SLACK or np.abs(sums - 1).max() > _SUM_SLACK:
        raise DataError(
            f"{name} needs rows in [0, 1] that sum to 1: values from {rows.min():g} to {rows.max():g}, sums from "
            f"{sums.min():g} to {sums.max():g} came. Apply a softmax to logits."
        )


def _confusion(target: ArrayLike, forecast: ArrayLike) -> NDArray[np.int64]:
    """Counts [K, K] of target class (row) and forecast class (column), over the classes of either."""
    check_shape(np.asarray(target), np.asarray(forecast))
    wanted, present = scored_classes(target)
    given, forecasted = scored_classes(forecast)
    if not forecasted[present].all():
        raise DataError(
            f"Every scored entry needs a forecast: {np.count_nonzero(~forecasted[present])} of {present.sum()} are "
            "missing."
        )
    both = _joined(wanted[present], given[present])
    classes, codes = np.unique(both, return_inverse=True)
    half, count = len(codes) // 2, len(classes)
    return np.bincount(codes[:half] * count + codes[half:], minlength=count**2).reshape(count, count)


def _joined(wanted: NDArray[Any], given: NDArray[Any]) -> NDArray[Any]:
    kinds = {"text" if isinstance(array[0], str) else "number" for array in (wanted, given)}
    if len(kinds) > 1:
        raise DataError(
            f"Target and forecast name classes alike: '{wanted[0]}' and '{given[0]}' came. Use labels in both."
        )
    return np.concatenate([wanted, given])
