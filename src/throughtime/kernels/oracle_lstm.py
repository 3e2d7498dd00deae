"""One direction of one LSTM layer in plain PyTorch, forward and backward, equation by equation.

With h, c the state before step t (zeros after a reset):

    a   = x_t W_ih^T + (h drop_h) (W_hh drop_W)^T + b_ih + b_hh
    z_i z_f z_g z_o = a;   z_i += peep_i c;   z_f += peep_f c
    i = sigmoid(z_i)    f = sigmoid(z_f)    g = tanh(z_g)
    c~  = f c + i g
    o   = sigmoid(z_o + peep_o c~)
    r   = tanh(c~)                          m = o r
    h~  = m W_hr^T                          (h~ = m without a projection)
    c_t = zone_c c + (1 - zone_c) c~        (c_t = c~ without zoneout)
    h_t = zone_h h + (1 - zone_h) h~        y_t = h_t

and past a row's end c_t = c, h_t = h, y_t = 0. With layer normalisation

    a   = LN(x_t W_ih^T; norm_ih) + LN((h drop_h) W_hh^T; norm_hh) + b_ih + b_hh
    r   = tanh(LN(c~; norm_c) + norm_c_bias)

each LN over all 4H summed inputs at once; peepholes look at c as it is.

Dimensions: T steps, B rows, C inputs, H hidden units, P outputs (H without a projection).

Sources: Hochreiter & Schmidhuber 1997 and Gers et al. 2000 (the cell), Gers et al. 2002 (peepholes), Sak et al. 2014
(projection), Ba et al. 2016 equations 20-22 (normalisation; its shifts of the two products are b_ih and b_hh here),
Krueger et al. 2016 (zoneout; zone_c is the probability itself in evaluation), Gal & Ghahramani 2016 (one mask a
sequence on h where it enters W_hh), Merity et al. 2017 (weight drop).
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from throughtime.kernels.cells import LSTMWeights, Masks
from throughtime.kernels.masking import at, parted, scaled, zoned, zoned_backward
from throughtime.kernels.norm import normalise, normalise_backward
from throughtime.kernels.rows import Steps

Normalised = tuple[Tensor, ...]  # the normalised numbers and their scale, or nothing


@dataclass(frozen=True)
class LSTMTape:
    """What the forward pass saw at each step; every entry lists T tensors [B, ...] in order of time.

    `i f g o` are the gates, `c h` the state after the step, `c_in h_in` the state it used (zeros after a reset and
    past a row's end), `c_new` is c~ and `r` the squashed cell. With layer normalisation `n_ih n_hh` are the normalised
    products and `s_ih s_hh` what they were scaled by; else they are empty.
    """

    i: tuple[Tensor, ...]
    f: tuple[Tensor, ...]
    g: tuple[Tensor, ...]
    o: tuple[Tensor, ...]
    c: tuple[Tensor, ...]
    h: tuple[Tensor, ...]
    c_in: tuple[Tensor, ...]
    h_in: tuple[Tensor, ...]
    c_new: tuple[Tensor, ...]
    r: tuple[Tensor, ...]
    n_hh: tuple[Tensor, ...] = ()
    s_hh: tuple[Tensor, ...] = ()
    n_ih: tuple[Tensor, ...] = ()
    s_ih: tuple[Tensor, ...] = ()


@dataclass(frozen=True)
class LSTMGradients:
    """Gradients of everything `forward` was given; weights as in `LSTMWeights`."""

    x: Tensor
    h0: Tensor
    c0: Tensor
    weights: LSTMWeights


def forward(
    x: Tensor, h0: Tensor, c0: Tensor, weights: LSTMWeights, steps: Steps, masks: Masks
) -> tuple[Tensor, Tensor, Tensor, LSTMTape]:
    """Run one direction; plain autograd can differentiate it, and `backward` says the same in closed form.

    Args:
        x: [T, B, C] input.
        h0: [B, P] state before the first step that runs.
        c0: [B, H] likewise.
        weights: of this direction.
        steps: direction, row ends and resets.
        masks: zoneout and dropout of this call.

    Returns:
        y [T, B, P], 0 past row ends; the last h [B, P] and c [B, H]; the tape.
    """
    if steps.kept is not None:
        x = torch.where(steps.kept, x, 0)  # what lies past a row's end may be anything
    a_x, norm_x = _input_product(x, weights)  # [T, B, 4H]
    W_hh = _dropped_weight(weights, masks)
    h, c = h0, c0
    seen: list[tuple[Tensor, ...]] = []
    for t in steps.order(len(x)):
        h_in, c_in = at(steps.enters, t, h, 0), at(steps.enters, t, c, 0)
        h_new, c_new, gates, norm_h = _advance(a_x[t], h_in, c_in, W_hh, weights, masks, t)
        h = at(steps.kept, t, h_new, h)
        c = at(steps.kept, t, c_new, c)
        seen.append((*gates[:4], c, h, c_in, h_in, *gates[4:], *norm_h, *(part[t] for part in norm_x)))
    if steps.reverse:
        seen.reverse()
    tape = LSTMTape(*(tuple(entry) for entry in zip(*seen, strict=True))) if seen else _empty_tape()
    y = torch.stack(tape.h) if seen else a_x[..., : h0.shape[-1]]
    if steps.kept is not None:
        y = torch.where(steps.kept, y, 0)
    return y, h, c, tape


def step(x: Tensor, h: Tensor, c: Tensor, weights: LSTMWeights, masks: Masks) -> tuple[Tensor, Tensor]:
    """One step on its own, in plain PyTorch: what `forward` does at each.

    Args:
        x: [B, C] input of the step.
        h: [B, P] state before it.
        c: [B, H] likewise.
        weights: of the direction.
        masks: of one step, T = 1.

    Returns:
        h [B, P] and c [B, H] after the step; y is h.
    """
    a_x, _ = _input_product(x, weights)
    h, c, _, _ = _advance(a_x, h, c, _dropped_weight(weights, masks), weights, masks, 0)
    return h, c


def backward(
    dy: Tensor,
    dh: Tensor,
    dc: Tensor,
    x: Tensor,
    tape: LSTMTape,
    weights: LSTMWeights,
    steps: Steps,
    masks: Masks,
) -> LSTMGradients:
    """Gradients of a loss from those of what `forward` returned.

    Args:
        dy: [T, B, P].
        dh: [B, P] of the last h.
        dc: [B, H] of the last c.
        x: [T, B, C] as given to `forward`, like all that follows.
        tape: what `forward` returned.
        weights: of this direction.
        steps: direction, row ends and resets.
        masks: zoneout and dropout of this call.

    Returns:
        Gradients of x, the initial state and every weight that is there.
    """
    W_hh = _dropped_weight(weights, masks)
    h_masked = [scaled(masks.drop_h, t, h) for t, h in enumerate(tape.h_in)]
    found: list[_Step] = []
    for t in reversed(steps.order(len(tape.h))):
        dh_live, dh = parted(steps.kept, t, dh, dy[t])
        dc_live, dc = parted(steps.kept, t, dc, None)
        step = _step_backward(t, dh_live, dc_live, tape, weights, masks)
        step.s = _recurrent_backward(step, tape, t, weights.norm_hh)
        dh = dh + at(steps.enters, t, step.h_in + scaled(masks.drop_h, t, step.s @ W_hh), 0)
        dc = dc + at(steps.enters, t, step.c_in, 0)
        found.append(step)
    if not steps.reverse:
        found.reverse()
    return _collect(found, dh, dc, x, h_masked, tape, weights, steps, masks)


@dataclass
class _Step:
    """Gradients found at one step: of the summed inputs a and the product s = h W_hh^T [B, 4H], of the state that
    entered, and what the step adds to those of the smaller weights."""

    a: Tensor
    s: Tensor
    h_in: Tensor
    c_in: Tensor
    adds: dict[str, Tensor]


def _advance(
    a_x: Tensor, h: Tensor, c: Tensor, W_hh: Tensor, weights: LSTMWeights, masks: Masks, t: int
) -> tuple[Tensor, Tensor, tuple[Tensor, ...], Normalised]:
    """h and c after a step, its i, f, g, o, c~, r, and h's product normalised; from the input's product [B, 4H] and the
    state it uses."""
    a_h, norm_h = _product(scaled(masks.drop_h, t, h), W_hh, weights.norm_hh)
    a = a_x + a_h
    gates = _gates(a, c, weights)
    _, _, _, o, c_new, r = gates
    m = o * r
    h_new = m if weights.W_hr is None else m @ weights.W_hr.t()
    return zoned(masks.zone_h, t, h, h_new), zoned(masks.zone_c, t, c, c_new), gates, norm_h


def _gates(a: Tensor, c: Tensor, weights: LSTMWeights) -> tuple[Tensor, ...]:
    """i, f, g, o, c~ and r from the summed inputs [B, 4H] and the cell state [B, H]."""
    z_i, z_f, z_g, z_o = a.chunk(4, -1)
    if weights.peep is not None:
        z_i, z_f = z_i + weights.peep[0] * c, z_f + weights.peep[1] * c
    i, f, g = z_i.sigmoid(), z_f.sigmoid(), z_g.tanh()
    c_new = f * c + i * g
    if weights.peep is not None:
        z_o = z_o + weights.peep[2] * c_new
    return i, f, g, z_o.sigmoid(), c_new, squashed(c_new, weights)


def squashed(c_new: Tensor, weights: LSTMWeights) -> Tensor:
    """r from c~, [..., H] each."""
    if weights.norm_c is None:
        return c_new.tanh()
    n = normalise(c_new)[0] * weights.norm_c
    return (n if weights.norm_c_bias is None else n + weights.norm_c_bias).tanh()


def _input_product(x: Tensor, weights: LSTMWeights) -> tuple[Tensor, Normalised]:
    a, norm = _product(x, weights.W_ih, weights.norm_ih)
    for bias in (weights.b_ih, weights.b_hh):
        if bias is not None:
            a = a + bias
    return a, norm


def _product(h: Tensor, W: Tensor, norm: Tensor | None) -> tuple[Tensor, Normalised]:
    """h W^T, with layer normalisation where there is a gain, and then what was normalised and its scale."""
    s = h @ W.t()
    if norm is None:
        return s, ()
    n, scale = normalise(s)
    return n * norm, (n, scale)


def _recurrent_backward(step: _Step, tape: LSTMTape, t: int, norm_hh: Tensor | None) -> Tensor:
    """Gradient of the product h W_hh^T [B, 4H]; notes what this step adds to that of norm_hh."""
    if norm_hh is None:
        return step.a
    n, scale = tape.n_hh[t], tape.s_hh[t]
    step.adds["norm_hh"] = (step.a * n).sum(0)
    return normalise_backward(step.a * norm_hh, n, scale)


def _step_backward(t: int, dh: Tensor, dc: Tensor, tape: LSTMTape, weights: LSTMWeights, masks: Masks) -> _Step:
    """From the gradients of h_t and c_t to those of the summed inputs, of the state used, and of the cell's weights."""
    i, f, g, o, r = tape.i[t], tape.f[t], tape.g[t], tape.o[t], tape.r[t]
    c_in, c_new, adds = tape.c_in[t], tape.c_new[t], {}
    dm, dh_in = zoned_backward(masks.zone_h, t, dh)
    dc_new, dc_in = zoned_backward(masks.zone_c, t, dc)
    if weights.W_hr is not None:
        adds["W_hr"] = dm.t() @ (o * r)
        dm = dm @ weights.W_hr
    dz_o = dm * r * o * (1 - o)
    dc_new = dc_new + _squash_backward(dm * o * (1 - r * r), c_new, weights, adds)
    if weights.peep is not None:
        dc_new = dc_new + weights.peep[2] * dz_o
    dz_i = dc_new * g * i * (1 - i)
    dz_f = dc_new * c_in * f * (1 - f)
    dz_g = dc_new * i * (1 - g * g)
    dc_in = dc_in + dc_new * f
    if weights.peep is not None:
        dc_in = dc_in + weights.peep[0] * dz_i + weights.peep[1] * dz_f
        adds["peep"] = torch.stack([(dz_i * c_in).sum(0), (dz_f * c_in).sum(0), (dz_o * c_new).sum(0)])
    da = torch.cat([dz_i, dz_f, dz_g, dz_o], -1)
    return _Step(da, da, dh_in, dc_in, adds)


def _squash_backward(du: Tensor, c_new: Tensor, weights: LSTMWeights, adds: dict[str, Tensor]) -> Tensor:
    """Gradient of c~ from that of what tanh squashes; notes what this step adds to those of norm_c and its shift."""
    if weights.norm_c is None:
        return du
    n, scale = normalise(c_new)
    adds["norm_c"] = (du * n).sum(0)
    if weights.norm_c_bias is not None:
        adds["norm_c_bias"] = du.sum(0)
    return normalise_backward(du * weights.norm_c, n, scale)


def _collect(
    found: list[_Step],
    dh0: Tensor,
    dc0: Tensor,
    x: Tensor,
    h_masked: list[Tensor],
    tape: LSTMTape,
    weights: LSTMWeights,
    steps: Steps,
    masks: Masks,
) -> LSTMGradients:
    """Add up over time: one product for each weight."""
    if steps.kept is not None:
        x = torch.where(steps.kept, x, 0)
    if not found:
        nothing = LSTMWeights._make(None if w is None else torch.zeros_like(w) for w in weights)
        return LSTMGradients(torch.zeros_like(x), dh0, dc0, nothing)
    da = torch.stack([step.a for step in found])  # [T, B, 4H]
    ds = torch.stack([step.s for step in found])
    dp, d_norm_ih = da, None
    if weights.norm_ih is not None:
        n, scale = torch.stack(tape.n_ih), torch.stack(tape.s_ih)
        dp, d_norm_ih = normalise_backward(da * weights.norm_ih, n, scale), (da * n).sum((0, 1))
    dx = dp @ weights.W_ih
    dW_hh = ds.flatten(0, 1).t() @ torch.stack(h_masked).flatten(0, 1)
    db = da.sum((0, 1))
    gradients = LSTMWeights(
        W_ih=dp.flatten(0, 1).t() @ x.flatten(0, 1),
        W_hh=dW_hh if masks.drop_W is None else dW_hh * masks.drop_W,
        b_ih=None if weights.b_ih is None else db,
        b_hh=None if weights.b_hh is None else db,
        norm_ih=d_norm_ih,
        **{name: torch.stack([step.adds[name] for step in found]).sum(0) for name in found[0].adds},
    )
    return LSTMGradients(dx, dh0, dc0, gradients)


def _dropped_weight(weights: LSTMWeights, masks: Masks) -> Tensor:
    return weights.W_hh if masks.drop_W is None else weights.W_hh * masks.drop_W


def _empty_tape() -> LSTMTape:
    return LSTMTape(*(() for _ in fields(LSTMTape)))
