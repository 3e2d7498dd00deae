"""pandas frames to polars and back, column by column through numpy arrays or Python objects.

polars' own conversion goes through pyarrow for text, nullable and zoned columns. pyarrow is no dependency of ours, so
nothing here needs it, and with or without it a frame is read alike. pandas is imported only to make a frame for a
caller who has it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

# pandas counts dates in seconds too; polars has no such unit.
_SECONDS = "datetime64[s]"


def from_pandas(frame: Any) -> pl.DataFrame:
    """A polars frame of a pandas frame's columns; every kind of missing cell becomes null.

    Args:
        frame: pandas frame; its index is not read, names that are numbers become text.

    Returns:
        Polars frame: numbers, booleans, times and text of their kind, labels of a categorical of texts as Categorical.

    Raises:
        TypeError: two kinds of value in one column, or one that polars does not know.
        ValueError: equal names.
    """
    names = [str(name) for name in frame.columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{', '.join(map(repr, twice))} came more than once")
    return pl.DataFrame([_read(name, frame.iloc[:, place]) for place, name in enumerate(names)])


def to_pandas(frame: pl.DataFrame) -> Any:
    """A pandas frame of a polars frame; null becomes nan among numbers, NaT among times, None elsewhere."""
    import pandas

    return pandas.DataFrame({column.name: _written(column) for column in frame}, index=pandas.RangeIndex(frame.height))


def _read(name: str, column: Any) -> pl.Series:
    kind = column.dtype
    zone = getattr(kind, "tz", None)
    if zone is not None:
        return _zoned(_times(name, column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()), str(zone))
    if isinstance(kind, np.dtype) and kind.kind == "M":
        return _times(name, column.to_numpy())
    if isinstance(kind, np.dtype) and kind.kind in "iufbm":
        return pl.Series(name, column.to_numpy(), nan_to_null=kind.kind == "f")
    cells = column.astype(object).to_numpy()
    try:
        read = pl.Series(name, [None if missing else cell for cell, missing in zip(cells, column.isna(), strict=True)])
    except (TypeError, ValueError, pl.exceptions.PolarsError) as error:
        raise TypeError(f"column {name!r} of {kind} cannot be read ({error})") from error
    if read.dtype == pl.Object:
        raise TypeError(f"column {name!r} of {kind} holds {type(read.drop_nulls()[0]).__name__}")
    return read.cast(pl.Categorical) if kind.name == "category" and read.dtype == pl.String else read


def _times(name: str, times: np.ndarray) -> pl.Series:
    return pl.Series(name, times.astype("datetime64[ms]") if times.dtype == _SECONDS else times)


def _zoned(utc: pl.Series, zone: str) -> pl.Series:
    """Times in a zone; in UTC where the zone is an offset without a name, which polars cannot hold."""
    times = utc.dt.replace_time_zone("UTC")
    try:
        return times.dt.convert_time_zone(zone)
    except pl.exceptions.PolarsError:
        return times


def _written(column: pl.Series) -> Any:
    import pandas

    if isinstance(column.dtype, pl.Datetime) and column.dtype.time_zone:
        utc = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None).to_numpy()
        return pandas.Series(utc).dt.tz_localize("UTC").dt.tz_convert(column.dtype.time_zone)
    if column.dtype == pl.Date:
        return column.to_numpy().astype(_SECONDS)
    if column.dtype.is_numeric() and not column.dtype.is_decimal():
        return (column.cast(pl.Float64) if column.null_count() else column).to_numpy()
    if column.dtype in (pl.Datetime, pl.Duration) or (column.dtype == pl.Boolean and not column.null_count()):
        return column.to_numpy()
    if column.dtype in (pl.Categorical, pl.Enum):
        return pandas.Categorical(column.cast(pl.String).to_list())
    return pandas.Series(column.to_list(), dtype=None if column.dtype == pl.String and len(column) else object)
