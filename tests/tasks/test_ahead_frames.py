"""Frames of forecasts, by hand."""

from __future__ import annotations

import numpy as np
import polars as pl

from throughtime.data import from_arrays, from_frame
from throughtime.tasks.ahead_frames import Told, ahead_frame, backtest_frame, paths_frame, times_ahead

VALUES = np.array([[1.0, 10], [2, 20]])
TOLD = Told(VALUES, {80: (VALUES - 1, VALUES + 1)}, np.array([2]))
FRAME = pl.DataFrame({"id": ["a"] * 3, "t": [0, 2, 4], "x": [1.0, 2, 3], "y": [4.0, 5, 7]})


def test_steps_ahead():
    read = from_frame(FRAME, id="id", time="t", target=["x", "y"])
    table = ahead_frame(read, [TOLD], 2)
    assert table.columns == ["id", "t", "x", "x_lo_80", "x_hi_80", "y", "y_lo_80", "y_hi_80"]
    assert table["t"].to_list() == [6, 8]
    assert table["y_hi_80"].to_list() == [11, 21]


def test_origins():
    read = from_frame(FRAME, id="id", time="t", target=["x", "y"])
    told = Told(VALUES[None, :1], {}, np.array([2]))
    table = backtest_frame(read, [(0, told)], 1)
    assert table.row(0, named=True) == {"id": "a", "t": 4, "origin": 2, "step": 1, "x": 1.0, "y": 10.0}


def test_paths():
    read = from_frame(FRAME, id="id", time="t", target=["x", "y"])
    table = paths_frame(read, [np.stack([VALUES, -VALUES])], 2)
    assert table.select("t", "path", "x").rows() == [(6, 0, 1.0), (8, 0, 2.0), (6, 1, -1.0), (8, 1, -2.0)]


def test_without_times():
    read = from_arrays([np.array([1.0, 2, 4])])
    assert times_ahead(read, 2) is None


def test_levels_become_the_last_axes():
    values, ends = TOLD.arrays()
    assert (values.shape, ends.shape) == ((2, 2), (2, 2, 1, 2))
    assert ends[1, 0, 0].tolist() == [1, 3]
    assert Told(VALUES, {}, np.array([2])).arrays()[1].shape == (2, 2, 0, 2)
