from __future__ import annotations

import json
import math
from collections import OrderedDict, namedtuple

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from throughtime.base.errors import DtypeError, ModelFileError
from throughtime.base.trees import flatten, unflatten

State = namedtuple("State", "h c")

tensors = st.integers(0, 5).map(lambda n: torch.arange(float(n)))
leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), tensors)
trees = st.recursive(
    leaves,
    lambda children: st.one_of(
        st.lists(children, max_size=4),
        st.lists(children, max_size=4).map(tuple),
        st.tuples(children, children).map(lambda pair: State(*pair)),
        st.dictionaries(st.one_of(st.text(max_size=3), st.integers()), children, max_size=4),
    ),
    max_leaves=20,
)


def same(a, b):
    """Equal in value, kind and order, bit by bit."""
    if isinstance(a, torch.Tensor):
        return isinstance(b, torch.Tensor) and a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, dict):
        return type(b) is dict and list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        kinds = getattr(a, "_fields", None) == getattr(b, "_fields", None) and isinstance(a, list) == isinstance(
            b, list
        )
        return kinds and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float):
        return type(b) is float and (a.hex() == b.hex())
    return type(a) is type(b) and a == b


def there_and_back(tree):
    structure, tensors = flatten(tree)
    return unflatten(json.loads(json.dumps(structure, allow_nan=False)), tensors)


@given(trees)
def test_every_tree_comes_back_exactly(tree):
    assert same(tree, there_and_back(tree))


def test_the_comparison_sees_differences():
    assert not same(1, 1.0)
    assert not same([1], (1,))
    assert not same(True, 1)
    assert not same(0.0, -0.0)
    assert not same((1, 2), State(1, 2))
    assert not same({"a": 1, "b": 2}, {"b": 2, "a": 1})


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -0.0, 5e-324, 0.1, 10**400, -(2**63)])
def test_awkward_numbers(value):
    assert same(value, there_and_back(value))


def test_keys_that_look_alike_keep_their_own_tensors():
    tree = {
        "a.b": torch.tensor(1),
        "a": {"b": torch.tensor(2)},
        1: torch.tensor(3),
        "1": torch.tensor(4),
        "": torch.tensor(5),
    }
    assert same(tree, there_and_back(tree))


def test_names_are_paths():
    assert set(flatten({"carry": [None, (torch.ones(1),)], "w": torch.ones(1)})[1]) == {"carry.1.0", "w"}


def test_a_dict_of_another_kind_comes_back_plain_and_tensors_come_detached():
    weight = torch.nn.Parameter(torch.ones(2))
    back = there_and_back(OrderedDict(weight=weight))
    assert type(back) is dict
    assert not back["weight"].requires_grad


def test_named_tuples_loaded_twice_have_one_type():
    assert type(there_and_back(State(1, 2))) is type(there_and_back(State(3, 4)))


@pytest.mark.parametrize("leaf", [{1, 2}, object(), b"bytes", np.float64(1.0), np.zeros(2), 1j])
def test_other_leaves_are_refused_and_located(leaf):
    with pytest.raises(DtypeError, match=r"at a\.0\. Convert"):
        flatten({"a": [leaf]})


@pytest.mark.parametrize("key", [1.5, None, (1,), True, b"x"])
def test_other_keys_are_refused(key):
    with pytest.raises(DtypeError, match="Keys in a checkpoint are str or int"):
        flatten({"a": {key: 1}})


@pytest.mark.parametrize(
    "structure",
    [
        {},
        {"tensor": "absent"},
        {"tensor": 1},
        {"tensor": "t", "more": 1},
        {"float": "1.0"},
        {"float": 1.0},
        {"tuple": {}},
        {"dict": [[1]]},
        {"dict": [[1.5, 2]]},
        {"dict": [[[], 2]]},
        {"dict": {"a": 1}},
        {"named": ["S", ["h"], []]},
        {"named": ["S", ["__class__"], [1]]},
        {"named": ["os; import os", ["h"], [1]]},
        {"named": ["S", [[1]], [1]]},
        {"unknown": 1},
    ],
)
def test_structures_we_do_not_write_are_refused(structure):
    with pytest.raises((ModelFileError, DtypeError)):
        unflatten(structure, {"t": torch.ones(1)})


def test_a_deep_structure_is_refused_rather_than_crashing():
    deep = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ModelFileError, match="RecursionError"):
        unflatten(deep, {})
