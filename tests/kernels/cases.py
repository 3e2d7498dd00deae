"""Random cases for one direction of one layer, and the equations written once more, one row and one step at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from hypothesis import strategies as st
from torch import Tensor

from throughtime.kernels import LSTMWeights, Masks, RNNWeights, Rows, Steps

EPSILON = 1e-5


@dataclass(frozen=True)
class Case:
    x: Tensor
    h0: Tensor
    c0: Tensor
    weights: LSTMWeights | RNNWeights
    steps: Steps
    masks: Masks
    reverse: bool
    rows: Rows


def _weights(H, C, P, bias, projection, peephole, layer_norm, draw):
    return LSTMWeights(
        W_ih=draw(4 * H, C),
        W_hh=draw(4 * H, P),
        b_ih=draw(4 * H) if bias else None,
        b_hh=draw(4 * H) if bias else None,
        W_hr=draw(P, H) if projection else None,
        peep=draw(3, H) if peephole else None,
        norm_ih=draw(4 * H) if layer_norm else None,
        norm_hh=draw(4 * H) if layer_norm else None,
        norm_c=draw(H) if layer_norm else None,
        norm_c_bias=draw(H) if layer_norm and bias else None,
    )


def make(cell, T, B, C, H, *, projection=False, bias=True, peephole=False, layer_norm=False, masked=False,
         ragged=False, resets=False, reverse=False, seed=0):  # fmt: skip
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    def chance(*shape):
        return torch.rand(*shape, generator=generator, dtype=torch.float64)

    P = max(1, H - 1) if projection and H > 1 else H
    if cell == "lstm":
        weights = _weights(H, C, P, bias, P != H, peephole, layer_norm, draw)
        G = 4 * H
    else:
        biases = (draw(H), draw(H)) if bias else (None, None)
        weights = RNNWeights(draw(H, C), draw(H, H), *biases, draw(H) if layer_norm else None)
        G = H
    masks = Masks()
    if masked:
        # zoneout as numbers between 0 and 1: training's 0 and 1 and evaluation's expectation are both special cases
        masks = Masks(chance(T, B, H), chance(T, B, P), (chance(T, B, P) < 0.7) / 0.7, (chance(G, P) < 0.7) / 0.7)
    lengths = tuple(torch.randint(T + 1, (B,), generator=generator).tolist()) if ragged else None
    starts = chance(T, B) < 0.3 if resets else None
    rows = Rows(lengths, starts, T, B, torch.device("cpu"))
    return Case(draw(T, B, C), draw(B, P), draw(B, H), weights, rows.steps_of(reverse), masks, reverse, rows)


def of_step(masks, t):
    """The masks of step t alone."""
    part = {name: mask[t : t + 1] for name, mask in vars(masks).items() if mask is not None and name != "drop_W"}
    return replace(masks, **part)


@st.composite
def cases(draw, cell):
    flag = st.booleans()
    return make(
        cell,
        draw(st.integers(0, 5)),
        draw(st.integers(1, 3)),
        draw(st.integers(1, 3)),
        draw(st.integers(1, 4)),
        projection=draw(flag) if cell == "lstm" else False,
        bias=draw(flag),
        peephole=draw(flag) if cell == "lstm" else False,
        layer_norm=draw(flag),
        masked=draw(flag),
        ragged=draw(flag),
        resets=draw(flag),
        reverse=draw(flag),
        seed=draw(st.integers(0, 1000)),
    )


def layer_norm(a, gain):
    return gain * (a - a.mean()) / torch.sqrt(((a - a.mean()) ** 2).mean() + EPSILON)


def lstm_step_by_hand(x, h, c, w, zone_c, zone_h, drop_h, W_hh):
    """One row, one step; the equations as the papers print them."""
    H = len(c)
    from_x, from_h = w.W_ih @ x, W_hh @ (h * drop_h)
    if w.norm_ih is not None:
        from_x, from_h = layer_norm(from_x, w.norm_ih), layer_norm(from_h, w.norm_hh)
    a = from_x + from_h
    if w.b_ih is not None:
        a = a + w.b_ih + w.b_hh
    p_i, p_f, p_o = w.peep if w.peep is not None else torch.zeros(3, H, dtype=a.dtype)
    i = 1 / (1 + torch.exp(-(a[:H] + p_i * c)))
    f = 1 / (1 + torch.exp(-(a[H : 2 * H] + p_f * c)))
    g = torch.tanh(a[2 * H : 3 * H])
    new_c = f * c + i * g
    o = 1 / (1 + torch.exp(-(a[3 * H :] + p_o * new_c)))
    seen = new_c
    if w.norm_c is not None:
        seen = layer_norm(new_c, w.norm_c) + (0 if w.norm_c_bias is None else w.norm_c_bias)
    new_h = o * torch.tanh(seen)
    if w.W_hr is not None:
        new_h = w.W_hr @ new_h
    return zone_h * h + (1 - zone_h) * new_h, zone_c * c + (1 - zone_c) * new_c


def rnn_step_by_hand(x, h, w, zone_h, drop_h, W_hh, nonlinearity):
    a = w.W_ih @ x + W_hh @ (h * drop_h)
    if w.norm is not None:
        a = layer_norm(a, w.norm)
    if w.b_ih is not None:
        a = a + w.b_ih + w.b_hh
    new = torch.tanh(a) if nonlinearity == "tanh" else torch.clamp(a, min=0)
    return zone_h * h + (1 - zone_h) * new


def by_hand(case, nonlinearity=None):
    """y, h and c of a case, row by row; c stays as it came for an Elman layer."""
    T, B = case.x.shape[:2]
    y = torch.zeros(T, *case.h0.shape, dtype=torch.float64)
    last_h, last_c = case.h0.clone(), case.c0.clone()
    W_hh = case.weights.W_hh if case.masks.drop_W is None else case.weights.W_hh * case.masks.drop_W
    for b in range(B):
        h, c = case.h0[b], case.c0[b]
        for t in reversed(range(T)) if case.reverse else range(T):
            if case.steps.kept is not None and not case.steps.kept[t, b]:
                continue
            if case.steps.enters is not None and not case.steps.enters[t, b]:
                h, c = torch.zeros_like(h), torch.zeros_like(c)
            zone_c, zone_h, drop_h = (
                torch.full((), usual, dtype=torch.float64) if mask is None else mask[t, b]
                for mask, usual in ((case.masks.zone_c, 0.0), (case.masks.zone_h, 0.0), (case.masks.drop_h, 1.0))
            )
            if nonlinearity is None:
                h, c = lstm_step_by_hand(case.x[t, b], h, c, case.weights, zone_c, zone_h, drop_h, W_hh)
            else:
                h = rnn_step_by_hand(case.x[t, b], h, case.weights, zone_h, drop_h, W_hh, nonlinearity)
            y[t, b] = h
        last_h[b], last_c[b] = h, c
    return y, last_h, last_c


def leaves(*tensors):
    """The same tensors as leaves that want gradients; None stays."""
    return [None if t is None else t.detach().clone().requires_grad_() for t in tensors]


def gradients(outputs, inputs, seed=0):
    """Gradients of a random weighing of all outputs, zeros where nothing arrives."""
    generator = torch.Generator().manual_seed(seed)
    loss = sum((out * torch.randn(out.shape, generator=generator, dtype=out.dtype)).sum() for out in outputs)
    wanted = [t for t in inputs if t is not None]
    return torch.autograd.grad(loss, wanted, allow_unused=True, materialize_grads=True)


def assert_same(got, wanted):
    # float64, and only the order of summation differs: rounding
    for a, b in zip(got, wanted, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-12)
