"""Layers whose inputs are symbols, each with a vector of its own: what is the same for a symbol is worked out once.

    W_ih vectors[symbols[t]] = (vectors W_ih^T)[symbols[t]]

A text has many more steps than kinds of symbols. The product on the right is made for each kind, not for each step,
and so is its gradient: from sums over the steps of a kind.

Dimensions: T steps, B rows, V kinds of symbols, C numbers of a vector, H hidden units.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from throughtime.kernels import LSTMWeights, Masks, RNNWeights, Rows
from throughtime.kernels.cpu import classes as cpu_classes
from throughtime.kernels.cpu import layers as cpu_layers
from throughtime.nn.checks import check_rows
from throughtime.nn.parameters import reference

if TYPE_CHECKING:
    from throughtime.nn.recurrent import Recurrent

State = tuple[Tensor, ...]


@dataclass(frozen=True)
class Symbols:
    """What stands for an input [T, B, C] of the lowest layer on the cpu kernel.

    Args:
        numbers: [T, B] int64, rows of the vectors.
        vectors: [V, C].
    """

    numbers: Tensor
    vectors: Tensor

    @property
    def shape(self) -> torch.Size:
        """Of the input."""
        return torch.Size((*self.numbers.shape, self.vectors.shape[1]))

    def __len__(self) -> int:
        return len(self.numbers)

    def run(
        self, cell: str, state: State, weights: LSTMWeights | RNNWeights, rows: Rows, masks: Masks
    ) -> tuple[Tensor, State]:
        """The layer's output [T, B, P] and the state after it; arguments as `kernels.cpu.layers.run_symbols`."""
        table = F.linear(self.vectors, weights.W_ih)
        others = weights._replace(W_ih=None)  # type: ignore[arg-type]
        state = tuple(part.to(table.dtype) for part in state)
        return cpu_layers.run_symbols(cell, table, self.numbers, state, others, rows, masks)


def read_symbols(
    layer: Recurrent, numbers: Tensor, vectors: Tensor, state: Any = None, *, lengths: Any = None, resets: Any = None
) -> tuple[Tensor, Any]:
    """`layer(vectors[numbers])`, with the lowest layer's product made once for each symbol where that is less work.

    Args:
        layer: an `LSTM` or `RNN`, time on axis 0.
        numbers: [T, B] int64, each in 0 .. V - 1.
        vectors: [V, C].
        state, lengths, resets: as `layer.forward` takes them.

    Returns:
        As `layer.forward`.

    Raises:
        ShapeError, DtypeError, DeviceError: as `layer.forward`.
    """
    steps, count = numbers.shape
    rows = check_rows(lengths, resets, steps, count, numbers.device, unbatched=False)
    if not _folds(layer, numbers, vectors, rows):
        return layer(F.embedding(numbers, vectors), state, lengths=lengths, resets=resets)
    start = layer._initial_state(state, count, vectors, reference(layer), False)
    y, end = layer._run(Symbols(numbers, vectors), start, rows)  # type: ignore[arg-type]
    return y, layer._as_hx(end)


def linear_beside(linear: nn.Linear, y: Tensor, numbers: Tensor, vectors: Tensor) -> Tensor:
    """`linear` of features [y, vectors[numbers]], what symbols add made once for each.

    Args:
        linear: of H + C inputs and K outputs.
        y: [T, B, H].
        numbers: [T, B] int64.
        vectors: [V, C].

    Returns:
        [T, B, K].
    """
    size = vectors.shape[1]
    if vectors.shape[0] > numbers.numel():
        return linear(torch.cat([y, F.embedding(numbers, vectors)], -1))
    of_y, of_symbol = linear.weight.split([linear.in_features - size, size], 1)
    table, features = F.linear(vectors, of_symbol, linear.bias), y.flatten(0, -2)
    if cpu_classes.serves(table, features):
        sums = cpu_classes.linear_from(table, numbers.flatten(), features, of_y)
    else:
        sums = torch.addmm(F.embedding(numbers.flatten(), table), features, of_y.t())
    return sums.view(*y.shape[:-1], -1)


def _folds(layer: Recurrent, numbers: Tensor, vectors: Tensor, rows: Rows) -> bool:
    fewer = len(vectors) <= numbers.numel() and not rows.empty
    there = vectors.is_cpu and vectors.dtype == layer.weight_ih_l0.dtype
    return fewer and there and not layer.bidirectional and layer.kernel_in_use == "cpu"
