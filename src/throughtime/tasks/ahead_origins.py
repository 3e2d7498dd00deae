"""Which windows train and which validate: origins, the rows after which a forecast begins.

    a row of T steps, of which the first N train:      train at e, first <= e <= N - H        first = min(W, N // 2)
                                                       validate at e, N <= e <= T - H

A row shorter than twice a window reads windows that reach before its beginning, from its middle on. Of rows many
enough the last H steps validate, so that everything before is there to learn from, as in M4; of few the share asked
for, at least H. A row that would keep less than 2 H only trains; one that is shorter than that trains nothing. Rows
that only validate do so from their middle on.

Dimensions: R rows, T steps, H steps ahead, W steps of a window, N windows.

Source of the last H steps: Makridakis, Spiliotis & Assimakopoulos, International Journal of Forecasting 36(1), 2020.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from throughtime.base.errors import DataError
from throughtime.tasks.ahead_rows import Places

# With so many rows one window of each tells forecasts apart; fewer need more origins of each.
MANY_ROWS = 100
# Windows that validate, at most: more tell the same, and take time after every epoch.
MOST_VALID = 4096


@dataclass(frozen=True)
class Origins:
    """Windows by the row they are of and where they end.

    Args:
        rows: [N].
        ends: [N] steps before the origin.
    """

    rows: Places
    ends: Places

    def __len__(self) -> int:
        """N."""
        return len(self.rows)

    def some(self, places: Places | slice) -> Origins:
        """Those at some places."""
        return Origins(self.rows[places], self.ends[places])

    def at_most(self, count: int) -> Origins:
        """So many, evenly spaced."""
        if len(self) <= count:
            return self
        return self.some(np.linspace(0, len(self) - 1, count).astype(np.int64))


def train_steps(lengths: Places, horizon: int, share: float | None) -> Places:
    """[R] how many of each row's first steps train."""
    if share is None:
        return lengths
    held = np.full(len(lengths), horizon)
    if len(lengths) < MANY_ROWS:
        held = np.maximum(held, np.round(share * lengths).astype(np.int64))
    return np.where(lengths - held >= 2 * horizon, lengths - held, lengths)


def train_origins(lengths: Places, horizon: int, window: int) -> Origins:
    """Every window of rows that train.

    Args:
        lengths: [R] steps of each that train.
        horizon: H.
        window: W.

    Raises:
        DataError: no row is long enough.
    """
    first = np.maximum(np.minimum(window, lengths // 2), 1)
    origins = _between(first, lengths - horizon)
    if not len(origins):
        raise DataError(
            f"A series of 2 * horizon = {2 * horizon} rows and more is enough to learn from: the longest has "
            f"{int(lengths.max())} that train. Forecast fewer steps, or give longer series."
        )
    return origins


def valid_origins(trained: Places, lengths: Places, horizon: int) -> Origins:
    """Every window whose future begins after the part that trains.

    Args:
        trained: [R] steps of each row that train.
        lengths: [R] steps of each.
        horizon: H.
    """
    first = np.where(trained > 0, trained, np.maximum(lengths // 2, 1))
    return _between(first, np.where(trained < lengths, lengths - horizon, -1)).at_most(MOST_VALID)


def _between(first: Places, last: Places) -> Origins:
    """The origins first .. last of each row, both included."""
    counts = np.maximum(last - first + 1, 0)
    rows = np.repeat(np.arange(len(counts)), counts)
    before = np.repeat(np.cumsum(counts) - counts, counts)
    return Origins(rows, np.arange(counts.sum()) - before + first[rows])
