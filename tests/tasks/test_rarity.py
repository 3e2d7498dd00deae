"""Rarity against the exact tail of exponential errors, alarms by hand."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from throughtime.tasks.rarity import Incidents, Rarity, Tail, WindowMean, incidents

RNG = np.random.default_rng(0)


def taken_in(errors, window_rows=2000, share=0.1):
    tail = Tail(window_rows, share)
    for error in errors:
        tail.step(float(error))
    return tail


def chances(tail, numbers):
    """Of each number by itself, as the next one."""
    return [copy.deepcopy(tail).step(float(x)) for x in numbers]


def test_chances_of_exponential_errors_are_theirs():
    points = np.array([0.5, 3.0, 9.0, 20.0])
    got = chances(taken_in(RNG.exponential(3.0, 4000)), points)
    # 200 of the window's 2000 errors tell the mean excess to 7 %, twice that is allowed.
    np.testing.assert_allclose(np.log(got), -points / 3, rtol=0.15, atol=0.1)


def test_chances_fall_and_have_no_unit():
    errors = np.abs(RNG.normal(size=1000))
    points = np.linspace(0, 8, 50)
    small = chances(taken_in(errors), points)
    assert np.all(np.diff(small) <= 0)
    assert small[0] == 1
    assert 0 < small[-1] < 1e-6
    assert small == pytest.approx(chances(taken_in(errors * 1e6), points * 1e6), rel=1e-6)


def test_the_window_forgets():
    tail = taken_in([*RNG.exponential(100.0, 500), *RNG.exponential(1.0, 2000)], window_rows=1000)
    assert tail.step(30.0) < 1e-4


def test_few_errors_say_nothing_and_equal_ones_little():
    assert taken_in(np.ones(49)).step(100.0) == 1
    assert taken_in(np.ones(100)).step(1.0) == 1
    assert taken_in(np.ones(100)).step(1.1) < 1e-6
    assert taken_in(np.zeros(100)).step(0.0) == 1
    assert taken_in(np.zeros(100)).step(1e-3) < 1e-6


def test_errors_as_large_as_floats_are_do_not_break_it():
    tail = taken_in([1e300] * 60)
    assert 0 <= tail.step(1e300) <= 1
    assert 0 <= tail.step(0.0) <= 1


def test_a_lasting_rise_shows_in_the_mean_of_the_last_errors():
    random = np.random.default_rng(1)
    calm, risen = random.exponential(1.0, 3000), 2.2 + random.random(10)
    highest = {}
    for spans in ((1,), (1, 10)):
        rarity = Rarity(1, 3000, 0.01, spans)
        for error in calm:
            rarity.step([error])
        highest[spans] = max(rarity.step([error]) for error in risen)
    assert highest[1,] < 0.99
    assert highest[1, 10] > 0.998


def test_any_kind_of_error_may_be_rare():
    random = np.random.default_rng(2)
    rarity = Rarity(2, 1000, 0.01, (1,))
    for errors in random.exponential([1.0, 100.0], size=(1000, 2)):
        rarity.step(errors)
    assert copy.deepcopy(rarity).step([1.0, 100.0]) < 0.9
    assert copy.deepcopy(rarity).step([30.0, 100.0]) > 0.999
    assert copy.deepcopy(rarity).step([1.0, 3000.0]) > 0.999


def test_the_mean_of_a_window():
    numbers = RNG.normal(1e6, 1, 95)
    mean = WindowMean(20)
    assert mean.mean == 0
    for count, x in enumerate(numbers, 1):
        mean.step(float(x))
        assert mean.mean == pytest.approx(numbers[max(0, count - 20) : count].mean(), rel=1e-12)


def test_one_incident_is_one_alarm():
    scores = [0, 0.99, 1, 0.99, 0, 0, 1, 0, 0.5]
    assert incidents(scores, 0.99, 3).tolist() == [0, 1, 0, 0, 0, 0, 1, 0, 0]
    assert incidents(scores, 0.99, 0).tolist() == [0, 1, 1, 1, 0, 0, 1, 0, 0]
    rule = Incidents(0.5, 1)
    assert [rule.step(s) for s in (0.5, 1.0, 1.0)] == [True, False, True]
