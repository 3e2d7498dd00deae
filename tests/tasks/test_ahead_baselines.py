"""Rules that forecast several steps, on series whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from throughtime.tasks.ahead_baselines import (
    GaussianAhead,
    Local,
    Track,
    exponential_smoothing,
    naive,
    naive2,
    seasonal_naive,
    theta,
)

RULES = (naive, seasonal_naive, naive2, theta, exponential_smoothing)
SEASON = np.array([10.0, 20.0, 30.0, 40.0])


def test_naive_repeats_the_last_value():
    point, deviation = naive([np.array([1.0, 4.0, 2.0])], 3, 1)
    np.testing.assert_array_equal(point, [[2, 2, 2]])
    np.testing.assert_allclose(deviation, [np.sqrt((9 + 4) / 2) * np.sqrt([1, 2, 3])])


def test_seasonal_naive_repeats_the_last_season():
    history = np.concatenate([SEASON, SEASON + 1, SEASON[:2] + 2])
    point, deviation = seasonal_naive([history, history[:3]], 6, 4)
    np.testing.assert_array_equal(point[0], [31, 41, 12, 22, 31, 41])
    np.testing.assert_allclose(deviation[0], np.sqrt([1, 1, 1, 1, 2, 2]))
    np.testing.assert_array_equal(point[1], [30] * 6)  # no whole season: naive


def test_naive2_is_naive_on_what_the_season_leaves():
    noise = np.random.default_rng(0).normal(0, 0.01, 40)
    history = np.tile(SEASON, 10) * (1 + noise)
    point, _ = naive2([history], 4, 4)
    np.testing.assert_allclose(point[0], SEASON, rtol=0.05)


def test_naive2_without_a_season_is_naive():
    walk = np.random.default_rng(1).normal(size=50).cumsum()
    np.testing.assert_array_equal(naive2([walk], 3, 4)[0], naive([walk], 3, 1)[0])


def test_theta_adds_half_the_slope():
    """On a straight line with slope 2 the level follows it, and each step adds 1."""
    line = 5 + 2.0 * np.arange(60)
    point, _ = theta([line], 4, 1)
    np.testing.assert_allclose(np.diff(point[0]), 1.0, rtol=1e-6)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("history", [np.full(40, 3.5), np.array([3.5]), np.full(2, 3.5)], ids=["long", "one", "two"])
def test_a_constant_history_goes_on_for_sure(rule, history):
    point, deviation = rule([history], 3, 7)
    np.testing.assert_allclose(point, 3.5)
    np.testing.assert_allclose(deviation, 0, atol=1e-9)


@pytest.mark.parametrize("rule", RULES)
def test_forecasts_read_nothing_after_their_origin(rule):
    values = np.tile(SEASON, 20) + np.random.default_rng(0).normal(size=80)
    changed = values.copy()
    changed[60:] += 100

    def forecast(each):
        track = Track(each, np.empty((80, 0)), 40, 60)
        return Local(rule).fit([track], 5, 4).forecast([track], [(0, 50), (0, 60)])

    first, second = forecast(values), forecast(changed)
    np.testing.assert_array_equal(first.point, second.point)
    np.testing.assert_array_equal(first.deviation, second.deviation)


def test_quantiles_are_the_normals():
    ahead = GaussianAhead(np.array([[1.0, 2.0]]), np.array([[1.0, 0.0]]))
    np.testing.assert_allclose(ahead.quantiles([0.025, 0.5, 0.975]), [[[-0.96, 1, 2.96], [2, 2, 2]]], atol=1e-3)
