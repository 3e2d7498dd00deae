"""One series read row by row: what is kept between rows, and how a row becomes steps.

Kept are the sums of `encoding`, the network's state and the last time: constant memory, however long the series.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from throughtime.base.errors import DataError
from throughtime.data import SeriesSet
from throughtime.data.clock import show_time
from throughtime.data.grid import on_grid, positions
from throughtime.tasks.encoding import Encoded, Encoding, Track


class Session:
    """The state of one series between rows; made by `SequencePredictor.session`.

    Attributes:
        rows: rows read so far, absent ones included.
        state: the network's state after them; None before the first.
    """

    def __init__(self, columns: int) -> None:
        self.rows = 0
        self.state: Any = None
        self._track = Track.fresh(columns)
        self._time: Any = None

    def read(self, ahead: SeriesSet, encoding: Encoding) -> tuple[Tensor, Encoded]:
        """Take in a row.

        Args:
            ahead: one series of two rows: the row, and the next, of which only known columns are read.
            encoding: that of the estimator.

        Returns:
            The inputs [T, 1, F] of the row and of absent rows before it, and these steps.

        Raises:
            DataError: the row is not later than the last one, or not on its grid of time.
        """
        values, times = ahead.values[0], None if ahead.times is None else ahead.times[0]
        if times is not None:
            gap = self._absent(times, ahead)
            values = np.concatenate([np.full((len(gap), values.shape[1]), np.nan), values])
            times = np.concatenate([gap, times])
            self._time = times[-2:-1]
        encoded, self._track = encoding.encode(values, times, self._track)
        self.rows += len(encoded.inputs)
        return torch.as_tensor(encoded.inputs, dtype=torch.float32)[:, None], encoded

    def _absent(self, times: Any, ahead: SeriesSet) -> Any:
        """Times between the last row and this one."""
        if self._time is None:
            return times[:0]
        joined = np.concatenate([self._time, times[:1]])
        if joined[1] <= joined[0]:
            raise DataError(
                f"Rows must come in the order of time: {show_time(joined[1])} came after {show_time(joined[0])}. Start "
                "a new session for another series."
            )
        if ahead.step is None:
            return times[:0]
        places = positions(joined, ahead.step)
        if places is None:
            raise DataError(
                f"Rows must lie on the series' grid of step {ahead.step}: {show_time(joined[1])} does not, after "
                f"{show_time(joined[0])}. Correct the time."
            )
        return on_grid(joined, ahead.step, np.arange(1, int(places[1]))).astype(times.dtype)
