"""Exponential smoothing of many series at once: level, damped trend and season, chosen series by series.

    y[t] = (l[t-1] + phi b[t-1]) + s[t-m] + e[t]          additive season; s times the bracket for a multiplicative one
    l[t] = l[t-1] + phi b[t-1] + alpha e[t] / q           q = 1, or s[t-m] where the season is multiplicative
    b[t] = phi b[t-1] + beta e[t] / q
    s[t] = s[t-m] + gamma e[t] / r                        r = 1, or l[t-1] + phi b[t-1]

    h steps on: l + (phi + ... + phi^h) b, with the season's last round; its variance sigma^2 (1 + c[1]^2 + ... +
    c[h-1]^2), c[j] = alpha + beta (phi + ... + phi^j) + gamma [j is a multiple of m]

alpha, beta, gamma and phi minimise the squared one-step errors of each series, by a pattern search that moves through
all series together; the first states come from the beginning of the series. Of the forms (with and without a trend,
with and without a season of each kind) the one with the least AICc is taken. The variance is exact for the additive
forms, and an approximation with a multiplicative season.

Dimensions: S series, P candidates side by side, T steps, m steps in a season, H steps ahead.
Sources: Hyndman, Koehler, Snyder & Grose, International Journal of Forecasting 18(3), 2002; Hyndman, Koehler, Ord &
Snyder, Forecasting with Exponential Smoothing, 2008, table 6.2 (variances); Hooke & Jeeves, Journal of the ACM 8(2),
1961 (pattern search).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from throughtime.tasks.season import shape_of

Floats = NDArray[np.float64]
Season = Literal["none", "additive", "multiplicative"]

# Weights of the past fade: what lies further back than this has no say in the newest state.
MOST_STEPS = 2000
# Parameters are in these bounds; beta is a share of alpha and gamma one of 1 - alpha, so that the form is stable.
ALPHA, SHARE, PHI = (1e-3, 0.999), (1e-3, 0.999), (0.8, 0.98)
# Where the search begins, as places between the bounds; of the starts each series takes its best.
STARTS = np.array([[0.1, 0.1, 0.1, 0.9], [0.5, 0.1, 0.1, 0.9], [0.9, 0.1, 0.1, 0.9], [0.3, 0.5, 0.5, 0.5]])
FIRST_REACH, LAST_REACH = 0.2, 0.01
# Values that the first level and trend are read off.
FIRST_STEPS = 10
# Multiplicative forms divide by level and season; nearer to 0 than this, in units of the series' mean size, is an end.
NEAR_ZERO = 1e-3


@dataclass(frozen=True)
class Form:
    """What a series is made of besides its level.

    Args:
        trend: whether there is a damped trend.
        season: of which kind.
    """

    trend: bool
    season: Season

    @property
    def free(self) -> list[int]:
        """Places of its parameters among alpha, beta, gamma and phi."""
        return [0, *([1, 3] if self.trend else []), *([2] if self.season != "none" else [])]

    def __str__(self) -> str:
        """In words."""
        season = "" if self.season == "none" else f", {self.season} season"
        return f"level{' and damped trend' if self.trend else ''}{season}"


@dataclass(frozen=True)
class Smoothed:
    """Forecasts from the ends of S histories.

    Args:
        point: [S, H].
        deviation: [S, H] standard deviation of what comes around it.
        forms: of each series.
        parameters: [S, 4] alpha, beta, gamma, phi; 0 where the form has none, phi then 1.
    """

    point: Floats
    deviation: Floats
    forms: tuple[Form, ...]
    parameters: Floats


@dataclass(frozen=True)
class _Block:
    """Histories that end together, longest first, in units of their mean size.

    Args:
        values: [S, T], nan before the first.
        first: [S] the first step of each.
        active: [T] how many rows have begun at each step.
    """

    values: Floats
    first: NDArray[np.int64]
    active: NDArray[np.int64]


@dataclass(frozen=True)
class _States:
    """Level [S, P], trend [S, P] and season [m, S, P]; a season's place is its step modulo m."""

    level: Floats
    trend: Floats
    season: Floats


def smooth(
    histories: Sequence[Floats],
    horizon: int,
    period: int = 1,
    seasonal: Sequence[bool] | None = None,
    trends: Sequence[bool] = (False, True),
) -> Smoothed:
    """Fit every form to every history, and forecast from its end with the best.

    Args:
        histories: S series without gaps [T], at least one step each.
        horizon: H.
        period: m, at least 1.
        seasonal: which of them may have a season, each of at least three; None: those of three seasons or more.
        trends: whether forms have a trend; the default tries both.

    Returns:
        The forecasts, in the histories' order.
    """
    if seasonal is None:
        seasonal = [len(each) >= 3 * period for each in histories]
    sizes = np.array([np.abs(each).mean() or 1.0 for each in histories])
    parts = [each[-MOST_STEPS:] / size for each, size in zip(histories, sizes, strict=True)]
    able = np.array(seasonal, bool) & (period > 1)
    point, deviation = np.zeros((2, len(parts), horizon))
    forms: list[Form] = [Form(False, "none")] * len(parts)
    parameters = np.zeros((len(parts), 4))
    for with_season in (False, True):
        rows = np.flatnonzero(able == with_season)
        if len(rows):
            found = _smooth_alike([parts[row] for row in rows], horizon, period if with_season else 1, trends)
            point[rows], deviation[rows], parameters[rows] = found.point, found.deviation, found.parameters
            for row, form in zip(rows, found.forms, strict=True):
                forms[row] = form
    return Smoothed(point * sizes[:, None], deviation * sizes[:, None], tuple(forms), parameters)


def _smooth_alike(parts: Sequence[Floats], horizon: int, period: int, trends: Sequence[bool]) -> Smoothed:
    """Forecast histories that all may have the season."""
    order = sorted(range(len(parts)), key=lambda row: -len(parts[row]))
    block = _block([parts[row] for row in order])
    seasons: tuple[Season, ...] = ("none",) if period == 1 else ("none", "additive", "multiplicative")
    forms = [Form(trend, season) for season in seasons for trend in trends]
    tried = [_try(form, block, horizon, period) for form in forms]
    best = np.stack([criterion for criterion, *_ in tried]).argmin(axis=0)
    rows, back = np.arange(len(parts)), np.argsort(order)

    def chosen(which: int) -> Floats:
        return np.stack([each[which] for each in tried])[best, rows][back]

    return Smoothed(chosen(1), chosen(2), tuple(forms[place] for place in best[back]), chosen(3))


def _block(parts: Sequence[Floats]) -> _Block:
    steps = len(parts[0])
    first = np.array([steps - len(part) for part in parts])
    values = np.full((len(parts), steps), np.nan)
    for row, part in enumerate(parts):
        values[row, first[row] :] = part
    return _Block(values, first, np.searchsorted(first, np.arange(steps), side="right"))


def _try(form: Form, block: _Block, horizon: int, period: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Of one form and every series: AICc, forecasts and deviations [S, H], parameters [S, 4]."""
    start = _first_states(form, block, period)
    places = _search(form, block, start, period)
    parameters = _parameters(form, places)
    squares, states = _run(form, block, start, parameters[:, None], period)
    counts = block.values.shape[1] - block.first
    fitted = len(form.free) + 1 + form.trend + (period - 1) * (form.season != "none")
    criterion = _aicc(squares[:, 0], counts, fitted)
    if form.season == "none":
        criterion = np.minimum(criterion, np.finfo(float).max)  # there is a form for the shortest series too
    if form.season == "multiplicative":
        criterion = np.where(np.nanmin(block.values, axis=1) > 0, criterion, np.inf)
    point = _ahead(form, states, parameters, block.values.shape[1], horizon, period)
    sigma = np.sqrt(squares[:, 0] / np.maximum(counts - fitted, 1))
    return criterion, point, sigma[:, None] * _growth(parameters, horizon, period), parameters


def _aicc(squares: Floats, counts: NDArray[np.int64], fitted: int) -> Floats:
    """Akaike's criterion with its correction for few values, of Gaussian errors; inf where there are too few."""
    spare = counts - fitted - 2
    error = np.log(np.maximum(squares / counts, np.finfo(float).tiny))
    value = counts * error + 2 * (fitted + 1) * (1 + (fitted + 2) / np.maximum(spare, 1))
    return np.where((spare > 0) & np.isfinite(squares), value, np.inf)


def _first_states(form: Form, block: _Block, period: int) -> _States:
    """The states before each series' first step, [S, 1]."""
    count = len(block.values)
    level, trend = np.zeros((2, count, 1))
    season = np.full((period, count, 1), 1.0 if form.season == "multiplicative" else 0.0)
    for row, first in enumerate(block.first):
        values = block.values[row, first:]
        if form.season != "none":
            shape = shape_of(values, period)
            if shape.ratio != (form.season == "multiplicative"):
                shape = shape_of(values - values.min() - 1, period)  # below 0 throughout, so that it is a difference
            values = shape.without(values)
            season[(first + np.arange(period)) % period, row, 0] = shape.index
        few = values[: max(FIRST_STEPS, min(2 * period, len(values) // 2))]
        slope = np.polyfit(np.arange(len(few)), few, 1)[0] if form.trend and len(few) > 1 else 0.0
        trend[row] = slope
        level[row] = few.mean() - slope * (len(few) + 1) / 2  # a step before the first
    return _States(level, trend, season)


def _parameters(form: Form, places: Floats) -> Floats:
    """alpha, beta, gamma and phi [..., 4] from places between their bounds [..., 4]."""
    low, high = np.array([ALPHA, SHARE, SHARE, PHI]).T
    alpha, beta, gamma, phi = np.moveaxis(low + places * (high - low), -1, 0)
    zero = np.zeros_like(alpha)
    return np.stack(
        [
            alpha,
            alpha * beta if form.trend else zero,
            (1 - alpha) * gamma if form.season != "none" else zero,
            phi if form.trend else zero + 1,
        ],
        axis=-1,
    )


def _search(form: Form, block: _Block, start: _States, period: int) -> Floats:
    """Places [S, 4] between the bounds where the squared errors are least, to `LAST_REACH`."""

    def squares(places: Floats) -> Floats:
        return _run(form, block, start, _parameters(form, places), period)[0]

    rows = np.arange(len(block.values))
    begin = np.broadcast_to(STARTS, (len(rows), *STARTS.shape))
    found = squares(begin)
    best = found.argmin(axis=1)
    places, least, reach = begin[rows, best], found[rows, best], np.full(len(rows), FIRST_REACH)
    moves = np.concatenate([sign * np.eye(4)[form.free] for sign in (1, -1)])  # [P, 4]
    while (going := np.flatnonzero(reach >= LAST_REACH)).size:
        near = np.clip(places[going, None] + reach[going, None, None] * moves, 0, 1)
        first = block.first[going]
        part = _Block(block.values[going], first, np.searchsorted(first, np.arange(block.values.shape[1]), "right"))
        began = _States(start.level[going], start.trend[going], start.season[:, going])
        found = _run(form, part, began, _parameters(form, near), period)[0]
        best = found.argmin(axis=1)
        smallest = found[np.arange(len(going)), best]
        better = smallest < least[going] * (1 - 1e-6)
        places[going[better]] = near[np.flatnonzero(better), best[better]]
        least[going[better]] = smallest[better]
        reach[going[~better]] /= 2
    return places


def _run(form: Form, block: _Block, start: _States, parameters: Floats, period: int) -> tuple[Floats, _States]:
    """Squared one-step errors summed [S, P], and the last states, for parameters [S, P, 4]."""
    shape = parameters.shape[:2]
    alpha, beta, gamma, phi = (np.ascontiguousarray(parameters[..., place]) for place in range(4))
    level, trend = (np.array(np.broadcast_to(each, shape)) for each in (start.level, start.trend))
    season = np.array(np.broadcast_to(start.season, (period, *shape)))
    squares = np.zeros(shape)
    ratio, seasonal = form.season == "multiplicative", form.season != "none"
    with np.errstate(over="ignore", invalid="ignore"):
        for step in range(block.values.shape[1]):
            k = int(block.active[step])
            base = level[:k] + phi[:k] * trend[:k] if form.trend else level[:k]
            of_season = season[step % period, :k]
            if ratio:
                base = np.maximum(base, NEAR_ZERO)
                error = block.values[:k, step, None] - base * of_season
                of_level = error / np.maximum(of_season, NEAR_ZERO)
                of_season += gamma[:k] * error / base
            else:
                error = block.values[:k, step, None] - base
                if seasonal:
                    error -= of_season
                    of_season += gamma[:k] * error
                of_level = error
            squares[:k] += error * error
            level[:k] = base + alpha[:k] * of_level
            if form.trend:
                trend[:k] = phi[:k] * trend[:k] + beta[:k] * of_level
    return np.where(np.isfinite(squares), squares, np.inf), _States(level, trend, season)


def _ahead(form: Form, states: _States, parameters: Floats, step: int, horizon: int, period: int) -> Floats:
    """Forecasts [S, H] of the steps from `step` on."""
    phi = parameters[:, 3:]
    damped = np.cumsum(phi ** np.arange(1, horizon + 1), axis=1)
    base = states.level + (damped * states.trend if form.trend else np.zeros((1, horizon)))
    season = states.season[(step + np.arange(horizon)) % period, :, 0].T
    if form.season == "multiplicative":
        return np.asarray(base * season)
    return np.asarray(base + season)


def _growth(parameters: Floats, horizon: int, period: int) -> Floats:
    """Deviation of h steps ahead in units of one step's [S, H]."""
    alpha, beta, gamma, phi = (parameters[:, place, None] for place in range(4))
    j = np.arange(1, horizon)
    weights = alpha + beta * np.cumsum(phi**j, axis=1) + gamma * (j % period == 0)
    ones = np.ones((len(parameters), 1))
    return np.sqrt(np.concatenate([ones, 1 + np.cumsum(weights**2, axis=1)], axis=1))
