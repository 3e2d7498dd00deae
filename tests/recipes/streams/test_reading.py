"""Columns are guessed and said; each rule of a stream's rows is held, or its breach named."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from throughtime.base.errors import DataError
from throughtime.recipes.streams import made_up_stream
from throughtime.recipes.streams.reading import after, read_feed
from throughtime.recipes.streams.settings import Columns


@pytest.fixture
def rows() -> pl.DataFrame:
    return made_up_stream(600).head(30)


def test_columns_are_guessed_and_said(rows: pl.DataFrame) -> None:
    table = rows.rename({"anomaly": "Is_Anomaly", "time": "timestamp"}).with_columns(Sensor=pl.lit("a"))
    feed = read_feed(table, Columns())
    assert feed.columns == Columns("timestamp", "Sensor", ("value",), "Is_Anomaly")
    assert feed.streams[0].name == "a"
    assert feed.labelled
    assert len(feed.notes) == 4
    assert read_feed(table, feed.columns).notes == ()


def test_rows_without_times_are_numbered(rows: pl.DataFrame) -> None:
    feed = read_feed(rows.select("value"), Columns())
    assert feed.streams[0].times.tolist() == list(range(1, 31))
    assert any("number of a row" in note for note in feed.notes)
    assert not feed.labelled


def test_order_gaps_missing_and_equal_times_are_said(rows: pl.DataFrame) -> None:
    holed = rows.with_row_index().filter(~pl.col("index").is_between(10, 14)).drop("index")
    holed = holed.with_columns(value=pl.when(pl.int_range(pl.len()) == 3).then(None).otherwise("value"))
    mixed = pl.concat([holed[20:], holed[:20], holed[:1]])
    feed = read_feed(mixed, Columns())
    said = " ".join(feed.notes)
    for words in ("order: rows were not", "1 rows have the time", "gaps: 1 steps", "missing: 1 values"):
        assert words in said
    assert (np.diff(feed.streams[0].times) >= 0).all()
    assert np.isnan(feed.streams[0].values[4, 0])


def test_what_breaks_a_rule_is_named(rows: pl.DataFrame) -> None:
    def refused(table: pl.DataFrame, words: str, columns: Columns | None = None) -> None:
        with pytest.raises(DataError, match=words):
            read_feed(table, columns or Columns())

    refused(pl.concat([rows, rows]), "several streams are mixed.*id=")
    refused(rows.with_columns(value=pl.lit(np.nan)), "every cell of 'value' is missing")
    refused(rows.with_columns(value=pl.lit(np.inf)), "row 1 of 'value' holds inf, one of 30")
    refused(rows.with_columns(value=pl.lit("x")), "row 1 of 'value' holds 'x'", Columns(value=("value",)))
    refused(rows.select("time"), "A stream has a column of numbers")
    refused(rows.with_columns(anomaly=pl.lit(2)), "label=none")
    refused(rows.with_columns(id=pl.lit(None, pl.String)), "Every row belongs to a stream")
    refused(rows, "did you mean 'value'", Columns(value=("valu",)))


def test_only_later_rows_follow(rows: pl.DataFrame) -> None:
    feed = read_feed(rows, Columns())
    later = after(feed, {"": str(feed.streams[0].times[9])})
    assert len(later.streams[0]) == 20
    assert any("10 rows not later" in note for note in later.notes)
    with pytest.raises(DataError, match="Times are of the kind"):
        after(feed, {"": "a"})
