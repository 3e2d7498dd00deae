"""Calls as nobody should make them: each gives the oracle's answer, or an error of ours that names the argument.

A pointer into a tensor that is not what it says reads or writes past its memory, and the process dies. So every call is
drawn, damaged in up to three places, and made. THROUGHTIME_MALFORMED_CALLS says how many; 10,000 take some minutes.
"""

from __future__ import annotations

import copy
import os
import random
import re

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode

import throughtime as tt
from tests.nn.cases import KERNELS
from throughtime.base.errors import ThroughtimeError

CALLS = int(os.environ.get("THROUGHTIME_MALFORMED_CALLS", "1000"))
NAMED = re.compile(
    r"`(input|hx|lengths|resets|x|h|c|W_\w+|b_\w+|peep|norm(_ih|_hh|_c|_c_bias)?|(weight|bias|norm)\w*_l\d\w*)[`. ]"
)
DTYPES = [torch.float16, torch.float32, torch.float64, torch.int64, torch.bool, torch.complex64]


class Tagged(torch.Tensor):
    """A subclass that adds nothing."""


def shrunk(tensor, r):
    """The same tensor, its storage cut."""
    tensor = tensor.detach().clone()
    tensor.untyped_storage().resize_(r.randrange(max(1, tensor.untyped_storage().nbytes())))
    return tensor


def wider(tensor):
    return torch.stack([tensor, tensor + 1], -1)[..., 0]


def turned(tensor):
    """Other strides, the same numbers."""
    axes = list(range(tensor.dim()))[::-1]
    return tensor.permute(axes).contiguous().permute(axes)


def resized(tensor, r):
    """One axis longer or shorter."""
    if tensor.dim() == 0:
        return tensor
    axis = r.randrange(tensor.dim())
    sizes = list(tensor.shape)
    sizes[axis] = max(0, sizes[axis] + r.choice([-1, 1, 3]))
    return torch.zeros(sizes, dtype=tensor.dtype)


def poisoned(tensor):
    return tensor * float("nan") if tensor.is_floating_point() else tensor


DAMAGES = [
    lambda t, r: resized(t, r),
    lambda t, r: t.to(r.choice(DTYPES)),
    lambda t, _: t.to("meta"),
    lambda t, _: t.to_sparse(),
    lambda t, _: None,
    lambda t, _: t.tolist(),
    lambda t, _: t.numpy(),
    lambda t, _: t[None],
    lambda t, _: t[0] if t.dim() and len(t) else t,
    lambda t, r: shrunk(t, r),
    # The rest is legal.
    lambda t, _: wider(t),
    lambda t, _: turned(t),
    lambda t, _: t[..., :1].expand(t.shape) if t.dim() and t.numel() else t,
    lambda t, _: t.flip(0) if t.dim() else t,
    lambda t, _: torch._neg_view(t) if t.is_floating_point() else t,
    lambda t, _: t.as_subclass(Tagged),
    lambda t, _: FakeTensorMode().from_tensor(t) if t.is_floating_point() else t,
    lambda t, _: poisoned(t),
]


def drawn_layer(r):
    C, H = r.randint(1, 4), r.randint(2, 9)
    options = {
        "num_layers": r.randint(1, 2),
        "bias": r.random() < 0.7,
        "batch_first": r.random() < 0.3,
        "bidirectional": r.random() < 0.4,
        "dtype": r.choice([torch.float32, torch.float64]),
        "layer_norm": r.random() < 0.3,
        "recurrent_dropout": r.choice([0.0, 0.0, 0.4]),
        "weight_drop": r.choice([0.0, 0.0, 0.4]),
        "kernel": "cpu",
    }
    if r.random() < 0.6:
        more = {"peephole": r.random() < 0.3, "zoneout": r.choice([(0.0, 0.0), (0.2, 0.3)])}
        return tt.LSTM(C, H, proj_size=r.choice([0, 0, H - 1]), **options, **more)
    return tt.RNN(C, H, nonlinearity=r.choice(["tanh", "relu"]), zoneout=r.choice([0.0, 0.3]), **options)


def drawn_call(layer, r):
    """A legal input and its companions."""
    T, B, dtype = r.randint(0, 6), r.randint(0, 4), layer.weight_ih_l0.dtype
    x = torch.randn(*((B, T) if layer.batch_first else (T, B)), layer.input_size, dtype=dtype)
    stacked = layer.num_layers * (2 if layer.bidirectional else 1)
    hx = [torch.randn(stacked, B, units, dtype=dtype) for units in layer.state_sizes]
    return {
        "input": x,
        "hx": hx if r.random() < 0.6 else None,
        "lengths": torch.tensor([r.randint(0, T) for _ in range(B)]) if r.random() < 0.5 else None,
        "resets": torch.rand(T, B) < 0.3 if r.random() < 0.5 else None,
    }


def damage(layer, call, r):
    """Change one thing."""
    what = r.choice(["input", "hx", "lengths", "resets", "parameter", "parameter"])
    # The oracle's dx is weights times 0 past a row's end, NaN if they are; the kernels leave such steps alone.
    break_it = r.choice(DAMAGES[:-1] if what == "parameter" else DAMAGES)
    if what == "parameter":
        name = r.choice([name for name, p in layer.named_parameters() if plain(p.data)] or ["none"])
        if name == "none":
            return
        value = break_it(getattr(layer, name).detach(), r)
        if value is not None and not isinstance(value, torch.Tensor):
            return
        if value is not None and not isinstance(value, FakeTensor | Tagged) and value.is_floating_point():
            value = nn.Parameter(value)
        del layer._parameters[name]
        setattr(layer, name, value)
    elif what == "hx" and isinstance(call["hx"], list) and call["hx"] and r.random() < 0.9:
        k = r.randrange(len(call["hx"]))
        if isinstance(call["hx"][k], torch.Tensor) and plain(call["hx"][k]):
            call["hx"][k] = break_it(call["hx"][k], r)
    elif what == "hx":
        call["hx"] = r.choice(["hx", 3, [], [None, None], torch.zeros(1)])
    elif what == "lengths" and r.random() < 0.5:
        call["lengths"] = r.choice([[-1], [9, 9], 3, "ab", [1.5], [True], [[1]], None])
    elif isinstance(call[what], torch.Tensor) and plain(call[what]):
        call[what] = break_it(call[what], r)


def plain(tensor):
    """Whether it is still as drawn, so that damaging it is no crash of torch's own."""
    whole = type(tensor) is torch.Tensor and tensor.device.type == "cpu" and tensor.layout == torch.strided
    return whole and tensor.is_contiguous() and tensor.numel() * tensor.itemsize <= tensor.untyped_storage().nbytes()


def answer(layer, call):
    """Outputs, and gradients of the parameters and the input."""
    torch.manual_seed(0)
    hx = call["hx"]
    if isinstance(hx, list):
        hx = tuple(hx) if len(layer.state_names) > 1 else hx[0] if len(hx) == 1 else hx
    x = call["input"]
    if type(x) is torch.Tensor and x.is_floating_point():
        x = x.detach().requires_grad_()
    y, last = layer(x, hx, lengths=call["lengths"], resets=call["resets"])
    outputs = [y, *(last if isinstance(last, tuple) else (last,))]
    if any(isinstance(o, FakeTensor) for o in outputs):
        return None
    weights = [torch.randn(o.shape, dtype=o.dtype) for o in outputs]
    loss = sum((o * w).sum() for o, w in zip(outputs, weights, strict=True))
    wanted = [t for t in (x, *layer.parameters()) if isinstance(t, torch.Tensor) and t.requires_grad]
    if not loss.requires_grad:  # no row has a step: nothing was computed
        return [*outputs, *(torch.zeros_like(t) for t in wanted)]
    return [*outputs, *torch.autograd.grad(loss, wanted, allow_unused=True, materialize_grads=True)]


@pytest.mark.skipif("cpu" not in KERNELS, reason="no compiled library")
@pytest.mark.filterwarnings("ignore:Sparse", "ignore:Casting complex values")
@pytest.mark.parametrize("part", range(10))
def test_a_malformed_call_gives_the_oracles_answer_or_an_error_that_names_the_argument(part):
    refused = 0
    for number in range(part, CALLS, 10):
        r = random.Random(f"malformed {number}")
        torch.manual_seed(number)
        layer = drawn_layer(r)
        call = drawn_call(layer, r)
        for _ in range(r.choice([0, 1, 1, 1, 2, 3])):
            damage(layer, call, r)
        try:
            got = answer(layer, call)
        except ThroughtimeError as error:
            if not NAMED.search(str(error)):
                raise AssertionError(f"call {number}: names no argument: {error}") from error
            refused += 1
            continue
        except Exception as error:
            raise AssertionError(f"call {number}: {layer} {type(error).__name__}") from error
        if got is None or any(isinstance(p, FakeTensor) for p in layer.__dict__.values()):
            continue
        twin = copy.copy(layer)
        twin.__dict__ = dict(layer.__dict__)
        twin.kernel = "oracle"
        tolerance = 1e-3 if layer.weight_ih_l0.dtype == torch.float32 else 1e-9  # sums in another order
        for a, b in zip(got, answer(twin, call), strict=True):
            torch.testing.assert_close(
                a, b, rtol=tolerance, atol=tolerance, equal_nan=True, msg=lambda m, n=number: f"call {n}: {m}"
            )
    assert 0.2 * CALLS / 10 < refused < 0.9 * CALLS / 10
