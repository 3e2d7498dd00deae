"""The straight line from a window to what follows it: where training begins, and how a window's length is chosen.

    y[h] = sum_w A[h, w] x[w]                A = argmin sum |y - A x|^2 + c |A|^2,    c = r mean(diag X'X)

In the windows' own units no constant is needed; with A = 0 the last value is repeated. The ridge r is the one whose
forecasts err least, in units of each row's mean change over a step; so is the window's length, and whether logarithms
are read, where these are left open. They are judged on the validation part and the last JUDGED horizons before it,
which the line that is judged has not seen: one window of each row would leave such a choice to chance. Where a table
has several targets, one line for all of them competes with a line for each. All of it is solved at once, without a step
of training, and the chosen line then anew on all that trains.

Dimensions: N windows, W steps of a window, H steps ahead, K targets, G lines: 1 or K.

Source: Hoerl & Kennard, Technometrics 12(1), 1970; Zeng et al. 2023, arXiv 2205.13504 (one line for all rows).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from throughtime.tasks.ahead_origins import Origins, train_origins, valid_origins
from throughtime.tasks.ahead_rows import Floats, Places, Rows
from throughtime.tasks.ahead_scaling import Scaling, all_positive

# None is the line that repeats the last value.
TRIED = (1e-3, 1e-2, 1e-1, 1.0, 10.0, None)
# Windows that lines are fitted on, at most: some hundred for each weight of the longest window; where there are
# several lines a share of them for each, but enough for its weights.
MOST_FITTED, ENOUGH = 60_000, 20
# Windows of at most so many steps are tried, in multiples of the horizon and of the season.
LONGEST_TRIED, BY_HORIZON, BY_SEASON = 512, (2, 4, 8, 14), (2, 3, 7, 14)
# Targets that may have a line each, and windows for each weight of a step's line that they must have at least.
MOST_LINES, LEAST_WINDOWS = 100, 5
# Horizons before the validation part that lines are judged by, too, of rows that have four times as many.
JUDGED = 4
# A longer window must err less by this share, or the shorter one is taken.
WORTH = 0.005
# Plain values must err less by this share, or logarithms are taken, with which what grows is told by its rate.
WORTH_PLAIN = 0.02


@dataclass(frozen=True)
class Line:
    """A line and how it forecasts.

    Args:
        weights: A, [G, H, W].
        log: whether logarithms are read.
        error: of the forecasts it was judged by, in units of those that repeat the last value.
    """

    weights: Floats
    log: bool
    error: float


@dataclass(frozen=True)
class Parts:
    """What a line is fitted and judged on.

    Args:
        rows: of the table.
        trained: [R] steps of each row that train.
        changes: [R] mean absolute change of each row over a step as it trained; 0 for one that does not move.
        horizon: H.
    """

    rows: Rows
    trained: Places
    changes: Floats
    horizon: int


def lengths_to_try(parts: Parts, season: int) -> list[int]:
    """Window lengths, in steps, from the shortest on: no longer than half of what the typical row trains on."""
    tried = [count * parts.horizon for count in BY_HORIZON]
    if season > 1:
        tried += [count * season for count in BY_SEASON] + [season + parts.horizon, 2 * season + parts.horizon]
    longest = max(min(LONGEST_TRIED, int(np.median(parts.trained)) // 2), 2)
    return sorted({length for length in tried if 2 <= length <= longest}) or [longest]


def changes_of(rows: Rows, trained: Places) -> Floats:
    """[R] mean absolute change of each row over a step as it trained; of one that only validates over all of it."""
    values = [rows.row(place)[: stop or None] for place, stop in enumerate(trained.tolist())]
    return np.array([np.abs(np.diff(each)).mean() if len(each) > 1 else 0.0 for each in values])


def choose_line(parts: Parts, windows: Sequence[int], log: bool | None) -> Line:
    """The line that forecasts best, fitted on all that trains.

    Args:
        parts: what there is.
        windows: lengths to try, from the shortest on.
        log: whether logarithms are read; None: whichever is better.
    """
    if log is None and all_positive(parts.rows):
        logs, plain = (_best(parts, windows, each) for each in (True, False))
        return _line(parts, plain if plain.error < (1 - WORTH_PLAIN) * logs.error else logs)
    return _line(parts, _best(parts, windows, bool(log)))


@dataclass(frozen=True)
class _Judged:
    """Windows of one length, how many lines, the best of the ridges, None for the last value, and its error."""

    scaling: Scaling
    window: int
    lines: int
    ridge: float | None
    error: float


def _best(parts: Parts, windows: Sequence[int], log: bool) -> _Judged:
    scaling = Scaling(parts.rows, log)
    best = _judged(parts, scaling, windows[0])
    for window in windows[1:]:
        each = _judged(parts, scaling, window)
        best = each if each.error < (1 - WORTH) * best.error else best
    return best


def _judged(parts: Parts, scaling: Scaling, window: int) -> _Judged:
    """One line, or a line for each target where that is better by enough."""
    horizon, lengths = parts.horizon, parts.rows.lengths
    seen = np.where(parts.trained >= 4 * JUDGED * horizon, parts.trained - JUDGED * horizon, parts.trained)
    train, judged = train_origins(seen, horizon, window), valid_origins(seen, lengths, horizon)
    if not len(judged):
        cut = max(len(train) - max(len(train) // 10, 1), 1)
        train, judged = train.some(slice(0, cut)), train.some(slice(cut, None)) if cut < len(train) else train
    targets = int(parts.rows.targets.max()) + 1
    several = 1 < targets <= MOST_LINES and len(train) >= LEAST_WINDOWS * targets * window
    best: _Judged | None = None
    for count in (1, targets) if several else (1,):
        lines = _lines(scaling, train, (count, window, horizon), TRIED)
        errors = error_of(scaling, judged, lines, parts.changes)
        place = int(np.argmin(errors))
        if best is None or errors[place] < (1 - WORTH) * best.error:
            best = _Judged(scaling, window, count, TRIED[place], errors[place])
    assert best is not None
    return best


def _line(parts: Parts, judged: _Judged) -> Line:
    """The line of what was chosen, on all that trains."""
    train = train_origins(parts.trained, parts.horizon, judged.window)
    (weights,) = _lines(judged.scaling, train, (judged.lines, judged.window, parts.horizon), [judged.ridge])
    return Line(weights, judged.scaling.log, judged.error)


def error_of(scaling: Scaling, origins: Origins, lines: Sequence[Floats], changes: Floats) -> list[float]:
    """Of each line [G, H, W] the absolute error in units of rows' changes, over that of repeating the last value."""
    count, horizon, window = lines[0].shape
    future = scaling.rows.futures(origins.rows, origins.ends, horizon)
    scaled = scaling.scale(origins.rows, origins.ends, window)
    unit = changes[origins.rows][:, None]
    moving, target = unit[:, 0] > 0, scaling.rows.targets[origins.rows] % count
    x = scaled.x.astype(np.float64)

    def total(line: Floats) -> float:
        told = np.empty(future.shape)
        for place in range(count):
            told[target == place] = x[target == place] @ line[place].T
        return float(np.nansum((np.abs(future - scaled.back(told)) / np.where(unit > 0, unit, 1.0))[moving]))

    last = total(np.zeros_like(lines[0]))
    return [total(line) / last if last > 0 else 1.0 for line in lines]


def _lines(
    scaling: Scaling, train: Origins, size: tuple[int, int, int], ridges: Sequence[float | None]
) -> list[Floats]:
    """Lines [G, H, W] for each ridge; for None those that repeat the last value."""
    count, window, horizon = size
    found = [np.zeros((count, horizon, window)) for _ in ridges]
    target = scaling.rows.targets[train.rows] % count
    for place in range(count):
        some = train.some(np.flatnonzero(target == place))
        gram, cross = _sums(scaling, some.at_most(max(MOST_FITTED // count, ENOUGH * window)), window, horizon)
        eye = np.eye(window) * max(np.trace(gram) / window, 1e-12)
        for line, ridge in zip(found, ridges, strict=True):
            if ridge is not None:
                line[place] = np.linalg.solve(gram + ridge * eye, cross).T
    return found


def _sums(scaling: Scaling, origins: Origins, window: int, horizon: int) -> tuple[Floats, Floats]:
    """X'X [W, W] and X'Y [W, H] over windows whose whole future is there."""
    gram, cross = np.zeros((window, window)), np.zeros((window, horizon))
    for start in range(0, len(origins), 8192):
        some = origins.some(slice(start, start + 8192))
        scaled = scaling.scale(some.rows, some.ends, window)
        y = scaled.forward(scaling.rows.futures(some.rows, some.ends, horizon))
        kept = ~np.isnan(y).any(axis=1)
        x = scaled.x[kept].astype(np.float64)
        gram += x.T @ x
        cross += x.T @ y[kept]
    return gram, cross
