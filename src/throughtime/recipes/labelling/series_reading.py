"""Whole series with a label each, as `Reading`s.

    .ts                       the UEA and UCR archives' format
    .csv .tsv .parquet        a row for each step: a column that names the series, one of its label, one of the time
                              (without it the order of the rows), and numbers
    a folder                  a sub-folder for each class, with a table of numbers for each series; or, to be predicted,
                              the tables alone

Stated rules. All columns of numbers are variables but those that are named otherwise. A missing number is read as one;
a series without any number is refused. A series' label is the same in all of its rows.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from throughtime.base.errors import DataError
from throughtime.data import read_table, read_ts
from throughtime.data.labelled import LABEL_NAMES
from throughtime.data.tables import check_names
from throughtime.recipes.labelling.problem import Reading

TABLES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet")
ID_NAMES = ("id", "series", "series_id", "sequence", "sequence_id", "case", "case_id", "unit", "record")
TIME_NAMES = ("time", "timestamp", "date", "datetime", "t", "step")
# A column y may be a variable beside x.
LABELS = (*(name for name in LABEL_NAMES if name != "y"), "anomaly", "anomalous", "is_anomaly")


@dataclass(frozen=True)
class SeriesColumns:
    """Which columns of a table are what; an empty entry is guessed by name.

    Args:
        id: the column that tells series apart.
        label: the column of the labels.
        time: the column of the time; there may be none.
    """

    id: str = ""
    label: str = ""
    time: str = ""


def read_series(data: Any, columns: SeriesColumns, labelled: bool) -> Reading:
    """Read whole series.

    Args:
        data: path of a file or folder.
        columns: of a table.
        labelled: whether labels are needed.

    Raises:
        DataError, FileMissingError: whatever is wrong with the data.
    """
    if not isinstance(data, str | os.PathLike):
        raise DataError(
            f"Series are read from a file or a folder: {type(data).__name__} came. Save it as .csv, or use "
            "SequenceClassifier itself."
        )
    path = Path(data)
    if path.is_dir():
        reading = _folder(path, labelled)
    elif path.name.lower().removesuffix(".gz").endswith(".ts"):
        reading = _archive(path, labelled)
    else:
        reading = _table(path, columns, labelled)
    return _checked(reading)


def has_labelled_series(table: pl.DataFrame, columns: SeriesColumns) -> bool:
    """Whether a table names its series, and labels each as a whole."""
    key, label = columns.id or _named(table, ID_NAMES), columns.label or _named(table, LABELS)
    if not key or not label or not {key, label} <= set(table.columns):
        return False
    each = table.group_by(key).agg(pl.col(label).n_unique().alias("labels"))
    return len(each) > 1 and each["labels"].max() == 1


def _archive(path: Path, labelled: bool) -> Reading:
    series, labels = read_ts(path)
    if labelled and not labels:
        raise DataError(f"Series to learn from have labels: {str(path)!r} states that it has none. Give another file.")
    names = [str(place) for place in range(1, len(series) + 1)]
    return Reading(path.name, series, labels or None, names, notes=("Label: the last entry of each line.",))


def _folder(path: Path, labelled: bool) -> Reading:
    files = sorted(file for file in path.rglob("*") if file.is_file() and file.name.lower().endswith(TABLES))
    if not labelled:
        tables = [read_table(file) for file in files]
        series = [_numbers(table, file.name) for table, file in zip(tables, files, strict=True)]
        names = [file.relative_to(path).as_posix() for file in files]
        return Reading(path.name, series, None, names, variables=_variables_of(tables))
    inside = [file for file in files if file.parent != path]
    if len({file.parent.name for file in inside}) < 2:
        raise DataError(
            f"A folder holds a sub-folder for each class, with a table for each series: {str(path)!r} has "
            f"{len({file.parent.name for file in inside})} with tables. Put them so."
        )
    tables = [read_table(file) for file in inside]
    series = [_numbers(table, file.name) for table, file in zip(tables, inside, strict=True)]
    names = [file.relative_to(path).as_posix() for file in inside]
    rule = "Label: the folder a series came from."
    labels = [file.parent.name for file in inside]
    return Reading(path.name, series, labels, names, notes=(rule,), variables=_variables_of(tables))


def _table(path: Path, columns: SeriesColumns, labelled: bool) -> Reading:
    table = read_table(path)
    given = [name for name in (columns.id, columns.label, columns.time) if name]
    check_names(given, table.columns)
    key = columns.id or _guess(table, ID_NAMES, "series apart", "id")
    label = columns.label or (_guess(table, LABELS, "its label", "label") if labelled else _named(table, LABELS))
    time = columns.time or _named(table, TIME_NAMES)
    if table[key].null_count():
        raise DataError(
            f"Each row says which series it is of: column {key!r} has {table[key].null_count()} empty rows."
        )
    said = [each for each in (key, label, time) if each]
    series, labels, names = [], [], []
    for (name,), part in table.group_by([key], maintain_order=True):
        rows = part.sort(time, maintain_order=True) if time else part
        series.append(_numbers(rows.drop(said), str(name)))
        names.append(str(name))
        labels.append(_one_label(rows[label], str(name)) if label and labelled else None)
    rule = f"Label: column {label!r}; series by {key!r}" + (f", steps in order of {time!r}." if time else ".")
    return Reading(
        path.name,
        series,
        labels if labelled else None,
        names,
        notes=(rule,) if labelled else (),
        variables=_variables(table.drop(said)),
    )


def _guess(table: pl.DataFrame, known: tuple[str, ...], what: str, setting: str) -> str:
    found = _named(table, known)
    if not found:
        raise DataError(
            f"A column tells {what}: none of {', '.join(table.columns[:8])} is called so. Name it with "
            f"{setting}=COLUMN."
        )
    return found


def _named(table: pl.DataFrame, known: tuple[str, ...]) -> str:
    """The first column with one of the names, in any case; empty where there is none."""
    return next((name for word in known for name in table.columns if name.lower() == word), "")


def _variables(table: pl.DataFrame) -> tuple[str, ...]:
    """The columns of numbers."""
    return tuple(name for name in table.columns if table[name].dtype.is_numeric() or table[name].dtype == pl.Null)


def _variables_of(tables: Sequence[pl.DataFrame]) -> tuple[str, ...]:
    """Those of every table; none where tables name them differently."""
    found = {_variables(table) for table in tables}
    return found.pop() if len(found) == 1 else ()


def _numbers(table: pl.DataFrame, name: str) -> np.ndarray:
    numeric = _variables(table)
    if not numeric:
        raise DataError(f"A series has columns of numbers: {name!r} has none, but {', '.join(table.columns[:8])}.")
    filled = table.select(pl.col(column).cast(pl.Float64).fill_null(float("nan")) for column in numeric)
    return filled.to_numpy()


def _one_label(labels: pl.Series, name: str) -> Any:
    found = labels.unique().to_list()
    if len(found) != 1 or found[0] is None:
        raise DataError(
            f"A series has one label in all of its rows: {name!r} has {', '.join(map(str, sorted(found, key=str)))}. "
            "Label whole series, or watch the stream itself with mode=stream."
        )
    return found[0]


def _checked(reading: Reading) -> Reading:
    if not len(reading):
        raise DataError(f"There are series to work with: {reading.title} holds none. Give some.")
    widths = [series.shape[1] for series in reading.sequences]
    strange = next((place for place, width in enumerate(widths) if width != widths[0]), None)
    if strange is not None:
        raise DataError(
            f"All series have the same variables: {reading.names[0]!r} has {widths[0]} and {reading.names[strange]!r} "
            f"has {widths[strange]}. Leave out what only some have."
        )
    blank = [name for name, series in zip(reading.names, reading.sequences, strict=True) if np.isnan(series).all()]
    if blank:
        raise DataError(
            f"A series holds numbers: {len(blank)} of {len(reading)} hold none, the first is {blank[0]!r}. Leave them "
            "out."
        )
    return reading
