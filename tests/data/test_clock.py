"""Times are read from every usual writing, one reading only, and bad ones are named with their row."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from throughtime.base.errors import DataError
from throughtime.data.clock import Clock, as_column, as_time, guess_time, read_clock, show_time

DAYS = np.array(["2012-01-30", "2012-01-31", "2012-02-01"], "datetime64[D]")
HOURS = np.array(["2012-01-30T22:00", "2012-01-30T23:00", "2012-01-31T00:00"], "datetime64[us]")


def read(cells, **options):
    return read_clock(pl.DataFrame({"when": cells}), "when", **options)


@pytest.mark.parametrize(
    "form",
    ["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y", "%b %d %Y",
     "%b %d, %Y", "%d %b %Y", "%d-%b-%Y", "%B %d, %Y"],
)  # fmt: skip
def test_usual_dates(form):
    clock = read([day.strftime(form) for day in DAYS.tolist()])
    np.testing.assert_array_equal(clock.values, DAYS)
    assert clock.values.dtype == DAYS.dtype


@pytest.mark.parametrize(
    "form",
    ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%d.%m.%Y %H:%M",
     "%m/%d/%Y %I:%M %p", "%m/%d/%Y %I:%M:%S %p", "%Y-%m-%d %H:%M:%S.%f"],
)  # fmt: skip
def test_usual_datetimes(form):
    clock = read([moment.strftime(form) for moment in HOURS.tolist()])
    np.testing.assert_array_equal(clock.values, HOURS)
    assert clock.values.dtype == HOURS.dtype


def test_months_and_zones():
    np.testing.assert_array_equal(
        read(["2012-01", "2012-02"]).values, np.array(["2012-01", "2012-02"], "datetime64[D]")
    )
    clock = read(["2012-01-31T01:00:00+02:00", "2012-01-31T00:00:00Z"])
    np.testing.assert_array_equal(clock.values, HOURS[1:])
    assert clock.zone == "UTC"


def test_typed_columns():
    typed = pl.Series(DAYS)
    np.testing.assert_array_equal(read(typed).values, DAYS)
    np.testing.assert_array_equal(read(pl.Series(HOURS).dt.cast_time_unit("ns")).values, HOURS)
    berlin = pl.Series(HOURS).dt.replace_time_zone("UTC").dt.convert_time_zone("Europe/Berlin")
    clock = read(berlin)
    np.testing.assert_array_equal(clock.values, HOURS)
    assert as_column(clock).to_list() == berlin.to_list()
    assert as_column(clock).dtype == berlin.dtype


@pytest.mark.parametrize(
    ("cells", "wanted"),
    [
        ([3, 4, 9], np.array([3, 4, 9])),
        ([3.0, 4.0], np.array([3, 4])),
        ([0.5, 0.75], np.array([0.5, 0.75])),
        ([1990, 1991], np.array([1990, 1991])),
        ([20120131, 20120201], DAYS[1:]),  # eight digits that are days
        ([20120131, 20120132], np.array([20120131, 20120132])),
    ],
)
def test_numbers(cells, wanted):
    clock = read(cells)
    np.testing.assert_array_equal(clock.values, wanted)
    assert clock.values.dtype == wanted.dtype


@pytest.mark.parametrize("order", ["year,month,day,hour", ["hour", "day", "month", "year"]])
def test_parts_in_columns(order):
    parts = pl.DataFrame({"year": [2012, 2012], "month": [1, 1], "day": [30, 30], "hour": [22, 23]})
    clock = read_clock(parts, order)
    np.testing.assert_array_equal(clock.values, HOURS[:2])
    assert clock.name == "time"


def test_parts_by_place_and_without_a_clock():
    parts = pl.DataFrame({"yr": ["2012", "2012"], "mo": ["01", "02"]})
    np.testing.assert_array_equal(
        read_clock(parts, "yr,mo").values, np.array(["2012-01-01", "2012-02-01"], "datetime64[D]")
    )


def test_a_date_and_a_clock_column():
    table = pl.DataFrame(
        {"d": ["2012-01-30", "2012-01-30"], "t": ["22:00", "23:00"], "h": [22, 23], "dd": DAYS[[0, 0]]}
    )
    for names in ("d,t", "d,h", "dd,h", "dd,t"):
        np.testing.assert_array_equal(read_clock(table, names).values, HOURS[:2])


def test_a_column_whose_name_has_a_comma():
    np.testing.assert_array_equal(read_clock(pl.DataFrame({"a,b": [1, 2]}), "a,b").values, [1, 2])


def test_two_readings_are_refused_until_one_is_chosen():
    cells = ["01/02/2012", "02/02/2012"]
    with pytest.raises(
        DataError, match=r"'01/02/2012' in 'when' fits %m/%d/%Y and %d/%m/%Y in every row. Write dates as"
    ):
        read(cells)
    np.testing.assert_array_equal(
        read(cells, time_format="%d/%m/%Y").values, np.array(["2012-02-01", "2012-02-02"], "datetime64[D]")
    )
    # Equal under both readings, so there is nothing to choose.
    np.testing.assert_array_equal(
        read(["01/01/2012", "02/02/2012"]).values[:1], np.array(["2012-01-01"], "datetime64[D]")
    )


def test_the_format_found_reads_the_next_table_alike():
    first = read([20120131, 20120201])
    assert first.format == "%Y%m%d"
    np.testing.assert_array_equal(read([20120131], time_format=first.format).values, DAYS[1:2])


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["2012-01-01", None, None], r"when is missing in row 2 \(and 1 more"),
        (["2012-01-01", "2012-13-01"], "row 2 of 'when' holds '2012-13-01', which is no time in the format %Y-%m-%d"),
        (["2012-01-01"] * 80 + ["soon"], "row 81 of 'when' holds 'soon'"),
        (["yesterday", "today"], "row 1 of 'when' holds 'yesterday'. Write the times so"),
        (["01/02/12", "02/02/12"], "row 1 of 'when' holds '01/02/12'"),  # not the year 12
        ([0.5, float("inf")], "holds Float64"),
        ([True, False], "holds Boolean"),
    ],
)
def test_bad_times(cells, message):
    with pytest.raises(DataError, match=message):
        read(cells)


def test_bad_names_and_parts():
    table = pl.DataFrame({"year": [2012, 2012], "month": [1, 13], "d": ["a", "b"], "e": ["a", "b"], "f": ["a", "b"]})
    with pytest.raises(DataError, match=r"'yaer' is unknown \(did you mean 'year'\?\)"):
        read_clock(table, "yaer")
    with pytest.raises(DataError, match="must make real times: row 2 has 2012-13-1 "):
        read_clock(table, "year,month")
    with pytest.raises(DataError, match="year among them"):
        read_clock(table, ["month", "month"])
    with pytest.raises(DataError, match="whole numbers"):
        read_clock(table.with_columns(month=pl.Series([1.5, 2.0])), "year,month")
    with pytest.raises(DataError, match="time is missing|is missing in row 2"):
        read_clock(table.with_columns(month=pl.Series([1, None])), "year,month")
    with pytest.raises(DataError, match="or a date and a clock column"):
        read_clock(table, "d,e,f")
    with pytest.raises(DataError, match="must be a strptime format"):
        read(["2012-01-01 05"], time_format="%Y-%m-%d %H")


@pytest.mark.parametrize(
    ("table", "guess"),
    [
        ({"x": [1.0], "Date": ["2012-01-01"]}, "Date"),
        ({"No": [1], "Year": [2012], "month": [1], "day": [1], "x": [2]}, "Year,month,day"),
        ({"x": [1.0], "when": [dt.date(2012, 1, 1)]}, "when"),
        ({"x": [1.0], "note": ["a"], "stamp": ["2012-01-01 05:00"]}, "stamp"),
        ({"ds": [1, 2], "y": [1.0, 2.0]}, "ds"),
        ({"x": [1.0], "note": ["a"]}, None),
        ({"date": ["monday"], "x": [1.0]}, None),
        ({"x": [1.0] * 20, "when": ["2012-01-01"] * 19 + ["soon"]}, "when"),
        ({"x": [1.0] * 20, "when": ["2012-01-01"] * 17 + ["soon"] * 3}, None),
    ],
)
def test_the_time_column_is_guessed(table, guess):
    assert guess_time(pl.DataFrame(table)) == guess


def test_a_callers_time_is_read_as_the_series_kind():
    assert as_time("2014-01-01", DAYS) == np.datetime64("2014-01-01")
    assert as_time(dt.date(2014, 1, 1), HOURS) == np.datetime64("2014-01-01T00:00")
    assert as_time(5, np.array([1, 2])) == 5
    for value, times in (("soon", DAYS), (5, DAYS), ("5", np.array([1, 2])), (True, np.array([1, 2]))):
        with pytest.raises(DataError, match="A time here must be"):
            as_time(value, times)


@pytest.mark.parametrize("value", ["2020-13-45", "2021-02-29", "2020-01-01T25:00"])
def test_a_callers_time_that_cannot_be_is_called_impossible(value):
    with pytest.raises(DataError, match=f"'{value}' is impossible. Correct month, day or hour"):
        as_time(value, HOURS)


def test_times_in_messages_are_short():
    assert show_time(DAYS[0]) == "2012-01-30"
    assert show_time(HOURS[0]) == "2012-01-30 22:00"
    assert show_time(np.datetime64("2012-01-30T22:00:30.5", "us")) == "2012-01-30 22:00:30.500000"
    assert show_time(17) == "17"
    assert as_column(Clock(DAYS, "d")).dtype == pl.Date
