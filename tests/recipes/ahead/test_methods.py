"""Every method from the same origins."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from tests.recipes.ahead.made import TINY, changed, problem, settings, table
from throughtime.base.errors import ConfigError
from throughtime.recipes.ahead import methods
from throughtime.recipes.ahead.methods import (
    NETWORKS,
    REFERENCE,
    RULES,
    check_network,
    fit_network,
    names_for,
    network_forecasts,
    try_network,
    try_rule,
)
from throughtime.recipes.ahead.scores import PROBABILITIES

pytestmark = pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")


@pytest.fixture(scope="module")
def fitted():
    return fit_network(problem(), TINY, "n,n")


def test_without_a_season_the_seasonal_rule_is_left_out():
    assert "seasonal naive" in names_for(problem())
    assert "seasonal naive" not in names_for(problem(chosen=settings(season=1)))


@pytest.mark.parametrize("name", RULES)
def test_a_rule_is_scored_on_every_origin(name):
    made = problem()
    trial = try_rule(made, name)
    assert trial.errors.mase.shape == (len(made.origins()),)
    assert trial.errors.by_step.shape == (7,)
    assert (trial.parameters, trial.choice) == (0, "")


def test_learners_beat_the_reference_on_what_they_can_learn():
    made = problem(table(days=150))
    ridge, reference = try_rule(made, "ridge on lags"), try_rule(made, REFERENCE)
    assert np.mean(ridge.errors.mase) < np.mean(reference.errors.mase)
    assert "penalty" in ridge.choice


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_is_trained_and_scored(name):
    trial = try_network(problem(), name, TINY, "n,n", 1)
    assert trial.errors.mase.shape == (6,)
    assert np.isfinite(trial.errors.mase).all()
    assert trial.parameters > 0


def test_a_networks_forecasts_stand_where_the_origins_do(fitted):
    """The frame of one origin, read by hand, is the part of the arrays that belongs to it."""
    made = problem()
    found = network_forecasts(made, fitted)
    history = made.part([0, 0, 0], made.starts(1))
    known = methods._known_of(made, made.starts(1))
    frame = fitted.predict(history, level=[80], known=known)
    np.testing.assert_allclose(found.point[3:].reshape(-1), frame["sales"].to_numpy())
    low, high = found.interval(80)
    np.testing.assert_allclose(low[3:].reshape(-1), frame["sales_lo_80"].to_numpy())
    np.testing.assert_allclose(high[3:].reshape(-1), frame["sales_hi_80"].to_numpy())


def test_quantiles_rise(fitted):
    found = network_forecasts(problem(), fitted)
    assert found.quantiles.shape == (6, 7, len(PROBABILITIES))
    assert (np.diff(found.quantiles, axis=-1) >= 0).all()


def test_what_comes_after_an_origin_moves_no_forecast_from_it(fitted):
    later = changed(table(), pl.col("day") >= pl.date(2024, 3, 24), sales=1e4)
    first, second = (network_forecasts(made, fitted) for made in (problem(), problem(later)))
    np.testing.assert_array_equal(first.point[:3], second.point[:3])


def test_a_network_that_could_not_train_is_refused_before_it_is_written():
    with pytest.raises(ConfigError, match="segment_steps"):
        check_network(problem(), replace(TINY, segment_steps=9), None)
