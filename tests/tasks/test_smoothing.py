"""Exponential smoothing against series whose answer is known, and against scipy's own minimum."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from throughtime.tasks import smoothing
from throughtime.tasks.smoothing import Form, smooth


def level_series(alpha, steps=600, seed=0):
    """What exponential smoothing with this alpha forecasts best."""
    noise = np.random.default_rng(seed).normal(size=steps)
    level, values = 50.0, []
    for each in noise:
        values.append(level + each)
        level += alpha * each
    return np.array(values)


def squares_by_hand(values, alpha):
    level, total = values[: smoothing.FIRST_STEPS].mean(), 0.0
    for value in values:
        total += (value - level) ** 2
        level += alpha * (value - level)
    return total


def test_a_constant_series_stays_as_it_is():
    found = smooth([np.full(30, 7.25), np.zeros(5), np.array([3.0])], 4)
    np.testing.assert_allclose(found.point, [[7.25] * 4, [0.0] * 4, [3.0] * 4], rtol=1e-12)
    np.testing.assert_allclose(found.deviation, 0, atol=1e-12)


def test_the_search_ends_at_scipys_minimum():
    """The pattern search stops at a reach of 0.01 of alpha's range: squared errors agree far closer."""
    for alpha in (0.1, 0.6, 0.95):
        values = level_series(alpha)
        found = smooth([values], 1, trends=(False,))
        best = minimize_scalar(lambda a, v=values: squares_by_hand(v, a), bounds=(1e-3, 0.999), method="bounded")
        assert squares_by_hand(values, found.parameters[0, 0]) <= best.fun * (1 + 1e-3)
        assert found.parameters[0, 0] == pytest.approx(best.x, abs=0.02)


def test_series_side_by_side_are_smoothed_as_alone():
    several = [level_series(0.3, 200, 1), level_series(0.8, 90, 2), level_series(0.5, 30, 3)]
    together = smooth(several, 5)
    for row, values in enumerate(several):
        alone = smooth([values], 5)
        np.testing.assert_allclose(together.point[row], alone.point[0], rtol=1e-9)
        np.testing.assert_allclose(together.deviation[row], alone.deviation[0], rtol=1e-9)


def test_a_straight_line_goes_on_damped():
    """Its trend of 2 a step is kept, and fades by phi: 2 (phi + phi^2 + ...)."""
    line = 10 + 2.0 * np.arange(80)
    found = smooth([line], 6)
    assert found.forms[0] == Form(True, "none")
    phi = found.parameters[0, 3]
    np.testing.assert_allclose(found.point[0], line[-1] + 2 * np.cumsum(phi ** np.arange(1, 7)), rtol=5e-3)


@pytest.mark.parametrize("kind", ["additive", "multiplicative"])
def test_a_season_is_taken_in_its_kind(kind):
    rng = np.random.default_rng(0)
    level = 100 * np.exp(np.linspace(0, 1.5, 120))  # a season that grows with the level tells the kinds apart
    shape = np.tile([1.3, 0.9, 0.7, 1.1], 30)
    values = level * shape if kind == "multiplicative" else level + 60 * (shape - 1)
    found = smooth([values + rng.normal(0, 0.5, 120)], 8, 4)
    assert found.forms[0].season == kind
    assert str(found.forms[0]) == f"level and damped trend, {kind} season"
    after = 100 * np.exp(1.5 * (1 + np.arange(1, 9) / 119))
    wanted = after * shape[:8] if kind == "multiplicative" else after + 60 * (shape[:8] - 1)
    np.testing.assert_allclose(found.point[0], wanted, rtol=0.05)  # the trend is damped


def test_series_below_zero_have_no_multiplicative_season():
    values = np.tile([3.0, -2.0, -4.0, 1.0], 20) + np.random.default_rng(0).normal(0, 0.3, 80)
    assert smooth([values], 4, 4).forms[0].season == "additive"


def test_a_season_is_tried_only_where_it_is_allowed():
    values = np.tile([3.0, 2.0, 4.0, 1.0], 20) + 0.01 * np.random.default_rng(0).normal(size=80)
    found = smooth([values, values], 4, 4, [True, False])
    assert [form.season != "none" for form in found.forms] == [True, False]


def test_intervals_hold_as_often_as_they_say():
    """4,000 outcomes, of which 400 series are independent: a share of 0.8 has a standard error of at most 0.02."""
    series = [level_series(0.4, 160, seed) for seed in range(400)]
    found = smooth([each[:150] for each in series], 10, trends=(False,))
    inside = np.abs(np.stack([each[150:] for each in series]) - found.point) <= 1.2816 * found.deviation
    assert inside.mean() == pytest.approx(0.8, abs=0.05)


def test_deviation_grows_as_the_weights_say():
    values = level_series(0.5, 100)
    found = smooth([values], 3, trends=(False,))
    alpha = found.parameters[0, 0]
    ratio = found.deviation[0] / found.deviation[0, 0]
    np.testing.assert_allclose(ratio, np.sqrt([1, 1 + alpha**2, 1 + 2 * alpha**2]), rtol=1e-9)


def test_what_lies_further_back_than_the_longest_memory_does_not_matter():
    values = level_series(0.5, smoothing.MOST_STEPS + 50)
    changed = values.copy()
    changed[:50] += 1e-6  # the series' mean size is its unit, and moves with them
    np.testing.assert_allclose(smooth([values], 2).point, smooth([changed], 2).point, rtol=1e-6)
