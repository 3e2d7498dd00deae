"""Roles and rows of a table of many series."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from tests.recipes.ahead.made import COLUMNS, changed, table
from throughtime.base.errors import DataError, Notice
from throughtime.recipes.ahead.reading import missing_note, named, read, with_roles, with_targets
from throughtime.recipes.forecasting.settings import Columns


def test_time_and_id_are_guessed_and_said():
    notes: list[str] = []
    columns = with_roles(table(), Columns(), notes)
    assert (columns.time, columns.id) == (("day",), "shop")
    assert any(note.startswith("id: shop") for note in notes)
    found = read(table(), columns)
    assert with_targets(found.series, columns, notes).target == ("sales", "offer")


def test_a_single_series_needs_no_id():
    assert with_roles(table(1), Columns(), []).id == ""


def test_rows_count_as_steps_without_times():
    frame = table(2).drop("day")
    columns = with_roles(frame, Columns(id="shop"), [])
    found = read(frame, Columns(time=columns.time, id="shop", target=("sales",)))
    assert found.series.lengths.tolist() == [90, 90]
    assert found.series.times[1][:3].tolist() == [0, 1, 2]


def test_times_that_repeat_in_a_series_are_refused():
    twice = pl.concat([table(), table()[:1]])
    with pytest.raises(DataError, match="Each time comes once in a series"):
        read(twice, COLUMNS)


def test_ids_that_are_missing_are_refused():
    blank = changed(table(), pl.int_range(pl.len()) == 4, shop=None)
    with pytest.raises(DataError, match="Every row needs an id"):
        read(blank, COLUMNS)


def test_labels_are_not_forecast():
    frame = table().with_columns(pl.col("offer").replace_strict({0: "no", 1: "yes"}).alias("kind"))
    with pytest.raises(DataError, match="'kind' holds labels"):
        read(frame, Columns(time=("day",), id="shop", target=("kind",)))


def test_gaps_become_rows_of_missing_values_and_are_said():
    with pytest.warns(Notice, match=r"1 of 270 times on the grid of step 1d are absent"):
        found = read(pl.concat([table()[:20], table()[21:]]), COLUMNS)
    assert found.series.lengths.tolist() == [90, 90, 90]
    assert np.isnan(found.series.values[0][20]).all()


def test_rows_after_the_last_target_are_what_is_known_ahead():
    frame = changed(table(), pl.col("day") >= pl.date(2024, 3, 25), sales=None)
    found = read(frame, COLUMNS)
    assert found.series.lengths.tolist() == [84, 84, 84]
    assert found.ahead.lengths.tolist() == [6, 6, 6]
    assert missing_note(found.series) == ""


def test_what_lies_before_the_first_value_is_left_out():
    frame = changed(table(1), pl.int_range(pl.len()) < 5, sales=None)
    assert read(frame, COLUMNS).series.lengths.tolist() == [85]


def test_missing_cells_within_series_are_counted():
    frame = changed(table(), pl.col("day") == pl.date(2024, 1, 20), sales=None)
    said = missing_note(read(frame, COLUMNS).series)
    assert said.startswith("missing: 3 of sales, of 270 rows")


def test_a_series_without_values_is_refused_by_name():
    frame = changed(table(), pl.col("shop") == "s1", sales=None)
    with pytest.raises(DataError, match=r"1 of 3 have none of one, 's1'"):
        read(frame, COLUMNS)


def test_many_ids_are_named_in_short():
    assert named(list("abcde")) == "'a', 'b', 'c' and 2 more"
