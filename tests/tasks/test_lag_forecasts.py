"""Ridge and boosting on lags, several steps ahead."""

from __future__ import annotations

import numpy as np
import pytest

from throughtime.base.errors import DataError
from throughtime.tasks import lag_forecasts, learners
from throughtime.tasks.ahead_baselines import Local, Track, naive
from throughtime.tasks.lag_forecasts import Windows, boosting_ahead, ridge_ahead

WEEK = np.array([1.0, 2.0, 3.0, 4.0, 3.0, 8.0, 0.0])
LEARNERS = {"ridge": ridge_ahead, "boosting": boosting_ahead}


@pytest.fixture(autouse=True)
def few_trees(monkeypatch):
    """A tenth of the trees, each with four times the weight: seconds, not half a minute."""
    monkeypatch.setattr(learners, "BOOSTING_ROUNDS", 20)
    monkeypatch.setattr(learners, "BOOSTING_RATE", 0.2)


def tracks(count=3, steps=120, effect=0.0, train=80, validation=100):
    found = []
    for seed in range(count):
        rng = np.random.default_rng(seed)
        known = rng.integers(0, 2, (steps, 1)).astype(float)
        values = 10.0**seed * (np.tile(WEEK, steps // 7 + 1)[:steps] + rng.normal(0, 0.1, steps) + effect * known[:, 0])
        found.append(Track(values, known, train, validation))
    return found


def error(rule, series, steps=100, horizon=7):
    origins = [(place, steps) for place in range(len(series))]
    ahead = rule.fit(series, horizon, 7).forecast(series, origins)
    truth = np.stack([each.values[steps : steps + horizon] for each in series])
    return np.abs((ahead.point - truth) / 10.0 ** np.arange(len(series))[:, None]).mean()


@pytest.mark.parametrize("name", LEARNERS)
def test_seasons_of_all_sizes_are_learned_at_once(name):
    """Of series a hundred times each other's size; noise alone is 0.08."""
    assert error(LEARNERS[name](), tracks()) < 0.5
    assert error(Local(naive), tracks()) > 1.5


@pytest.mark.parametrize("name", LEARNERS)
def test_what_is_known_ahead_is_read(name):
    blind = [Track(each.values, np.zeros_like(each.known), each.train, each.validation) for each in tracks(effect=3.0)]
    assert error(LEARNERS[name](), tracks(effect=3.0)) < 0.75 * error(LEARNERS[name](), blind)


@pytest.mark.parametrize("name", LEARNERS)
def test_what_comes_after_does_not_matter(name):
    series = tracks()
    changed = [
        Track(np.concatenate([t.values[:100], t.values[100:] * 9]), t.known, t.train, t.validation) for t in series
    ]
    first, second = (LEARNERS[name]().fit(each, 7, 7).forecast(each, [(0, 100)]) for each in (series, changed))
    np.testing.assert_array_equal(first.point, second.point)
    np.testing.assert_array_equal(first.deviation, second.deviation)


def test_a_constant_history_goes_on():
    series = [*tracks(2), Track(np.full(120, 5.0), np.zeros((120, 1)), 80, 100)]
    ahead = ridge_ahead().fit(series, 7, 7).forecast(series, [(2, 100)])
    np.testing.assert_allclose(ahead.point, 5.0, atol=2.0)
    assert np.isfinite(ahead.deviation).all()


def test_windows_are_scaled_by_what_they_hold_and_filled_before_the_series():
    series = [Track(np.array([2.0, 4.0, 8.0, 8.0]), np.zeros((4, 1)), 3, 4)]
    found = Windows.of(series, [(0, 2)], 4, 1, 1, True)
    np.testing.assert_array_equal(found.base, [[4]])
    np.testing.assert_array_equal(found.unit, [[2]])  # mean change of the series until then; the window's is 2/3
    np.testing.assert_array_equal(found.lags, [[-1, -1, -1, 0]])
    np.testing.assert_array_equal(found.target, [[2]])


def test_trees_read_the_value_a_season_before():
    values = np.arange(20.0)
    found = Windows.of([Track(values, np.zeros((20, 1)), 15, 20)], [(0, 12)], 6, 5, 3, False)
    rows = lag_forecasts._by_step(found, 3)
    before = rows[:, 6] * found.unit + found.base
    np.testing.assert_allclose(before[0], [9, 10, 11, 9, 10])
    np.testing.assert_array_equal(rows[:, 7], [1, 2, 3, 4, 5])


def test_no_window_to_learn_from_is_refused():
    series = [Track(np.arange(10.0), np.zeros((10, 0)), 4, 6)]
    with pytest.raises(DataError, match=r"needs 8 steps to train on and 7 to validate.*smaller horizon="):
        ridge_ahead().fit(series, 7, 1)


def test_choice_and_size_are_told():
    rule = ridge_ahead().fit(tracks(), 7, 7)
    assert rule.choice_.split(", ")[0] in ("7 lags", "14 lags")
    assert "penalty" in rule.choice_
    lags = int(rule.choice_.split()[0])
    assert rule.parameters_count_ == 7 * (lags + 7 + 1)
