"""Which windows train and which validate, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from throughtime.base.errors import DataError
from throughtime.tasks.ahead_origins import MANY_ROWS, MOST_VALID, train_origins, train_steps, valid_origins


def pairs(origins):
    return list(zip(origins.rows.tolist(), origins.ends.tolist(), strict=True))


def test_few_rows_hold_out_a_share():
    assert train_steps(np.array([100, 20, 8, 5]), 3, 0.2).tolist() == [80, 16, 8, 5]
    assert train_steps(np.array([12]), 3, 0.1).tolist() == [9]  # at least the horizon
    assert train_steps(np.array([12]), 3, None).tolist() == [12]


def test_many_rows_hold_out_the_horizon():
    assert set(train_steps(np.full(MANY_ROWS, 100), 3, 0.2).tolist()) == {97}


def test_train_origins():
    # A window of 4: of 10 steps from 4 on, of 6 from the middle on, of 4 nothing fits behind the middle.
    assert pairs(train_origins(np.array([10, 6, 4]), 3, 4)) == [(0, 4), (0, 5), (0, 6), (0, 7), (1, 3)]


def test_the_future_of_what_trains_ends_where_validation_begins():
    trained, lengths = np.array([10, 8]), np.array([14, 8])
    train, valid = train_origins(trained, 3, 4), valid_origins(trained, lengths, 3)
    assert (train.ends + 3 <= trained[train.rows]).all()
    assert pairs(valid) == [(0, 10), (0, 11)]
    assert pairs(valid_origins(np.array([0]), np.array([8]), 3)) == [(0, 4), (0, 5)]


def test_at_most_so_many_validate():
    origins = valid_origins(np.array([10]), np.array([50_000]), 3)
    assert len(origins) == MOST_VALID
    assert (origins.ends[0], origins.ends[-1]) == (10, 50_000 - 3)


def test_too_short():
    with pytest.raises(DataError, match=r"2 \* horizon = 10 rows .* the longest has 7"):
        train_origins(np.array([7, 3]), 5, 4)
