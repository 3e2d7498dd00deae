"""Errors of point forecasts against scikit-learn and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, root_mean_squared_error

from throughtime.base.errors import ConfigError, DataError, ShapeError
from throughtime.metrics import mae, mase, owa, rmse, rse, skill, smape

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


def test_rse_by_hand():
    # The mean is 3: squares about it are 4, 0, 4, and the forecast's are 1, 1, 0.
    assert rse([1.0, 3.0, 5.0], [2.0, 2.0, 5.0]) == pytest.approx(0.5)
    assert rse([[1.0], [3.0], [5.0]], [[3.0], [3.0], [3.0]]) == pytest.approx(1)
    with pytest.raises(DataError, match="spread of the targets, which is 0 over 2"):
        rse([2.0, 2.0], [1.0, 3.0])


def test_owa_by_hand():
    assert owa(9.0, 2.0, 9.0, 2.0) == pytest.approx(1)
    assert owa(4.5, 3.0, 9.0, 2.0) == pytest.approx((0.5 + 1.5) / 2)
    # The published row of ES-RNN on M4's weekly series, beside Naive2's.
    assert owa(7.817, 2.356, 9.161, 2.777) == pytest.approx(0.851, abs=5e-4)
    with pytest.raises(DataError, match="a reference's above 0"):
        owa(1.0, 1.0, 0.0, 1.0)


def test_skill():
    assert skill(0.0, 2.0) == 1
    assert skill(2.0, 2.0) == 0
    assert skill(3.0, 2.0) == -0.5
    for error, reference in ((1.0, 0.0), (-1.0, 1.0), (float("nan"), 1.0), (1.0, float("inf"))):
        with pytest.raises(DataError, match="Skill compares"):
            skill(error, reference)
