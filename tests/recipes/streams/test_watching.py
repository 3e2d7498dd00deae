"""Columns' scores become one, and where scoring begins."""

from __future__ import annotations

import numpy as np
import pytest

from throughtime.base.errors import DataError
from throughtime.recipes.streams.reading import Stream
from throughtime.recipes.streams.settings import Detector
from throughtime.recipes.streams.watching import combined, first_scored, warm_up_of


def stream(values) -> Stream:
    return Stream("", np.arange(len(values)), np.asarray(values, np.float64).reshape(len(values), -1))


def test_a_row_is_as_rare_as_the_rarest_of_so_many_chances() -> None:
    np.testing.assert_allclose(combined(np.array([[0.99, 0.2], [0.4, 0.3]])), [0.98, 0])
    np.testing.assert_array_equal(combined(np.array([[0.3], [0.1]])), [0.3, 0.1])


def test_the_warm_up_is_a_share_of_the_rows_within_bounds() -> None:
    assert [warm_up_of(stream(range(rows)), Detector()) for rows in (100, 1000, 9000)] == [60, 150, 750]
    assert warm_up_of(stream(range(100)), Detector(warm_up_rows=80)) == 80


def test_rows_count_once_every_column_has_warmed_up() -> None:
    values = np.zeros((100, 2))
    values[:10, 1] = np.nan
    assert first_scored(stream(values), 60) == 70
    with pytest.raises(DataError, match="there are 60"):
        first_scored(stream(np.zeros(60)), 60)
