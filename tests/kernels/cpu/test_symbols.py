"""Inputs that are symbols: rows of a table, against vectors that go through W_ih."""

from __future__ import annotations

import random

import pytest
import torch
from torch.nn import functional as F

from tests.kernels.cpu.layer_cases import (
    CELLS,
    EVERY_SET,
    instruction_set,
    layer_case,
    needs_library,
    options_of,
    sharing,
)
from throughtime.base.errors import DtypeError, ShapeError
from throughtime.kernels import Rows
from throughtime.kernels.cpu import layers, library

pytestmark = needs_library


def run(case, numbers, vectors, folded, gates=True):
    """Outputs and gradients of a case whose inputs are vectors, or symbols that stand for them."""
    weights, masks, rows = case.weights[0], case.masks[0], case.rows
    inputs = [vectors, *case.state, *(w for w in weights if w is not None)]
    inputs = [tensor.detach().clone().requires_grad_() for tensor in inputs]
    rest = iter(inputs)
    vectors, state = next(rest), tuple(next(rest) for _ in case.state)
    weights = weights._make(None if w is None else next(rest) for w in weights)
    with layers.keeping(gates=gates):
        if folded:
            table, others = vectors @ weights.W_ih.T, weights._replace(W_ih=None)
            y, last = layers.run_symbols(case.cell, table, numbers, state, others, rows, masks)
        else:
            y, last = layers.run(case.cell, F.embedding(numbers, vectors), state, [weights], rows, [masks])
    draws = torch.Generator().manual_seed(5)
    loss = sum((part * torch.randn(part.shape, generator=draws, dtype=part.dtype)).sum() for part in (y, *last))
    loss.backward()
    return [y.detach(), *(part.detach() for part in last)], [tensor.grad for tensor in inputs]


def assert_same(case, numbers, vectors, gates=True):
    (out, found), (wanted_out, wanted) = (run(case, numbers, vectors, folded, gates) for folded in (True, False))
    tolerance = {"rtol": 1e-9, "atol": 1e-11} if case.x.dtype == torch.float64 else {"rtol": 1e-3, "atol": 1e-4}
    for one, other in zip([*out, *found], [*wanted_out, *wanted], strict=True):
        torch.testing.assert_close(one, other, **tolerance)


def symbols_of(case, count, seed=0):
    T, B, C = case.x.shape
    draws = torch.Generator().manual_seed(seed)
    return (
        torch.randint(count, (T, B), generator=draws),
        torch.randn(count, C, generator=draws, dtype=torch.float64).to(case.x.dtype),
    )


@pytest.mark.parametrize("name", EVERY_SET)
@pytest.mark.parametrize("cell", CELLS)
def test_every_option_and_instruction_set(cell, name):
    with instruction_set(name):
        for seed in range(24):
            r = random.Random(seed)
            options = {**options_of(cell, r), "both": False}
            sizes = (r.randint(1, 7), r.randint(1, 6), r.randint(1, 9), r.randint(1, 40))
            case = layer_case(cell, *sizes, seed=seed, **options)
            if seed % 4 == 3:
                case = case.to(torch.float32)
            assert_same(case, *symbols_of(case, r.randint(1, 12), seed), gates=seed % 2 == 0)


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("split", [library.SPLIT_ROWS, library.SPLIT_UNITS])
def test_every_way_of_sharing(split, threads):
    with sharing(split, threads):
        for seed, (T, B, H) in enumerate([(40, 14, 70), (300, 1, 33), (5, 100, 17), (90, 7, 130)]):
            case = layer_case("lstm", T, B, 5, H, seed=seed, masked=seed == 1, ragged=seed % 2 == 0)
            assert_same(case, *symbols_of(case, 11, seed), gates=seed != 3)


def test_the_table_has_finite_differences_for_gradients():
    case = layer_case("lstm", 4, 3, 2, 3, seed=3)
    numbers, vectors = symbols_of(case, 5)
    table = (vectors @ case.weights[0].W_ih.T).detach().requires_grad_()
    others = case.weights[0]._replace(W_ih=None)

    def outputs(table):
        y, last = layers.run_symbols("lstm", table, numbers, case.state, others, case.rows, case.masks[0])
        return (y, *last)

    assert torch.autograd.gradcheck(outputs, (table,))


def test_the_order_in_memory_makes_no_difference():
    case = layer_case("lstm", 6, 4, 3, 5, seed=2)
    numbers, vectors = symbols_of(case, 7)
    turned = numbers.t().contiguous().t()
    one, other = (run(case, each, vectors, True) for each in (numbers, turned))
    for found, wanted in zip([*one[0], *one[1]], [*other[0], *other[1]], strict=True):
        assert torch.equal(found, wanted)


@pytest.mark.parametrize("bad", [-1, 7])
def test_what_is_no_row_of_the_table_is_refused(bad):
    case = layer_case("lstm", 6, 4, 3, 5, seed=2)
    numbers, vectors = symbols_of(case, 7)
    numbers[2, 1] = bad
    table, others = vectors @ case.weights[0].W_ih.T, case.weights[0]._replace(W_ih=None)
    rows = Rows(None, None, 6, 4, torch.device("cpu"))
    with pytest.raises(ShapeError, match=r"0 \.\. 6"):
        layers.run_symbols("lstm", table, numbers, case.state, others, rows, case.masks[0])
    with pytest.raises(DtypeError, match="symbols"):
        layers.run_symbols("lstm", table, numbers.int(), case.state, others, rows, case.masks[0])
    with pytest.raises(ShapeError, match="`x` must be"):
        layers.run_symbols("lstm", table[:, 1:], numbers.clamp(0, 6), case.state, others, rows, case.masks[0])
