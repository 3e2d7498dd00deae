"""Seasons of a series: their length, whether there is one, and its shape.

    r[k]      autocorrelation at lag k of the first differences d[t] = y[t] - y[t-1], n of them
    seasonal  r[m] > 1.645 sqrt((1 + 2 (r[1]^2 + ... + r[m-1]^2)) / n),  r[m] > r[m-q] and r[m+q],  n >= 3 m
              q a quarter of m, at least 1

The first is the M4 competition's test, but on differences: a trend or a random walk is alike at every lag, and would
pass as seasonal in its levels. The second keeps slow waves from passing at any short lag. The shape is that of the
classical decomposition: what is left of a series beside its centred moving average over a season, averaged over the
seasons; as a ratio where all values lie above 0, else as a difference.

Dimensions: T steps, m steps in a season.
Sources: Makridakis, Spiliotis & Assimakopoulos, International Journal of Forecasting 36(1), 2020 (test); Kendall &
Stuart, The Advanced Theory of Statistics 3, 1983 (decomposition).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from throughtime.data import grid

Floats = NDArray[np.float64]
# One-sided 5 % of the normal distribution, as in M4.
CRITICAL = 1.645
# Seasons that a series must hold before it can show that it has one.
LEAST_SEASONS = 3
# Beyond a year of days nothing is searched where no step tells what a season could be.
LONGEST = 366
# A season of the table is one that at least half of the series show which are long enough for it, as half must be.
LEAST_SHARE = 0.5

# An hour, day or week of fewer steps is told by hardly anything but whether neighbours are alike.
LEAST_STEPS = 4

_OF_MONTHS = {1: (12,), 2: (6,), 3: (4,), 4: (3,), 6: (2,)}
_SPANS_S = {"d": 86_400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6}
# Hour, day, week and year in seconds; leap years make the last a rounded count of steps.
_PERIODS_S = (3600.0, 86_400.0, 604_800.0, 365.25 * 86_400.0)


@dataclass(frozen=True)
class Shape:
    """The shape of a season, at each step counted from a history's first.

    Args:
        ratio: whether values are shape times the rest; else shape plus the rest.
        index: [m] of the steps 0 .. m - 1; ratios have mean 1, differences mean 0.
    """

    ratio: bool
    index: Floats

    def at(self, steps: NDArray[np.int64]) -> Floats:
        """The shape at these steps."""
        return np.asarray(self.index[steps % len(self.index)])

    def without(self, history: Floats) -> Floats:
        """A history [T] without its season."""
        shape = self.at(np.arange(len(history)))
        return history / shape if self.ratio else history - shape

    def onto(self, rest: Floats, start: int) -> Floats:
        """Values [H] without a season that begin at step `start`, with it again."""
        shape = self.at(np.arange(start, start + len(rest)))
        return rest * shape if self.ratio else rest + shape


def autocorrelation(values: Floats, lags: int) -> Floats:
    """Autocorrelation of a series [T] at lags 0 .. `lags`, at most T - 1; 0 for a constant series, but 1 at lag 0."""
    centred = values - values.mean()
    size = 2 * len(values)
    spectrum = np.fft.rfft(centred, size)
    found = np.fft.irfft(spectrum * spectrum.conj(), size)[: min(lags, len(values) - 1) + 1]
    # Below rounding of the level a series is constant.
    if found[0] <= len(values) * (1e-12 * max(np.abs(values).max(), 1e-300)) ** 2:
        return np.eye(1, len(found))[0]
    return np.asarray(found / found[0])


def is_seasonal(history: Floats, period: int) -> bool:
    """Whether a history [T] without gaps shows a season of `period` steps, by the test above; one step is none."""
    if period < 2 or not _long_enough(history, period):
        return False
    near = max(1, period // 4)
    correlation = autocorrelation(np.diff(history), period + near)
    limit = CRITICAL * np.sqrt((1 + 2 * (correlation[1:period] ** 2).sum()) / (len(history) - 1))
    return bool(correlation[period] > max(limit, correlation[period - near], correlation[period + near]))


def find_period(series: Sequence[Floats], step: grid.Step) -> int:
    """Steps in a season of a table.

    Args:
        series: per series its training part [T], without gaps.
        step: of the table's times, as `SeriesSet.step` has it.

    Returns:
        Of the seasons that such a step can have (a day, a week and a year of hours), or without dates of the lag at
        which differences are most alike, the one that most series show by `is_seasonal`, of those that hold three of
        it, the shorter of equals; 1 where fewer than half of these show any, or fewer than half hold three.
    """
    candidates = _periods_of(step) or _likely(series)
    shares = {period: _share(series, period) for period in candidates}
    best = max(shares, key=lambda period: (shares[period], -period), default=1)
    return best if shares.get(best, 0.0) >= LEAST_SHARE else 1


def shape_of(history: Floats, period: int) -> Shape:
    """The season's shape by classical decomposition of a history [T] of at least two seasons."""
    kernel = np.ones(period) if period % 2 else np.concatenate([[0.5], np.ones(period - 1), [0.5]])
    usual = np.convolve(history, kernel / period, "valid")
    steps = np.arange(len(usual)) + (len(kernel) - 1) // 2
    ratio = bool((history > 0).all())
    left = history[steps] / usual if ratio else history[steps] - usual
    sums, counts = (np.bincount(steps % period, weights, minlength=period) for weights in (left, None))
    index = np.asarray(sums / np.maximum(counts, 1))
    return Shape(ratio, index / index.mean() if ratio else index - index.mean())


def _share(series: Sequence[Floats], period: int) -> float:
    """Of the series that are long enough for a season the share that show it; 0 where fewer than half are."""
    able = [each for each in series if _long_enough(each, period)]
    if not able or len(able) < LEAST_SHARE * len(series):
        return 0.0
    return float(np.mean([is_seasonal(each, period) for each in able]))


def _long_enough(history: Floats, period: int) -> bool:
    return len(history) - 1 >= LEAST_SEASONS * period


def _periods_of(step: grid.Step) -> tuple[int, ...]:
    """Seasons, in steps, that a calendar step can have; none without dates."""
    if not isinstance(step, str):
        return ()
    amount, unit = grid.parse_step(step)
    if unit == "bd":
        return (5,)
    if unit == "mo":
        return _OF_MONTHS.get(amount, ())
    span = amount * _SPANS_S[unit]
    return tuple(round(period / span) for period in _PERIODS_S if period / span >= LEAST_STEPS)


def _likely(series: Sequence[Floats]) -> tuple[int, ...]:
    """The lag, from 2 to a third of a middle length, at which differences are most alike in the mean; none if short."""
    most = min(int(np.median([len(each) - 1 for each in series])) // LEAST_SEASONS, LONGEST)
    total, count = np.zeros(most + 1), np.zeros(most + 1)
    for each in series:
        if len(each) > 2:
            found = autocorrelation(np.diff(each), min(len(each) // LEAST_SEASONS, most))
            total[: len(found)] += found
            count[: len(found)] += 1
    if most < 2:
        return ()
    mean = total / np.maximum(count, 1)
    return (int(2 + mean[2:].argmax()),)
