"""A set of series is cut, filled, recoded and written back without losing what belongs to what."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from throughtime.base.errors import DataError, Notice, ShapeError
from throughtime.data.reading import from_arrays, from_frame
from throughtime.data.tables import in_kind_of

NAN = np.nan
TABLE = pl.DataFrame(
    {
        "id": ["a", "a", "a", "b", "b"],
        "t": [dt.date(2012, 1, day) for day in (1, 2, 3, 2, 3)],
        "x": [NAN, 2.0, NAN, 5.0, 7.0],
        "k": ["u", "v", None, "w", "u"],
    }
)


@pytest.fixture
def series():
    with pytest.warns(Notice):
        return from_frame(TABLE, time="t", id="id", columns="x,k")


def test_filled_needs_something_to_begin_with(series):
    values, observed = series.filled([4.0, 99.0])
    np.testing.assert_array_equal(values[0], [[4, 0], [2, 1], [2, 1]])
    np.testing.assert_array_equal(observed[0], [[False, True], [True, True], [False, False]])
    with pytest.raises(DataError, match="'x' of series 'a' starts with missing cells. Pass leading=scaling.centre"):
        series.filled()
    values, _ = series.part(slice(1, None)).filled()
    np.testing.assert_array_equal(values[0], [[2, 1], [2, 1]])


def test_a_label_missing_at_the_start_is_no_category(series):
    values, _ = series.part(slice(2, 3)).filled([0.0, 0.0])
    assert values[0].tolist() == [[0, -1]]


def test_parts_keep_what_belongs_together(series):
    part = series.part([slice(1, 3), slice(0, 1)])
    assert part.lengths.tolist() == [2, 1]
    assert [times.astype(str).tolist() for times in part.times] == [["2012-01-02", "2012-01-03"], ["2012-01-02"]]
    assert [rows.tolist() for rows in part.source_rows] == [[1, 2], [3]]
    with pytest.raises(ShapeError, match="2 series, 1 slices"):
        series.part([slice(1, 3)])


def test_categories_of_a_part_and_recoding(series):
    assert series.categories == {"k": ("u", "v", "w")}
    first = series.part([slice(0, 3), slice(0, 0)])
    assert first.seen_categories() == {"k": ("u", "v")}
    with pytest.warns(Notice, match="k: 1 cells hold labels not seen in training .'w'."):
        recoded = series.recoded({"k": ("v", "u")})
    np.testing.assert_array_equal(np.concatenate(recoded.values)[:, 1], [1, 0, NAN, NAN, 1])
    assert series.values[1][0, 1] == 2  # the original is untouched
    with pytest.raises(DataError, match="'k' is unknown"):
        series.recoded({"other": ()})


def test_round_trip(series):
    frame = series.to_frame()
    assert frame.equals(TABLE.with_columns(pl.col("x").fill_nan(None)))
    assert type(in_kind_of(frame, TABLE.to_pandas())) is type(TABLE.to_pandas())


def test_a_joined_time_takes_a_free_name():
    parts = {"year": [2012] * 3, "month": [1] * 3, "day": [1, 2, 3]}
    plain = from_frame(pl.DataFrame({**parts, "x": [1.0, 4.0, 2.0]}), time="year,month,day")
    assert plain.time_name == "time"
    clash = pl.DataFrame({**parts, "time": [3.0, 1.0, 2.0], "time_": [1.0, 4.0, 2.0]})
    frame = from_frame(clash, time="year,month,day").to_frame()
    assert frame.columns == ["time__", "time", "time_"]
    assert frame["time"].to_list() == [3.0, 1.0, 2.0]
    named = from_frame(clash.with_columns(pl.col("time").cast(pl.String)), time="year,month,day", id="time", step="1d")
    assert named.to_frame().columns == ["time", "time__", "time_"]


def test_predictions_are_written_beside_their_times(series):
    frame = series.to_frame([np.array([[0.5], [1.0], [1.5]]), np.array([[2.0], [NAN]])], ["x_mean"])
    assert frame.columns == ["id", "t", "x_mean"]
    assert frame["x_mean"].to_list() == [0.5, 1.0, 1.5, 2.0, None]
    with pytest.raises(ShapeError, match=r"\(5, 1\) wanted, \(4, 1\) came"):
        series.to_frame([np.zeros((4, 1))], ["x_mean"])


def test_places_and_series_without_times():
    series = from_arrays([np.array([[1.0, 2.0], [3.0, 4.0]])], columns=["u", "v"])
    assert series.places(["v", "u"]) == [1, 0]
    assert series.to_frame().columns == ["u", "v"]
    assert "time" not in series.arguments()
    with pytest.raises(DataError, match="'w' is unknown"):
        series.places(["w"])
