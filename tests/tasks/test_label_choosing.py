"""What validation chooses for a classifier."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import torch

from tests.tasks.test_label_network import DESIGN
from throughtime.tasks.label_choosing import Pilot, best_of, candidates_of, said

OPEN = SimpleNamespace(positions=None, front_steps=None)
EQUAL = SimpleNamespace(longest=9, equal=True, many_symbols=False, span=1)
WORDS = SimpleNamespace(longest=9, equal=False, many_symbols=True, span=1)
MERS = SimpleNamespace(longest=9, equal=True, many_symbols=True, span=6)


def shapes(options, encoding, choose):
    return [(each.positions, each.front_steps) for each in candidates_of(DESIGN, options, encoding, choose)]


def test_what_is_open_is_chosen_where_there_is_something_to_choose_by():
    assert shapes(OPEN, EQUAL, True) == [(0, 7), (0, 0), (9, 7), (9, 0)]
    assert shapes(OPEN, EQUAL, False) == [(0, 0)]
    assert shapes(OPEN, WORDS, True) == [(0, 0)]
    assert shapes(OPEN, MERS, True) == [(0, 0)]
    assert [each.stride for each in candidates_of(DESIGN, OPEN, MERS, True)] == [6]
    assert shapes(SimpleNamespace(positions=True, front_steps=3), WORDS, True) == [(9, 3)]


def pilot(losses):
    """One whose sequences have these losses: their class, the first of two, has the probability exp(-loss)."""
    sure = torch.tensor(losses, dtype=torch.float64).neg().exp()
    return Pilot(torch.stack([sure, 1 - sure], 1).log(), np.zeros(len(losses), np.int64))


def test_losses_are_those_of_each_sequence():
    np.testing.assert_allclose(pilot([0.5, 0.1]).losses(), [0.5, 0.1])


def test_the_first_design_is_left_for_a_better_one_only_beyond_a_standard_error():
    first, spread = pilot([0.5, 0.5, 0.5, 0.5]), pilot([1.2, 0.1, 0.1, 0.1])
    assert first.losses().mean() > spread.losses().mean()
    assert best_of([first, spread]) == 0  # .125 more, with a standard error of .24
    assert best_of([first, pilot([0.4, 0.4, 0.3, 0.4])]) == 1  # .125 more, with one of .02
    assert best_of([pilot([0.9] * 4), first, spread]) == 1


def test_equal_designs_leave_the_first():
    assert best_of([pilot([0.5, 0.2])] * 3) == 0


def test_what_was_tried_is_said():
    designs = candidates_of(DESIGN, OPEN, EQUAL, True)
    line = said(designs, [pilot([loss]) for loss in (0.4, 0.3, 0.2, 0.1)], 3)
    assert "window of 7 0.400, neither window nor positions 0.300, window of 7 and positions 0.200" in line
    assert line.endswith("Taken: positions.")
    assert said(candidates_of(DESIGN, OPEN, MERS, True), [pilot([0.1])], 0).endswith("Taken: 6-mers.")
