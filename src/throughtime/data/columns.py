"""Which columns of a table are read, and what their cells are as numbers.

    numeric       float64, nan where the cell is missing
    categorical   the place of the cell's label in the column's list of categories, nan where it is missing

The checks of a column that is learned from: no text among numbers, no infinity, at least one value, at least two
different ones. Findings about all columns are raised together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from throughtime.base.errors import DataError, say_once
from throughtime.data.clock import guess_time
from throughtime.data.tables import as_names, blank_missing, check_names, to_numbers

# More labels than this are names or texts, not classes; a softmax over them would not learn from one table.
_MOST_CATEGORIES = 1000


@dataclass(frozen=True)
class Selection:
    """Names of the columns to read: all, those predicted, those known ahead, those that hold labels."""

    columns: tuple[str, ...]
    targets: tuple[str, ...]
    known: tuple[str, ...]
    categorical: tuple[str, ...]


def select(
    frame: pl.DataFrame,
    taken: Sequence[str],
    *,
    columns: str | Sequence[str] | None,
    target: str | Sequence[str] | None,
    known: str | Sequence[str] | None,
    categorical: str | Sequence[str] | None,
    fitted: bool = False,
) -> Selection:
    """Settle the columns to read.

    Args:
        frame: the table.
        taken: columns that hold times and ids.
        columns: columns to read; None: the targets, the known ones and every other numeric column but a row counter.
        target: columns to predict; None: all but the known ones.
        known: columns whose values are known ahead of time.
        categorical: numeric columns to read as labels; text and Boolean columns that are named always are.
        fitted: whether columns keep the kinds that they had when a model was fitted: those of `categorical` hold
            labels, and no others do.

    Returns:
        The selection, columns in the order of the table or of `columns`.

    Raises:
        DataError: unknown or repeated names, a time or id named as a column, nothing left to read.
    """
    names = frame.columns
    wanted, targets, ahead, labelled = (
        None if given is None else as_names(given, names) for given in (columns, target, known, categorical)
    )
    extra = [*(targets or []), *(ahead or []), *(labelled or [])]
    check_names([*(wanted or []), *extra], names)
    if wanted is None:
        numeric = [name for name in names if name not in taken and _is_numeric(frame[name])]
        counters = [name for name in numeric if len(numeric) > 1 and _counts_rows(frame[name])]
        wanted = [name for name in names if name in extra or (name in numeric and name not in counters)]
        _say_left_out(frame, [name for name in names if name not in wanted and name not in taken], taken)
    wanted += [name for name in dict.fromkeys(extra) if name not in wanted]
    targets = [name for name in wanted if name not in (ahead or [])] if targets is None else targets
    _check_roles(wanted, targets, ahead or [], taken)
    labels = set(labelled or [])
    if not fitted:
        labels |= {name for name in wanted if _holds_labels(frame[name], name in targets)}
    return Selection(
        tuple(wanted), tuple(targets), tuple(ahead or []), tuple(name for name in wanted if name in labels)
    )


def read_columns(
    frame: pl.DataFrame, selection: Selection, *, categories: Mapping[str, Sequence[Any]] | None, fitting: bool
) -> tuple[NDArray[np.float64], dict[str, tuple[Any, ...]]]:
    """Read the selected columns as one matrix.

    Args:
        frame: the table.
        selection: what to read.
        categories: per categorical column the labels fitted before; None or an absent name: this table's, sorted.
        fitting: whether a model will be fitted on this table, so that empty and constant columns are refused.

    Returns:
        values [rows, columns], nan where missing, and the categories of the categorical columns.

    Raises:
        DataError: text among numbers, infinities; when fitting also columns without values or with one value.
    """
    found: dict[str, tuple[Any, ...]] = {}
    problems: list[str] = []
    values = np.full((frame.height, len(selection.columns)), np.nan)
    for place, name in enumerate(selection.columns):
        column = blank_missing(frame[name])
        if name in selection.categorical:
            labels = (categories or {}).get(name)
            found[name] = tuple(labels) if labels is not None else labels_of(column)
            values[:, place] = encode(column, found[name])
        else:
            numbers = to_numbers(column)
            problems += _bad_cells(column, numbers)
            values[:, place] = numbers.to_numpy()
    if fitting and not problems:
        problems += _unlearnable(values, selection.columns, found)
    if problems:
        raise DataError(" ".join(problems))
    return values, found


def labels_of(column: pl.Series) -> tuple[Any, ...]:
    """The different labels of a column, sorted, without the missing ones.

    Raises:
        DataError: there are too many to be classes.
    """
    labels = _label_values(column).drop_nulls().unique().sort().to_list()
    if len(labels) > _MOST_CATEGORIES:
        raise DataError(
            f"A categorical column holds at most {_MOST_CATEGORIES} different labels: {column.name!r} has "
            f"{len(labels)}. Drop the column, or group its labels."
        )
    return tuple(labels)


def encode(column: pl.Series, labels: Sequence[Any]) -> NDArray[np.float64]:
    """Each cell's place in `labels` as float64, nan where it is missing; unlisted labels are said and missing."""
    cells, labels = _of_one_kind(_label_values(column), labels)
    codes = cells.replace_strict(list(labels), list(range(len(labels))), default=None, return_dtype=pl.Float64)
    unseen = cells.filter(codes.is_null()).drop_nulls()
    if len(unseen):
        say_unseen(column.name, [str(label) for label in unseen.unique(maintain_order=True)], len(unseen))
    return codes.to_numpy().astype(np.float64)


def say_unseen(name: str, labels: Sequence[str], cells: int) -> None:
    """Tell once that labels which training has not seen are treated as missing."""
    shown = ", ".join(map(repr, labels[:3])) + (", ..." if len(labels) > 3 else "")
    message = f"{name}: {cells} cells hold labels not seen in training ({shown}); they are treated as missing."
    say_once(message, message)


def one_hot(codes: NDArray[np.floating[Any]], count: int) -> NDArray[np.float64]:
    """Turn category codes into indicator columns.

    Args:
        codes: [...] places in the category list; nan or negative where missing.
        count: number of categories K, at least 1.

    Returns:
        [..., K] zeros and ones; all zeros where missing.
    """
    return (np.asarray(codes)[..., None] == np.arange(count)).astype(np.float64)


def _label_values(column: pl.Series) -> pl.Series:
    """Labels in one of three plain kinds: bool, int, text."""
    if column.dtype == pl.Boolean:
        return column
    if column.dtype.is_float() and (column.fill_nan(None).drop_nulls() % 1 == 0).all():
        return column.fill_nan(None).cast(pl.Int64)
    return column.cast(pl.Int64) if column.dtype.is_integer() else blank_missing(column.cast(pl.String))


def _of_one_kind(cells: pl.Series, labels: Sequence[Any]) -> tuple[pl.Series, list[Any]]:
    """Cells and labels that can be compared: where their kinds differ, as they are written; yes and no also as 1, 0."""
    kinds = {bool: pl.Boolean, int: pl.Int64, str: pl.String}
    kind = kinds[type(labels[0])] if labels else cells.dtype
    if cells.dtype == kind:
        return cells, list(labels)
    if pl.String in (cells.dtype, kind):
        return cells.cast(pl.String).str.to_lowercase(), [str(label).lower() for label in labels]
    return cells.cast(pl.Int64), [int(label) for label in labels]


def _is_numeric(column: pl.Series) -> bool:
    """Whether a column is meant as numbers: most cells are, so that a stray text is an error, no reason to skip."""
    if column.dtype == pl.Boolean or column.dtype.is_numeric():
        return True
    present = blank_missing(column)
    if column.dtype != pl.String or present.null_count() == len(column):
        return column.dtype in (pl.String, pl.Null)
    numbers = len(column) - to_numbers(column).null_count()
    return 2 * numbers >= len(column) - present.null_count()


def _repeats(column: pl.Series) -> bool:
    """Whether each text comes twice or more on average, as an id does and a remark does not."""
    present = blank_missing(column).drop_nulls()
    return 2 * present.n_unique() <= len(present)


def _counts_rows(column: pl.Series) -> bool:
    """Whether a column is only the row's number, which a model would extrapolate: 0, 1, 2, ... or 1, 2, 3, ..."""
    start = column[0]
    return (
        column.dtype.is_integer()
        and start in (0, 1)
        and (column == pl.int_range(start, start + len(column), eager=True)).all()
    )


def _holds_labels(column: pl.Series, is_target: bool) -> bool:
    if column.dtype == pl.Boolean:
        return is_target
    if column.dtype in (pl.Categorical, pl.Enum):
        return True
    return column.dtype == pl.String and not _is_numeric(column)


def _say_left_out(frame: pl.DataFrame, names: Sequence[str], taken: Sequence[str]) -> None:
    if names:
        message = (
            "Columns that are not numbers, or only count the rows, are left out unless named: "
            f"{', '.join(map(repr, names))}. {_uses(frame, names, taken)}"
        )
        say_once(message, message)


def _uses(frame: pl.DataFrame, names: Sequence[str], taken: Sequence[str]) -> str:
    """What columns that are left out could be named as."""
    named = guess_time(frame.select(taken))
    time = None if named else guess_time(frame.select(names))
    uses = [f"Name {time!r} as time= if the rows stand in its order."] if time else []
    if not [name for name in taken if name not in (named or "").split(",")]:
        ids = [name for name in names if name != time and frame[name].dtype == pl.String and _repeats(frame[name])]
        uses += [f"Name {' or '.join(map(repr, ids))} as id= if it tells several series apart."] if ids else []
    return " ".join([*uses, "Name one as target= to forecast it."])


def _check_roles(wanted: Sequence[str], targets: Sequence[str], ahead: Sequence[str], taken: Sequence[str]) -> None:
    both = [name for name in wanted if name in taken] + [name for name in targets if name in ahead]
    twice = [name for names in (wanted, targets, ahead) for name in dict.fromkeys(names) if list(names).count(name) > 1]
    if both or twice:
        raise DataError(
            f"A column has one place: {', '.join(map(repr, both + twice))} is named twice (as time or id and as a "
            "column, as target and as known, or in one list). Name it once."
        )
    if not wanted or not targets:
        raise DataError(
            "A table needs at least one numeric column, or a named one of labels, to predict: "
            f"{len(wanted)} columns are left beside time and id, {len(targets)} of them to predict. Name one as "
            "target=, and in no other place."
        )


def _bad_cells(column: pl.Series, numbers: pl.Series) -> list[str]:
    text = numbers.is_null() & column.is_not_null()
    if text.any() and not column.dtype.is_numeric():  # a null among numbers of a number column was a nan
        row = int(text.arg_max() or 0)
        return [
            f"A numeric column holds only numbers: {column.name!r} has {column[row]!r} in row {row + 1} "
            f"({int(text.sum())} such cells; rows count from 1 below the header). Correct the cells, write NA where a "
            "value is missing, or drop the column (in a recipe, name it in ignore=)."
        ]
    infinite = numbers.is_infinite().fill_null(False)
    if infinite.any():
        row = int(infinite.arg_max() or 0)
        return [
            f"Numbers must be finite: {column.name!r} has {numbers[row]} in row {row + 1} ({int(infinite.sum())} such "
            "cells; rows count from 1 below the header). Write NA where a value is missing."
        ]
    return []


def _unlearnable(
    values: NDArray[np.float64], names: Sequence[str], categories: Mapping[str, Sequence[Any]]
) -> list[str]:
    problems = []
    for name, column in zip(names, values.T, strict=True):
        present = column[~np.isnan(column)]
        if present.size == 0:
            problems.append(
                f"A column needs values to learn from: every cell of {name!r} is missing. {_without(names)}"
            )
        elif present.min() == present.max():
            only = repr(categories[name][int(present[0])]) if name in categories else f"{present[0]:g}"
            problems.append(
                f"A column must vary to be learned from: {name!r} is {only} in every row. {_without(names)}"
            )
    return problems


def _without(names: Sequence[str]) -> str:
    return "Drop the column, or in a recipe name it in ignore=." if len(names) > 1 else "Use another table."
