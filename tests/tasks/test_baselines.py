"""The rules do what their names say, choose on validation rows only, and never read a later row."""

from __future__ import annotations

import numpy as np
import pytest

from throughtime.base.errors import DataError
from throughtime.tasks.baselines import (
    TEST,
    TRAIN,
    VALIDATION,
    Forecast,
    Persistence,
    Steps,
    boosting_on_lags,
    climatology,
    harmonics,
    lagged,
    last_before,
    ridge_on_lags,
)

RULES = {
    "persistence": Persistence,
    "climatology": climatology,
    "ridge": ridge_on_lags,
    "boosting": boosting_on_lags,
}


def seasonal(rows: int = 240, seed: int = 0, missing: bool = True) -> Steps:
    """Two noisy seasonal numbers and a class that follows the first."""
    draw = np.random.default_rng(seed)
    phase = (np.arange(rows) / 60 % 1)[:, None]
    wave = np.sin(2 * np.pi * phase[:, 0])
    noise = draw.normal(size=(rows, 2))
    noise[1:] += 0.6 * noise[:-1]
    numeric = np.stack([10 + 3 * wave, -2 * wave], axis=1) + noise
    labels = (numeric[:, :1] > 10).astype(np.int64)
    inputs = (numeric - numeric[: rows // 2].mean(axis=0)) / 3
    if missing:
        numeric[7, 0], labels[9, 0] = np.nan, -1
    part = np.repeat([TRAIN, VALIDATION, TEST], [rows // 2, rows // 4, rows - rows // 2 - rows // 4])
    return Steps(numeric, labels, inputs, harmonics(phase, 2), phase, part)


def test_persistence_repeats_the_last_seen_value() -> None:
    numeric = np.array([[1.0], [2.0], [np.nan], [4.0]])
    steps = Steps(
        numeric, np.zeros((4, 0), int), np.zeros((4, 1)), np.zeros((4, 1)), np.zeros((4, 0)), np.array([0, 1, 1, 1])
    )
    point = Persistence().fit([steps], []).forecast(steps).point
    np.testing.assert_array_equal(point, [[np.nan], [1.0], [2.0], [2.0]])


def test_persistence_of_a_class_has_the_share_of_stays() -> None:
    labels = np.array([0, 0, 0, 1, 1, 0, 0, 0])[:, None]
    numeric = np.arange(8.0)[:, None]
    part = np.array([0, 0, 0, 0, 0, 0, 1, 1])
    steps = Steps(numeric, labels, numeric, numeric, np.zeros((8, 0)), part)
    probability = Persistence().fit([steps], [2]).forecast(steps).probability[0]
    stays = (3 + 1) / (5 + 2)  # three of five training steps stay; Laplace's rule adds one of each
    assert np.isnan(probability[0]).all()
    np.testing.assert_allclose(probability[1], [stays, 1 - stays])
    np.testing.assert_allclose(probability[5], [1 - stays, stays])


def test_climatology_finds_the_curve() -> None:
    rows = np.arange(400)
    phase = (rows / 100 % 1)[:, None]
    curve = 5 + 2 * np.sin(2 * np.pi * phase) - np.cos(4 * np.pi * phase)
    part = np.repeat([TRAIN, VALIDATION, TEST], [200, 100, 100])
    steps = Steps(curve, np.zeros((400, 0), int), curve, phase, phase, part)
    rule = climatology().fit([steps], [])
    np.testing.assert_allclose(rule.forecast(steps).point, curve, atol=1e-3)  # the trace of a penalty costs that much
    assert rule.choice_ == ("2 harmonics",)
    assert rule.parameters_count_ == 5


def test_climatology_without_a_period_is_the_training_mean() -> None:
    steps = seasonal(missing=False)
    bare = Steps(steps.numeric, steps.labels, steps.inputs, steps.known, np.zeros((240, 0)), steps.part)
    forecast = climatology().fit([bare], [2]).forecast(bare)
    np.testing.assert_allclose(forecast.point, np.broadcast_to(steps.numeric[:120].mean(axis=0), (240, 2)))
    np.testing.assert_allclose(forecast.probability[0][:, 1], steps.labels[:120].mean(), atol=1e-3)


def test_ridge_recovers_a_linear_rule_and_its_lag() -> None:
    draw = np.random.default_rng(1)
    y = np.zeros(600)
    for t in range(3, 600):
        y[t] = 0.9 * y[t - 3] + draw.normal() * 0.1
    part = np.repeat([TRAIN, VALIDATION, TEST], [300, 150, 150])
    values = y[:, None]
    steps = Steps(values, np.zeros((600, 0), int), values / y[:300].std(), np.zeros((600, 1)), np.zeros((600, 0)), part)
    rule = ridge_on_lags().fit([steps], [])
    assert rule.choice_[0].split(",")[0] in {"3 lags", "7 lags", "14 lags"}
    error = (rule.forecast(steps).point - values)[part == TEST]
    assert np.sqrt(np.mean(error**2)) < 0.115  # the noise is 0.1; one lag alone leaves 0.22


@pytest.mark.parametrize("name", RULES)
def test_interval_and_probability_are_sound(name: str) -> None:
    steps = seasonal()
    forecast = RULES[name]().fit([steps], [2]).forecast(steps, levels=(50, 80, 95))
    kept = slice(30, None)
    for narrow, wide in ((50, 80), (80, 95)):
        assert (forecast.intervals[wide][0] < forecast.intervals[narrow][0])[kept].all()
        assert (forecast.intervals[wide][1] > forecast.intervals[narrow][1])[kept].all()
    np.testing.assert_allclose(forecast.probability[0][kept].sum(axis=1), 1.0)
    lower, upper = forecast.intervals[80]
    inside = (steps.numeric >= lower) & (steps.numeric <= upper)
    assert 0.6 < inside[steps.part == VALIDATION].mean() < 0.95


@pytest.mark.parametrize("name", RULES)
def test_the_test_part_moves_nothing_that_comes_before_it(name: str) -> None:
    steps = seasonal()
    test = steps.part == TEST
    changed = Steps(
        np.where(test[:, None], 1000.0, steps.numeric),
        np.where(test[:, None], 1 - np.abs(steps.labels), steps.labels),
        np.where(test[:, None], -50.0, steps.inputs),
        steps.known,
        steps.phase,
        steps.part,
    )
    first, second = RULES[name]().fit([steps], [2]), RULES[name]().fit([changed], [2])
    np.testing.assert_array_equal(first.deviation_, second.deviation_)
    assert first.choice_ == second.choice_
    # The first test row is forecast from rows before it: it too must stay.
    before = int(np.flatnonzero(test)[0]) + 1
    one, two = first.forecast(steps), second.forecast(changed)
    np.testing.assert_array_equal(one.point[:before], two.point[:before])
    np.testing.assert_array_equal(one.probability[0][:before], two.probability[0][:before])


@pytest.mark.parametrize("name", RULES)
def test_a_forecast_reads_no_later_row(name: str) -> None:
    steps = seasonal()
    rule = RULES[name]().fit([steps], [2])
    cut = 200
    short = Steps(*(values[:cut] for values in vars(steps).values()))
    np.testing.assert_array_equal(rule.forecast(steps).point[:cut], rule.forecast(short).point)


def test_several_series_are_learned_together() -> None:
    series = [seasonal(seed=seed) for seed in range(3)]
    rule = ridge_on_lags().fit(series, [2])
    alone = ridge_on_lags().fit(series[:1], [2])
    assert not np.array_equal(rule.forecast(series[0]).point, alone.forecast(series[0]).point)
    assert isinstance(rule.forecast(series[2]), Forecast)


def test_a_class_that_training_never_shows_gets_no_probability() -> None:
    steps = seasonal(missing=False)
    forecast = ridge_on_lags().fit([steps], [3]).forecast(steps)
    assert (forecast.probability[0][:, 2] == 0).all()
    np.testing.assert_allclose(forecast.probability[0].sum(axis=1), 1.0)


@pytest.mark.parametrize(("first", "classes"), [([1, 0], 2), ([1, 1, 0], 2), ([2, 1, 0], 3)])
@pytest.mark.parametrize("name", RULES)
def test_a_class_of_the_first_rows_only_keeps_them(name: str, first: list[int], classes: int) -> None:
    steps = seasonal(missing=False)
    labels = np.zeros_like(steps.labels)
    labels[: len(first), 0] = first
    if classes == 3:
        labels[60:, 0] = steps.labels[60:, 0]
    rare = Steps(steps.numeric, labels, steps.inputs, steps.known, steps.phase, steps.part)
    rule = RULES[name]().fit([rare], [classes])
    probability = rule.forecast(rare).probability[0][30:]
    np.testing.assert_allclose(probability.sum(axis=1), 1.0)
    assert (probability > 0).all()
    if first[0] not in labels[1:]:  # row 0 has no past at all, so every number of lags pads it
        assert ("first rows padded" in "".join(rule.choice_[2:])) == (name in {"ridge", "boosting"})


@pytest.mark.parametrize("name", RULES)
def test_a_class_that_training_shows_alone_is_said(name: str) -> None:
    steps = seasonal(missing=False)
    labels = np.where(steps.part[:, None] == TRAIN, 1, steps.labels)
    rule = RULES[name]().fit([Steps(steps.numeric, labels, *list(vars(steps).values())[2:])], [2])
    np.testing.assert_allclose(rule.forecast(steps).probability[0][30:].sum(axis=1), 1.0)
    assert name == "persistence" or "the only class in training" in rule.choice_[2]


@pytest.mark.parametrize("part", [TRAIN, VALIDATION])
def test_a_target_missing_in_a_whole_part_is_refused(part: int) -> None:
    steps = seasonal()
    steps.numeric[steps.part == part, 1] = np.nan
    word = "training" if part == TRAIN else "validation"
    with pytest.raises(DataError, match=f"need {word} rows with every target"):
        ridge_on_lags().fit([steps], [2])


def test_persistence_without_validation_targets_is_refused() -> None:
    steps = seasonal()
    steps.numeric[steps.part == VALIDATION, 1] = np.nan
    with pytest.raises(DataError, match="Intervals need validation rows"):
        Persistence().fit([steps], [2])


def test_lags_hold_the_rows_before() -> None:
    inputs, known = np.arange(1.0, 5.0)[:, None], np.full((4, 1), 9.0)
    np.testing.assert_array_equal(lagged(inputs, known, 2), [[0, 0, 9], [1, 0, 9], [2, 1, 9], [3, 2, 9]])


def test_harmonics_of_no_period_are_one_zero_column() -> None:
    assert harmonics(np.zeros((5, 0)), 2).tolist() == [[0.0]] * 5
    np.testing.assert_allclose(harmonics(np.array([[0.25]]), 2), [[1.0, 0.0, 0.0, -1.0]], atol=1e-15)


def test_last_before_skips_what_is_missing() -> None:
    values = np.array([[3], [-1], [5], [6]])
    np.testing.assert_array_equal(last_before(values, values >= 0, -1), [[-1], [3], [3], [5]])
