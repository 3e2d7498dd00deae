"""Rows, windows and futures, by hand."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from throughtime.base.errors import ConfigError, DataError
from throughtime.data import from_arrays, from_frame
from throughtime.tasks.ahead_rows import Columns, Rows

NAN = np.nan
# A notice says what is missing; its own tests look at it.
pytestmark = pytest.mark.filterwarnings("ignore:Missing values")


def rows_of(series, **roles):
    read = from_arrays(series, **roles)
    return Rows.of(read, Columns.fit(read, ()))


def test_every_target_of_every_series_is_a_row():
    rows = rows_of([np.arange(8.0).reshape(4, 2), np.arange(10.0, 16).reshape(3, 2)])
    assert len(rows) == 4
    assert rows.series.tolist() == [0, 0, 1, 1]
    assert rows.targets.tolist() == [0, 1, 0, 1]
    assert [rows.row(place).tolist() for place in range(4)] == [[0, 2, 4, 6], [1, 3, 5, 7], [10, 12, 14], [11, 13, 15]]


def test_windows_and_futures():
    rows = rows_of([np.array([1.0, 2, NAN, 4, 5])])
    place, end = np.zeros(2, int), np.array([2, 4])
    # Before the first value it stands; a missing one is carried forward, and is not scored.
    assert rows.windows(place, end, 3).tolist() == [[1, 1, 2], [2, 2, 4]]
    np.testing.assert_array_equal(rows.futures(place, end, 2), [[NAN, 4], [5, NAN]])


def test_a_series_that_begins_with_gaps_begins_with_its_first_value():
    assert rows_of([np.array([NAN, NAN, 3.0, 4])]).row(0).tolist() == [3, 3, 3, 4]


def test_what_stands_beside_and_ahead():
    frame = pl.DataFrame({"y": [1.0, 2, 3, 4], "rain": [0.0, 2, 4, NAN], "open": ["no", "yes", "no", "yes"]})
    read = from_frame(frame, target="y", known="open")
    rows = Rows.of(read, Columns.fit(read, ()))
    context = rows.context(np.array([0]), np.array([3]), 2)
    labels = read.categories["open"]
    code = [labels.index(each) for each in ("yes", "no", "yes")]
    assert rows.context_size == 3
    np.testing.assert_allclose(context[0, :, 0], [0, np.sqrt(1.5)], rtol=1e-6)  # of 0, 2, 4
    assert context[0, :, 1:].argmax(axis=1).tolist() == code[:2]
    assert rows.known(np.array([0]), np.array([3]), 1)[0, :, :].argmax(axis=1).tolist() == code[2:]


def test_what_is_known_after_the_last_row():
    read = from_arrays([np.arange(8.0).reshape(4, 2)], known="x1")
    columns = Columns.fit(read, ())
    rows = Rows.of(read, columns, [np.array([[9.0], [11.0]])], 2)
    told = rows.known(np.array([0]), np.array([4]), 2)[0, :, 0]
    np.testing.assert_allclose(told, (np.array([9, 11]) - 4) / np.sqrt(5), rtol=1e-6)  # of 1, 3, 5, 7


def test_the_calendar_goes_on():
    times = np.arange("2021-01-01", "2021-03-01", dtype="datetime64[D]")
    frame = pl.DataFrame({"day": times, "y": np.arange(len(times)) * 1.0})
    read = from_frame(frame, time="day")
    columns = Columns.fit(read, ["week"])
    ahead = Rows.of(read, columns, None, 7).known(np.array([0]), np.array([len(times)]), 7)
    behind = Rows.of(read, columns).known(np.array([0]), np.array([len(times) - 7]), 7)
    np.testing.assert_allclose(ahead, behind, atol=1e-6)


def test_columns_come_back():
    read = from_arrays([np.arange(8.0).reshape(4, 2)], known="x1")
    columns = Columns.fit(read, ())
    assert Columns.from_dict(columns.to_dict()) == columns


def test_refusals():
    with pytest.raises(DataError, match="'x0' of series 1 holds none in 3 rows"):
        rows_of([np.arange(3.0), np.full(3, NAN)])
    frame = pl.DataFrame({"y": ["a", "b", "a"]})
    with pytest.raises(ConfigError, match="'y' holds classes"):
        Columns.fit(from_frame(frame, target="y"), ())
