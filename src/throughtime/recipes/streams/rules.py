"""Rules beside the LSTM: what each expects of a row, how odd its errors are, and the windowed Gaussian.

Each reads a stream [T] without missing values from its first row on, and no score depends on a later row.

The windowed Gaussian is the detector of that name of the Numenta Anomaly Benchmark; its threshold, 1, is the one that
was best on that benchmark's labels.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from throughtime.tasks.rarity import Rarity
from throughtime.tasks.stream_anomalies import SPANS

Floats = NDArray[np.float64]

DAY_S = 86_400
WINDOW_ROWS = 6400
GAUSSIAN_THRESHOLD = 1.0


def last_value(values: Floats) -> Floats:
    """The value before."""
    return np.concatenate([values[:1], values[:-1]])


def day_before(values: Floats, times: NDArray[np.datetime64], warm_up: int) -> Floats:
    """The value a day before; the last value where the warm-up is shorter than a day.

    Args:
        values: [T].
        times: [T].
        warm_up: rows whose usual distance gives the rows of a day.
    """
    step = float(np.median(np.diff(times[:warm_up]) / np.timedelta64(1, "s")))
    rows = round(DAY_S / max(step, 1))
    if rows > warm_up:
        return last_value(values)
    return np.concatenate([last_value(values)[:rows], values[:-rows]])


def windows_mean(values: Floats, rows: int = WINDOW_ROWS) -> Floats:
    """Mean of the rows before."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    stop = np.arange(len(values))
    start = np.maximum(0, stop - rows)
    return np.where(stop > 0, (sums[stop] - sums[start]) / np.maximum(stop - start, 1), values)


def rarity_of(
    values: Floats, forecasts: Sequence[Floats], warm_up: int, window_rows: int = WINDOW_ROWS, tail_share: float = 0.01
) -> Floats:
    """Scores [T] of forecasts' errors by `StreamDetector`'s own rule; 0 in the warm-up."""
    rarity = Rarity(len(forecasts), window_rows, tail_share, SPANS)
    errors = np.stack([np.abs(values - forecast) for forecast in forecasts], axis=1)
    scores = np.array([rarity.step(row) for row in errors])
    scores[:warm_up] = 0
    return scores


def windowed_gaussian(values: Floats, rows: int = WINDOW_ROWS, stride: int = 100) -> Floats:
    """The benchmark's detector as it is there, its result file's 12 digits included: they decide what equals 1."""
    window: deque[float] = deque()
    waiting: list[float] = []
    mean, deviation, scores = 0.0, 1.0, []
    for value in values:
        tail = 0.5 * math.erfc(abs(value - mean) / deviation / 1.4142)
        scores.append(float(f"{1 - tail:.12g}") if window else 0.0)
        full = len(window) == rows
        (waiting if full else window).append(value)
        if full and len(waiting) < stride:
            continue
        if full:
            window = deque([*list(window)[stride:], *waiting])
            waiting = []
        mean, deviation = float(np.mean(window)), float(np.std(window)) or 1e-6
    return np.array(scores)
