"""Scores of intervals and densities against scikit-learn, quadrature and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm
from sklearn.metrics import mean_pinball_loss

from throughtime.base.errors import ConfigError, DataError
from throughtime.metrics import coverage, crps_gaussian, interval_width, mae, pinball

RNG = np.random.default_rng(0)
Y, F = RNG.normal(size=(2, 50))


def test_coverage_and_width_by_hand():
    lower, upper = np.array([0.0, 0.0, 2.0, 5.0]), np.array([1.0, 4.0, 2.0, 5.5])
    assert coverage([1.0, 5.0, 2.0, 4.9], lower, upper) == 0.5  # ends count as inside
    assert interval_width([1.0, np.nan, 2.0, 4.9], lower, upper) == pytest.approx(1.5 / 3)
    with pytest.raises(DataError, match="1 of 4 are"):
        coverage([1.0, 1.0, 1.0, 1.0], lower, upper - np.array([0, 0, 1, 0]))


def test_a_calibrated_interval_covers_its_level():
    y = RNG.normal(size=20_000)
    edge = norm.ppf(0.9)
    # Standard deviation of the share: sqrt(0.8 * 0.2 / 20000) = 0.003.
    assert coverage(y, np.full_like(y, -edge), np.full_like(y, edge)) == pytest.approx(0.8, abs=0.012)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.975])
def test_pinball_against_sklearn(share):
    assert pinball(Y, F, probability=share) == pytest.approx(mean_pinball_loss(Y, F, alpha=share), rel=1e-12)


def test_pinball_at_a_half_is_half_the_absolute_error_and_takes_shares_only():
    assert pinball(Y, F, 0.5) == pytest.approx(mae(Y, F) / 2)
    for percent in (0, 1, 80):
        with pytest.raises(ConfigError, match=f"`probability` is a share between 0 and 1; {percent} came"):
            pinball(Y, F, percent)


@pytest.mark.parametrize(("y", "mean", "sd"), [(0.0, 0.0, 1.0), (1.3, 0.2, 0.5), (-4.0, 1.0, 2.0), (30.0, 0.0, 1.0)])
def test_crps_against_its_integral(y, mean, sd):
    def below(x):
        return norm.cdf(x, mean, sd) ** 2

    def above(x):
        return norm.sf(x, mean, sd) ** 2

    low, high = min(y, mean) - 12 * sd, max(y, mean) + 12 * sd  # beyond, the integrand is below 1e-60
    points = [mean - 3 * sd, mean, mean + 3 * sd]
    want = quad(below, low, y, points=points, limit=500)[0] + quad(above, y, high, points=points, limit=500)[0]
    assert crps_gaussian([y], [mean], [sd]) == pytest.approx(want, rel=1e-7)


def test_crps_of_a_sharp_forecast_is_the_absolute_error():
    assert crps_gaussian(Y, F, np.full_like(Y, 1e-9)) == pytest.approx(mae(Y, F), rel=1e-7)
    with pytest.raises(DataError, match="sd above 0: 0 came"):
        crps_gaussian(Y, F, np.zeros_like(Y))
