"""What is measured of one network: the known law at rest, a reach before and after a training that moved it."""

from __future__ import annotations

import math

import pytest

from throughtime.recipes.reach.cells import CELLS, RADII
from throughtime.recipes.reach.trial import Plan, try_at_rest, try_cell
from throughtime.recipes.reach.words import at


@pytest.mark.parametrize("place", range(len(RADII)))
def test_at_rest_the_gradient_goes_as_a_power_of_the_radius(place):
    found = try_at_rest(place, 0, (0, 200, 400, 800))
    per_step = (at(found.double, "h", 800) / at(found.double, "h", 400)) ** (1 / 400)
    # The largest eigenvalue alone is left after hundreds of steps; a pair of them turns, hence the tolerance.
    assert per_step == pytest.approx(RADII[place], rel=0.02)
    assert (at(found.single, "h", 800) == 0.0) == (RADII[place] == 0.5)
    assert found.single.overflow == (400 if RADII[place] == 1.5 else None)


def test_a_training_is_measured_before_and_after():
    place = next(k for k, cell in enumerate(CELLS) if cell.name == "LSTM, forget bias 2")
    plan = Plan((0, 5, 50), recall_steps=3, updates=150)
    found = try_cell(place, 0, plan)
    assert found == try_cell(place, 0, plan)
    assert found.accuracy > 0.9
    assert found.radius is None
    assert at(found.start, "c", 50) == pytest.approx(at(found.start_double, "c", 50), rel=1e-3)
    assert at(found.trained, "c", 50) != at(found.start, "c", 50)


def test_chrono_reaches_200_steps():
    place = next(k for k, cell in enumerate(CELLS) if cell.name == "LSTM, chrono:200")
    found = try_cell(place, 0, Plan((0, 200), recall_steps=3, updates=1))
    assert 1e-2 < at(found.start, "c", 200) < 1


def test_the_rnn_of_torch_vanishes_and_keeps_its_radius():
    found = try_cell(0, 0, Plan((0, 200), recall_steps=3, updates=2))
    assert at(found.start_double, "h", 200) < 1e-6
    assert found.radius is not None
    assert 0.4 < found.radius < 0.8
    assert math.isfinite(found.start.loss)
