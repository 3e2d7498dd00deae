"""The line finds what is linear, stays at the last value where nothing is, and knows which window it needs."""

from __future__ import annotations

import numpy as np
import pytest

from throughtime.data import from_arrays
from throughtime.tasks.ahead_linear import Parts, changes_of, choose_line, lengths_to_try
from throughtime.tasks.ahead_origins import train_steps
from throughtime.tasks.ahead_rows import Columns, Rows

RNG = np.random.default_rng(0)


def parts_of(series, horizon=3):
    read = from_arrays(series)
    rows = Rows.of(read, Columns.fit(read, ()))
    trained = train_steps(rows.lengths, horizon, 0.25)
    return Parts(rows, trained, changes_of(rows, trained), horizon)


def test_a_season_is_linear():
    t = np.arange(400)
    parts = parts_of([np.sin(2 * np.pi * t / 10) + 5, 3 * np.cos(2 * np.pi * t / 10)])
    line = choose_line(parts, [10], False)
    assert line.weights.shape == (1, 3, 10)
    assert line.error < 0.05


def test_targets_that_differ_have_a_line_each():
    t = np.arange(600)
    apart = np.stack([np.sin(2 * np.pi * t / 8), np.where(t % 2, 1.0, -1.0) + 0.1 * RNG.normal(size=600)], axis=1)
    alike = np.stack([np.sin(2 * np.pi * t / 8), np.cos(2 * np.pi * t / 8)], axis=1)
    apart += 0.3 * RNG.normal(size=apart.shape)
    lines = [choose_line(parts_of([each]), [4], False).weights for each in (apart, alike)]
    assert [len(each) for each in lines] == [2, 1]


def test_of_a_random_walk_the_last_value_stays():
    parts = parts_of([RNG.normal(size=1000).cumsum() for _ in range(5)])
    line = choose_line(parts, [12], False)
    assert line.error == pytest.approx(1, abs=0.01)
    assert np.abs(line.weights).max() < 0.1


def test_the_window_holds_the_season():
    t = np.arange(600)
    shape = np.tile(RNG.normal(size=24), 25)
    parts = parts_of([(t % 7) * 0 + shape + 0.1 * RNG.normal(size=600)], horizon=4)
    tried = lengths_to_try(parts, 24)
    assert {8, 48, 72} <= set(tried)
    assert max(tried) <= 225
    line = choose_line(parts, tried, None)
    assert line.weights.shape[2] >= 24
    assert not line.log  # some values lie below 0


def test_growth_by_factors_is_read_as_logarithms():
    series = [np.exp(0.05 * np.arange(120) * k + 0.02 * RNG.normal(size=120)) for k in (1, 2, 3)]
    parts = parts_of(series)
    assert choose_line(parts, [6], None).log
    assert not choose_line(parts, [6], False).log


def test_without_validation_the_end_of_training_stands_in():
    parts = parts_of([np.sin(np.arange(40.0))])
    alone = Parts(parts.rows, parts.rows.lengths, parts.changes, 3)
    assert choose_line(alone, [8], False).error < 0.05


def test_what_lines_are_judged_by_is_fitted_on_in_the_end():
    values = np.concatenate([np.sin(np.arange(300.0)), np.sin(2 * np.arange(100.0))])
    parts = parts_of([values])
    early = Parts(parts.rows, parts.trained - 90, parts.changes, 3)
    one, other = (choose_line(each, [8], False).weights for each in (parts, early))
    assert not np.allclose(one, other)


def test_changes():
    parts = parts_of([np.array([0.0, 1, 3, 6, 10, 15, 21, 28, 36, 100])], horizon=1)
    assert parts.trained.tolist() == [8]
    assert parts.changes.tolist() == [4]


@pytest.mark.filterwarnings("ignore:Missing values")
def test_missing_values_are_left_out():
    values = np.sin(np.arange(300.0))
    values[100:110] = np.nan
    parts = parts_of([values])
    assert choose_line(parts, [8], False).error < 0.1
