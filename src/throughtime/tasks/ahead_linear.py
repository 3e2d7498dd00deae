"""The straight line from a window to what follows it: where training begins, and how a window's length is chosen.

    y[h] = sum_w A[h, w] x[w]                A = argmin sum |y - A x|^2 + c |A|^2,    c = r mean(diag X'X)

In the windows' own units no constant is needed; with A = 0 the last value is repeated. The ridge r is the one whose
forecasts of the validation part have the smallest mean error, in units of what repeating the last value makes of each
row; so is the window's length, and whether logarithms are read, where these are left open. All of it is solved at
once, without a step of training.

Dimensions: N windows, W steps of a window, H steps ahead.

Source: Hoerl & Kennard, Technometrics 12(1), 1970; Zeng et al. 2023, arXiv 2205.13504 (one line for all rows).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from throughtime.tasks.ahead_origins import Origins, train_origins
from throughtime.tasks.ahead_rows import Floats, Places, Rows
from throughtime.tasks.ahead_scaling import Scaling, all_positive

RIDGES = (1e-3, 1e-2, 1e-1, 1.0, 10.0)
# Windows a line is fitted on, at most: some hundred for each weight of the longest window.
MOST_FITTED = 60_000
# Windows of at most so many steps are tried, in multiples of the horizon and of the season.
LONGEST_TRIED, BY_HORIZON, BY_SEASON = 512, (2, 4, 8, 14), (2, 3, 7, 14)
# A longer window must err less by this share, or the shorter one is taken.
WORTH = 0.005


@dataclass(frozen=True)
class Line:
    """A line and how it forecasts.

    Args:
        weights: A, [H, W].
        log: whether logarithms are read.
        error: mean over validating rows of the error in units of the naive one's; nan where nothing validates.
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
        valid: windows that validate; none: the last tenth of those that train stands in for them.
        horizon: H.
    """

    rows: Rows
    trained: Places
    valid: Origins
    horizon: int


def lengths_to_try(parts: Parts, season: int) -> list[int]:
    """Window lengths, in steps, from the shortest on: no longer than half of what the typical row trains on."""
    tried = [count * parts.horizon for count in BY_HORIZON]
    if season > 1:
        tried += [count * season for count in BY_SEASON] + [season + parts.horizon, 2 * season + parts.horizon]
    longest = max(min(LONGEST_TRIED, int(np.median(parts.trained)) // 2), 2)
    return sorted({length for length in tried if 2 <= length <= longest}) or [longest]


def choose_line(parts: Parts, windows: Sequence[int], log: bool | None) -> Line:
    """The line that forecasts the validation part best.

    Args:
        parts: what there is.
        windows: lengths to try, from the shortest on.
        log: whether logarithms are read; None: whichever is better.
    """
    logs = [log] if log is not None else [False, True] if all_positive(parts.rows) else [False]
    best: Line | None = None
    for each in logs:
        scaling = Scaling(parts.rows, each)
        for window in windows:
            line = fit_line(parts, scaling, window)
            if best is None or line.error < (1 - WORTH) * best.error:
                best = line
    assert best is not None
    return best


def fit_line(parts: Parts, scaling: Scaling, window: int) -> Line:
    """The line of windows of one length, with the ridge that is best."""
    train = train_origins(parts.trained, parts.horizon, window)
    valid = parts.valid
    if not len(valid):
        cut = max(len(train) - max(len(train) // 10, 1), 1)
        train, valid = train.some(slice(0, cut)), train.some(slice(cut, None)) if cut < len(train) else train
    gram, cross = _sums(scaling, train.at_most(MOST_FITTED), window, parts.horizon)
    eye = np.eye(window) * max(np.trace(gram) / window, 1e-12)
    tried = [np.linalg.solve(gram + ridge * eye, cross).T for ridge in RIDGES] + [np.zeros((parts.horizon, window))]
    errors = _errors(scaling, valid, tried)
    best = int(np.argmin(errors))
    return Line(tried[best], scaling.log, errors[best])


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


def _errors(scaling: Scaling, origins: Origins, lines: Sequence[Floats]) -> list[float]:
    """Of each line the mean absolute error in units of repeating the last value, in the mean over rows."""
    horizon, window = lines[0].shape
    scaled = scaling.scale(origins.rows, origins.ends, window)
    future = scaling.rows.futures(origins.rows, origins.ends, horizon)
    naive = _by_row(origins, future, scaled.back(np.zeros(future.shape)))
    x = scaled.x.astype(np.float64)
    found = [_by_row(origins, future, scaled.back(x @ line.T)) for line in lines]
    moved = naive > 0
    return [float(np.mean(errors[moved] / naive[moved])) if moved.any() else 1.0 for errors in found]


def _by_row(origins: Origins, future: Floats, forecast: Floats) -> Floats:
    """Sum of absolute errors of each row that has a window."""
    errors = np.nansum(np.abs(future - forecast), axis=1)
    return np.asarray(np.bincount(np.unique(origins.rows, return_inverse=True)[1], errors))
