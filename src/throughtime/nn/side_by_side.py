"""Stacks of layers side by side, as one layer of a `Network`: what several networks make of the same steps.

    y_t = [stack_1(x_t, ..), stack_2(x_t, ..), ..]

Dimensions: T steps, B rows, S stacks. Time is axis 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from throughtime.base.errors import ConfigError, ShapeError


class SideBySide(nn.Module):
    """Stacks of layers that do not see each other.

    Args:
        stacks: S of them, at least one; each holds layers that speak the protocol `layer(x, state) -> (y, state)`, from
            the input upwards.
        shared: whether each stack reads all features of the input; else an equal part of them each, in their order.

    Raises:
        ConfigError: there is no stack, or one without a layer.
    """

    state_axis = 1

    def __init__(self, stacks: Sequence[Sequence[nn.Module]], shared: bool) -> None:
        super().__init__()
        if not stacks or not all(len(stack) for stack in stacks):
            raise ConfigError(f"`stacks` are at least one, of at least one layer each: {list(stacks)!r} came.")
        self.stacks = nn.ModuleList(nn.ModuleList(stack) for stack in stacks)
        self.shared = shared

    @property
    def handles(self) -> frozenset[str]:
        """What `forward` honours beside its input and state: what every layer does."""
        layers = [layer for stack in self.stacks for layer in stack]  # type: ignore[attr-defined]
        return frozenset.intersection(*(frozenset(getattr(layer, "handles", ())) for layer in layers))

    def forward(
        self, x: Tensor, state: tuple[tuple[Any, ...], ...] | None = None, **rows: Any
    ) -> tuple[Tensor, tuple[tuple[Any, ...], ...]]:
        """Run over T steps.

        Args:
            x: [T, B, F]; S divides F where stacks read a part each.
            state: as this method returns it, or None to begin.
            rows: "lengths" and "resets", where `handles` names them.

        Returns:
            The stacks' outputs beside each other, and their layers' states.

        Raises:
            ShapeError: the features cannot be shared out, or whatever a layer refuses.
        """
        count = len(self.stacks)
        if not self.shared and x.shape[-1] % count:
            raise ShapeError(f"{count} stacks read an equal part of the features each: {x.shape[-1]} came.")
        parts = [x] * count if self.shared else x.chunk(count, -1)
        outputs, ends = [], []
        for stack, y, starts in zip(self.stacks, parts, state or [None] * count, strict=True):
            after = []
            layers: nn.ModuleList = stack  # type: ignore[assignment]
            for layer, start in zip(layers, starts or [None] * len(layers), strict=True):
                y, end = layer(y, start, **rows)
                after.append(end)
            outputs.append(y)
            ends.append(tuple(after))
        return _beside(outputs), tuple(ends)

    def extra_repr(self) -> str:
        """How stacks read."""
        return f"shared={self.shared}"


def _beside(outputs: list[Tensor]) -> Tensor:
    """Beside each other; what is one vector for all steps, as `WholePool` leaves it, stays one in memory."""
    steps = len(outputs[0])
    if steps and all(y.stride(0) == 0 for y in outputs):
        return torch.cat([y[:1] for y in outputs], -1).expand(steps, -1, -1)
    return torch.cat(outputs, -1)
