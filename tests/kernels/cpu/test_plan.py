from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from throughtime.kernels import Rows
from throughtime.kernels.cpu.direction import plan_of
from throughtime.kernels.cpu.plan import plan

CPU = torch.device("cpu")


@st.composite
def drawn_rows(draw):
    T, B = draw(st.integers(1, 7)), draw(st.integers(1, 5))
    lengths = draw(st.none() | st.lists(st.integers(0, T), min_size=B, max_size=B).map(tuple))
    flags = st.lists(st.lists(st.booleans(), min_size=B, max_size=B), min_size=T, max_size=T)
    resets = draw(st.none() | flags.map(lambda f: torch.tensor(f, dtype=torch.bool)))
    return Rows(lengths, resets, T, B, CPU)


def sequences_one_by_one(rows, reverse):
    """(row, begin, length, enters, leaves) of every sequence, by walking along each row."""
    found = set()
    for b in range(rows.count):
        end = rows.steps if rows.lengths is None else rows.lengths[b]
        cuts = [t for t in range(end) if rows.resets is not None and rows.resets[t, b]]
        edges = [0, *(t for t in cuts if t > 0), end]
        runs = [(start, stop) for start, stop in pairwise(edges) if stop > start]
        for start, stop in runs:
            # A reset at a sequence's first step keeps the given state out going forward; going backward that step is
            # the last, and what it made still leaves.
            if reverse:
                found.add((b, stop - 1, stop - start, stop == end, start == 0))
            else:
                found.add((b, start, stop - start, start == 0 and 0 not in cuts, stop == end))
    return found


@given(rows=drawn_rows(), reverse=st.booleans())
@settings(max_examples=300)
def test_sequences_equal_a_walk_along_each_row(rows, reverse):
    found = plan(rows, reverse)
    wanted = sequences_one_by_one(rows, reverse)
    if not wanted:
        assert found is None
        return
    parts = (found.row, found.begin, found.length, found.enters, found.leaves)
    assert {part.dtype for part in parts} == {np.dtype(np.int64), np.dtype(np.uint8)}
    assert all(part.flags.c_contiguous for part in (*parts, found.offset))
    assert len(found.row) == len(wanted)
    assert set(zip(*(part.tolist() for part in parts), strict=True)) == wanted
    lengths = found.length.tolist()
    assert lengths == sorted(lengths, reverse=True)
    real = [sum(min(length, j) for length in lengths) for j in range(lengths[0] + 1)]
    assert found.offset.dtype == np.int64
    assert found.offset.tolist() == real


@given(rows=drawn_rows(), reverse=st.booleans())
@settings(max_examples=100)
def test_sequences_enter_and_leave_where_the_oracles_masks_say(rows, reverse):
    found, steps = plan(rows, reverse), rows.steps_of(reverse)
    if found is None:
        return
    everywhere = torch.ones(rows.steps, rows.count, 1, dtype=torch.bool)
    enters = everywhere if steps.enters is None else steps.enters
    for begin, row, entered in zip(found.begin.tolist(), found.row.tolist(), found.enters.tolist(), strict=True):
        assert bool(enters[begin, row, 0]) == bool(entered)


@pytest.mark.parametrize("reverse", [False, True])
def test_a_plan_of_plain_rows_is_remembered(reverse):
    assert plan_of(Rows(None, None, 4, 3, CPU), reverse) is plan_of(Rows(None, None, 4, 3, CPU), reverse)
    ragged = Rows((4, 4, 4), None, 4, 3, CPU)
    assert plan_of(ragged, reverse) is not plan_of(ragged, reverse)
    assert plan_of(ragged, reverse).begin.tolist() == plan_of(Rows(None, None, 4, 3, CPU), reverse).begin.tolist()


def test_no_rows_and_no_steps_have_no_plan():
    assert plan(Rows(None, None, 3, 0, CPU), False) is None
    assert plan(Rows((0, 0), None, 3, 2, CPU), True) is None
    assert plan(Rows(None, torch.zeros(3, 0, dtype=torch.bool), 3, 0, CPU), False) is None


def test_no_steps_at_all_have_no_plan():
    assert plan_of(Rows(None, None, 0, 2, CPU), False) is None
    assert plan_of(Rows(None, None, 2, 0, CPU), True) is None
    assert plan(Rows(None, None, 0, 2, CPU), False) is None
    assert plan(Rows(None, torch.zeros(0, 2, dtype=torch.bool), 0, 2, CPU), False) is None
