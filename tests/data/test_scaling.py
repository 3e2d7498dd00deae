"""Scaling has the moments it says, inverts, and refuses what it cannot scale."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.preprocessing import StandardScaler

from throughtime.base.errors import ConfigError, DataError, ShapeError
from throughtime.data.scaling import Scaling, choose_transforms

NAN = np.nan
RAIN = np.random.default_rng(0).exponential(size=500) ** 3
NORMAL = np.random.default_rng(1).normal(5, 3, size=500)


def test_standard_equals_sklearn_and_skips_missing():
    values = np.stack([RAIN, NORMAL], 1)
    values[::7, 0] = NAN
    scaling = Scaling.fit(values)
    judge = StandardScaler().fit(values)
    # Only the order of summation differs.
    np.testing.assert_allclose(scaling.apply(values), judge.transform(values), rtol=1e-12, atol=1e-12)


def test_log1p_by_hand():
    scaling = Scaling.fit([[0.0], [np.e - 1]], transforms=["log1p"])
    np.testing.assert_allclose(scaling.apply([[0.0], [np.e - 1], [1 - np.e]]), [[-1], [1], [-3]], rtol=1e-12)


def test_pooled_over_series_and_only_where_observed():
    series = [np.array([[1.0], [2.0]]), np.array([[6.0], [100.0]])]
    scaling = Scaling.fit(series, [np.array([[True], [True]]), np.array([[True], [False]])])
    assert (scaling.mean[0], scaling.sd[0]) == (3.0, pytest.approx(np.sqrt(14 / 3)))


def test_constant_and_plain_columns():
    scaling = Scaling.fit(np.full((3, 2), 0.1), transforms=["standard", "none"])
    np.testing.assert_array_equal(scaling.apply([[0.1, 7.0], [1.1, NAN]]), [[0, 7], [1, NAN]])


@given(
    arrays(np.float64, (6, 3), elements=st.floats(-1e6, 1e6)),
    st.sampled_from([("standard", "standard", "none"), ("log1p", "standard", "log1p")]),
)
def test_inverts(values, transforms):
    fitted_on = np.abs(values) if "log1p" in transforms else values
    scaling = Scaling.fit(fitted_on, transforms=transforms)
    # The spread of the fitted values bounds the rounding of z = (x - mean) / sd.
    np.testing.assert_allclose(scaling.invert(scaling.apply(values)), values, rtol=1e-9, atol=1e-9 * 1e6)


def test_very_large_and_very_small_units():
    for unit in (1e307, 1e-300):
        scaling = Scaling.fit(NORMAL[:, None] * unit)
        np.testing.assert_allclose(
            scaling.apply(NORMAL[:, None] * unit), Scaling.fit(NORMAL[:, None]).apply(NORMAL[:, None])
        )


def test_centre_is_what_becomes_zero():
    scaling = Scaling.fit(np.stack([RAIN, NORMAL], 1), transforms=["log1p", "standard"])
    np.testing.assert_allclose(scaling.apply(scaling.centre), 0, atol=1e-12)


def test_any_leading_axes_and_no_other_width():
    scaling = Scaling.fit(np.stack([RAIN, NORMAL], 1))
    assert scaling.apply(np.zeros((4, 5, 2))).shape == (4, 5, 2)
    with pytest.raises(ShapeError, match=r"2 columns on its last axis: shape \(4, 1\)"):
        scaling.apply(np.zeros((4, 1)))


def test_log1p_is_chosen_for_skewed_non_negative_columns_only():
    values = np.stack([RAIN, NORMAL, -RAIN, RAIN - 1, np.zeros(500), np.abs(NORMAL)], 1)
    assert choose_transforms(values) == ("log1p", *["standard"] * 5)
    assert Scaling.fit(values, transforms="auto").transforms == choose_transforms(values)


@pytest.mark.parametrize(
    ("values", "options", "error", "message"),
    [
        ([[NAN], [NAN]], {}, DataError, "column 0 has none"),
        ([[1.0], [np.inf]], {}, DataError, "column 0 has an infinite one"),
        ([[1.0], [-2.0]], {"transforms": ["log1p"]}, DataError, "column 0 falls to -2"),
        ([[0.0], [5e-324]], {}, DataError, "Change the column's unit"),
        ([[1.0], [2.0]], {"transforms": ["cube"]}, ConfigError, r"for each of 1 columns; \['cube'\]"),
        ([[1.0], [2.0]], {"transforms": "log1p"}, ConfigError, "'auto', None or one name per column"),
        ([[1.0], [2.0]], {"transforms": ["none", "none"]}, ConfigError, "for each of 1 columns"),
        ([1.0, 2.0], {}, ShapeError, r"arrays \[T, C\]"),
        ([[1.0], [2.0]], {"observed": [[True]]}, ShapeError, "the shape of `values`"),
    ],
)
def test_refused(values, options, error, message):
    with pytest.raises(error, match=message):
        Scaling.fit(np.array(values), **options)
