"""A ring keeps what it was given, whatever is appended to it or to what came of it."""

from __future__ import annotations

import torch

from throughtime.bptt.ring import Ring
from throughtime.bptt.rows import Point
from throughtime.bptt.steps import Steps


def steps(count, valid=None, resets=None):
    return Steps(None, None, None, valid, resets, count, 2)


def point(value):
    return Point((torch.full((1, 2, 3), float(value)), torch.full((1, 2, 3), -float(value))), torch.zeros(2).long())


def kept(first, count):
    """h of the steps first .. as their number, c its negative in wider rows, as a kernel pads them."""
    numbers = torch.arange(first, first + count).float()[:, None, None]
    return {"0.0.h": numbers.expand(count, 2, 3), "0.0.c": -numbers.expand(count, 2, 8)}


def test_states_are_read_from_steps():
    ring = Ring.beginning(10, point(0)).append(kept(10, 4), steps(4), point(13))
    assert (ring.base, ring.stop) == (10, 14)
    for step, value in [(10, 0), (11, 10), (13, 12), (14, 13)]:
        h, c = ring.point(step).state
        assert torch.equal(h, torch.full((1, 2, 3), float(value)))
        assert torch.equal(c, -h)


def test_a_row_without_steps_keeps_its_state():
    valid = torch.tensor([[True, False], [False, False], [True, False], [True, True]])
    ring = Ring.beginning(0, point(7)).append(kept(0, 4), steps(4, valid), point(3))
    h, _ = ring.point(3).state
    assert h[0, 0, 0] == 2
    assert h[0, 1, 0] == 7
    assert ring.point(2).state[0][0, 0, 0] == 0


def test_resets_are_counted():
    resets = torch.tensor([[True, False], [False, False], [True, True]])
    ring = Ring.beginning(0, point(0)).append(kept(0, 3), steps(3, None, resets), point(2))
    assert ring.point(2).resets_seen.tolist() == [1, 0]


def test_what_came_before_stays():
    first = Ring.beginning(0, point(0)).append(kept(0, 3), steps(3), point(2))
    before = {name: array.clone() for name, array in first.arrays(0, 3).items()}
    one, other = first, first
    for k in range(3, 30, 3):
        one = one.append(kept(k, 3), steps(3), point(k + 2)).from_step(k - 3)
        other = other.append(kept(100 + k, 3), steps(3), point(k + 2)).from_step(k - 3)
    assert one.arrays(27, 30)["0.0.h"][:, 0, 0].tolist() == [27, 28, 29]
    assert other.arrays(27, 30)["0.0.h"][:, 0, 0].tolist() == [127, 128, 129]
    assert one.base == 24
    for name, array in first.arrays(0, 3).items():
        assert torch.equal(array, before[name])


def test_steps_without_any_row_are_zeros():
    # New memory may hold anything: a head runs over these steps too, and 0 times nan is nan.
    none = torch.zeros(2, 2, dtype=torch.bool)
    ring = Ring.beginning(0, point(1)).append(None, steps(2, none), point(1))
    assert (ring.base, ring.count) == (0, 2)
    assert torch.equal(ring.point(1).state[0], point(1).state[0])
    ring = ring.append(kept(2, 3), steps(3), point(4)).with_room(2)
    assert all(not bool(array.any()) for array in ring.arrays(0, 2).values())
    assert torch.equal(ring.point(2).state[0], point(1).state[0])
    assert ring.arrays(2, 5)["0.0.h"][:, 0, 0].tolist() == [2, 3, 4]
    for place in ring.room(2).values():
        place.fill_(float("nan") if place.is_floating_point() else 1)
    ring = ring.append(None, steps(2, none), point(4))
    assert all(not bool(array.any()) for array in ring.arrays(5, 7).values())
    assert torch.equal(ring.point(7).state[0], ring.point(5).state[0])


def test_a_tree_and_back():
    ring = Ring.beginning(0, point(0)).append(kept(0, 5), steps(5), point(4)).from_step(2)
    again = Ring.from_tree(ring.to_tree())
    assert (again.base, again.stop) == (2, 5)
    for name, array in ring.arrays(2, 5).items():
        assert torch.equal(again.arrays(2, 5)[name], array)
    assert torch.equal(again.point(3).state[0], ring.point(3).state[0])
    assert Ring.from_tree(Ring.beginning(4, point(1)).to_tree()).stop == 4
