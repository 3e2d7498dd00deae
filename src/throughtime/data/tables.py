"""Tables in, tables out: CSV, TSV, Parquet, pandas and polars frames become one polars frame, and go back as they came.

A text file is read as text and each column becomes numbers only if every cell of it is one, so that the first bad
cell of a column can be named (`columns.py`) and nothing is guessed from the first rows. Cells that say "missing":
empty, NA, N/A, NaN, null. Codes such as 007 stay text.
"""

from __future__ import annotations

import csv
import difflib
import io
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import polars as pl

from throughtime.base.errors import DataError
from throughtime.data.files import check_file, decoded, unzipped
from throughtime.data.pandas_frames import from_pandas, to_pandas

MISSING_CELLS = ("", "NA", "N/A", "n/a", "NaN", "nan", "null", "NULL")
_KINDS = ".csv, .csv.gz, .tsv, .tsv.gz or .parquet"
_SEPARATORS = (",", ";", "\t", "|")
# Cells with the decimal comma of a file whose separator is a semicolon.
_DECIMAL_COMMA = r"^\s*([+-]?\d+),(\d+)\s*$"
_LEADING_ZERO = r"^[+-]?0\d"


def read_table(source: Any, *, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """Read a table and check that it holds rows under distinct column names.

    Args:
        source: path of a .csv, .csv.gz, .tsv, .tsv.gz or .parquet file (UTF-8), or a pandas, polars or pyarrow
            table. A named pandas index becomes columns, an unnamed one of times the column "time".
        columns: keep only these, in this order; None keeps all.

    Returns:
        A polars frame. A text column is numeric only where every cell that is not missing is a number.

    Raises:
        FileMissingError: there is no such file.
        DataError: unknown kind of file, no rows, not UTF-8, uneven rows, equal or unknown column names, or
            `source` is neither a path nor a frame.
    """
    if isinstance(source, str | os.PathLike):
        frame = _read_file(Path(source))
        name = str(source)
    else:
        frame, name = _from_native(source), "the frame"
    if frame.height == 0:
        raise DataError(f"A table needs rows: {name} has {frame.width} column names and no row below them. Add data.")
    if columns is None:
        return frame
    check_names(columns, frame.columns)
    return frame.select(columns)


def in_kind_of(frame: pl.DataFrame, source: Any) -> Any:
    """Give a result back in the kind of frame that came in.

    Args:
        frame: the result.
        source: what the caller passed to `read_table`.

    Returns:
        A pandas frame if `source` is one, a pyarrow table if `source` is one, else `frame`.
    """
    if isinstance(source, str | os.PathLike | pl.DataFrame | pl.LazyFrame):
        return frame
    kind = nw.from_native(source, eager_only=True).implementation
    if kind.is_pandas():
        return to_pandas(frame)
    return frame.to_arrow() if kind.is_pyarrow() else frame


def check_names(names: Iterable[str], columns: Sequence[str]) -> None:
    """Raise one DataError that lists every name which is no column, each with the nearest that is."""
    wrong = dict.fromkeys(name for name in names if name not in columns)
    if wrong:
        raise DataError(
            f"Every named column must be in the table: {'; '.join(_unknown(name, columns) for name in wrong)}. "
            f"The table has {', '.join(map(repr, columns))}."
        )


def check_needed(names: Iterable[str], columns: Sequence[str]) -> None:
    """Raise one DataError that lists every column which a trained model reads and a table lacks."""
    lacking = dict.fromkeys(name for name in names if name not in columns)
    if lacking:
        raise DataError(
            f"The model needs {', '.join(map(repr, lacking))}: the table has only {', '.join(map(repr, columns))}. "
            "Give it the columns that the model was trained on."
        )


def as_names(names: str | Sequence[str], columns: Sequence[str]) -> list[str]:
    """A list of column names from a name, from several as "a,b", or from a sequence of them.

    Raises:
        DataError: it is none of these.
    """
    if isinstance(names, str):
        return [names] if names in columns else [part.strip() for part in names.split(",")]
    if not isinstance(names, Sequence) or not all(isinstance(name, str) for name in names):
        raise DataError(f"Columns are named by text, 'a' or 'a,b' or a list of such; {names!r} came.")
    return list(names)


def to_numbers(column: pl.Series) -> pl.Series:
    """Cast to Float64; text that is no number, and every kind of missing cell, becomes null.

    Args:
        column: a column of any type; dates and nested values give null throughout.

    Returns:
        Float64 series of the same length, without NaN.
    """
    if column.dtype.is_numeric() or column.dtype == pl.Boolean:
        return column.cast(pl.Float64).fill_nan(None)
    if column.dtype == pl.String:
        return column.str.strip_chars().cast(pl.Float64, strict=False).fill_nan(None)
    return pl.Series(column.name, [None] * len(column), dtype=pl.Float64)


def blank_missing(column: pl.Series) -> pl.Series:
    """Replace the text cells that mean "missing" by null; other columns come back as they are."""
    if column.dtype != pl.String:
        return column
    stripped = column.str.strip_chars()
    return stripped.set(stripped.is_in(MISSING_CELLS).fill_null(False), None)


def _unknown(name: str, columns: Sequence[str]) -> str:
    lower = {column.lower(): column for column in reversed(columns)}
    close = difflib.get_close_matches(str(name).lower(), list(lower), n=1)
    return f"{name!r} is unknown" + (f" (did you mean {lower[close[0]]!r}?)" if close else "")


def _read_file(path: Path) -> pl.DataFrame:
    kind = "".join(path.suffixes[-2:]).lower() if path.suffix.lower() == ".gz" else path.suffix.lower()
    if kind not in (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet"):
        raise DataError(f"A table is read from {_KINDS}; {str(path)!r} ends in {kind!r}. Convert it, or pass a frame.")
    check_file(path, "table")
    if path.stat().st_size == 0:
        raise DataError(f"A table needs a header and rows: {str(path)!r} is empty (0 bytes). Check how it was written.")
    if kind == ".parquet":
        return _read_parquet(path)
    content = path.read_bytes()
    if kind.endswith(".gz"):
        content = unzipped(content, str(path))
    return _read_text(content, str(path), "\t" if ".tsv" in kind else None)


def _read_parquet(path: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(path)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:  # a panic is no Exception
        raise DataError(
            f"A .parquet file must be whole Parquet data: {str(path)!r} is not ({_first_line(error)}). Write it again."
        ) from error


def _read_text(content: bytes, name: str, separator: str | None) -> pl.DataFrame:
    text = decoded(content, name, "text table").rstrip("\r\n") + "\n"
    if not text.strip():
        raise DataError(f"A table needs a header and rows: {name!r} holds only blank lines.")
    first_line = text.split("\n", 1)[0]
    if separator is None:
        separator = next((mark for mark in _SEPARATORS if mark in first_line), ",")
    _check_header(_header(text, separator, name), name)
    try:
        frame = pl.read_csv(text.encode(), infer_schema=False, separator=separator)
    except pl.exceptions.PolarsError as error:
        raise DataError(
            f"Every row must have the header's {first_line.count(separator) + 1} fields: {name!r} does not "
            f"({_first_line(error)}). Quote cells that hold {separator!r} or a line break."
        ) from error
    return frame.select(_typed(column, decimal_comma=separator == ";") for column in frame)


def _header(text: str, separator: str, name: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(text), delimiter=separator))
    except csv.Error as error:
        raise DataError(
            f"A text table begins with one line of column names: that of {name!r} cannot be read ({error}). End each "
            "line with a line feed, and quote names that hold a line break."
        ) from error


def _check_header(header: list[str], name: str) -> None:
    twice = sorted({column for column in header if header.count(column) > 1})
    if twice:
        raise DataError(
            f"Column names must differ: {name!r} names {', '.join(map(repr, twice))} more than once. Rename one of "
            "each."
        )


def _typed(column: pl.Series, decimal_comma: bool) -> pl.Series:
    column = blank_missing(column)
    text = column.str.replace(_DECIMAL_COMMA, "$1.$2") if decimal_comma else column
    present = len(column) - column.null_count()
    if present == 0 or column.str.contains(_LEADING_ZERO).any():
        return column
    for kind in (pl.Int64, pl.Float64):
        numbers = text.cast(kind, strict=False)
        if len(numbers) - numbers.null_count() == present:
            return numbers
    return column


def _from_native(source: Any) -> pl.DataFrame:
    if isinstance(source, pl.LazyFrame):
        source = source.collect()
    pandas = sys.modules.get("pandas")
    of_pandas = pandas is not None and isinstance(source, pandas.DataFrame)
    try:
        if pandas is not None and of_pandas:
            return from_pandas(_with_index(source, pandas.DatetimeIndex))
        return nw.from_native(source, eager_only=True).to_polars()
    except Exception as error:  # each backend has its own classes for equal names and mixed cells
        if isinstance(error, TypeError) and not of_pandas:
            raise DataError(
                f"A table is a path or a pandas, polars or pyarrow frame; {type(source).__name__} came "
                f"({_first_line(error)}). Use from_arrays for arrays."
            ) from error
        raise DataError(
            f"A frame needs distinct text names and one kind of value per column: {_first_line(error)}. "
            "Rename or convert the column."
        ) from error


def _with_index(frame: Any, of_times: type) -> Any:
    """A pandas frame whose index, where it says something, is columns; an unnamed one of times becomes "time"."""
    named = any(name is not None for name in frame.index.names)
    if isinstance(frame.index, of_times) and not named:
        return frame.rename_axis("time").reset_index()
    return frame.reset_index() if named else frame


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
