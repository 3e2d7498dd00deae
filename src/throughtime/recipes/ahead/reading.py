"""A table's roles and rows, several steps ahead: what tells series apart, what is forecast, what is known beforehand.

Stated rules. Columns that are not named are guessed, and the guess is said. Times that are absent and cells that are
empty are filled forward for input and never scored; what lies before a series' first value of a target is left out.
Rows at the end of a series that hold no target are what is known ahead of it.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from throughtime.base.errors import DataError, Notice
from throughtime.data import SeriesSet, from_frame, read_again
from throughtime.data.tables import check_names
from throughtime.recipes.forecasting.problem import ROW, with_time
from throughtime.recipes.forecasting.settings import Columns

# So many ids are named in a message.
SHOWN = 3


@dataclass(frozen=True)
class Read:
    """Series with values, and what is known after their ends.

    Args:
        series: up to each one's last row that holds a target.
        ahead: of the same series the rows after that.
    """

    series: SeriesSet
    ahead: SeriesSet


def with_roles(table: pl.DataFrame, columns: Columns, notes: list[str]) -> Columns:
    """The columns with time and id guessed where the settings are silent.

    Args:
        table: a row for each step of each series.
        columns: what the user said.
        notes: take a line for each guess.

    Raises:
        DataError: a named column is not there.
    """
    check_names([*columns.ignore, *([columns.id] if columns.id else [])], table.columns)
    columns = with_time(table, columns, notes)
    if columns.id or columns.time == (ROW,):
        return columns
    found = _guessed_id(table, columns)
    if not found:
        return columns
    notes.append(f"id: {found}, the first column of text that tells rows of one time apart; id= names another.")
    return replace(columns, id=found)


def by_rows(columns: Columns, notes: list[str]) -> Columns:
    """The columns of a table whose times have no regular step: its rows are the steps, and the times are not read."""
    notes.append(f"time: {', '.join(columns.time)} has no regular step, so that rows count as consecutive steps.")
    return replace(columns, time=(ROW,), ignore=(*columns.ignore, *columns.time))


def with_targets(series: SeriesSet, columns: Columns, notes: list[str]) -> Columns:
    """The columns with the targets that were guessed when the series were read."""
    if columns.target:
        return columns
    several = f"every numeric column, {', '.join(series.targets)}" if len(series.targets) > 1 else series.targets[0]
    notes.append(f"target: {several}; target= names others, known= what is known ahead.")
    return replace(columns, target=series.targets)


def read(table: pl.DataFrame, columns: Columns, arguments: Mapping[str, Any] | None = None) -> Read:
    """The series of a table.

    Args:
        table: a row for each step of each series.
        columns: their roles.
        arguments: of `SeriesSet.arguments`, to read it as another was read; None: for the first time.

    Raises:
        DataError: whatever in the table breaks a rule, or a target that is no number.
    """
    table = _prepared(table, columns)
    with quiet_parts():  # rows that go on without targets are no gaps; `missing_note` counts those that are
        series = _series(table, columns) if arguments is None else read_again(table, arguments)
    words = [name for name in series.targets if name in series.categories]
    if words:
        raise DataError(
            f"Several steps ahead numbers are forecast: {', '.join(map(repr, words))} holds labels. Name other columns "
            "with target=, or take the recipe weather, which forecasts classes one step ahead."
        )
    return _with_values(series)


@contextmanager
def quiet_parts() -> Iterator[None]:
    """What there is to say of gaps is said of the whole table; not again for each of its parts."""
    with warnings.catch_warnings():
        for start in ("Missing values of", "No regular step fits"):
            warnings.filterwarnings("ignore", message=start, category=Notice)
        yield


def missing_note(series: SeriesSet) -> str:
    """How many cells are missing within series, by column; "" for none."""
    counts = sum(np.isnan(values).sum(axis=0) for values in series.values)
    found = [
        f"{count:,} of {name}"
        for name, count in zip(series.columns, np.atleast_1d(counts).tolist(), strict=True)
        if count
    ]
    if not found:
        return ""
    return (
        f"missing: {', '.join(found)}, of {int(series.lengths.sum()):,} rows; filled forward for reading, never scored."
    )


def named(ids: list[Any]) -> str:
    """Some ids for a message."""
    more = len(ids) - SHOWN
    return ", ".join(map(repr, ids[:SHOWN])) + (f" and {more} more" if more > 0 else "")


def chosen(series: SeriesSet, kept: list[int]) -> SeriesSet:
    """Some of the series."""
    return replace(
        series,
        values=[series.values[place] for place in kept],
        times=None if series.times is None else [series.times[place] for place in kept],
        ids=tuple(series.ids[place] for place in kept),
        source_rows=[series.source_rows[place] for place in kept],
    )


def _series(table: pl.DataFrame, columns: Columns) -> SeriesSet:
    return from_frame(
        table,
        time=",".join(columns.time) or None,
        id=columns.id or None,
        target=list(columns.target) or None,
        known=list(columns.known) or None,
        fitting=False,  # what is learned from is the training part alone
    )


def _prepared(table: pl.DataFrame, columns: Columns) -> pl.DataFrame:
    """The table with row numbers where they are its times, without the columns to ignore."""
    if columns.time == (ROW,) and ROW not in table.columns:
        number = pl.int_range(pl.len(), dtype=pl.Int64).alias(ROW)
        table = table.with_columns(number.over(columns.id) if columns.id else number)
    return table.drop(columns.ignore, strict=False)


def _guessed_id(table: pl.DataFrame, columns: Columns) -> str:
    """The first column of text with which times are distinct, where they are not without; "" for none."""
    times = list(columns.time)
    if not table.select(times).is_duplicated().any():
        return ""
    taken = {*times, *columns.target, *columns.known, *columns.ignore}
    texts = [name for name, kind in table.schema.items() if kind == pl.String and name not in taken]
    apart = (name for name in texts if not table.select(*times, name).is_duplicated().any())
    return next(apart, "")


def _with_values(series: SeriesSet) -> Read:
    """The series from their first to their last row with a target; series without any are refused."""
    places = series.places(series.targets)
    present = [np.flatnonzero(np.isfinite(values[:, places]).any(axis=1)) for values in series.values]
    begun = [np.flatnonzero(np.isfinite(values[:, places]).any(axis=0)).size == len(places) for values in series.values]
    empty = [name for name, whole in zip(series.ids, begun, strict=True) if not whole]
    if empty:
        raise DataError(
            f"A series needs values of every target: {len(empty)} of {len(series)} have none of one, "
            f"{named(empty)}. Leave them out of the table."
        )
    first = [
        int(max(np.isfinite(values[:, place]).argmax() for place in places)) for values in series.values
    ]  # no target is missing from there on, once it is filled forward
    stops = [int(rows[-1]) + 1 for rows in present]
    history = series.part([slice(start, max(start, stop)) for start, stop in zip(first, stops, strict=True)])
    ahead = series.part([slice(stop, None) for stop in stops])
    return Read(history, ahead)
