"""Scores against sums by hand."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from tests.recipes.ahead.made import changed, exact, problem, table
from throughtime import metrics
from throughtime.recipes.ahead.scores import GRID, errors, figures, gain, mean_mase

pytestmark = pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")


def test_perfect_forecasts_have_no_error():
    made = problem()
    found = figures(errors(made, exact(made)), errors(made, exact(made, 1.0)))
    assert [found[name] for name in ("OWA", "sMAPE", "MASE", "RMSE")] == [0, 0, 0, 0]
    assert (found["coverage.80 %"], found["coverage.95 %"]) == (1, 1)


def test_errors_are_the_metrics_of_each_forecast():
    made, off = problem(), 2.0
    found = errors(made, exact(made, off))
    for place, (track, step) in enumerate(made.origins()):
        truth = made.truth[track][step : step + 7]
        assert found.smape[place] == pytest.approx(metrics.smape(truth, truth + off))
        assert found.mase[place] == pytest.approx(metrics.mase(truth, truth + off, made.truth[track][:76], 7))
    assert found.rmse == pytest.approx(off)
    assert found.by_step == pytest.approx(np.full(7, found.mase.mean()))


def test_crps_is_twice_the_mean_pinball_loss():
    made = problem()
    forecasts = exact(made, 0.3, 2.0)
    by_hand = [2 * metrics.pinball(made.outcomes()[:1], forecasts.at(each)[:1], each) for each in GRID]
    assert errors(made, forecasts).crps[0] == pytest.approx(np.mean(by_hand) / made.scales()[0])


def test_the_reference_has_an_owa_of_one():
    made = problem()
    one = errors(made, exact(made, 1.0))
    assert figures(one, one)["OWA"] == pytest.approx(1)


def test_series_without_a_scale_count_where_they_can():
    made = problem(changed(table(), pl.col("shop") == "s1", sales=4.0))
    found = errors(made, exact(made, 1.0))
    assert np.isnan(found.mase).tolist() == [False, True, False] * 2
    assert np.isfinite(found.smape).all()
    assert np.isfinite(list(figures(found, found).values())).all()


def test_missing_outcomes_count_nowhere():
    frame = changed(table(), pl.col("day") == pl.date(2024, 3, 20), sales=None)
    made = problem(frame)
    forecasts = exact(made, 1.0)
    forecasts.point[:, 3] += np.where(np.isnan(made.outcomes()[:, 3]), 1e6, 0)
    assert errors(made, forecasts).rmse == pytest.approx(1)


def test_a_gain_is_lower_mase_with_its_error_over_series():
    made = problem()
    ours, theirs = errors(made, exact(made, 1.0)), errors(made, exact(made, 2.0))
    mean, error = gain([ours], [theirs], 3)
    assert mean == pytest.approx(mean_mase([theirs]) - mean_mase([ours]))
    each = (theirs.mase - ours.mase).reshape(2, 3).mean(axis=0)
    assert error == pytest.approx(each.std(ddof=1) / np.sqrt(3))
