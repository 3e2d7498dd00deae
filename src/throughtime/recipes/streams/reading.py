"""A table becomes streams: which column is what, and the rules that its rows are read by.

Rows come in the order of time, and those out of order are sorted. Without a time column the number of a row is its
time. A gap in time is no missing row: nothing is put in, and the row after it is judged as the next. A missing value
scores 0 and teaches nothing. Equal times keep the order of the table; where more than a tenth of the times are equal,
rows of several streams are mixed, and the table is refused. Labels are read to score by and by no detector.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from throughtime.base.errors import DataError
from throughtime.data.clock import guess_time, read_clock, show_time
from throughtime.data.tables import blank_missing, check_names, to_numbers
from throughtime.recipes.cells import ids_of, row_numbers
from throughtime.recipes.streams.settings import NONE, Columns

# How each column is usually spelt, in lower case without blanks and marks, the likelier first.
LABELS = ("anomaly", "isanomaly", "anomalous", "label", "outlier", "isoutlier")
IDS = ("id", "stream", "streamid", "series", "seriesid", "file", "sensor", "sensorid", "device", "machine")
# More equal times than this are no clock set back for an hour.
_MOST_EQUAL = 0.1
# Where a step is this many usual ones there is a gap.
_GAP = 1.5


@dataclass(frozen=True)
class Stream:
    """Rows in the order of time.

    Args:
        name: its id; "" where the table has none.
        times: [T] datetime64, or numbers.
        values: [T, K], nan where missing.
        labels: [T] whether each row is anomalous; None where the table does not say.
    """

    name: str
    times: NDArray[Any]
    values: NDArray[np.float64]
    labels: NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        """T."""
        return len(self.times)

    @property
    def dated(self) -> bool:
        """Whether times are dates, whose phase of day and week a detector reads."""
        return self.times.dtype.kind == "M"

    def rows(self, kept: Any) -> Stream:
        """Some of its rows."""
        labels = None if self.labels is None else self.labels[kept]
        return replace(self, times=self.times[kept], values=self.values[kept], labels=labels)


@dataclass(frozen=True)
class Feed:
    """All streams of a table.

    Args:
        streams: at least one.
        columns: what each column is, nothing left to guess.
        notes: one line for each guess, and for each rule that changed something.
    """

    streams: tuple[Stream, ...]
    columns: Columns
    notes: tuple[str, ...]

    @property
    def labelled(self) -> bool:
        """Whether the table says which rows are anomalous."""
        return self.columns.label != NONE


def read_feed(table: pl.DataFrame, columns: Columns) -> Feed:
    """Read a table.

    Args:
        table: its rows in any order.
        columns: names of its columns; what is empty is guessed, "none" is left out.

    Raises:
        DataError: no values, or cells that break a rule of the module's head.
    """
    found = _guessed(table, columns)
    values = np.stack([_numbers(table, name) for name in found.value], axis=1)
    labels = None if found.label == NONE else _labels(table, found.label)
    names = ids_of(table, "" if found.id == NONE else found.id, "stream", "remove the row, or pass id=none")
    groups = [np.flatnonzero(names == name) for name in dict.fromkeys(names)]
    times = row_numbers(names) if found.time == NONE else read_clock(table, found.time).values
    whole = Stream("", times, values, labels)
    in_order = [rows[np.argsort(times[rows], kind="stable")] for rows in groups]
    streams = tuple(replace(whole.rows(rows), name=str(names[rows[0]])) for rows in in_order)
    _check_present(streams, found)
    _check_equal_times(streams, found)
    unsorted = sum(bool((np.diff(rows) < 0).any()) for rows in in_order)
    return Feed(streams, found, (*_said(columns, found), *_rules_said(streams, unsorted)))


def after(feed: Feed, last: Mapping[str, str]) -> Feed:
    """The rows that come after those a run has read.

    Args:
        feed: streams of the run, further on.
        last: of each stream the last time read, as text.

    Raises:
        DataError: a stream that the run does not know, times of another kind, or no row later than the last.
    """
    unknown = [stream.name for stream in feed.streams if stream.name not in last]
    if unknown:
        raise DataError(
            f"A detector goes on with its own stream: {unknown[0]!r} is none of the run's {', '.join(map(repr, last))} "
            f"({len(unknown)} such). Leave it out, or train on it."
        )
    later = [_later(stream, last[stream.name], feed.columns) for stream in feed.streams]
    dropped = sum(map(len, feed.streams)) - sum(map(len, later))
    kept = tuple(stream for stream in later if len(stream))
    if not kept:
        raise DataError(
            f"A detector goes on after the last row it has read: none of {dropped} rows is later than "
            f"{show_time(next(iter(last.values())))}. Give it later rows, or train on these."
        )
    said = (f"continued: {dropped} rows not later than the run's last were left out.",) if dropped else ()
    return replace(feed, streams=kept, notes=(*feed.notes, *said))


def _later(stream: Stream, last: str, columns: Columns) -> Stream:
    if columns.time == NONE:  # rows without times follow the run's
        return replace(stream, times=stream.times + int(last))
    try:
        limit = np.datetime64(last) if stream.dated else float(last)
    except ValueError as error:
        raise DataError(
            f"Times are of the kind the run was trained with: its last is {last!r}, and {columns.time!r} holds "
            f"{show_time(stream.times[0])}. Write them in the same way."
        ) from error
    return stream.rows(stream.times > limit)


def _guessed(table: pl.DataFrame, columns: Columns) -> Columns:
    given = [name for name in (columns.id, columns.label, *columns.value) if name and name != NONE]
    check_names(given, table.columns)
    time = columns.time or guess_time(table.drop(given)) or NONE
    taken = {*given, *([] if time == NONE else [time, *(part.strip() for part in time.split(","))])}
    label = columns.label or _spelt(table, LABELS, taken) or NONE
    taken.add(label)
    name = columns.id or _spelt(table, IDS, taken) or NONE
    taken.add(name)
    value = columns.value or tuple(
        column.name for column in table if column.name not in taken and column.dtype.is_numeric()
    )
    if not value:
        raise DataError(
            f"A stream has a column of numbers: {', '.join(map(repr, table.columns))} came, and none is left for "
            "values beside time, id and label. Name it with value=."
        )
    return Columns(time, name, value, label)


def _spelt(table: pl.DataFrame, spellings: Sequence[str], taken: set[str]) -> str | None:
    spelt = {"".join(filter(str.isalnum, name.lower())): name for name in reversed(table.columns)}
    return next((spelt[each] for each in spellings if each in spelt and spelt[each] not in taken), None)


def _numbers(table: pl.DataFrame, name: str) -> NDArray[np.float64]:
    """A column as numbers [rows], nan where a cell is missing."""
    column = blank_missing(table[name])
    numbers = to_numbers(column)
    is_nan = column.is_nan().fill_null(False) if column.dtype.is_float() else column.is_null()
    bad = (numbers.is_null() & column.is_not_null() & ~is_nan).to_numpy()
    values = numbers.to_numpy().astype(np.float64)
    bad |= np.isinf(values)
    if bad.any():
        row = int(bad.argmax())
        raise DataError(
            f"Values are finite numbers: row {row + 1} of {name!r} holds {column[row]!r}, one of {int(bad.sum())} "
            "(rows count from 1 below the header). Correct the cell, leave it empty, or name other columns with value=."
        )
    return values


def _labels(table: pl.DataFrame, name: str) -> NDArray[np.bool_]:
    values = to_numbers(blank_missing(table[name])).to_numpy().astype(np.float64)
    bad = ~np.isin(values, (0, 1))
    if bad.any():
        row = int(bad.argmax())
        raise DataError(
            f"A row's label is 1 where it is anomalous, else 0: row {row + 1} of {name!r} holds {table[name][row]!r}, "
            f"one of {int(bad.sum())} (rows count from 1 below the header). Correct it, or pass label=none."
        )
    return values == 1


def _check_present(streams: Sequence[Stream], columns: Columns) -> None:
    for stream in streams:
        empty = np.isnan(stream.values).all(axis=0)
        if empty.any():
            raise DataError(
                f"A stream needs values: every cell of {columns.value[int(empty.argmax())]!r}{_of(stream)} is missing. "
                "Name other columns with value=, or leave the stream out."
            )


def _check_equal_times(streams: Sequence[Stream], columns: Columns) -> None:
    for stream in streams:
        equal = int((stream.times[1:] == stream.times[:-1]).sum())
        if equal > _MOST_EQUAL * len(stream):
            hint = "Remove the copies" if columns.id != NONE else "Name the column that tells them apart with id="
            raise DataError(
                f"A stream has one row at a time: {equal} of {len(stream)} rows{_of(stream)} have the time of the row "
                f"before, so that several streams are mixed. {hint}."
            )


def _of(stream: Stream) -> str:
    return f" of {stream.name}" if stream.name else ""


def _said(given: Columns, found: Columns) -> Iterator[str]:
    """What was guessed, in one line each."""
    if not given.time:
        words = "no column looks like dates, so that the number of a row is its time"
        yield f"time: {words if found.time == NONE else found.time}; time= names another."
    if not given.value:
        yield f"value: {', '.join(found.value)}, every numeric column that is nothing else; value= names others."
    if not given.id and found.id != NONE:
        yield f"id: {found.id} tells streams apart; id=none for one stream."
    if not given.label:
        words = "none, so that flags are counted and not scored" if found.label == NONE else found.label
        yield f"label: {words}; label= names another. No detector reads it."


def _rules_said(streams: Sequence[Stream], unsorted: int) -> Iterator[str]:
    if unsorted:
        whose = "rows" if len(streams) == 1 else f"rows of {unsorted} of {len(streams)} streams"
        yield f"order: {whose} were not in the order of time, and are sorted."
    equal = sum(int((stream.times[1:] == stream.times[:-1]).sum()) for stream in streams)
    if equal:
        yield f"times: {equal} rows have the time of the row before, and keep the order of the table."
    gaps = sum(_gaps(stream) for stream in streams)
    if gaps:
        yield f"gaps: {gaps} steps are longer than usual; nothing is put in, and the row after is judged as the next."
    missing = sum(int(np.isnan(stream.values).sum()) for stream in streams)
    if missing:
        yield f"missing: {missing} values; they score 0 and teach nothing."


def _gaps(stream: Stream) -> int:
    steps = np.diff(stream.times).astype(np.float64)
    steps = steps[steps > 0]
    return int((steps > _GAP * np.median(steps)).sum()) if len(steps) else 0
