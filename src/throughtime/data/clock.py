"""The times of a table's rows: dates, datetimes, numbers, text in the usual formats, or year, month, day, hour columns.

Text is parsed by polars with the first format that fits every row. Where day and month could be swapped and both
readings are possible the table is refused, because a guess would reorder the series. Times with a zone are kept in UTC
and shown in their zone.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from throughtime.base.errors import DataError
from throughtime.data.tables import as_names, check_names, to_numbers

_PARTS = ("year", "month", "day", "hour", "minute", "second")
_DATE_FORMATS = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%Y%m%d",
    "%d.%m.%Y",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%m-%d-%Y",
    "%d-%m-%Y",
    "%b %d %Y",
    "%b %d, %Y",
    "%d %b %Y",
    "%d-%b-%Y",
    "%B %d %Y",
    "%B %d, %Y",
    "%d %B %Y",
    "%Y-%m",
    "%b %Y",
)
_CLOCK_FORMATS = ("%H:%M:%S%.f", "%H:%M", "%I:%M:%S %p", "%I:%M %p")
_FORMATS = (
    *_DATE_FORMATS,
    *(date + mark + clock for date, mark, clock in product(_DATE_FORMATS[:-2], (" ", "T"), _CLOCK_FORMATS)),
    *(f"%Y-%m-%d{mark}%H:%M:%S%.f%#z" for mark in ("T", " ")),
)
# Enough rows to rule out almost every format before the whole column is parsed.
_HEAD_ROWS = 50
# Up to this share of a column's cells may be no times, and it is still taken for one of times, and refused.
_BROKEN = 0.1
_USUAL_NAMES = ("date", "datetime", "timestamp", "time", "ds", "day", "month", "year", "week", "t", "step")


@dataclass(frozen=True)
class Clock:
    """Times of the rows of a table.

    Attributes:
        values: [T] datetime64[D] for dates, datetime64[us] (UTC if there is a zone), int64 or float64.
        name: name of the time column, "time" where several columns give it.
        format: the format text was parsed with, else None.
        zone: IANA name of the zone the times are shown in, else None.
    """

    values: NDArray[Any]
    name: str
    format: str | None = None
    zone: str | None = None


def read_clock(frame: pl.DataFrame, time: str | Sequence[str], time_format: str | None = None) -> Clock:
    """Read the times of a table's rows, in the order of the rows.

    Args:
        frame: the table.
        time: a column; or the columns that make a time together, as a list or "year,month,day,hour": whole-number parts
            named so (in any order) or standing in that order, or a date column followed by one with clock times or
            hours.
        time_format: format of a text column, as in Python's strptime; None tries the usual ones.

    Returns:
        The times.

    Raises:
        DataError: unknown column, a row without a time, text that fits no format or two of them.
    """
    names = as_names(time, frame.columns)
    check_names(names, frame.columns)
    column = frame[names[0]] if len(names) == 1 else _joined(frame, names)
    _check_present(column, names)
    if column.dtype == pl.String or (time_format and column.dtype.is_integer()):
        return _from_text(column.cast(pl.String), time_format)
    return _from_typed(column, names)


def guess_time(frame: pl.DataFrame) -> str | None:
    """Name the column, or columns, that hold the times of a table, by name and content.

    Args:
        frame: the table.

    Returns:
        What `read_clock` takes as `time`, such as "date" or "year,month,day,hour"; None if nothing looks like a time.
    """
    by_lower = {name.lower().strip(): name for name in reversed(frame.columns)}
    parts = [by_lower[part] for part in _PARTS if part in by_lower]
    if len(parts) > 1 and "year" in by_lower and all(frame[part].dtype.is_integer() for part in parts):
        return ",".join(parts)
    typed = [column.name for column in frame if column.dtype.is_temporal() and column.dtype != pl.Duration]
    named = [by_lower[name] for name in _USUAL_NAMES if name in by_lower]
    texts = [column.name for column in frame if column.dtype == pl.String]
    for name in (*typed, *named, *texts):
        if frame[name].dtype != pl.String or _looks_like_times(frame[name].drop_nulls().head(_HEAD_ROWS)):
            return name
    return None


def as_time(value: Any, times: NDArray[Any]) -> Any:
    """Read one time given by a caller (text, date, datetime, number) as the kind that `times` holds.

    Raises:
        DataError: it is no such time.
    """
    kind = times.dtype.kind
    if kind != "M" and isinstance(value, int | float | np.number) and not isinstance(value, bool):
        return value
    try:
        if kind == "M" and isinstance(value, str | dt.date | np.datetime64):
            return np.datetime64(value).astype("datetime64[us]")
    except ValueError as error:
        if re.match(r"\d{4}-\d\d?-\d\d?(?!\d)", str(value)):
            raise DataError(
                f"A time must be on the calendar and the clock: {value!r} is impossible. Correct month, day or hour."
            ) from error
    wanted = "a date such as '2014-01-01'" if kind == "M" else "a number"
    raise DataError(f"A time here must be {wanted}, like the series' own times; {value!r} came.")


def as_column(clock: Clock) -> pl.Series:
    """The times as a polars column of their own kind, in their zone."""
    column = pl.Series(clock.name, clock.values)
    return column.dt.replace_time_zone("UTC").dt.convert_time_zone(clock.zone) if clock.zone else column


def show_time(value: Any) -> str:
    """A time as text for a message: 2012-01-31, 2012-01-31 05:00, 17."""
    text = str(value).replace("T", " ")
    return re.sub(r"(:00)?\.0+$", "", text) if isinstance(value, np.datetime64) else text


def _check_present(column: pl.Series, names: Sequence[str]) -> None:
    blank = column.is_null()
    if blank.any():
        row = int(blank.arg_max() or 0) + 1
        raise DataError(
            f"Every row needs a time: {'+'.join(names)} is missing in row {row} (and {int(blank.sum()) - 1} more; rows "
            "count from 1 below the header). Fill it in or remove the row."
        )


def _joined(frame: pl.DataFrame, names: Sequence[str]) -> pl.Series:
    """Several columns as one: a datetime from whole-number parts, or the text "date clock"."""
    columns = [frame[name] for name in names]
    numbers = [to_numbers(column) for column in columns]
    if numbers[0].null_count() < frame.height and numbers[0].max() < 10_000:  # type: ignore[operator]
        return _from_parts(frame, names, numbers)
    if len(columns) != 2:
        raise DataError(
            f"Several time columns are year, month, day ... as whole numbers, or a date and a clock column; "
            f"{', '.join(map(repr, names))} came. Name one column, or those parts."
        )
    second = columns[1]
    clock = second.cast(pl.String).str.zfill(2) + ":00" if second.dtype.is_integer() else second.cast(pl.String)
    return (columns[0].cast(pl.String) + " " + clock).alias("time")


def _from_parts(frame: pl.DataFrame, names: Sequence[str], numbers: Sequence[pl.Series]) -> pl.Series:
    lower = [name.lower().strip() for name in names]
    parts = lower if set(lower) <= set(_PARTS) else list(_PARTS[: len(names)])
    whole = all((number % 1 == 0).all() for number in numbers)
    if len(names) > len(_PARTS) or "year" not in parts or len(set(parts)) < len(parts) or not whole:
        raise DataError(
            f"Time parts are some of {', '.join(_PARTS)} in whole numbers, each once, year among them; "
            f"{', '.join(names)} came."
        )
    given = dict(zip(parts, (number.cast(pl.Int64) for number in numbers), strict=True))
    with_clock = any(part in given for part in _PARTS[3:])
    cells = [given.get(part, pl.lit(int(part in _PARTS[:3]))) for part in _PARTS[: 6 if with_clock else 3]]
    text = frame.select(pl.format("{}-{}-{} {}:{}:{}" if with_clock else "{}-{}-{}", *cells)).to_series()
    times = _parse(text, "%Y-%m-%d %H:%M:%S" if with_clock else "%Y-%m-%d")
    unreal = times.is_null() & text.is_not_null()
    if unreal.any():
        row = int(unreal.arg_max() or 0)
        raise DataError(
            f"Time parts must make real times: row {row + 1} has {text[row]} (rows count from 1 below the header). "
            "Correct the row."
        )
    return times.alias("time")


def _from_typed(column: pl.Series, names: Sequence[str]) -> Clock:
    name = column.name
    if isinstance(column.dtype, pl.Datetime):
        zone = column.dtype.time_zone
        utc = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if zone else column
        return Clock(_to_numpy(utc), name, zone=zone)
    if column.dtype == pl.Date:
        return Clock(_to_numpy(column), name)
    if column.dtype.is_integer():
        dates = column.cast(pl.String).str.to_date("%Y%m%d", strict=False)
        # Eight digits that are all days of 1900 to 2100 are dates written without marks.
        if dates.null_count() == 0 and dates.dt.year().is_between(1900, 2100).all():
            return Clock(_to_numpy(dates), name, format="%Y%m%d")
        return Clock(column.cast(pl.Int64).to_numpy(), name)
    if column.dtype.is_float() and column.is_finite().all():
        whole = (column == column.round()).all()
        return Clock(column.cast(pl.Int64 if whole else pl.Float64).to_numpy(), name)
    raise DataError(
        f"Times are dates, datetimes, numbers or text: {'+'.join(names)!r} holds {column.dtype}. Convert the column."
    )


def _to_numpy(column: pl.Series) -> NDArray[Any]:
    if column.dtype == pl.Date:
        return column.to_physical().cast(pl.Int64).to_numpy().astype("datetime64[D]")
    return column.dt.cast_time_unit("us").to_physical().to_numpy().astype("datetime64[us]")


def _from_text(column: pl.Series, time_format: str | None) -> Clock:
    text = column.str.strip_chars()
    formats = [time_format] if time_format else _formats_of(text.head(_HEAD_ROWS)) or _formats_of(text.head(1))
    parsed = [(form, _parse(text, form)) for form in formats]
    whole = [(form, times) for form, times in parsed if times.null_count() == 0]
    if not whole:
        raise DataError(_unreadable(text, parsed))
    other = next((form for form, times in whole if not (times == whole[0][1]).all()), None)
    if other:
        raise DataError(
            f"Times must have one reading: {text[0]!r} in {column.name!r} fits {whole[0][0]} and {other} in every row. "
            "Write dates as YYYY-MM-DD, or in Python pass them parsed, as a column of dates."
        )
    form, times = whole[0]
    clock = _from_typed(times.alias(column.name), [column.name])
    return Clock(clock.values, column.name, format=form, zone=clock.zone)


def _looks_like_times(text: pl.Series) -> bool:
    """Whether all but a few cells are times in one format: a broken one among them is an error, no reason to skip."""
    text = text.str.strip_chars()
    return any(_parse(text, form).null_count() <= _BROKEN * len(text) for form in _FORMATS) if len(text) else False


def _formats_of(text: pl.Series) -> list[str]:
    distinct = text.str.strip_chars().unique()
    if len(distinct) == 0:
        return []
    fit_first = [form for form in _FORMATS if _parse(distinct[:1], form).null_count() == 0]
    return [form for form in fit_first if _parse(distinct, form).null_count() == 0]


def _parse(text: pl.Series, form: str) -> pl.Series:
    has_clock = any(mark in form for mark in ("%H", "%I", "%T", "%R"))
    try:
        if has_clock:
            times = text.str.to_datetime(form, strict=False, time_unit="us")
        else:
            times = text.str.to_date(form, strict=False)
    except pl.exceptions.PolarsError as error:
        raise DataError(f"time_format must be a strptime format with a date: {form!r} is not ({error}).") from error
    # "%Y" also takes "12" as the year 12.
    return times.set(times.dt.year() < 1000, None)


def _unreadable(text: pl.Series, parsed: Sequence[tuple[str, pl.Series]]) -> str:
    if parsed:
        form, times = min(parsed, key=lambda pair: pair[1].null_count())
        row = int(times.is_null().arg_max() or 0)
        return (
            f"Every time must be written alike: row {row + 1} of {text.name!r} holds {text[row]!r}, which is no time "
            f"in the format {form}. Correct the cell (rows count from 1 below the header)."
        )
    return (
        f"Times must be in one usual format, such as 2012-01-31 or 2012-01-31 05:00: row 1 of {text.name!r} holds "
        f"{text[0]!r}. Write the times so, or name another column as time=."
    )
