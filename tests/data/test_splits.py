"""Parts follow each other in time, cover everything once, and take their categories from the first."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughtime.base.errors import ConfigError, DataError, Notice
from throughtime.data.reading import from_arrays, from_frame
from throughtime.data.splits import by_share, by_time, series_by_share, series_by_time

DAYS = np.arange("2012-12-30", "2013-01-04", dtype="datetime64[D]")


@given(n=st.integers(10, 5000), percent=st.tuples(st.integers(20, 60), st.integers(10, 30)))
def test_shares_are_exact_and_cover_everything(n, percent):
    train, validation, test = by_share(n, train=percent[0] / 100, validation=percent[1] / 100)
    assert (train.start, train.stop, validation.stop, test.stop) == (0, validation.start, test.start, n)
    assert train.stop == n * percent[0] // 100
    assert validation.stop - validation.start == n * percent[1] // 100


def test_without_validation_or_test():
    assert by_share(10, train=0.7) == (slice(0, 7), slice(7, 7), slice(7, 10))
    assert by_share(10, train=0.9, validation=0.1) == (slice(0, 9), slice(9, 10), slice(10, 10))
    assert by_share(3, train=1.0) == (slice(0, 3), slice(3, 3), slice(3, 3))


@pytest.mark.parametrize(("train", "validation"), [(0, 0), (1.2, 0), (0.5, -0.1), (0.8, 0.3), (float("nan"), 0)])
def test_impossible_shares(train, validation):
    with pytest.raises(ConfigError, match="sum to at most 1"):
        by_share(10, train=train, validation=validation)


def test_a_part_must_have_steps():
    for n, train, validation in ((0, 0.5, 0.1), (3, 0.5, 0.1), (1, 0.5, 0.0), (5, 0.1, 0.5)):
        with pytest.raises(DataError, match=f"{n} steps with train="):
            by_share(n, train=train, validation=validation)


@pytest.mark.parametrize("boundary", ["2013-01-01", dt.date(2013, 1, 1), np.datetime64("2013-01-01"), "2013"])
def test_a_boundary_begins_the_next_part(boundary):
    assert by_time(DAYS, [boundary]) == (slice(0, 2), slice(2, 5))


def test_boundaries_between_steps_and_numbers():
    assert by_time(DAYS, ["2012-12-31T12:00", "2013-01-03"]) == (slice(0, 2), slice(2, 4), slice(4, 5))
    assert by_time(np.array([1, 5, 9]), [4, 9]) == (slice(0, 1), slice(1, 2), slice(2, 3))
    assert by_time(DAYS, []) == (slice(0, 5),)


def test_bad_boundaries():
    with pytest.raises(DataError, match="Boundaries must ascend: 2013-01-02 00:00, 2013-01-01 00:00"):
        by_time(DAYS, ["2013-01-02", "2013-01-01"])
    with pytest.raises(DataError, match="the times go from 2012-12-30 to 2013-01-03, the boundaries are 2020"):
        by_time(DAYS, ["2020-01-01"])
    assert by_time(DAYS, ["2020-01-01"], allow_empty=True) == (slice(0, 5), slice(5, 5))
    with pytest.raises(DataError, match="A time here must be a date"):
        by_time(DAYS, [7])


def test_series_are_cut_at_the_same_times_and_categories_are_the_first_parts():
    table = pl.DataFrame(
        {
            "id": list("aaaabb"),
            "t": [1, 2, 3, 4, 3, 4],
            "x": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
            "k": ["q", "p", "q", "p", "q", "new"],
        }
    )
    series = from_frame(table, time="t", id="id", columns="x,k")
    with pytest.warns(Notice, match="not seen in training .'new'."):
        first, second = series_by_time(series, [3])
    assert (first.lengths.tolist(), second.lengths.tolist()) == ([2, 0], [2, 2])
    assert first.categories == second.categories == {"k": ("p", "q")}
    np.testing.assert_array_equal(second.values[1], [[5, 1], [6, np.nan]])
    with pytest.raises(DataError, match="part 2 of 2 at 9 has none in any series"):
        series_by_time(series, [9])


def test_series_by_share():
    series = from_arrays([np.arange(10.0), np.arange(20.0)])
    parts = series_by_share(series, train=0.5, validation=0.2)
    assert [part.lengths.tolist() for part in parts] == [[5, 10], [2, 4], [3, 6]]
    np.testing.assert_array_equal(np.concatenate([part.values[1] for part in parts]), series.values[1])
    with pytest.raises(DataError, match="needs times"):
        series_by_time(series, [3])
