"""The network of an estimator, built from its settings.

    h[t], s[t] = layer(x[t], s[t-1]);   output[t] = head([dropout(h[t]), x[t]])

The head sees the step's input beside the layer's output: a linear forecast needs no hidden unit, so the layer learns
what is not linear in the newest row. (Without it a network of 64 units stays behind ridge on small tables.) Of a
number's distribution the input moves the location only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from throughtime.bptt import map_nest
from throughtime.nn import LSTM, RNN, Network, WindowPerceptron
from throughtime.nn.heads import CategoricalHead, GaussianHead, Head, MixedHead, StudentHead

CELLS = ("lstm", "rnn", "perceptron")
EMISSIONS: dict[str, type[GaussianHead] | type[StudentHead]] = {"gaussian": GaussianHead, "student": StudentHead}
# Steps a forecast runs at once: bounds the memory without costing time.
RUN_STEPS = 1000
NUMBERS = "numbers"  # the part of the head for number targets


class InputBeside(nn.Module):
    """A recurrent layer whose output has the step's input beside it: [dropout(h), x].

    Args:
        layer: maps [T, B, F] to [T, B, H] and speaks the protocol `layer(x, state) -> (y, state)`.
        dropout: share of h that is dropped in training, in [0, 1).
    """

    state_axis = 1

    def __init__(self, layer: nn.Module, dropout: float) -> None:
        super().__init__()
        self.layer = layer
        self.dropout = nn.Dropout(dropout)

    @property
    def handles(self) -> frozenset[str]:
        """What `forward` honours beside its input and state: what the layer does."""
        return self.layer.handles  # type: ignore[return-value]

    def forward(self, x: Tensor, state: Any = None, **rows: Any) -> tuple[Tensor, Any]:
        """Run over T steps: [T, B, F] to [T, B, H + F] and the state after them."""
        y, state = self.layer(x, state, **rows)
        return self.beside(y, x), state

    def beside(self, y: Tensor, x: Tensor) -> Tensor:
        """What the head reads of the layer's output [..., H] and its input [..., F]: [..., H + F]."""
        return torch.cat([self.dropout(y), x], -1)


@dataclass(frozen=True)
class Design:
    """Everything a network's shape depends on.

    Args:
        cell: "lstm", "rnn" or "perceptron".
        input_size: F, numbers a step holds.
        hidden_size: H.
        num_layers: layers one above the other.
        window_steps: steps the perceptron sees.
        dropout: in training, of the layer's output and between layers.
        emission: "gaussian" or "student".
        numbers: K, number targets.
        classes: for each class target how many labels it has, at least 2.
    """

    cell: str
    input_size: int
    hidden_size: int
    num_layers: int
    window_steps: int
    dropout: float
    emission: str
    numbers: int
    classes: tuple[int, ...]


def build(design: Design) -> Network:
    """The network of a design, with first weights from torch's generator."""
    layer = layer_of(
        design.cell,
        (design.input_size, design.hidden_size, design.num_layers),
        window_steps=design.window_steps,
        dropout=design.dropout,
    )
    features = design.hidden_size + design.input_size
    parts: dict[str, Head] = {}
    if design.numbers:
        parts[NUMBERS] = EMISSIONS[design.emission](features, design.numbers, location_only=design.input_size)
    parts |= {class_part(place): CategoricalHead(features, count) for place, count in enumerate(design.classes)}
    return Network(None, InputBeside(layer, design.dropout), MixedHead(parts))


def class_part(place: int) -> str:
    """Name of the head's part for the class target at `place`."""
    return f"class{place}"


def targets_of(numbers: Tensor, classes: Tensor) -> Mapping[str, Tensor]:
    """The target nest of `MixedHead`: numbers [..., K] and classes [..., N]; kinds without targets are absent."""
    target = {NUMBERS: numbers} if numbers.shape[-1] else {}
    return target | {class_part(place): classes[..., place] for place in range(classes.shape[-1])}


def head_of(network: nn.Module) -> MixedHead:
    """The head of a network that `build` made."""
    head = network.head
    assert isinstance(head, MixedHead)
    return head


def run(network: nn.Module, x: Tensor, state: Any = None) -> tuple[Any, Any]:
    """The network's output over [T, B, F], in stretches, without gradient, in evaluation mode; and the state after it.

    Args:
        network: a `Network`.
        x: [T, B, F], T >= 1.
        state: before the first step; None: a fresh one.
    """
    network.eval()
    outputs = []
    with torch.no_grad():
        for part in x.split(RUN_STEPS):
            output, state = network(part, state)
            outputs.append(output)
    return map_nest(lambda *parts: torch.cat(parts), outputs[0], *outputs[1:]), state


def layer_of(
    cell: str, sizes: tuple[int, int, int], *, window_steps: int, dropout: float, weight_drop: float = 0.0
) -> nn.Module:
    """The layers of a cell out of `CELLS`.

    Args:
        cell: its name.
        sizes: numbers a step holds, hidden units, layers.
        window_steps: steps the perceptron sees.
        dropout: between layers; the perceptron has none there.
        weight_drop: of an LSTM's recurrent weights; the others have none.
    """
    if cell == "perceptron":
        return WindowPerceptron(sizes[0], window_steps, *sizes[1:])
    between = dropout if sizes[2] > 1 else 0.0
    return LSTM(*sizes, dropout=between, weight_drop=weight_drop) if cell == "lstm" else RNN(*sizes, dropout=between)
