"""Ids and numbers of rows."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from throughtime.base.errors import DataError
from throughtime.recipes.cells import ids_of, row_numbers


def test_ids_are_texts() -> None:
    table = pl.DataFrame({"id": [7, 8, 7]})
    assert ids_of(table, "id", "thing", "or remove it").tolist() == ["7", "8", "7"]
    assert ids_of(table, "", "thing", "or remove it").tolist() == ["", "", ""]


def test_a_missing_one_is_named() -> None:
    with pytest.raises(DataError, match="belongs to a thing: row 2 of 'id' is empty.*Fill it in, or remove it."):
        ids_of(pl.DataFrame({"id": ["a", None, " "]}), "id", "thing", "or remove it")


def test_rows_count_from_one_for_each_id() -> None:
    assert row_numbers(np.array(["b", "a", "b", "b", "a"], object)).tolist() == [1, 1, 2, 3, 2]
