"""`step` on the cpu kernel: ready stacks are used again, and only as long as nothing has changed."""

from __future__ import annotations

import copy
import pickle  # noqa: TID251 - users pickle modules; nothing of ours reads one
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

import throughtime as tt
from throughtime.base.errors import DtypeError, ShapeError
from throughtime.kernels.cpu import library
from throughtime.nn.steps import Steps

pytestmark = pytest.mark.skipif(library.found().kernels is None, reason="no C++ kernels: there was no compiler")

F64 = torch.float64
LAYERS = {
    "lstm": lambda: tt.LSTM(3, 5, 2, dtype=F64),
    "no bias": lambda: tt.LSTM(3, 5, bias=False, dtype=F64),
    "projection": lambda: tt.LSTM(3, 5, 2, proj_size=2, dtype=F64),
    "options": lambda: tt.LSTM(3, 5, 2, peephole=True, layer_norm=True, zoneout=(0.1, 0.2), dtype=F64).eval(),
    "wide": lambda: tt.LSTM(19, 37, dtype=F64),
    "rnn": lambda: tt.RNN(3, 5, 2, layer_norm=True, nonlinearity="relu", dtype=F64),
}


@pytest.fixture
def quick(monkeypatch):
    """How often a ready stack served."""
    served = []
    run = Steps.quick

    def counted(self, *given):
        found = run(self, *given)
        served.append(found is not None)
        return found

    monkeypatch.setattr(Steps, "quick", counted)
    return served


@pytest.mark.parametrize("build", LAYERS.values(), ids=LAYERS)
@pytest.mark.parametrize("rows", [1, 2, 5])
def test_steps_equal_the_sequence(build, rows, quick):
    layer = build()
    x = torch.randn(6, rows, layer.input_size, dtype=F64)
    wanted, last = layer(x)
    hx, y = None, []
    for x_t in x:
        y_t, hx = layer.step(x_t, hx)
        y.append(y_t)
    # float64, another order of summation: rounding, enlarged where a norm divides by a small deviation
    torch.testing.assert_close(torch.stack(y), wanted.detach(), rtol=1e-9, atol=1e-10)
    torch.testing.assert_close(hx, detached(last), rtol=1e-9, atol=1e-10)
    assert quick == [False, True, True, True, True, True]


@pytest.mark.parametrize("change", ["in place", "data", "parameter", "kernel", "dtype"])
def test_a_change_of_the_layer_is_seen(change, quick):
    layer, x = tt.LSTM(3, 5), torch.randn(2, 3)
    hx = layer.step(x)[1]
    layer.step(x, hx)
    assert quick[-1]
    with torch.no_grad():
        if change == "in place":
            layer.weight_hh_l0.data.add_(1)
        elif change == "data":
            layer.weight_hh_l0.data = torch.randn(20, 5)
        elif change == "parameter":
            layer.weight_hh_l0 = torch.nn.Parameter(torch.randn(20, 5))
        elif change == "kernel":
            layer.kernel = "torch"
        else:
            layer.double()
            x, hx = x.double(), tuple(part.double() for part in hx)
    y, _ = layer.step(x, hx)
    assert quick[-1] == (change == "in place")
    torch.testing.assert_close(y, layer(x[None], hx)[0][0].detach(), rtol=1e-5, atol=1e-6)  # float32 rounding


def test_what_it_returns_stays_as_it_is():
    layer, x = tt.LSTM(3, 5), torch.randn(2, 3)
    hx = layer.step(x)[1]
    y, after = layer.step(x, hx)
    kept = y.clone(), after[0].clone(), hx[0].clone()
    layer.step(x + 1, after)
    assert torch.equal(y, kept[0])
    assert torch.equal(after[0], kept[1])
    assert torch.equal(hx[0], kept[2])


def test_bad_input_is_named_when_a_stack_is_ready_too():
    layer, x = tt.LSTM(3, 5), torch.randn(2, 3)
    hx = layer.step(x)[1]
    with pytest.raises(ShapeError, match="input_size = 3"):
        layer.step(torch.randn(2, 4), hx)
    with pytest.raises(DtypeError, match="`input`"):
        layer.step(x.double(), hx)
    with pytest.raises(ShapeError, match="`hx`"):
        layer.step(x, hx[0])
    with pytest.raises(ShapeError, match="`hx`"):
        layer.step(x, (hx[0], hx[1][..., :4]))
    short = torch.randn(2, 3)
    short.untyped_storage().resize_(8)
    with pytest.raises(ShapeError, match="storage"):
        layer.step(short, hx)


def test_copies_start_afresh():
    layer, x = tt.LSTM(3, 5), torch.randn(2, 3)
    hx = layer.step(x)[1]
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):  # noqa: S301
        assert torch.equal(twin.step(x, hx)[0], layer.step(x, hx)[0])


def test_threads_share_a_layer():
    layer = tt.LSTM(16, 32)
    inputs = torch.randn(200, 1, 16)
    hx = layer.step(inputs[0])[1]
    wanted = [layer.step(x, hx)[0] for x in inputs]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda x: layer.step(x, hx)[0], inputs))
    assert all(torch.equal(a, b) for a, b in zip(found, wanted, strict=True))


def detached(state):
    return tuple(part.detach() for part in state) if isinstance(state, tuple) else state.detach()
