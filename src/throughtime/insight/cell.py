"""One memory cell at one step, taken apart: what x(t), h(t-1) and the bias put into each gate, and what comes out.

Of unit u, for each gate k of i f g o:

    a_k = sum_c W_ih[k, u, c] x_c  +  sum_p W_hh[k, u, p] h(t-1)_p  +  b_ih[k, u] + b_hh[k, u]  (+ peep_k c)
    i = sigmoid(a_i)   f = sigmoid(a_f)   g = tanh(a_g)   o = sigmoid(a_o)
    c(t) = f c(t-1) + i g                 h(t) = o tanh(c(t))

where peepholes look at c(t-1) for i and f and at c(t) for o. The gates themselves come from `inspect`.

Dimensions: T steps, C inputs, H hidden units. Source: Hochreiter & Schmidhuber 1997, Gers et al. 2000.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from throughtime.base.checks import as_whole
from throughtime.base.errors import ConfigError, ShapeError
from throughtime.insight.inspect import Gates, inspect
from throughtime.nn import LSTM

GATES = ("i", "f", "g", "o")
# How `cell_at` chooses a unit, with a loss and without one.
BY_LOSS, BY_OUTPUT, BY_HAND = "largest |h · dL/dh| at this step", "largest |h| at this step", "as asked for"


@dataclass(frozen=True)
class Cell:
    """A unit of an LSTM layer at one step.

    Args:
        unit, layer, step: places, from 0.
        layers: the LSTM has.
        chosen: the rule by which the unit was chosen.
        x: [C] what the layer reads at the step.
        by_input: [4, C] each input times its weight, gates in the order i f g o, as all that follows.
        from_h: [4] sum over units of h(t-1) times its weight.
        from_c: [4] what peepholes add; zeros without them (that of g always).
        bias: [4] b_ih + b_hh.
        c_before: c(t-1) of the unit.
        gates: of the whole layer at all steps [T, 1, H].
        gradients: likewise dL/d of each; None without a loss.
        loss: L, or None.
    """

    unit: int
    layer: int
    step: int
    layers: int
    chosen: str
    x: Tensor
    by_input: Tensor
    from_h: Tensor
    from_c: Tensor
    bias: Tensor
    c_before: float
    gates: Gates
    gradients: Gates | None
    loss: float | None

    @property
    def units(self) -> int:
        """H, units of the layer."""
        return self.gates.c.shape[-1]

    @property
    def from_x(self) -> Tensor:
        """[4] sum over inputs of x(t) times its weight."""
        return self.by_input.sum(1)

    @property
    def sums(self) -> Tensor:
        """[4] a, what each gate squashes."""
        return self.from_x + self.from_h + self.from_c + self.bias

    def value(self, name: str) -> float:
        """Gate or state at the step: "i", "f", "g", "o", "c" or "h"."""
        return float(getattr(self.gates, name)[self.step, 0, self.unit])

    def gradient(self, name: str) -> float | None:
        """dL/d of it, through this step's output and all later ones; None without a loss."""
        if self.gradients is None:
            return None
        return float(getattr(self.gradients, name)[self.step, 0, self.unit])

    @property
    def gradient_before(self) -> float | None:
        """dL/dc(t-1), through c(t) and through h(t-1); None without a loss, or where no step comes before."""
        if self.gradients is None or not self.step:
            return None
        return float(self.gradients.c[self.step - 1, 0, self.unit])

    def over_steps(self, name: str) -> list[float]:
        """Gate or state of the unit at all T steps."""
        return [float(value) for value in getattr(self.gates, name)[:, 0, self.unit]]

    @property
    def kept(self) -> float:
        """f c(t-1), what the forget gate keeps of the internal state."""
        return self.value("f") * self.c_before

    @property
    def added(self) -> float:
        """i g, what the input gate lets in."""
        return self.value("i") * self.value("g")

    @property
    def squashed(self) -> float:
        """tanh(c(t)), what the output gate lets out a share of."""
        return math.tanh(self.value("c"))


def cell_at(
    lstm: LSTM | nn.LSTM,
    x: Tensor,
    step: int,
    *,
    unit: int | None = None,
    layer: int = 0,
    loss: Callable[[Tensor], Tensor] | None = None,
    hx: tuple[Tensor, Tensor] | None = None,
) -> Cell:
    """Take one unit at one step apart.

    Args:
        lstm: a throughtime or torch LSTM.
        x: [T, C] its input, one sequence.
        step: place of the step in x, 0 .. T - 1.
        unit: 0 .. H - 1; None: the one the loss owes most to at this step, by the size of h dL/dh; without a loss the
            one with the largest |h|.
        layer: 0 .. num_layers - 1.
        loss: from the layer's output [T, 1, H] ([1, T, H] with batch_first) to one number.
        hx: state before the first step, (h [L, 1, H], c [L, 1, H]); None for zeros.

    Raises:
        ConfigError: step, unit or layer is out of range, or the layer has an option with which one unit cannot be told
            apart from others, or draws random masks.
        ShapeError: x is not [T, C].
        DtypeError, ShapeError: as `inspect`.
    """
    if isinstance(lstm, LSTM | nn.LSTM):  # anything else is named by `inspect`
        _check_kind(lstm)
        _check_places(lstm, x, step, unit, layer)
    seen = inspect(lstm, x[None] if getattr(lstm, "batch_first", False) else x[:, None], loss, hx=hx)
    gates, gradients = seen.layer(layer), None if seen.gradients is None else seen.gradients[layer]
    chosen = BY_HAND if unit is not None else BY_OUTPUT if gradients is None else BY_LOSS
    unit = _telling_unit(gates, gradients, step) if unit is None else unit
    zeros = gates.c.new_zeros(gates.c.shape[-1])
    h, c = (
        state[step - 1, 0] if step else zeros if start is None else start[layer, 0].detach()
        for state, start in zip((gates.h, gates.c), hx or (None, None), strict=True)
    )
    below = x[step].detach() if layer == 0 else seen.layer(layer - 1).h[step, 0]
    terms = _terms(lstm, layer, unit, below, h, float(c[unit]), float(gates.c[step, 0, unit]))
    own = (unit, layer, step, lstm.num_layers, chosen)
    return Cell(*own, below, *terms, float(c[unit]), gates, gradients, seen.loss)


def _terms(
    lstm: LSTM | nn.LSTM, layer: int, unit: int, x: Tensor, h: Tensor, c_before: float, c: float
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """What enters the four gates of a unit: by input [4, C], from h [4], from c [4], bias [4]; in float64."""

    def rows(name: str) -> Tensor:
        """The unit's row of each gate."""
        weight: Tensor = getattr(lstm, f"{name}_l{layer}").detach().double()
        return weight[unit :: lstm.hidden_size]

    W_ih, W_hh = rows("weight_ih"), rows("weight_hh")
    bias = rows("bias_ih") + rows("bias_hh") if lstm.bias else W_ih.new_zeros(4)
    from_c = W_ih.new_zeros(4)
    if getattr(lstm, "peephole", False):
        peep = getattr(lstm, f"weight_peep_l{layer}").detach().double()[:, unit]
        from_c = torch.stack([peep[0] * c_before, peep[1] * c_before, peep.new_zeros(()), peep[2] * c])
    return W_ih * x.double(), W_hh @ h.double(), from_c, bias


def _telling_unit(gates: Gates, gradients: Gates | None, step: int) -> int:
    size = gates.h[step, 0].abs()
    return int((size if gradients is None else size * gradients.h[step, 0].abs()).argmax())


def _check_kind(lstm: LSTM | nn.LSTM) -> None:
    """Refuse options under which c(t) = f c(t-1) + i g and h(t) = o tanh(c(t)) are not the unit's own."""
    reasons = {
        "layer_norm": "it mixes all units of the layer before they are squashed",
        "zoneout": "it mixes c(t) and h(t) with those of the step before",
        "proj_size": "h(t) is a mixture of all units",
        "bidirectional": "a second direction reads the steps backwards",
    }
    for name, why in reasons.items():
        value = getattr(lstm, name, False)
        if any(value) if isinstance(value, tuple) else value:
            raise ConfigError(
                f"A memory cell is taken apart where its equations are its own: this LSTM has {name}={value!r}, and "
                f"{why}. tt.inspect shows its gates."
            )
    masks = [name for name in ("dropout", "recurrent_dropout", "weight_drop") if getattr(lstm, name, 0)]
    if lstm.training and masks:
        raise ConfigError(
            f"A memory cell is taken apart without random masks: this LSTM is in training, with {', '.join(masks)}. "
            "Call .eval() on it."
        )


def _check_places(lstm: LSTM | nn.LSTM, x: Tensor, step: Any, unit: Any, layer: Any) -> None:
    if x.dim() != 2:
        raise ShapeError(f"`x` is one sequence [T, C]: {tuple(x.shape)} came. Take one row of the batch.")
    ranges = {"step": (step, len(x)), "layer": (layer, lstm.num_layers)}
    ranges |= {} if unit is None else {"unit": (unit, lstm.hidden_size)}
    for name, (place, count) in ranges.items():
        whole = as_whole(place)
        if whole is None or not 0 <= whole < count:
            raise ConfigError(f"`{name}` is a place from 0 to {count - 1}: {place!r} came. Choose one of those.")
