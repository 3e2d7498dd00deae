"""Errors of point forecasts.

    rmse    sqrt(mean (y - f)^2)                 mae     mean |y - f|
    smape   mean 200 |y - f| / (|y| + |f|)       mase    mean |y - f| / mean |x_t - x_(t-m)| over the history
    rse     sqrt(sum (y - f)^2 / sum (y - mean y)^2)
    owa     (smape / smape of a reference + mase / mase of the same) / 2
    skill   1 - error / error of a reference

y target, f forecast; means over entries whose target is present. Sources: Makridakis, Spiliotis & Assimakopoulos,
International Journal of Forecasting 36(1), 2020 (smape, mase and owa, as in M4); Lai et al. 2018, arXiv 1703.07015
(rse).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from throughtime.base.errors import ConfigError, DataError, ShapeError
from throughtime.metrics.scored import scored


def rmse(target: ArrayLike, forecast: ArrayLike) -> float:
    """Root of the mean squared error.

    Args:
        target: any shape; nan is not scored.
        forecast: the same shape.

    Returns:
        The error in the target's unit.

    Raises:
        ShapeError: shapes differ.
        DataError: nothing to score, or entries that are not finite.
    """
    wanted, given = scored(target, forecast)
    return float(np.sqrt(np.mean((wanted - given) ** 2)))


def mae(target: ArrayLike, forecast: ArrayLike) -> float:
    """Mean absolute error, arguments and errors as `rmse`."""
    wanted, given = scored(target, forecast)
    return float(np.mean(np.abs(wanted - given)))


def smape(target: ArrayLike, forecast: ArrayLike) -> float:
    """Symmetric mean absolute percentage error, in percent from 0 to 200; 0 where both are 0.

    Arguments and errors as `rmse`.
    """
    wanted, given = scored(target, forecast)
    size = np.abs(wanted) + np.abs(given)
    return float(np.mean(200.0 * np.abs(wanted - given) / np.where(size > 0, size, 1.0)))


def mase(target: ArrayLike, forecast: ArrayLike, history: ArrayLike, season: int = 1) -> float:
    """Mean absolute error in units of the seasonal naive rule's error over the history.

    Args:
        target: [T] future of one series; nan is not scored.
        forecast: [T].
        history: [n] the series before, in order; differences with a missing end do not count.
        season: steps in a season, at least 1.

    Returns:
        The scaled error; below 1 is better than the naive rule did on the history.

    Raises:
        ConfigError: season below 1.
        ShapeError: shapes differ, or the history has not one axis.
        DataError: nothing to score, a history shorter than a season, or one without any change.
    """
    if season < 1:
        raise ConfigError(f"`season` is at least 1 step; {season} came.")
    past = np.asarray(history, np.float64)
    if past.ndim != 1:
        raise ShapeError(f"`history` is one series [n]: shape {past.shape} came.")
    steps = np.abs(past[season:] - past[: max(len(past) - season, 0)])
    steps = steps[~np.isnan(steps)]
    scale = float(steps.mean()) if steps.size else 0.0
    if not (scale > 0 and math.isfinite(scale)):
        raise DataError(
            f"MASE divides by the mean change over {season} steps of the history, which is {scale:g} over {steps.size} "
            "changes. Use a longer history, or mae."
        )
    return mae(target, forecast) / scale


def rse(target: ArrayLike, forecast: ArrayLike) -> float:
    """Root of the squared error relative to that of the targets' mean: 0 is perfect, 1 as good as their mean.

    Args:
        target: any shape; nan is not scored. One mean is taken over all entries, of whatever series.
        forecast: the same shape.

    Returns:
        The relative error, at least 0.

    Raises:
        ShapeError: shapes differ.
        DataError: nothing to score, entries that are not finite, or targets that are all the same.
    """
    wanted, given = scored(target, forecast)
    spread = float(np.sum((wanted - wanted.mean()) ** 2))
    if spread <= 0:
        raise DataError(
            f"A relative error divides by the spread of the targets, which is 0 over {wanted.size} of them. Use rmse, "
            "or score more."
        )
    return math.sqrt(float(np.sum((wanted - given) ** 2)) / spread)


def owa(smape: float, mase: float, reference_smape: float, reference_mase: float) -> float:
    """Overall weighted average of M4: the mean of two errors, each in units of a reference's.

    Args:
        smape: mean over series, at least 0.
        mase: mean over series, at least 0.
        reference_smape: of the reference, above 0; M4's is the naive rule on seasonally adjusted series (Naive2).
        reference_mase: of the reference, above 0.

    Returns:
        The average; the reference itself has 1, and less is better.

    Raises:
        DataError: an error is negative or not finite, or a reference's is 0.
    """
    return 1.0 - (skill(smape, reference_smape) + skill(mase, reference_mase)) / 2


def skill(error: float, reference_error: float) -> float:
    """Share of a reference's error that a forecast removes: 1 is perfect, 0 no better, negative worse.

    Args:
        error: error of the forecast, at least 0.
        reference_error: the same error of the reference, above 0.

    Returns:
        1 - error / reference_error.

    Raises:
        DataError: an error is negative or not finite, or the reference's is 0.
    """
    if not (math.isfinite(error) and math.isfinite(reference_error) and error >= 0 and reference_error > 0):
        raise DataError(
            f"Skill compares an error of at least 0 with a reference's above 0: {error:g} and {reference_error:g} came."
        )
    return 1.0 - error / reference_error
