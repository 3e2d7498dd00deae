"""Tables and arrays become checked series: order, gaps, missing values and ids by the stated rules."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pandas as pd
import polars as pl
import pytest

from throughtime.base.errors import ConfigError, DataError, Notice, ShapeError
from throughtime.data.reading import from_arrays, from_frame, read_again

NAN = np.nan


def daily(days, **columns):
    return pl.DataFrame({"date": [dt.date(2012, 1, day) for day in days], **columns})


def test_one_series():
    series = from_frame(daily([1, 2, 3], x=[1.0, 2.0, 4.0], y=[3, 2, 5]), time="date", target="y")
    assert (len(series), series.ids, series.columns, series.targets, series.step) == (1, (0,), ("x", "y"), ("y",), "1d")
    np.testing.assert_array_equal(series.values[0], [[1, 3], [2, 2], [4, 5]])
    assert series.values[0].dtype == np.float64
    np.testing.assert_array_equal(series.times[0], np.arange("2012-01-01", "2012-01-04", dtype="datetime64[D]"))


def test_many_interleaved_series_keep_the_order_of_first_appearance():
    table = daily([1, 1, 2, 2, 3], id=["b", "a", "b", "a", "a"], x=[1.0, 2.0, 3.0, 4.0, 5.0])
    series = from_frame(table, time="date", id="id")
    assert series.ids == ("b", "a")
    assert [values[:, 0].tolist() for values in series.values] == [[1, 3], [2, 4, 5]]
    assert [rows.tolist() for rows in series.source_rows] == [[0, 2], [1, 3, 4]]


def test_pandas_and_numbers_as_ids():
    frame = pd.DataFrame({"t": [1, 2, 1, 2], "shop": [7, 7, 3, 3], "sales": [1.0, 2.0, 3.0, 4.0]})
    series = from_frame(frame, time="t", id="shop")
    assert (series.ids, series.step) == ((7, 3), 1)


def test_gaps_become_missing_rows_and_are_counted_once():
    with pytest.warns(Notice, match=r"2 of 6 times on the grid of step 1d are absent, first 2012-01-03\.") as said:
        series = from_frame(daily([1, 2, 4, 6], x=[1.0, 2.0, 4.0, 6.0]), time="date")
    assert len(said) == 1
    np.testing.assert_array_equal(series.values[0][:, 0], [1, 2, NAN, 4, NAN, 6])
    np.testing.assert_array_equal(series.times[0], np.arange("2012-01-01", "2012-01-07", dtype="datetime64[D]"))
    np.testing.assert_array_equal(series.source_rows[0], [0, 1, -1, 2, -1, 3])


def test_missing_cells_are_counted_in_one_line():
    table = daily([1, 2, 3, 4], x=["1", "NA", "", "4"], y=[1.0, NAN, 2.0, 3.0])
    with pytest.warns(Notice) as said:
        from_frame(table, time="date")
    assert [str(note.message) for note in said] == [
        "Missing values of 4 rows: 'x' 2 (50.0%), 'y' 1 (25.0%). Filled forward for input, never scored."
    ]


def test_missing_values_and_gaps_can_be_refused():
    with pytest.raises(DataError, match=r"no missing value: of 2 rows 'x' 1 \(50.0%\) are missing, first 'x' in row 2"):
        from_frame(daily([1, 2], x=[1.0, None], y=[1.0, 2.0]), time="date", missing="error", fitting=False)
    with pytest.raises(DataError, match="no gap: 1 of 4 times.*first 2012-01-03"):
        from_frame(daily([1, 2, 4], x=[1.0, 2.0, 4.0]), time="date", missing="error")
    with pytest.raises(ConfigError, match="'fill' or 'error'; 'drop' came"):
        from_frame(daily([1, 2], x=[1.0, 2.0]), time="date", missing="drop")


def test_uneven_times_are_consecutive_steps_and_said():
    table = pl.DataFrame({"when": ["2012-01-01 00:00", "2012-01-01 01:07", "2012-01-01 02:01"], "x": [1.0, 2.0, 3.0]})
    with pytest.warns(Notice, match="No regular step fits 'when'.*consecutive steps"):
        series = from_frame(table, time="when")
    assert (series.step, len(series.values[0])) == (None, 3)


def test_months_and_business_days_gain_no_rows():
    months = pl.DataFrame({"t": ["2012-01-31", "2012-02-29", "2012-03-31", "2012-04-30"], "x": [1.0, 2.0, 3.0, 4.0]})
    weekdays = np.busday_offset(np.datetime64("2012-01-02"), np.arange(12))
    for table, step in ((months, "1mo"), (pl.DataFrame({"t": weekdays, "x": np.arange(12.0)}), "1bd")):
        series = from_frame(table, time="t")
        assert (series.step, len(series.values[0])) == (step, table.height)


def test_a_holiday_among_business_days_is_one_missing_row():
    weekdays = np.delete(np.busday_offset(np.datetime64("2012-01-02"), np.arange(12)), 6)
    with pytest.warns(Notice, match="1 of 12 times"):
        series = from_frame(pl.DataFrame({"t": weekdays, "x": np.arange(11.0)}), time="t")
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(series.values[0][:, 0])), [6])


@pytest.mark.parametrize(
    ("days", "message"),
    [
        ([1, 3, 2, 4], r"in the order of time: 'date' has 2012-01-03 in row 2 and then 2012-01-02 in row 3 \(1 such"),
        ([1, 2, 2, 3], r"once in a series: 'date' has 2012-01-02 in rows 2 and 3 \(1 repeated"),
        ([1, 2, 3, 1], r"2012-01-01 in rows 1 and 4"),
    ],
)
def test_order_and_duplicates_name_rows_and_times(days, message):
    with pytest.raises(DataError, match=message):
        from_frame(daily(days, x=[1.0, 2.0, 3.0, 4.0]), time="date")


def test_order_is_checked_within_each_series():
    table = daily([2, 1, 1, 2, 3], id=["a", "b", "a", "b", "b"], x=[1.0, 2.0, 3.0, 4.0, 5.0])
    with pytest.raises(DataError, match="of series 'a' has 2012-01-02 in row 1 and then 2012-01-01 in row 3"):
        from_frame(table, time="date", id="id")
    with pytest.raises(DataError, match="'id' is missing in row 2"):
        from_frame(table.with_columns(id=pl.Series(["a", None, "b", "b", "b"])), time="date", id="id")


def test_without_times_rows_are_consecutive():
    series = from_frame(pl.DataFrame({"x": [3.0, 1.0, 2.0]}))
    assert (series.times, series.step, series.values[0][:, 0].tolist()) == (None, None, [3, 1, 2])
    with pytest.raises(DataError, match="came without time="):
        from_frame(pl.DataFrame({"x": [3.0, 1.0]}), step="1d")


def test_a_given_step_must_fit():
    table = daily([1, 3], x=[1.0, 2.0])
    with pytest.warns(Notice, match="1 of 3 times"):
        assert from_frame(table, time="date", step="1d").lengths.tolist() == [3]
    with pytest.raises(DataError, match="on the grid of step '7d'.*Correct step="):
        from_frame(table, time="date", step="7d")
    with pytest.raises(DataError, match="2 rows would become 172,800,001"):
        from_frame(table, time="date", step="1ms")


def test_another_table_is_read_as_the_first_was():
    first = from_frame(
        pl.DataFrame({"d": ["13/01/2012", "14/01/2012", "15/01/2012"], "x": [1.0, 2.0, 3.0], "k": ["a", "b", "a"]}),
        time="d",
        target="x,k",
    )
    arguments = json.loads(json.dumps(first.arguments()))
    second = from_frame(pl.DataFrame({"d": ["01/02/2012"], "x": [5.0], "k": ["b"]}), **arguments)
    np.testing.assert_array_equal(second.times[0], np.array(["2012-02-01"], "datetime64[D]"))
    assert (second.columns, second.targets, second.step, second.categories) == (
        first.columns,
        first.targets,
        "1d",
        {"k": ("a", "b")},
    )
    np.testing.assert_array_equal(second.values[0], [[5, 1]])


def test_arguments_keep_the_time_parts():
    table = pl.DataFrame({"year": [2012] * 3, "month": [1] * 3, "day": [1, 2, 3], "x": [1.0, 2.0, 3.0]})
    series = from_frame(table, time="year,month,day")
    assert (series.arguments()["time"], series.time_name, series.columns) == ("year,month,day", "time", ("x",))
    assert from_frame(table, **series.arguments()).values[0].tolist() == series.values[0].tolist()


def test_arrays_of_every_kind():
    for arrays in ([1.0, 2.0], np.array([1.0, 2.0]), np.array([[1.0], [2.0]]), [np.array([1.0, 2.0])], ((1, 2),)):
        series = from_arrays(arrays)
        assert (series.columns, series.values[0].tolist(), series.times) == (("x0",), [[1], [2]], None)
    ragged = from_arrays([np.ones((2, 2)), np.zeros((1, 2))], ids="ab", columns=["u", "v"], target="v")
    assert (ragged.ids, ragged.lengths.tolist(), ragged.targets) == (("a", "b"), [2, 1], ("v",))
    with pytest.warns(Notice, match="Missing values of 3 rows: 'x0' 1"):
        from_arrays([1.0, NAN, 2.0])


@pytest.mark.parametrize(
    ("arrays", "options", "error", "message"),
    [
        ([], {}, DataError, "an empty list"),
        ([np.zeros((0, 2))], {}, DataError, r"series 0 has shape \(0, 2\)"),
        ([["a", "b"]], {}, DataError, "series 0 does not"),
        (np.zeros((2, 3, 4)), {}, ShapeError, "list of arrays for several series"),
        ([np.zeros((2, 3, 4))], {}, ShapeError, r"\[T\] or \[T, C\]"),
        ([np.zeros((2, 1)), np.zeros((2, 2))], {}, ShapeError, r"columns \[1, 2\]|arrays with \[1, 2\]"),
        ([np.ones(2)], {"columns": ["a", "b"]}, ShapeError, "2 names"),
        ([np.ones(2)], {"ids": ["a", "b"]}, ShapeError, "2 ids"),
        ([1.0, np.inf], {}, DataError, "must be finite: 'x0' has inf in row 2"),
        ([1.0, 1.0], {}, DataError, "must vary"),
        ([1.0, NAN], {"missing": "error", "fitting": False}, DataError, "no missing value"),
    ],
)
def test_bad_arrays(arrays, options, error, message):
    with pytest.raises(error, match=message):
        from_arrays(arrays, **options)


def test_a_large_table_is_read_well_under_a_second(tmp_path):
    hours = pl.datetime_range(dt.datetime(2010, 1, 1), dt.datetime(2014, 12, 31, 23), "1h", eager=True)
    noise = np.random.default_rng(0).normal(size=(len(hours), 11))
    table = pl.DataFrame({"time": hours, **{f"x{place}": noise[:, place] for place in range(11)}})
    table.write_csv(tmp_path / "t.csv")
    # Processor time, so that a busy machine does not fail the test; about 0.3 s.
    import time

    start = time.process_time()
    series = from_frame(tmp_path / "t.csv", time="time")
    assert time.process_time() - start < 2
    np.testing.assert_array_equal(series.values[0], noise)


@pytest.mark.parametrize(
    ("dropped", "needs"), [(["u"], "'u'"), (["day"], "'day'"), (["who", "u", "k"], "'who', 'u', 'k'")]
)
def test_a_table_that_lacks_what_a_model_needs(dropped, needs):
    table = pl.DataFrame({"day": [1, 2, 3], "who": ["a"] * 3, "u": [5.0, 7.0, 6.0], "k": [1, 0, 1]})
    read = from_frame(table, time="day", id="who", known="k")
    assert read_again(table, read.arguments()).to_frame().equals(read.to_frame())
    left = ", ".join(repr(name) for name in table.columns if name not in dropped)
    with pytest.raises(DataError, match=f"^The model needs {needs}: the table has only {left}. Give"):
        read_again(table.drop(dropped), read.arguments())
