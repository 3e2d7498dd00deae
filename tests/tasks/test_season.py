"""Seasons found by a test, and their shapes."""

from __future__ import annotations

import numpy as np
import pytest

from throughtime.tasks.season import autocorrelation, find_period, is_seasonal, shape_of

rng = np.random.default_rng(0)
WEEK = np.array([1.0, 2.0, 3.0, 4.0, 3.0, 8.0, 0.0])


def weekly(steps, noise=0.1, seed=0):
    return np.tile(WEEK, steps // 7 + 1)[:steps] + np.random.default_rng(seed).normal(0, noise, steps)


def test_autocorrelation_is_the_textbooks_sum():
    values = rng.normal(size=40)
    centred = values - values.mean()
    by_hand = [(centred[lag:] * centred[: 40 - lag]).sum() / (centred**2).sum() for lag in range(6)]
    np.testing.assert_allclose(autocorrelation(values, 5), by_hand, rtol=1e-9, atol=1e-12)  # rounding of the transform


def test_a_constant_series_is_alike_at_no_lag():
    np.testing.assert_array_equal(autocorrelation(np.full(20, 7.3), 4), [1, 0, 0, 0, 0])


def test_a_season_is_seen_and_a_random_walk_has_none():
    walks = [np.random.default_rng(seed).normal(size=300).cumsum() for seed in range(100)]
    assert is_seasonal(weekly(100), 7)
    # One-sided 5 %: of 100 walks more than 12 would come once in a thousand.
    assert sum(is_seasonal(walk, 7) for walk in walks) <= 12


def test_three_seasons_are_needed():
    assert is_seasonal(weekly(22), 7)
    assert not is_seasonal(weekly(21), 7)


@pytest.mark.parametrize(("step", "expected"), [("1d", 7), (None, 7), (1, 7)], ids=["days", "no times", "numbers"])
def test_the_season_of_a_table_is_found(step, expected):
    assert find_period([weekly(120, seed=seed) for seed in range(4)], step) == expected


@pytest.mark.parametrize(("step", "period"), [("1mo", 12), ("3mo", 4), ("1h", 24), ("7d", 52), ("1bd", 5), ("30m", 48)])
def test_a_calendar_step_has_its_own_seasons(step, period):
    wave = np.sin(2 * np.pi * np.arange(period * 6) / period) + np.random.default_rng(0).normal(0, 0.05, period * 6)
    assert find_period([wave], step) == period


def test_no_season_is_one_step():
    walks = [np.random.default_rng(seed).normal(size=200).cumsum() for seed in range(6)]
    assert find_period(walks, "1d") == 1
    assert find_period([np.arange(3.0)], None) == 1


def test_half_of_the_series_must_show_it():
    walks = [np.random.default_rng(seed).normal(size=200).cumsum() for seed in range(6)]
    assert find_period([weekly(200), *walks[:1]], "1d") == 7
    assert find_period([weekly(200), *walks], "1d") == 1


@pytest.mark.parametrize("period", [4, 7])
def test_a_shape_is_found_below_a_trend(period):
    shape = rng.uniform(0.5, 1.5, period)
    shape /= shape.mean()
    steps = np.arange(12 * period)
    factors = shape_of(50 * np.tile(shape, 12), period)
    assert factors.ratio
    np.testing.assert_allclose(factors.index, shape, rtol=1e-9)
    terms = shape_of(np.tile(shape - 1, 12) + 0.1 * steps - 5, period)
    assert not terms.ratio
    np.testing.assert_allclose(terms.index, shape - 1, atol=1e-9)


def test_what_is_taken_off_is_put_on_again():
    history = 20 + weekly(40)
    shape = shape_of(history, 7)
    np.testing.assert_allclose(shape.onto(shape.without(history)[30:], 30), history[30:])
