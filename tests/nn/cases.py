"""Drawn layers beside torch's own, and runs that collect outputs, states and every gradient."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import throughtime as tt
from throughtime.kernels.cpu import library

# Without a compiled library the cpu kernel is refused, which its own tests see to.
KERNELS = ["oracle", "torch"] if library.found().kernels is None else ["oracle", "torch", "cpu"]


@dataclass(frozen=True)
class Layers:
    """torch's layer and ours with the same weights, and an input for them."""

    theirs: nn.RNNBase
    ours: nn.Module
    x: Tensor
    hx: tuple[Tensor, ...] | None


@st.composite
def layer_cases(draw, kind, smallest_batch=1):
    flag = st.booleans()
    C, H = draw(st.integers(1, 4)), draw(st.integers(2, 5))
    T, B = draw(st.integers(1, 6)), draw(st.integers(smallest_batch, 4))
    layers = draw(st.integers(1, 3))
    options = {"num_layers": layers, "bias": draw(flag), "batch_first": draw(flag), "bidirectional": draw(flag)}
    if kind == "lstm":
        options["proj_size"] = draw(st.integers(0, H - 1))
        classes = nn.LSTM, tt.LSTM
    else:
        options["nonlinearity"] = draw(st.sampled_from(["tanh", "relu"]))
        classes = nn.RNN, tt.RNN
    seed = draw(st.integers(0, 10_000))
    theirs, ours = (_seeded(cls, seed, C, H, options) for cls in classes)
    ours.kernel = draw(st.sampled_from(KERNELS))
    x = torch.randn(*((B, T, C) if options["batch_first"] else (T, B, C)), dtype=torch.float64)
    units = [options.get("proj_size") or H, H][: 2 if kind == "lstm" else 1]
    stacked = layers * (2 if options["bidirectional"] else 1)
    hx = tuple(torch.randn(stacked, B, u, dtype=torch.float64) for u in units) if draw(flag) else None
    return Layers(theirs, ours, x, hx)


def _seeded(cls, seed, C, H, options):
    torch.manual_seed(seed)
    return cls(C, H, dtype=torch.float64, **options)


def collect(layer, x, hx, call=None, **rows):
    """Output, final state, and gradients of input, initial state and every parameter, for a random weighing."""
    x = x.detach().clone().requires_grad_()
    parts = () if hx is None else tuple(part.detach().clone().requires_grad_() for part in hx)
    given = None if hx is None else (parts if len(parts) > 1 else parts[0])
    y, last = (call or layer)(x, given, **rows)
    out = [y, *(last if isinstance(last, tuple) else (last,))]
    generator = torch.Generator().manual_seed(1)
    loss = sum((o * torch.randn(o.shape, generator=generator, dtype=o.dtype)).sum() for o in out)
    wanted = [x, *parts, *layer.parameters()]
    return [*out, *torch.autograd.grad(loss, wanted, allow_unused=True, materialize_grads=True)]


def by_packing(layer, lengths):
    """torch's way with ragged rows."""

    def call(x, hx):
        first = layer.batch_first
        packed = pack_padded_sequence(x, torch.tensor(lengths), batch_first=first, enforce_sorted=False)
        y, last = layer(packed, hx)
        return pad_packed_sequence(y, batch_first=first, total_length=x.shape[1 if first else 0])[0], last

    return call


def assert_same(got, wanted):
    # float64, and only the order of summation differs: rounding
    for a, b in zip(got, wanted, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-12)


def rows_apart(layer, x, hx, lengths, resets):
    """Every run of every row between resets as a call of its own, put together again: x [T, B, C], time first."""
    T, B = x.shape[:2]
    width = (2 if layer.bidirectional else 1) * layer.state_sizes[0]
    y = x.new_zeros(T, B, width)
    last = [part.clone() for part in hx]
    backward = torch.arange(len(hx[0])) % 2 == 1 if layer.bidirectional else torch.zeros(len(hx[0]), dtype=torch.bool)
    for b, length in enumerate(lengths):
        starts = [0, *(t for t in range(1, length) if resets[t, b]), length]
        for k, (start, stop) in enumerate(pairwise(starts)):
            if start == stop:
                continue
            given = [torch.zeros_like(part[:, b : b + 1]) for part in hx]
            for g, part in zip(given, hx, strict=True):
                if k == 0 and not resets[0, b]:
                    g[~backward] = part[~backward, b : b + 1]
                if stop == length:
                    g[backward] = part[backward, b : b + 1]
            state = tuple(given) if len(given) > 1 else given[0]
            y_run, end = layer(x[start:stop, b : b + 1], state)
            y[start:stop, b] = y_run[:, 0]
            for kept, part in zip(last, end if isinstance(end, tuple) else (end,), strict=True):
                if stop == length:
                    kept[~backward, b] = part[~backward, 0]
                if start == 0:
                    kept[backward, b] = part[backward, 0]
    return y, tuple(last)
