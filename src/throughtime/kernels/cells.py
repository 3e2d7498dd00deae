"""What every kernel is given: the weights of one direction of one layer, its masks, and which steps are real.

    W_ih [4H, C]   W_hh [4H, P]   b_ih, b_hh [4H]   gates in the order i f g o      (RNN: [H, ...])
    W_hr [P, H]    projection; without it P = H
    peep [3, H]    peepholes of i, f, o on the cell state
    norm_*         gains and shift of layer normalisation

Dimensions: T steps, B rows, C inputs, H hidden units, P outputs. Time is axis 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor


class LSTMWeights(NamedTuple):
    """Weights of one direction of an LSTM layer; None where an option is off."""

    W_ih: Tensor
    W_hh: Tensor
    b_ih: Tensor | None = None
    b_hh: Tensor | None = None
    W_hr: Tensor | None = None
    peep: Tensor | None = None
    norm_ih: Tensor | None = None
    norm_hh: Tensor | None = None
    norm_c: Tensor | None = None
    norm_c_bias: Tensor | None = None


class RNNWeights(NamedTuple):
    """Weights of one direction of an Elman layer; None where an option is off."""

    W_ih: Tensor
    W_hh: Tensor
    b_ih: Tensor | None = None
    b_hh: Tensor | None = None
    norm: Tensor | None = None


@dataclass(frozen=True)
class Masks:
    """Random or expected masks of one direction, as numbers; None where an option is off.

    Args:
        zone_c: [T, B, H] share of the old cell state that stays: 0 or 1 in training, the probability in evaluation.
        zone_h: [T, B, P] the same for h.
        drop_h: [T, B, P] factor on h where it enters W_hh: 0 or 1 / (1 - p).
        drop_W: [4H, P] factor on W_hh: 0 or 1 / (1 - p).
    """

    zone_c: Tensor | None = None
    zone_h: Tensor | None = None
    drop_h: Tensor | None = None
    drop_W: Tensor | None = None


NO_MASKS = Masks()
