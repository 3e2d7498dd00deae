"""The best PyTorch offers for the options its LSTM has not: a loop over steps, scripted; and nn.LSTM's projection.

Layer normalisation and peepholes as torch's own benchmark of custom LSTMs writes them: the input's product at once,
then one scripted loop.
"""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from throughtime.nn import LSTM

NAMES = {
    "layer_norm": "scripted loop",
    "peephole": "scripted loop",
    "projection": "nn.LSTM(proj_size)",
    "zoneout": "scripted loop",
}


def of(variant: str, ours: LSTM) -> nn.Module:
    """The rival for a variant, with the weights of our layer.

    Args:
        variant: a key of `NAMES`.
        ours: the layer whose weights to take.
    """
    if variant == "projection":
        theirs = nn.LSTM(ours.input_size, ours.hidden_size, proj_size=ours.proj_size, dtype=ours.weight_ih_l0.dtype)
        theirs.load_state_dict(ours.state_dict())
        return theirs
    return Loop(ours, variant)


class Packed(nn.Module):
    """torch's way with ragged rows: pack, run, pad again."""

    def __init__(self, layer: nn.LSTM, lengths: Tensor) -> None:
        super().__init__()
        self.layer, self.lengths = layer, lengths

    def forward(self, x: Tensor) -> tuple[Tensor, object]:
        """[T, B, C] to [T, B, H], 0 past row ends, and the final state."""
        y, last = self.layer(pack_padded_sequence(x, self.lengths, enforce_sorted=False))
        return pad_packed_sequence(y, total_length=len(x))[0], last


class Loop(nn.Module):
    """One direction of one layer as a scripted loop."""

    weight_ih_l0: Tensor
    weight_hh_l0: Tensor
    bias_ih_l0: Tensor
    bias_hh_l0: Tensor
    weight_peep_l0: Tensor
    norm_ih_l0: Tensor
    norm_hh_l0: Tensor
    norm_c_l0: Tensor
    norm_c_bias_l0: Tensor
    _loop: Any

    def __init__(self, ours: LSTM, variant: str) -> None:
        super().__init__()
        for name, parameter in ours.named_parameters():
            self.register_parameter(name, nn.Parameter(parameter.detach().clone()))
        self.variant, self.zoneout = variant, ours.zoneout
        loops = {"layer_norm": _norm_loop, "peephole": _peephole_loop, "zoneout": _zoneout_loop}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # torch.compile does not run LSTM loops as one graph
            self._loop = torch.jit.script(loops[variant])

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """[T, B, C] to [T, B, H] and the last h."""
        H = self.weight_hh_l0.shape[1]
        zero = x.new_zeros(x.shape[1], H)
        bias = self.bias_ih_l0 + self.bias_hh_l0
        product = x @ self.weight_ih_l0.t()
        W = self.weight_hh_l0.t()
        if self.variant == "layer_norm":
            product = nn.functional.layer_norm(product, [4 * H], self.norm_ih_l0) + bias
            return self._loop(product, zero, zero, W, self.norm_hh_l0, self.norm_c_l0, self.norm_c_bias_l0)
        if self.variant == "peephole":
            return self._loop(product + bias, zero, zero, W, self.weight_peep_l0)
        return self._loop(product + bias, zero, zero, W, self.zoneout[0], self.zoneout[1], self.training)


def _norm_loop(
    product: Tensor, h: Tensor, c: Tensor, W: Tensor, norm_hh: Tensor, norm_c: Tensor, norm_c_bias: Tensor
) -> tuple[Tensor, Tensor]:
    H = h.shape[1]
    out = []
    for a in product.unbind(0):
        i, f, g, o = (a + torch.layer_norm(torch.mm(h, W), [4 * H], norm_hh)).chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(torch.layer_norm(c, [H], norm_c, norm_c_bias))
        out.append(h)
    return torch.stack(out), h


def _peephole_loop(product: Tensor, h: Tensor, c: Tensor, W: Tensor, peep: Tensor) -> tuple[Tensor, Tensor]:
    out = []
    for a in product.unbind(0):
        i, f, g, o = torch.addmm(a, h, W).chunk(4, 1)
        c_new = torch.sigmoid(f + peep[1] * c) * c + torch.sigmoid(i + peep[0] * c) * torch.tanh(g)
        h = torch.sigmoid(o + peep[2] * c_new) * torch.tanh(c_new)
        c = c_new
        out.append(h)
    return torch.stack(out), h


def _zoneout_loop(
    product: Tensor, h: Tensor, c: Tensor, W: Tensor, share_c: float, share_h: float, training: bool
) -> tuple[Tensor, Tensor]:
    out = []
    for a in product.unbind(0):
        i, f, g, o = torch.addmm(a, h, W).chunk(4, 1)
        c_new = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h_new = torch.sigmoid(o) * torch.tanh(c_new)
        if training:
            c = torch.where(torch.rand_like(c) < share_c, c, c_new)
            h = torch.where(torch.rand_like(h) < share_h, h, h_new)
        else:
            c, h = share_c * c + (1 - share_c) * c_new, share_h * h + (1 - share_h) * h_new
        out.append(h)
    return torch.stack(out), h
