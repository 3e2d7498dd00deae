"""Losses of the steps that count, each computed on kept entries only.

A loss function never sees a step past a row's end or an absent target: it gets `output [N, ...]` and
`target [N, ...]`, flattened, and returns `[N]`. (Masking after the loss would let NaN gradients through.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from throughtime.base.errors import ShapeError
from throughtime.bptt.nests import Nest, leaves, map_nest
from throughtime.bptt.rows import Stretch
from throughtime.bptt.steps import Steps

Loss = Callable[[Nest, Nest], Tensor]


@dataclass(frozen=True, slots=True)
class Kept:
    """Which entries of some steps carry a loss, and with what weight.

    Args:
        mask: [T, B] bool on the CPU, or None where all do.
        weights: [N] of the kept entries in order, or None where all are 1.
        number: N.
        counted: sum of the weights.
    """

    mask: Tensor | None
    weights: Tensor | None
    number: int
    counted: float


def kept_entries(steps: Steps) -> Kept:
    """The entries of `steps` that carry a loss."""
    mask = steps.valid
    if steps.weights is not None:
        present = steps.weights != 0
        mask = present if mask is None else mask & present
    if mask is None:
        number = steps.count * steps.rows
        return Kept(None, None, number, float(number))
    weights = None if steps.weights is None else steps.weights[mask]
    number = int(mask.sum())
    return Kept(mask, weights, number, float(number) if weights is None else float(weights.sum()))


@dataclass(frozen=True, slots=True)
class Scored:
    """The losses of some steps: `values` [N] of the kept entries, in the order of time, then rows."""

    steps: Steps
    kept: Kept
    values: Tensor

    def total(self) -> Tensor:
        """Sum of weight times loss."""
        weights = self.kept.weights
        return self.values.sum() if weights is None else (self.values * weights.to(self.values)).sum()

    def over(self, divisor: float) -> Tensor:
        """`total` over a divisor."""
        if self.kept.weights is None and divisor == self.kept.number:
            return self.values.mean()  # one operation instead of two, forward and backward
        return self.total() / divisor

    def grid(self) -> Tensor:
        """The losses on their steps and rows [T, B], detached, 0 where absent."""
        values, shape = self.values.detach(), (self.steps.count, self.steps.rows)
        if self.kept.mask is None:
            return values.reshape(shape)
        grid = values.new_zeros(self.steps.count * self.steps.rows)
        return grid.index_copy(0, _places(self.kept.mask, values), values).reshape(shape)


def score(loss: Loss, stretches: Sequence[Stretch], steps: Steps, start: int, kept: Kept) -> Scored:
    """The loss of each kept entry of `steps`, whose first is step `start`.

    Args:
        loss: called once, as loss(output, target) on flattened kept entries; not called where nothing is kept.
        stretches: the network's outputs; they cover at least `steps`, in order.
        steps: what carries the targets.
        start: absolute number of the first of `steps`.
        kept: from `kept_entries(steps)`.

    Raises:
        ShapeError: the loss returns anything but one value, or one row of values, per entry, or more values than there
            are numbers in the output and in the target.
    """
    if not kept.number:
        return Scored(steps, kept, torch.zeros(0, dtype=torch.float64))
    outputs = []
    for stretch in stretches:
        a, b = max(stretch.start, start), min(stretch.stop, start + steps.count)
        if a >= b or stretch.output is None:
            continue
        mask = None if kept.mask is None else kept.mask[a - start : b - start]
        if mask is None or bool(mask.any()):
            outputs.append(_flatten(_part(stretch, a, b), mask))
    output = outputs[0] if len(outputs) == 1 else map_nest(lambda *ts: torch.cat(ts), outputs[0], *outputs[1:])
    target = _flatten(steps.y, kept.mask)
    return Scored(steps, kept, _per_entry(loss(output, target), output, target, kept.number))


def _part(stretch: Stretch, start: int, stop: int) -> Nest:
    if (start, stop) == (stretch.start, stretch.stop):
        return stretch.output
    return map_nest(lambda t: t[start - stretch.start : stop - stretch.start], stretch.output)


def _flatten(nest: Nest, mask: Tensor | None) -> Nest:
    if mask is None or bool(mask.all()):
        return map_nest(lambda t: t.flatten(0, 1), nest)
    return map_nest(lambda t: t.flatten(0, 1).index_select(0, _places(mask, t)), nest)


def _places(mask: Tensor, like: Tensor) -> Tensor:
    return mask.flatten().nonzero().squeeze(1).to(like.device)


def _per_entry(values: Tensor, output: Nest, target: Nest, number: int) -> Tensor:
    if not isinstance(values, Tensor) or values.dim() == 0 or values.shape[0] != number:
        came = f"shape {tuple(values.shape)}" if isinstance(values, Tensor) else type(values).__name__
        raise ShapeError(
            f"A loss returns one value per entry, so that absent ones can be left out: [{number}] or "
            f"[{number}, ...] is due, {came} came. Use reduction='none'."
        )
    if values.dim() > 1 and values.numel() > max(_numbers(output), _numbers(target)):
        shapes = " and ".join(str(tuple(leaf.shape)) for nest in (output, target) for leaf in leaves(nest))
        raise ShapeError(
            "A loss sets each output beside its own target, so it has no more values than they have numbers: from "
            f"{shapes} it made {tuple(values.shape)}. Give y the output's shape, y.unsqueeze(-1) perhaps."
        )
    if values.numel() == number:
        return values if values.dim() == 1 else values.reshape(number)
    return values.flatten(1).mean(1)


def _numbers(nest: Nest) -> int:
    return sum(leaf.numel() for leaf in leaves(nest))
