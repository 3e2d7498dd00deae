"""Filling carries the last observed value, and only ever looks back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from throughtime.base.errors import ShapeError
from throughtime.data.filling import fill_forward

NAN = np.nan
HOLES = arrays(np.float64, st.tuples(st.integers(0, 12), st.integers(1, 3)), elements=st.sampled_from([NAN, 1.0, 2.0]))


def test_by_hand():
    filled, observed = fill_forward([[NAN, 1], [2, NAN], [NAN, NAN], [3, 4]], leading=[9, 8])
    np.testing.assert_array_equal(filled, [[9, 1], [2, 1], [2, 1], [3, 4]])
    np.testing.assert_array_equal(observed, [[False, True], [True, False], [False, False], [True, True]])


@given(HOLES)
def test_equals_a_plain_loop(values):
    filled, observed = fill_forward(values, leading=-5.0)
    last = np.full(values.shape[1], -5.0)
    for t, row in enumerate(values):
        last = np.where(np.isnan(row), last, row)
        np.testing.assert_array_equal(filled[t], last)
    np.testing.assert_array_equal(observed, ~np.isnan(values))


def test_one_axis_is_refused():
    with pytest.raises(ShapeError, match=r"values\[:, None\]"):
        fill_forward([1.0, 2.0])
