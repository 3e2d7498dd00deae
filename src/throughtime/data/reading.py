"""From a table, or from arrays, to a checked `SeriesSet`.

Stated rules. Rows of a series come in the order of their times, each time once. A time that the regular step asks for
and the table lacks becomes a row of missing values. Missing values are filled forward for input, never scored. Where no
regular step fits, rows are consecutive steps. Each of these is said once, with its count. Rows in messages count from 1
below the header.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from throughtime.base.errors import ConfigError, DataError, ShapeError, say_once
from throughtime.data import grid
from throughtime.data.clock import Clock, read_clock, show_time
from throughtime.data.columns import read_columns, select
from throughtime.data.series import Floats, SeriesSet
from throughtime.data.tables import as_names, check_names, check_needed, read_table

Missing = Literal["fill", "error"]
Rows = NDArray[np.int64]
# A grid that asks for more absent rows than this is a wrong time or a wrong step, and would fill the memory.
_MOST_ABSENT_ROWS = 10_000_000


def from_frame(
    frame: Any,
    *,
    time: str | Sequence[str] | None = None,
    id: str | None = None,
    columns: str | Sequence[str] | None = None,
    target: str | Sequence[str] | None = None,
    known: str | Sequence[str] | None = None,
    categorical: str | Sequence[str] | None = None,
    categories: Mapping[str, Sequence[Any]] | None = None,
    time_format: str | None = None,
    step: grid.Step = None,
    missing: Missing = "fill",
    fitting: bool = True,
) -> SeriesSet:
    """Read the series of one long table.

    Args:
        frame: what `read_table` takes: a path, or a pandas, polars or pyarrow frame.
        time: column of times, or the columns that make them ("year,month,day,hour"); None: rows are consecutive steps.
        id: column that tells series apart; None: one series.
        columns: columns to read (names, or "a,b"); None: targets, known ones and every other numeric column.
        target: columns to predict; None: all but the known ones. Text and Boolean targets are categorical.
        known: columns whose values are known ahead of time.
        categorical: number columns to read as labels.
        categories: labels fitted before, per categorical column; others are said and missing. None: the table's own.
            All other columns then hold numbers.
        time_format: strptime format of text times; None tries the usual ones.
        step: the regular step ("1h", "1mo", "1bd", a number); None infers it.
        missing: "fill" counts missing cells and absent rows and goes on; "error" refuses both.
        fitting: whether a model will be fitted on this table: empty and constant columns are then refused.

    Returns:
        The series, in the order in which their ids first appear.

    Raises:
        DataError: whatever in the table breaks a rule, with rows, columns and times.
        FileMissingError: there is no such file.
        ConfigError: `missing` is no such word.
    """
    _check_missing_rule(missing)
    table = read_table(frame)
    time_names = [] if time is None else as_names(time, table.columns)
    taken = [*time_names, *([] if id is None else [id])]
    check_names(taken, table.columns)
    if id in time_names:
        raise DataError(f"A column has one place: {id!r} is named as time and as id. Name it once.")
    labelled = [*([] if categorical is None else as_names(categorical, table.columns)), *(categories or {})]
    fitted = categories is not None
    selection = select(table, taken, columns=columns, target=target, known=known, categorical=labelled, fitted=fitted)
    values, found = read_columns(table, selection, categories=categories, fitting=fitting)
    ids, rows = _rows_of_series(table, id)
    clock = None if time is None else read_clock(table, time, time_format)
    if clock is not None:
        for name, places in zip(ids, rows, strict=True):
            _check_order(clock, places, "" if id is None else f" of series {name!r}")
    _report_missing(values, selection.columns, missing)
    source_rows, times, step = _on_grid(clock, ids, rows, step, missing)
    return SeriesSet(
        values=[_take(values, places) for places in source_rows],
        times=times,
        ids=ids,
        columns=selection.columns,
        step=step,
        targets=selection.targets,
        known=selection.known,
        categories=found,
        source_rows=source_rows,
        time=",".join(time_names) or None,
        id_name=id,
        time_format=None if clock is None else clock.format,
        zone=None if clock is None else clock.zone,
    )


def read_again(frame: Any, arguments: Mapping[str, Any]) -> SeriesSet:
    """Read another table as one was read that a model was trained on.

    Args:
        frame: what `read_table` takes.
        arguments: `SeriesSet.arguments` of the one read before.

    Raises:
        DataError: it lacks a column that the model needs, or as `from_frame`.
        FileMissingError: there is no such file.
    """
    table = read_table(frame)
    time, id = arguments.get("time"), arguments.get("id")
    index = [*([] if id is None else [id]), *([] if time is None else as_names(time, table.columns))]
    check_needed([*index, *arguments["columns"]], table.columns)
    return from_frame(table, **arguments)


def from_arrays(
    arrays: ArrayLike | Sequence[ArrayLike],
    *,
    ids: Sequence[Any] | None = None,
    columns: Sequence[str] | None = None,
    target: str | Sequence[str] | None = None,
    known: str | Sequence[str] | None = None,
    missing: Missing = "fill",
    fitting: bool = True,
) -> SeriesSet:
    """Take series that are arrays already; rows are consecutive steps.

    Args:
        arrays: one array [T] or [T, C], or a list of them with unequal T; nan where missing.
        ids: one id per series; None: 0, 1, ...
        columns: names of the C columns; None: "x0", "x1", ...
        target: columns to predict; None: all but the known ones.
        known: columns whose values are known ahead of time.
        missing: "fill" counts missing values and goes on; "error" refuses them.
        fitting: whether a model will be fitted on them: empty and constant columns are then refused.

    Returns:
        The series.

    Raises:
        ShapeError: wrong number of axes, unequal C, or names and ids that do not fit.
        DataError: no series, a series without steps, text, infinities.
        ConfigError: `missing` is no such word.
    """
    _check_missing_rule(missing)
    series = [_matrix(array, place) for place, array in enumerate(_as_list(arrays))]
    widths = {matrix.shape[1] for matrix in series}
    if len(widths) != 1:
        raise ShapeError(f"Every series needs the same columns: arrays with {sorted(widths)} columns came.")
    names = [f"x{place}" for place in range(series[0].shape[1])] if columns is None else list(columns)
    labels = tuple(range(len(series))) if ids is None else tuple(ids)
    if len(names) != series[0].shape[1] or len(labels) != len(series):
        raise ShapeError(
            f"`columns` names each column and `ids` each series: {series[0].shape[1]} columns and {len(series)} series "
            f"came with {len(names)} names and {len(labels)} ids."
        )
    joined = pl.DataFrame(np.concatenate(series), schema=names)
    selection = select(joined, [], columns=names, target=target, known=known, categorical=None)
    values, _ = read_columns(joined, selection, categories=None, fitting=fitting)
    _report_missing(values, selection.columns, missing)
    ends = np.cumsum([len(matrix) for matrix in series])[:-1]
    return SeriesSet(
        values=np.split(values, ends),
        times=None,
        ids=labels,
        columns=selection.columns,
        step=None,
        targets=selection.targets,
        known=selection.known,
        categories={},
        source_rows=[np.arange(len(matrix)) for matrix in series],
    )


def _check_missing_rule(missing: str) -> None:
    if missing not in ("fill", "error"):
        raise ConfigError(f"`missing` is 'fill' or 'error'; {missing!r} came.")


def _as_list(arrays: Any) -> list[Any]:
    if isinstance(arrays, np.ndarray) and arrays.ndim > 2:
        raise ShapeError(
            f"One array is one series, [T] or [T, C]: {arrays.shape} came. Pass a list of arrays for several series."
        )
    single = not isinstance(arrays, list | tuple) or (len(arrays) > 0 and np.ndim(arrays[0]) == 0)
    series = [arrays] if single else list(arrays)
    if not series:
        raise DataError("At least one series is needed: an empty list came.")
    return series


def _matrix(array: Any, place: int) -> Floats:
    try:
        matrix = np.asarray(array, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"A series holds numbers: series {place} does not ({error}). Convert it, nan where missing."
        ) from error
    if matrix.ndim not in (1, 2):
        raise ShapeError(f"A series is [T] or [T, C]: series {place} has shape {matrix.shape}.")
    if matrix.size == 0:
        raise DataError(f"A series needs steps and columns: series {place} has shape {matrix.shape}. Leave it out.")
    return matrix[:, None] if matrix.ndim == 1 else matrix


def _rows_of_series(table: pl.DataFrame, id: str | None) -> tuple[tuple[Any, ...], list[Rows]]:
    """Ids in the order of their first rows, and the rows of each."""
    if id is None:
        return (0,), [np.arange(table.height)]
    column = table[id]
    blank = column.is_null()
    if blank.any():
        raise DataError(
            f"Every row needs an id: {id!r} is missing in row {int(blank.arg_max() or 0) + 1} ({int(blank.sum())} such "
            "rows). Fill it in or remove the row."
        )
    names = column.unique(maintain_order=True)
    codes = column.replace_strict(names, pl.Series(range(len(names))), return_dtype=pl.Int64).to_numpy()
    ends = np.cumsum(np.bincount(codes))[:-1]
    return tuple(names.to_list()), np.split(np.argsort(codes, kind="stable"), ends)


def _check_order(clock: Clock, rows: Rows, of_series: str) -> None:
    times = clock.values[rows]
    wrong = np.flatnonzero(times[1:] <= times[:-1])
    if wrong.size == 0:
        return
    before, after = rows[wrong[0]], rows[wrong[0] + 1]
    earlier, later = show_time(clock.values[before]), show_time(clock.values[after])
    if len(np.unique(times)) < len(times):
        first, second = _first_duplicate(times)
        raise DataError(
            f"Each time comes once in a series: {clock.name!r}{of_series} has {show_time(times[first])} in rows "
            f"{rows[first] + 1} and {rows[second] + 1} ({len(times) - len(np.unique(times))} repeated). Remove "
            "one, average "
            f"them, or name the column that tells series apart with id=."
        )
    raise DataError(
        f"Rows must be in the order of time: {clock.name!r}{of_series} has {earlier} in row {before + 1} and then "
        f"{later} in "
        f"row {after + 1} ({wrong.size} such places). Sort the table by {clock.name!r}, or name id= if it holds "
        "several series."
    )


def _first_duplicate(times: NDArray[Any]) -> tuple[int, int]:
    order = np.argsort(times, kind="stable")
    equal = np.flatnonzero(times[order][1:] == times[order][:-1])
    second = equal[np.argmin(order[equal + 1])]
    return int(order[second]), int(order[second + 1])


def _report_missing(values: Floats, names: Sequence[str], rule: Missing) -> None:
    """Say once how many cells are missing where, or refuse them."""
    blank = np.isnan(values)
    counts = blank.sum(axis=0)
    if not counts.any():
        return
    each = ", ".join(
        f"{name!r} {count:,} ({count / len(values):.1%})" for name, count in zip(names, counts, strict=True) if count
    )
    if rule == "error":
        row, place = np.argwhere(blank)[0]
        raise DataError(
            f"missing='error' allows no missing value: of {len(values):,} rows {each} are missing, first "
            f"{names[place]!r} in "
            f"row {row + 1}. Fill them in, or use missing='fill'."
        )
    message = f"Missing values of {len(values):,} rows: {each}. Filled forward for input, never scored."
    say_once(message, message)


def _on_grid(
    clock: Clock | None, ids: Sequence[Any], rows: list[Rows], step: grid.Step, rule: Missing
) -> tuple[list[Rows], list[NDArray[Any]] | None, grid.Step]:
    """Rows and times of each series with absent times put in as row -1, and the step."""
    if clock is None:
        if step is not None:
            raise DataError(
                f"A step is a distance between times: step={step!r} came without time=. Name the time column."
            )
        return rows, None, None
    times = [clock.values[places] for places in rows]
    found = grid.infer_step(times) if step is None else step
    if found is None:
        _say_irregular(clock, rows)
        return rows, times, None
    complete: list[Rows] = []
    for name, series, places in zip(ids, times, rows, strict=True):
        on = grid.positions(series, found)
        if on is None:
            raise DataError(
                f"Times must lie on the grid of step {found!r} that was given: {clock.name!r} of series {name!r} "
                "does not. "
                "Correct step=, or leave it out to have it inferred."
            )
        complete.append(_with_absent(on, places))
    absent = [np.flatnonzero(places < 0) for places in complete]
    full = [
        grid.on_grid(t, found, np.arange(len(c))) if len(a) else t
        for t, c, a in zip(times, complete, absent, strict=True)
    ]
    _report_absent(full, absent, found, rule)
    return complete, full, found


def _with_absent(on: Rows, rows: Rows) -> Rows:
    length = int(on[-1]) + 1
    if length - len(rows) > _MOST_ABSENT_ROWS:
        raise DataError(
            f"The regular step must be near the rows' distance: {len(rows)} rows would become {length:,}. Look for "
            "a wrong time, such as one in another century."
        )
    complete = np.full(length, -1, np.int64)
    complete[on] = rows
    return complete


def _report_absent(times: list[NDArray[Any]], absent: list[Rows], step: grid.Step, rule: Missing) -> None:
    count, total = sum(map(len, absent)), sum(map(len, times))
    if count == 0:
        return
    first = next(show_time(series[gap[0]]) for series, gap in zip(times, absent, strict=True) if len(gap))
    what = f"{count:,} of {total:,} times on the grid of step {step} are absent, first {first}"
    if rule == "error":
        raise DataError(f"missing='error' allows no gap: {what}. Fill them in, or use missing='fill'.")
    message = f"{what}. Each is put in as a row of missing values: filled forward for input, never scored."
    say_once(message, message)


def _say_irregular(clock: Clock, rows: list[Rows]) -> None:
    uneven = next((places for places in rows if len(places) > 1), None)
    if uneven is None:
        return
    first, second, last = (show_time(clock.values[row]) for row in (uneven[0], uneven[1], uneven[-1]))
    message = (
        f"No regular step fits {clock.name!r} ({first}, {second}, ... {last}): rows are taken as consecutive "
        "steps, whatever "
        "time lies between them."
    )
    say_once(message, message)


def _take(values: Floats, rows: Rows) -> Floats:
    taken = values[rows]
    taken[rows < 0] = np.nan
    return taken
