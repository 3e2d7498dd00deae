"""What a caller gives as series - one array, a list of arrays, or one long frame - read the same way every time.

A `Reader` remembers how the training series were read: columns, targets, classes, time step. `split` says which rows
train and which rows validate; a row after a series' training part goes on from its state.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any, NoReturn

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from throughtime.base.checks import as_number, as_whole
from throughtime.base.errors import ConfigError, DataError, ShapeError
from throughtime.data import SeriesSet, advance, from_arrays, from_frame, read_again, read_table
from throughtime.data.clock import show_time
from throughtime.data.tables import blank_missing

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Reader:
    """How series are read.

    Args:
        frames: whether they come as frames; else as arrays.
        arguments: keyword arguments of `from_frame` or `from_arrays`.
    """

    frames: bool
    arguments: dict[str, Any]

    @classmethod
    def fit(cls, series: Any, id: Any, time: Any, target: Any, known: Any) -> tuple[Reader, SeriesSet]:
        """Read the series to be fitted on, and remember how.

        Args:
            series: one array, a list of arrays, or a frame.
            id, time, target, known: as `SequencePredictor.fit` takes them.

        Raises:
            ConfigError: id or time came with arrays.
            DataError, ShapeError: as `from_frame` and `from_arrays`.
        """
        if is_arrays(series):
            if id is not None or time is not None:
                raise ConfigError(
                    "`id` and `time` name columns of a frame: arrays have none. Leave them out, or pass a frame."
                )
            read = from_arrays(series, target=_column_names(target), known=_column_names(known))
            names = {"columns": list(read.columns), "target": list(read.targets), "known": list(read.known)}
            return cls(False, {**names, "fitting": False}), read
        read = from_frame(series, id=id, time=time, target=target, known=known)
        return cls(True, read.arguments()), read

    def with_classes(self, train: SeriesSet) -> Reader:
        """The reader that knows the labels of the training part only."""
        if not self.frames:
            return self
        labels = {name: list(found) for name, found in train.categories.items()}
        return replace(self, arguments={**self.arguments, "categories": labels})

    def index_columns(self, series: Any) -> list[str]:
        """Names of the id and time columns of a frame, as many as there are."""
        time, id = self.arguments.get("time"), self.arguments.get("id")
        return [*([] if id is None else [id]), *([] if time is None else _time_names(time, series))]

    def read(self, series: Any) -> SeriesSet:
        """Read other series as the training ones were read.

        Raises:
            DataError: a frame came where arrays were fitted, or the other way round; or as `from_frame`.
            ShapeError: as `from_arrays`.
        """
        if is_arrays(series) == self.frames:
            wanted, came = ("a frame", "arrays") if self.frames else ("arrays", "a frame")
            raise DataError(f"Series come as they did to fit: {came} came where {wanted} did. Convert them.")
        return read_again(series, self.arguments) if self.frames else from_arrays(series, **self.arguments)


@dataclass(frozen=True)
class Stretch:
    """One series, and what its rows are for.

    Args:
        values: [T, C].
        times: [T] or None.
        train_rows: the first so many rows train.
        score_from: forecasts of rows from here on validate; T where none does.
    """

    values: Floats
    times: NDArray[Any] | None
    train_rows: int
    score_from: int


def split(series: Any, read: SeriesSet, reader: Reader, validation: Any) -> tuple[SeriesSet, list[Stretch]]:
    """Settle which rows train and which validate.

    Args:
        series: as the caller gave them.
        read: the same, read.
        reader: how.
        validation: None; a share in (0, 1), the last rows of every series; or data as `series`. In a frame, later
            rows of the same id go on from the training part; arrays and new ids begin afresh.

    Returns:
        The training part, categories being those that occur in it, and all series.

    Raises:
        ConfigError: a share out of range.
        DataError: a series with fewer than 2 training rows, or validation data that breaks a rule of reading.
    """
    if validation is None:
        stops = [int(length) for length in read.lengths]
        return _checked(read, stops, read)
    if isinstance(validation, Real):
        share = as_number(validation)
        if share is None or not 0 < share < 1:
            raise ConfigError(
                f"`validation` is a share above 0 and below 1, or data: {validation!r} came. For none pass None."
            )
        return _checked(read, [int(length) - max(1, round(share * length)) for length in read.lengths], read)
    if not reader.frames:
        train, stretches = _checked(read, [int(length) for length in read.lengths], read)
        return train, stretches + [Stretch(values, None, 0, 1) for values in reader.read(validation).values]
    return _with_later_rows(series, read, reader, validation)


def extend(read: SeriesSet, known: Any, reader: Reader) -> SeriesSet:
    """The series with one row more at the end of each: the one to forecast, of which `known` columns are known.

    Args:
        read: the history.
        known: None; for frames a frame with a row per id (and time); for arrays values [B, number of known columns].
        reader: how the history was read.

    Raises:
        DataError: known columns without their values, or rows of `known` that are not each series' next one.
        ShapeError: values of another shape.
    """
    if read.known and known is None:
        raise DataError(
            f"The columns known ahead are needed for the time to be forecast: {', '.join(read.known)} came without. "
            "Pass their next values as known=."
        )
    rows = np.full((len(read), len(read.columns)), np.nan)
    times = _next_times(read)
    if known is not None:
        values, times = _known_rows(known, times, read, reader)
        rows[:, read.places(read.known)] = values
    return replace(
        read,
        values=[np.concatenate([values, row[None]]) for values, row in zip(read.values, rows, strict=True)],
        times=times and [np.concatenate([series, end]) for series, end in zip(read.times or [], times, strict=True)],
        source_rows=[np.append(source, -1) for source in read.source_rows],
    )


def plain(series: Any) -> Any:
    """A tensor, a pandas or polars Series, or a list of numbers is one array (a Series without its index)."""
    if isinstance(series, torch.Tensor):
        return series.detach().cpu().numpy()
    if isinstance(series, list | tuple) and series and all(isinstance(value, Real) for value in series):
        return np.asarray(series, dtype=np.float64)
    is_series = len(getattr(series, "shape", ())) == 1 and hasattr(series, "to_numpy")
    return np.asarray(series.to_numpy()) if is_series else series


def is_arrays(series: Any) -> bool:
    """Whether series are arrays; else they are a frame, or a path to one."""
    return isinstance(series, np.ndarray | list | tuple)


def _column_names(given: Any) -> Any:
    """Columns of arrays may be given by place."""
    if (place := as_whole(given)) is not None:
        return f"x{place}"
    return [_column_names(each) for each in given] if isinstance(given, list | tuple) else given


def _checked(read: SeriesSet, stops: Sequence[int], whole: SeriesSet) -> tuple[SeriesSet, list[Stretch]]:
    """Training part and stretches, where series s of `whole` trains on its first stops[s] rows."""
    short = [name for name, stop in zip(read.ids, stops, strict=False) if stop < 2]
    if short:
        raise DataError(
            f"A series needs at least 2 rows to train on, a step and what follows it: {len(short)} of {len(read)} have "
            f"fewer, first {short[0]!r}. Leave them out, or validate on less."
        )
    train = read.part([slice(0, stop) for stop in stops[: len(read)]])
    seen = train.seen_categories()
    whole, train = whole.recoded(seen), train.recoded(seen)
    times = [None] * len(whole) if whole.times is None else whole.times
    stretches = [
        Stretch(values, each, stop, stop or 1) for values, each, stop in zip(whole.values, times, stops, strict=True)
    ]
    return train, stretches


def _with_later_rows(series: Any, read: SeriesSet, reader: Reader, validation: Any) -> tuple[SeriesSet, list[Stretch]]:
    arguments = {name: value for name, value in reader.arguments.items() if name != "categories"}
    tables = [_selected(frame, reader) for frame in (series, validation)]
    both = from_frame(pl.concat(tables, how="vertical_relaxed"), **arguments)
    rows = dict(zip(read.ids, (int(length) for length in read.lengths), strict=True))
    # Ids keep the order of their first rows, so that the training series come first.
    return _checked(read, [rows.get(name, 0) for name in both.ids], both)


def _selected(frame: Any, reader: Reader) -> pl.DataFrame:
    """The columns that were read, in one order, so that frames can be joined."""
    return read_table(frame, columns=[*reader.index_columns(frame), *reader.arguments["columns"]])


def _time_names(time: str, frame: Any) -> list[str]:
    table = read_table(frame)
    return [time] if time in table.columns else time.split(",")


def _next_times(read: SeriesSet) -> list[NDArray[Any]] | None:
    """The time after each series' last row [1]; "not a time" where there is no regular step."""
    if read.times is None:
        return None
    if read.step is None:
        return [np.full(1, np.datetime64("NaT") if times.dtype.kind == "M" else np.nan) for times in read.times]
    return [advance(times, read.step, 1) for times in read.times]


def _known_rows(
    known: Any, times: list[NDArray[Any]] | None, read: SeriesSet, reader: Reader
) -> tuple[Floats, list[NDArray[Any]] | None]:
    """Values of the known columns in each series' next row [B, columns], and the times of those rows."""
    if not read.known:
        raise DataError("No column was fitted as known ahead, and known= came. Leave it out.")
    if not reader.frames:
        values = np.atleast_2d(np.asarray(known, np.float64))
        wanted = (len(read), len(read.known))
        if values.shape != wanted:
            raise ShapeError(f"`known` is [series, known columns]: {wanted} wanted, {np.shape(known)} came.")
        check_known(values, read.known)
        return values, times
    ahead = read_known(known, reader)
    places = {name: place for place, name in enumerate(ahead.ids)}
    if set(places) != set(read.ids) or (ahead.lengths != 1).any():
        raise DataError(
            f"`known` has one row for each series of the history: {int(ahead.lengths.sum())} rows of {len(ahead)} "
            f"series came for {len(read)}. Give each its next row."
        )
    order = [places[name] for name in read.ids]
    values = np.array([ahead.values[place][0] for place in order])
    if ahead.times is None or times is None:
        return values, times
    given = [ahead.times[place] for place in order]
    for name, due, came in zip(read.ids, times, given, strict=True):
        if read.step is not None and due[0] != came[0]:
            raise DataError(
                f"`known` is for the time to be forecast, {show_time(due[0])} in series {name!r}: "
                f"{show_time(came[0])} came. Correct its time."
            )
    return values, given


def check_known(values: Floats, names: Sequence[str]) -> None:
    """Refuse values known ahead that are not known.

    Args:
        values: [rows, known columns].
        names: of the columns.

    Raises:
        DataError: one is missing or infinite.
    """
    for name, column in zip(names, values.T, strict=True):
        if (wrong := ~np.isfinite(column)).any():
            row = int(wrong.argmax())
            _refuse_unknown(name, f"is {column[row]}", row, int(wrong.sum()))


def _refuse_unknown(name: str, came: str, row: int, count: int) -> NoReturn:
    raise DataError(
        f"What is known ahead is known at every step to be forecast: {name!r} {came} in row {row + 1} ({count} such "
        "cells). Give its values in known=."
    )


def read_known(known: Any, reader: Reader) -> SeriesSet:
    """A frame of known columns, read alone; a Boolean that is no class is a number there as in the history."""
    names, labels = reader.arguments["known"], reader.arguments["categories"]
    kept = {name: reader.arguments[name] for name in ("time", "id", "time_format") if name in reader.arguments}
    table = read_table(known)
    for name in names:
        if name in table.columns and (blank := blank_missing(table[name]).is_null()).any():
            _refuse_unknown(name, "is missing", int(blank.arg_max() or 0), int(blank.sum()))
    flags = [name for name in names if name not in labels and table.schema.get(name) == pl.Boolean]
    categories = {name: labels[name] for name in names if name in labels}
    return from_frame(
        table.with_columns(pl.col(flags).cast(pl.Int8)),
        columns=names,
        target=names,
        categories=categories,
        fitting=False,
        **kept,
    )


def as_table(step: Any) -> Any:
    """A mapping of column to value as a table of one row; anything else as it is."""
    return pl.DataFrame({name: [value] for name, value in step.items()}) if isinstance(step, Mapping) else step


def read_row(step: Any, reader: Reader) -> SeriesSet:
    """One row of one series.

    Raises:
        ShapeError: there are more rows, or an array is not [C].
    """
    if not reader.frames:
        step = np.asarray(step, np.float64)
        wanted = (len(reader.arguments["columns"]),)
        if step.shape != wanted:
            raise ShapeError(f"A step of arrays is one row [C]: {wanted} wanted, {step.shape} came.")
        return reader.read([step[None]])
    read = reader.read(as_table(step))
    if len(read) != 1 or read.lengths[0] != 1:
        raise ShapeError(
            f"A step is one row of one series: {int(read.lengths.sum())} rows came. Use predict or predict_steps for "
            "more."
        )
    return read
