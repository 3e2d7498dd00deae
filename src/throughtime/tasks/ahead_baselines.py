"""Rules that forecast several steps of many series: naive ones, Theta and exponential smoothing.

    naive             y[n+h] = y[n]
    seasonal naive    y[n+h] = the newest y a whole number of seasons before; naive where a history has no whole season
    naive2            naive on a series without its season, which is put on again: M4's reference
    theta             the same with exponential smoothing of the level, and half the slope of the straight line through
                      the series: b/2 (h - 1 + (1 - (1 - alpha)^n) / alpha)
    exponential smoothing    `smoothing`: level, damped trend and season, chosen by AICc

Each sees the history of one series, and is fitted anew at every origin. A season is taken where the series shows one
(`season.is_seasonal`). Intervals are Gaussian around the forecast; their deviation follows from the one-step errors:
as sqrt(h) for naive, as the root of whole seasons for seasonal naive, as sqrt(1 + (h - 1) alpha^2) for theta.

Dimensions: N origins, T steps, H steps ahead, m steps in a season, F known features.
Sources: Makridakis, Spiliotis & Assimakopoulos, International Journal of Forecasting 36(1), 2020 (naive2);
Assimakopoulos & Nikolopoulos, ibid. 16(4), 2000; Hyndman & Billah, ibid. 19(2), 2003 (theta); Hyndman &
Athanasopoulos, Forecasting: Principles and Practice, 2021, section 5.5 (deviations).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Self

import numpy as np
from numpy.typing import NDArray

from throughtime.tasks.season import Shape, is_seasonal, shape_of
from throughtime.tasks.smoothing import smooth

Floats = NDArray[np.float64]
Origins = Sequence[tuple[int, int]]


@dataclass(frozen=True)
class Track:
    """One series as the rules see it.

    Args:
        values: [T] without gaps.
        known: [T, F] features of a step that are known before it.
        train: steps that train, the first ones.
        validation: the step after the last that validates.
    """

    values: Floats
    known: Floats
    train: int
    validation: int


@dataclass(frozen=True)
class GaussianAhead:
    """Gaussian forecasts of the steps after N origins.

    Args:
        point: [N, H].
        deviation: [N, H], at least 0.
    """

    point: Floats
    deviation: Floats

    def quantiles(self, probabilities: Sequence[float]) -> Floats:
        """[N, H, Q] the values below which outcomes lie with these probabilities, each in (0, 1)."""
        z = np.array([NormalDist().inv_cdf(each) for each in probabilities])
        return np.asarray(self.point[..., None] + self.deviation[..., None] * z)


Rule = Callable[[Sequence[Floats], int, int], tuple[Floats, Floats]]


class Local:
    """A rule that reads the history of one series and is fitted at each origin.

    Args:
        rule: from N histories, horizon and season to point and deviation [N, H].

    Attributes:
        parameters_count_: numbers fitted once for all series; none.
        choice_: what validation chose, in words; nothing.
    """

    parameters_count_ = 0
    choice_ = ""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule

    def fit(self, tracks: Sequence[Track], horizon: int, period: int) -> Self:
        """Take note of horizon and season; `tracks` are not looked at."""
        self._horizon, self._period = horizon, period
        return self

    def forecast(self, tracks: Sequence[Track], origins: Origins) -> GaussianAhead:
        """Forecast after each origin.

        Args:
            tracks: the series.
            origins: of each the place of its track and how many steps of it are known, at least 1.
        """
        histories = [tracks[place].values[:step] for place, step in origins]
        return GaussianAhead(*self._rule(histories, self._horizon, self._period))


def naive(histories: Sequence[Floats], horizon: int, period: int) -> tuple[Floats, Floats]:
    """The newest value."""
    del period
    return seasonal_naive(histories, horizon, 1)


def seasonal_naive(histories: Sequence[Floats], horizon: int, period: int) -> tuple[Floats, Floats]:
    """The newest value of the same place in the season."""
    point, deviation = np.empty((2, len(histories), horizon))
    for row, history in enumerate(histories):
        season = period if len(history) >= period else 1
        ahead = np.arange(horizon)
        point[row] = history[len(history) - season + ahead % season]
        deviation[row] = _rms(history[season:] - history[:-season]) * np.sqrt(1 + ahead // season)
    return point, deviation


def naive2(histories: Sequence[Floats], horizon: int, period: int) -> tuple[Floats, Floats]:
    """The newest value of the series without its season, with it again."""
    shapes, rests = _without_season(histories, period)
    return _with_season(histories, shapes, *naive(rests, horizon, 1))


def theta(histories: Sequence[Floats], horizon: int, period: int) -> tuple[Floats, Floats]:
    """Exponential smoothing of the level with half the slope of the whole."""
    shapes, rests = _without_season(histories, period)
    smoothed = smooth(rests, horizon, trends=(False,))
    alpha, ahead = smoothed.parameters[:, :1], np.arange(horizon)
    count = np.array([[len(rest)] for rest in rests])
    slope = np.array([[np.polyfit(np.arange(len(rest)), rest, 1)[0] if len(rest) > 1 else 0.0] for rest in rests])
    point = smoothed.point + slope / 2 * (ahead + (1 - (1 - alpha) ** count) / alpha)
    return _with_season(histories, shapes, point, smoothed.deviation)


def exponential_smoothing(histories: Sequence[Floats], horizon: int, period: int) -> tuple[Floats, Floats]:
    """See `smoothing`; a season may be chosen where the series shows one."""
    found = smooth(histories, horizon, period, [is_seasonal(each, period) for each in histories])
    return found.point, found.deviation


def _without_season(histories: Sequence[Floats], period: int) -> tuple[list[Shape | None], list[Floats]]:
    """Of each history the season's shape, None where it shows none, and what is left without it."""
    shapes = [shape_of(each, period) if is_seasonal(each, period) else None for each in histories]
    pairs = zip(histories, shapes, strict=True)
    return shapes, [each if shape is None else shape.without(each) for each, shape in pairs]


def _with_season(
    histories: Sequence[Floats], shapes: Sequence[Shape | None], point: Floats, deviation: Floats
) -> tuple[Floats, Floats]:
    point, deviation = point.copy(), deviation.copy()
    for row, (history, shape) in enumerate(zip(histories, shapes, strict=True)):
        if shape is not None:
            point[row] = shape.onto(point[row], len(history))
            deviation[row] = shape.onto(deviation[row], len(history)) if shape.ratio else deviation[row]
    return point, deviation


def _rms(values: Floats) -> float:
    return float(np.sqrt((values**2).mean())) if len(values) else 0.0
