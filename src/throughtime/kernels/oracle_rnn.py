"""One direction of one Elman layer in plain PyTorch, forward and backward, equation by equation.

With h the state before step t (zeros after a reset):

    s   = x_t W_ih^T + (h drop_h) (W_hh drop_W)^T
    a   = s + b_ih + b_hh                   (a = LN(s; norm) + b_ih + b_hh with layer normalisation)
    h~  = tanh(a) or relu(a)
    h_t = zone_h h + (1 - zone_h) h~        (h_t = h~ without zoneout)        y_t = h_t

and past a row's end h_t = h, y_t = 0.

Dimensions: T steps, B rows, C inputs, H hidden units.

Sources: Elman 1990; Ba et al. 2016 equation 4 (normalisation of the sum; its shift is b_ih + b_hh here); the masks as
in `oracle_lstm`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from throughtime.kernels.cells import Masks, RNNWeights
from throughtime.kernels.masking import at, parted, scaled, zoned, zoned_backward
from throughtime.kernels.norm import normalise, normalise_backward
from throughtime.kernels.rows import Steps


@dataclass(frozen=True)
class RNNTape:
    """What the forward pass saw at each step; every entry lists T tensors [B, H] in order of time.

    `h` is the state after the step, `h_in` the state it used (zeros after a reset and past a row's end), `h_new` is
    h~ and `s` the sum before normalisation, empty without it: the squash's slope is told by h~.
    """

    h: tuple[Tensor, ...]
    h_in: tuple[Tensor, ...]
    h_new: tuple[Tensor, ...]
    s: tuple[Tensor, ...] = ()


@dataclass(frozen=True)
class RNNGradients:
    """Gradients of everything `forward` was given; weights as in `RNNWeights`."""

    x: Tensor
    h0: Tensor
    weights: RNNWeights


def forward(
    x: Tensor, h0: Tensor, weights: RNNWeights, nonlinearity: str, steps: Steps, masks: Masks
) -> tuple[Tensor, Tensor, RNNTape]:
    """Run one direction; plain autograd can differentiate it, and `backward` says the same in closed form.

    Args:
        x: [T, B, C] input.
        h0: [B, H] state before the first step that runs.
        weights: of this direction.
        nonlinearity: "tanh" or "relu".
        steps: direction, row ends and resets.
        masks: zoneout and dropout of this call.

    Returns:
        y [T, B, H], 0 past row ends; the last h [B, H]; the tape.
    """
    if steps.kept is not None:
        x = torch.where(steps.kept, x, 0)  # what lies past a row's end may be anything
    s_x = x @ weights.W_ih.t()  # [T, B, H]
    W_hh = _dropped_weight(weights, masks)
    h = h0
    seen: list[tuple[Tensor, ...]] = []
    for t in steps.order(len(x)):
        h_in = at(steps.enters, t, h, 0)
        made, h_new, s = _advance(s_x[t], h_in, W_hh, weights, nonlinearity, masks, t)
        h = at(steps.kept, t, made, h)
        seen.append((h, h_in, h_new, *(() if weights.norm is None else (s,))))
    if steps.reverse:
        seen.reverse()
    tape = RNNTape(*(tuple(entry) for entry in zip(*seen, strict=True))) if seen else RNNTape((), (), ())
    y = torch.stack(tape.h) if seen else s_x
    if steps.kept is not None:
        y = torch.where(steps.kept, y, 0)
    return y, h, tape


def step(x: Tensor, h: Tensor, weights: RNNWeights, nonlinearity: str, masks: Masks) -> Tensor:
    """One step on its own, in plain PyTorch: what `forward` does at each.

    Args:
        x: [B, C] input of the step.
        h: [B, H] state before it.
        weights: of the direction.
        nonlinearity: "tanh" or "relu".
        masks: of one step, T = 1.

    Returns:
        h [B, H] after the step; y is h.
    """
    return _advance(x @ weights.W_ih.t(), h, _dropped_weight(weights, masks), weights, nonlinearity, masks, 0)[0]


def backward(
    dy: Tensor,
    dh: Tensor,
    x: Tensor,
    tape: RNNTape,
    weights: RNNWeights,
    nonlinearity: str,
    steps: Steps,
    masks: Masks,
) -> RNNGradients:
    """Gradients of a loss from those of what `forward` returned.

    Args:
        dy: [T, B, H].
        dh: [B, H] of the last h.
        x: [T, B, C] as given to `forward`, like all that follows.
        tape: what `forward` returned.
        weights: of this direction.
        nonlinearity: "tanh" or "relu".
        steps: direction, row ends and resets.
        masks: zoneout and dropout of this call.

    Returns:
        Gradients of x, the initial state and every weight that is there.
    """
    W_hh = _dropped_weight(weights, masks)
    da: list[Tensor] = [dh] * len(tape.h)
    ds: list[Tensor] = [dh] * len(tape.h)
    for t in reversed(steps.order(len(tape.h))):
        made, dh = parted(steps.kept, t, dh, dy[t])
        dh_new, dh_in = zoned_backward(masks.zone_h, t, made)
        da[t] = _through_squash(dh_new, tape.h_new[t], nonlinearity)
        ds[t] = da[t] if weights.norm is None else normalise_backward(da[t] * weights.norm, *normalise(tape.s[t]))
        dh_in = dh_in + scaled(masks.drop_h, t, ds[t] @ W_hh)
        dh = dh + at(steps.enters, t, dh_in, 0)
    return _collect(da, ds, dh, x, tape, weights, steps, masks)


def _advance(
    s_x: Tensor, h: Tensor, W_hh: Tensor, weights: RNNWeights, nonlinearity: str, masks: Masks, t: int
) -> tuple[Tensor, Tensor, Tensor]:
    """h after a step, h~ and the sum s; from the input's product [B, H] and the state the step uses."""
    s = s_x + scaled(masks.drop_h, t, h) @ W_hh.t()
    a = _summed_input(s, weights)
    h_new = a.tanh() if nonlinearity == "tanh" else a.relu()
    return zoned(masks.zone_h, t, h, h_new), h_new, s


def _summed_input(s: Tensor, weights: RNNWeights) -> Tensor:
    a = s if weights.norm is None else normalise(s)[0] * weights.norm
    for bias in (weights.b_ih, weights.b_hh):
        if bias is not None:
            a = a + bias
    return a


def _through_squash(d: Tensor, h_new: Tensor, nonlinearity: str) -> Tensor:
    return d * (1 - h_new * h_new) if nonlinearity == "tanh" else torch.where(h_new > 0, d, 0)


def _collect(
    da: list[Tensor],
    ds: list[Tensor],
    dh0: Tensor,
    x: Tensor,
    tape: RNNTape,
    weights: RNNWeights,
    steps: Steps,
    masks: Masks,
) -> RNNGradients:
    """Add up over time: one product for each weight."""
    if steps.kept is not None:
        x = torch.where(steps.kept, x, 0)
    if not da:
        nothing = RNNWeights._make(None if w is None else torch.zeros_like(w) for w in weights)
        return RNNGradients(torch.zeros_like(x), dh0, nothing)
    all_da, all_ds = torch.stack(da), torch.stack(ds)  # [T, B, H]
    db = all_da.sum((0, 1))
    h = torch.stack([scaled(masks.drop_h, t, h) for t, h in enumerate(tape.h_in)])
    dW_hh = all_ds.flatten(0, 1).t() @ h.flatten(0, 1)
    gradients = RNNWeights(
        W_ih=all_ds.flatten(0, 1).t() @ x.flatten(0, 1),
        W_hh=dW_hh if masks.drop_W is None else dW_hh * masks.drop_W,
        b_ih=None if weights.b_ih is None else db,
        b_hh=None if weights.b_hh is None else db,
        norm=None if weights.norm is None else (all_da * normalise(torch.stack(tape.s))[0]).sum((0, 1)),
    )
    return RNNGradients(all_ds @ weights.W_ih, dh0, gradients)


def _dropped_weight(weights: RNNWeights, masks: Masks) -> Tensor:
    return weights.W_hh if masks.drop_W is None else weights.W_hh * masks.drop_W
