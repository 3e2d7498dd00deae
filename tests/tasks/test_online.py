import numpy as np
import polars as pl
import pytest

from throughtime.base.errors import DataError
from throughtime.data import from_frame
from throughtime.tasks.encoding import Encoding
from throughtime.tasks.intake import Reader, extend, read_row
from throughtime.tasks.online import Session


@pytest.fixture
def hourly():
    times = pl.datetime_range(pl.datetime(2020, 1, 1), pl.datetime(2020, 1, 5), "1h", eager=True)
    table = pl.DataFrame({"t": times, "y": np.random.default_rng(0).normal(size=len(times)).cumsum()})
    reader, read = Reader.fit(table, None, "t", "y", None)
    return table, reader.with_classes(read), Encoding.fit(read, ("day",))


def take(row, session, reader, encoding):
    return session.read(extend(read_row(row, reader), None, reader), encoding)


def test_rows_one_by_one_are_the_rows_at_once(hourly):
    table, reader, encoding = hourly
    read = from_frame(table, **reader.arguments)
    whole = encoding.encode_whole(read.values[0], read.times[0])
    session = Session(1)
    parts = [take(table[place], session, reader, encoding)[1].inputs for place in range(len(table) - 1)]
    np.testing.assert_allclose(np.concatenate(parts), whole.inputs, rtol=1e-9, atol=1e-12)
    assert session.rows == len(table) - 1


def test_absent_rows_become_steps_of_their_own(hourly):
    table, reader, encoding = hourly
    session = Session(1)
    take(table[0], session, reader, encoding)
    x, steps = take(table[5], session, reader, encoding)
    assert x.shape == (5, 1, encoding.input_size)
    np.testing.assert_allclose(steps.base[:4, 0], table["y"][0])
    np.testing.assert_allclose(steps.base[4, 0], table["y"][5])
    assert session.rows == 6


def test_times_must_go_on_along_the_grid(hourly):
    table, reader, encoding = hourly
    session = Session(1)
    take(table[3], session, reader, encoding)
    with pytest.raises(DataError, match="2020-01-01 02:00 came after 2020-01-01 03:00. Start a new session"):
        take(table[2], session, reader, encoding)
    with pytest.raises(DataError, match="grid of step 1h: 2020-01-01 04:30 does not"):
        take({"t": "2020-01-01T04:30:00", "y": 1.0}, session, reader, encoding)
    assert session.rows == 1
