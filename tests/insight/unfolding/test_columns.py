"""Blocks fit their width and hold every step once, or say which they leave out."""

from __future__ import annotations

import pytest

import throughtime as tt
from throughtime.insight.unfolding.columns import blocks
from throughtime.insight.unfolding.plan import plan


@pytest.mark.parametrize("with_values", [False, True])
@pytest.mark.parametrize("width", [1, 30, 40, 80, 100, 200])
@pytest.mark.parametrize("n", [1, 2, 7, 12, 48])
def test_every_step_once_and_within_the_width(n, width, with_values):
    made = blocks(plan("lstm", n, tt.TBPTT(1, 3)), width, with_values)
    assert [step for block in made for step, _ in block.columns] == list(range(1, n + 1))
    ends = [at + block.width for block in made for _, at in block.columns]
    assert max(ends) <= width or all(len(block.columns) == 1 for block in made)
    sizes = [len(block.columns) for block in made]
    assert all(size == sizes[0] for size in sizes[:-1])


def test_twelve_steps_stand_in_one_block_at_80():
    (block,) = blocks(plan("lstm", 12, tt.TBPTT()), 80, with_values=False)
    assert (len(block.columns), block.width) == (12, 5)


def test_columns_are_as_wide_as_there_is_room():
    widths = [blocks(plan("lstm", 4, tt.TBPTT()), width, with_values=False)[0].width for width in (46, 38, 30)]
    assert widths == [9, 7, 5]


def test_a_long_sequence_is_shown_at_its_ends():
    (block,) = blocks(plan("lstm", 49, tt.TBPTT()), 80, with_values=False)
    steps = [step for step, _ in block.columns]
    assert steps == [*range(1, 7), None, *range(44, 50)]
    assert (block.has_gap, block.gap) == (True, (7, 43))
