"""Running pools against the same pools over whole sequences, in one piece and in many."""

from __future__ import annotations

import math

import pytest
import torch

import throughtime as tt
from throughtime.base.errors import ConfigError, DtypeError, ShapeError
from throughtime.nn import RunningPool, pool

# Only the order of summation may differ, so the tolerance is rounding.
EXACT = {"rtol": 1e-11, "atol": 1e-12}


def made(how: str, features: int = 3) -> RunningPool:
    layer = RunningPool(how, features, dtype=torch.float64)
    if layer.weight is not None:
        torch.nn.init.constant_(layer.weight, 0.7)
    return layer


def numbers(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def at_once(layer: RunningPool, x: torch.Tensor) -> torch.Tensor:
    """The pool over all steps [T, H] of one sequence."""
    if layer.how == "attention":
        return torch.softmax(x @ layer.weight[0], 0) @ x
    return x.mean(0) if layer.how == "mean" else x.max(0).values


def by_definition(layer, x, lengths, resets) -> torch.Tensor:
    """Every step's pool, by itself: over the steps of its sequence up to it."""
    found = torch.zeros_like(x)
    for b in range(x.shape[1]):
        for t in range(int(lengths[b])):
            begin = max([s for s in range(t + 1) if resets[s, b]], default=0)
            found[t, b] = at_once(layer, x[begin : t + 1, b])
    return found


@pytest.mark.parametrize("how", pool.HOWS)
@pytest.mark.parametrize("sizes", [[12], [1] * 12, [5, 0, 7]])
def test_each_step_has_the_pool_of_its_sequence_so_far(how, sizes, monkeypatch):
    monkeypatch.setattr(pool, "MEETING", 4)
    layer, lengths = made(how), torch.tensor([12, 5, 0, 8])
    resets = torch.rand(12, 4, generator=torch.Generator().manual_seed(2)) < 0.3
    found = []
    for whole in (True, False):
        x = numbers(12, 4, 3).requires_grad_()
        y, state, start = [], None, 0
        for size in sizes:
            rows = {"lengths": (lengths - start).clamp(0, size), "resets": resets[start : start + size]}
            part, state = layer(x[start : start + size], state, **rows)
            y.append(part)
            start += size
        y = torch.cat(y) if not whole else by_definition(layer, x, lengths, resets)
        leaves = [x, *layer.parameters()]
        found.append((y, torch.autograd.grad((y * numbers(12, 4, 3, seed=1)).sum(), leaves)))
    torch.testing.assert_close(*found, **EXACT)


@pytest.mark.parametrize("how", pool.HOWS)
def test_the_derivative_by_finite_differences(how):
    layer, x = made(how), numbers(6, 2, 3).requires_grad_()
    resets = torch.zeros(6, 2, dtype=torch.bool)
    resets[3, 0] = True
    state = layer(numbers(2, 2, 3, seed=5))[1]
    assert torch.autograd.gradcheck(lambda x: layer(x, state, lengths=[6, 4], resets=resets)[0], x)


@pytest.mark.parametrize("how", pool.HOWS)
def test_a_state_of_zeros_begins(how):
    # Where a layer beside it knows no resets, the engine begins a sequence with zeros.
    layer, x = made(how), -numbers(5, 2, 3).abs()
    zeros = {name: torch.zeros_like(part) for name, part in layer(x)[1].items()}
    torch.testing.assert_close(layer(x, zeros), layer(x), rtol=0, atol=0)


def test_attention_is_exact_far_from_zero():
    # Scores of a thousand and jumps of two: no exponential overflows, and early steps keep their own weights.
    layer = RunningPool("attention", 1)
    torch.nn.init.ones_(layer.weight)
    x = torch.cat([torch.linspace(-1e3, -990, 50), torch.linspace(1e3, 1010, 50)])[:, None, None]
    y = layer(x)[0].double()
    expected = by_definition(layer.double(), x.double(), [100], torch.zeros(100, 1))
    torch.testing.assert_close(y, expected, rtol=1e-6, atol=0)


@pytest.mark.parametrize("how", pool.HOWS)
def test_a_fault_does_not_outlive_its_sequence(how):
    layer, x = made(how), numbers(6, 2, 3)
    x[1, 0] = math.nan
    resets = torch.zeros(6, 2, dtype=torch.bool)
    resets[3, 0] = True
    y = layer(x.requires_grad_(), resets=resets)[0]
    assert y[1:3, 0].isnan().all()
    assert y[3:].isfinite().all()
    y[3:].sum().backward()
    assert x.grad[3:].isfinite().all()


def test_half_precision_is_pooled_in_single():
    y, state = RunningPool("mean")(torch.full((4000, 1, 1), 0.1, dtype=torch.bfloat16))
    assert y.dtype == torch.bfloat16
    assert float(state["pool"]) == pytest.approx(0.1, rel=2e-3)


def test_attention_under_autocast_keeps_its_precision():
    layer, x = made("attention").float(), numbers(20, 2, 3).float()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y, _ = layer(x)
    torch.testing.assert_close(y, layer(x)[0])


@pytest.mark.parametrize("how", pool.HOWS)
@pytest.mark.parametrize("shape", [(0, 2, 3), (4, 0, 3)])
def test_without_steps_or_rows(how, shape):
    y, state = made(how)(torch.zeros(shape, dtype=torch.float64))
    assert y.shape == shape
    assert state["pool"].shape == (1, shape[1], 3)


@pytest.mark.parametrize("how", pool.HOWS)
def test_it_splits(how):
    tt.check_splittable(tt.Network(None, [tt.LSTM(2, 3), RunningPool(how, 3)], None), torch.randn(9, 2, 2))


def test_refusals():
    with pytest.raises(ConfigError, match="`how` is one of"):
        RunningPool("sum")
    with pytest.raises(ConfigError, match="attention needs `input_size`"):
        RunningPool("attention")
    with pytest.raises(ShapeError, match=r"is \[T, B, H\], H = 3: \(4, 2, 5\) came"):
        RunningPool("attention", 3)(torch.zeros(4, 2, 5))
    with pytest.raises(DtypeError, match="a tensor of floats: torch.int64 came"):
        RunningPool("max")(torch.zeros(4, 2, 5, dtype=torch.int64))
    with pytest.raises(ShapeError, match="The state of a pool holds"):
        RunningPool("max")(torch.zeros(4, 2, 5), RunningPool("max")(torch.zeros(4, 3, 5))[1])


@pytest.mark.parametrize("how", pool.HOWS)
def test_past_its_end_a_row_keeps_its_pool(how):
    layer, x = made(how), numbers(6, 2, 3)
    state = layer(x, lengths=[6, 4])[1]
    alone = layer(x[:4, 1:])[1]
    torch.testing.assert_close({name: part[:, 1:] for name, part in state.items()}, alone, **EXACT)
