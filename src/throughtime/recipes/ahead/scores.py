"""What forecasts of several steps were worth.

    sMAPE      mean of 200 |y - f| / (|y| + |f|)
    MASE       mean |y - f| / scale;  scale: mean change over a season before the first tested origin
    OWA        mean of sMAPE and MASE, each in units of naive2's
    RMSE       in the table's unit, over all series
    CRPS       2 x mean pinball loss over the quantiles 5 %, 10 %, ..., 95 %, divided by the scale as MASE is
    coverage   share of outcomes inside an interval

Of each forecast the mean over its steps is taken, then the mean over forecasts. Steps whose outcome is missing count
nowhere; series that do not change before they are tested have no scale, and count in sMAPE, RMSE and coverage alone.

Dimensions: N forecasts, H steps ahead, Q quantiles.
Sources: Makridakis, Spiliotis & Assimakopoulos, International Journal of Forecasting 36(1), 2020; Gneiting & Raftery,
Journal of the American Statistical Association 102(477), 2007.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from throughtime import metrics
from throughtime.recipes.ahead.problem import Floats, Problem

# The intervals every method gives, in per cent.
LEVELS = (80, 95)
# Quantiles of the CRPS, and those that end the intervals.
GRID = tuple(round(0.05 * place, 2) for place in range(1, 20))
ENDS = {level: (round(0.5 - level / 200, 6), round(0.5 + level / 200, 6)) for level in LEVELS}
PROBABILITIES = tuple(sorted({*GRID, *(end for ends in ENDS.values() for end in ends)}))


@dataclass(frozen=True)
class Forecasts:
    """N forecasts in the order of `Problem.origins`.

    Args:
        point: [N, H].
        quantiles: [N, H, Q] at `PROBABILITIES`.
    """

    point: Floats
    quantiles: Floats

    def at(self, probability: float) -> Floats:
        """[N, H] one of the quantiles."""
        return self.quantiles[..., PROBABILITIES.index(probability)]

    def interval(self, level: int) -> tuple[Floats, Floats]:
        """[N, H] ends of one of `LEVELS`."""
        low, high = ENDS[level]
        return self.at(low), self.at(high)


@dataclass(frozen=True)
class Errors:
    """The errors of each forecast, nan where it has none.

    Args:
        smape, mase, crps: [N].
        by_step: [H] MASE of each step ahead.
        rmse: over all steps.
        coverage: by level.
    """

    smape: Floats
    mase: Floats
    crps: Floats
    by_step: Floats
    rmse: float
    coverage: Mapping[int, float]


def errors(problem: Problem, forecasts: Forecasts) -> Errors:
    """Score forecasts by what came."""
    truth, scale = problem.outcomes(), np.tile(problem.scales(), problem.plan.origins)[:, None]
    off = np.abs(truth - forecasts.point)
    size = np.abs(truth) + np.abs(forecasts.point)
    relative = np.where(size > 0, 200 * off / np.where(size > 0, size, 1.0), np.where(np.isnan(off), np.nan, 0.0))
    scaled = off / scale
    pinball = np.stack([_pinball(truth, forecasts.at(each), each) for each in GRID]).mean(axis=0)
    return Errors(
        smape=_mean(relative, 1),
        mase=_mean(scaled, 1),
        crps=_mean(2 * pinball / scale, 1),
        by_step=_mean(scaled, 0),
        rmse=metrics.rmse(truth, forecasts.point),
        coverage={level: metrics.coverage(truth, *forecasts.interval(level)) for level in LEVELS},
    )


def figures(own: Errors, reference: Errors) -> dict[str, float]:
    """The scores by name; `reference` are naive2's errors."""
    smape, mase = (float(_mean(each, 0)) for each in (own.smape, own.mase))
    others = (float(_mean(each, 0)) for each in (reference.smape, reference.mase))
    return {
        "OWA": _owa(smape, mase, *others),
        "sMAPE": smape,
        "MASE": mase,
        "RMSE": own.rmse,
        "CRPS": float(_mean(own.crps, 0)),
        **{f"coverage.{level} %": share for level, share in own.coverage.items()},
    }


def gain(ours: Sequence[Errors], theirs: Sequence[Errors], series: int) -> tuple[float, float]:
    """How much lower the MASE of a method is than another's, and the standard error of that over series.

    Args:
        ours: of each seed.
        theirs: of each seed.
        series: tracks; the forecasts of one are not independent, so that their mean counts once. Of a single one the
            forecasts themselves are taken.
    """
    difference = np.mean([each.mase for each in theirs], axis=0) - np.mean([each.mase for each in ours], axis=0)
    each = _mean(difference.reshape(-1, series), 0) if series > 1 else difference
    each = each[np.isfinite(each)]
    error = float(each.std(ddof=1) / np.sqrt(len(each))) if len(each) > 1 else float("nan")
    return float(_mean(each, 0)), error


def mean_mase(seeds: Sequence[Errors]) -> float:
    """Mean over seeds and forecasts; nan where no series has a scale."""
    return float(_mean(np.concatenate([each.mase for each in seeds]), 0))


def _owa(smape: float, mase: float, of_reference: float, mase_of_reference: float) -> float:
    """Nan where a reference is without error, or nothing has a scale."""
    if not (of_reference > 0 and mase_of_reference > 0):
        return float("nan")
    return metrics.owa(smape, mase, of_reference, mase_of_reference)


def _pinball(truth: Floats, forecast: Floats, probability: float) -> Floats:
    short = truth - forecast
    return np.asarray(np.maximum(probability * short, (probability - 1) * short))


def _mean(values: Floats, axis: int) -> Floats:
    """Mean of what is there, nan where nothing is."""
    present = np.isfinite(values)
    count = present.sum(axis=axis)
    total = np.where(present, values, 0.0).sum(axis=axis)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))
