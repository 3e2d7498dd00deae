"""Scores of intervals, quantiles and densities.

    coverage         share of targets with lower <= y <= upper
    interval_width   mean of upper - lower
    pinball          mean of max(q (y - f), (q - 1) (y - f))
    crps_gaussian    mean of sd (z (2 Phi(z) - 1) + 2 phi(z) - 1 / sqrt(pi)),   z = (y - mean) / sd

Sources: Koenker & Bassett, Econometrica 46(1), 1978 (pinball); Gneiting & Raftery, Journal of the American Statistical
Association 102(477), 2007, equation 21 (CRPS).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from throughtime.base.errors import ConfigError, DataError
from throughtime.metrics.scored import Floats, scored


def coverage(target: ArrayLike, lower: ArrayLike, upper: ArrayLike) -> float:
    """Share of present targets inside their interval, ends included.

    Args:
        target: any shape; nan is not scored.
        lower: the same shape.
        upper: the same shape, nowhere below `lower`.

    Returns:
        A share from 0 to 1; a calibrated 80 % interval comes near 0.8.

    Raises:
        ShapeError: shapes differ.
        DataError: nothing to score, entries that are not finite, or ends that cross.
    """
    wanted, low, high = _interval(target, lower, upper)
    return float(np.mean((low <= wanted) & (wanted <= high)))


def interval_width(target: ArrayLike, lower: ArrayLike, upper: ArrayLike) -> float:
    """Mean width of the intervals of present targets, in the target's unit; arguments and errors as `coverage`."""
    _, low, high = _interval(target, lower, upper)
    return float(np.mean(high - low))


def pinball(target: ArrayLike, forecast: ArrayLike, probability: float) -> float:
    """Quantile loss of a forecast quantile.

    Args:
        target: any shape; nan is not scored.
        forecast: the same shape.
        probability: that an outcome lies below the quantile, a share in (0, 1).

    Returns:
        The mean loss in the target's unit; at 0.5 half the mean absolute error.

    Raises:
        ConfigError: a probability outside (0, 1).
        ShapeError: shapes differ.
        DataError: nothing to score, or entries that are not finite.
    """
    if not 0 < probability < 1:
        raise ConfigError(f"`probability` is a share between 0 and 1; {probability} came. For 80 % write 0.8.")
    wanted, given = scored(target, forecast)
    short = wanted - given
    return float(np.mean(np.maximum(probability * short, (probability - 1) * short)))


def crps_gaussian(target: ArrayLike, mean: ArrayLike, sd: ArrayLike) -> float:
    """Continuous ranked probability score of normal forecasts.

    Args:
        target: any shape; nan is not scored.
        mean: the same shape.
        sd: the same shape, above 0.

    Returns:
        The mean score in the target's unit; it becomes the mean absolute error as sd goes to 0.

    Raises:
        ShapeError: shapes differ.
        DataError: nothing to score, entries that are not finite, or sd not above 0.
    """
    wanted, centre, spread = scored(target, mean, sd)
    if (spread <= 0).any():
        raise DataError(f"A normal forecast needs sd above 0: {spread.min():g} came.")
    z = (wanted - centre) / spread
    density = np.exp(-0.5 * z**2) / math.sqrt(2 * math.pi)
    return float(np.mean(spread * (z * _erf(z / math.sqrt(2)) + 2 * density - 1 / math.sqrt(math.pi))))


def _erf(z: Floats) -> Floats:
    """The error function, 2 Phi(sqrt(2) z) - 1; numpy has none."""
    return np.array([math.erf(value) for value in z])


def _interval(target: ArrayLike, lower: ArrayLike, upper: ArrayLike) -> tuple[Floats, ...]:
    wanted, low, high = scored(target, lower, upper)
    if (low > high).any():
        raise DataError(
            f"An interval's lower end is not above its upper one: {np.count_nonzero(low > high)} of {low.size} "
            "are. Swap them?"
        )
    return wanted, low, high
