"""Errors of point forecasts against scikit-learn and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, root_mean_squared_error

from throughtime.base.errors import ConfigError, DataError, ShapeError
from throughtime.metrics import mae, mase, rmse, skill, smape

RNG = np.random.default_rng(0)
Y, F = RNG.normal(size=(2, 50))


def test_against_sklearn():
    assert rmse(Y, F) == pytest.approx(root_mean_squared_error(Y, F), rel=1e-12)
    assert mae(Y, F) == pytest.approx(mean_absolute_error(Y, F), rel=1e-12)


def test_smape_by_hand():
    assert smape([1.0, 0.0, -2.0], [3.0, 0.0, 2.0]) == pytest.approx((100 + 0 + 200) / 3)


def test_mase_by_hand():
    assert mase([5.0, 9.0], [4.0, 7.0], [1.0, 2.0, 4.0]) == pytest.approx(1.5 / 1.5)
    assert mase([5.0, 9.0], [4.0, 7.0], [1.0, 2.0, 4.0, 8.0], season=2) == pytest.approx(1.5 / 4.5)
    # The differences next to the hole do not count.
    assert mase([5.0], [4.0], [1.0, 2.0, np.nan, 4.0, 7.0]) == pytest.approx(1 / 2)


@pytest.mark.parametrize(
    ("history", "season", "error", "message"),
    [
        ([1.0, 2.0], 0, ConfigError, "at least 1 step; 0"),
        ([1.0, 2.0], 2, DataError, "0 over 0 changes"),
        ([1.0], 3, DataError, "0 over 0 changes"),
        ([2.0, 2.0, 2.0], 1, DataError, "0 over 2 changes"),
        ([[1.0, 2.0]], 1, ShapeError, r"one series \[n\]"),
    ],
)
def test_mase_refuses(history, season, error, message):
    with pytest.raises(error, match=message):
        mase([1.0], [2.0], history, season)


def test_skill():
    assert skill(0.0, 2.0) == 1
    assert skill(2.0, 2.0) == 0
    assert skill(3.0, 2.0) == -0.5
    for error, reference in ((1.0, 0.0), (-1.0, 1.0), (float("nan"), 1.0), (1.0, float("inf"))):
        with pytest.raises(DataError, match="Skill compares"):
            skill(error, reference)
