"""Cells of a table's columns that several recipes read alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from throughtime.base.errors import DataError
from throughtime.data.tables import blank_missing


def ids_of(table: pl.DataFrame, name: str, kind: str, remedy: str) -> NDArray[Any]:
    """What each row belongs to, as text [rows].

    Args:
        table: at least one row.
        name: of the column; empty: all rows belong together, to "".
        kind: what the ids are of, for the message.
        remedy: what else to do where one is missing.

    Raises:
        DataError: an empty cell.
    """
    if not name:
        return np.full(table.height, "", dtype=object)
    column = blank_missing(table[name])
    if column.null_count():
        row = int(column.is_null().arg_max() or 0)
        raise DataError(
            f"Every row belongs to a {kind}: row {row + 1} of {name!r} is empty (rows count from 1 below the header). "
            f"Fill it in, {remedy}."
        )
    return np.array([str(each) for each in column], dtype=object)


def row_numbers(ids: NDArray[Any]) -> NDArray[np.int64]:
    """The number of each row among those of its id, from 1, [rows]."""
    numbers = np.zeros(len(ids), np.int64)
    for name in dict.fromkeys(ids):
        own = ids == name
        numbers[own] = np.arange(1, own.sum() + 1)
    return numbers
