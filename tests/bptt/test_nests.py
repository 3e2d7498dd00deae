"""Nests of every container, walked and compared."""

from collections import namedtuple

import pytest
import torch

from throughtime.base.errors import DtypeError
from throughtime.bptt.nests import detached, leaves, map_nest, same_structure

State = namedtuple("State", ["h", "c"])


def test_map_keeps_containers():
    nest = {"a": (torch.ones(2), None), "b": [State(torch.ones(1), torch.zeros(1))]}
    doubled = map_nest(lambda t: 2 * t, nest)
    assert isinstance(doubled["b"][0], State)
    assert doubled["a"][1] is None
    torch.testing.assert_close([*leaves(doubled)], [2 * t for t in leaves(nest)])


def test_a_plain_leaf_serves_for_all_below():
    nest = (torch.zeros(2, 3), [torch.zeros(4, 3)])
    assert map_nest(lambda t, axis: t.shape[axis], nest, 1) == (3, [3])
    assert map_nest(lambda t, axis: t.shape[axis], nest, (0, [1])) == (2, [3])


def test_detached_cuts_the_graph():
    w = torch.ones(2, requires_grad=True)
    assert not any(leaf.requires_grad for leaf in leaves(detached((w * 2, [w]))))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ((torch.ones(1), None), (torch.zeros(3), None), True),
        ((torch.ones(1), None), (None, torch.ones(1)), False),
        ([torch.ones(1)], (torch.ones(1),), False),
        ({"a": torch.ones(1)}, {"b": torch.ones(1)}, False),
        (None, None, True),
        ((torch.ones(1),), (torch.ones(1), torch.ones(1)), False),
    ],
)
def test_same_structure(one, other, same):
    assert same_structure(one, other) is same


def test_other_leaves_are_refused():
    with pytest.raises(DtypeError, match="a tuple, list or dict of them, or None: float came"):
        map_nest(lambda t: t, (torch.ones(1), 0.5))
