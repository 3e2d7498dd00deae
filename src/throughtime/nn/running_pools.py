"""Several pools over the steps so far beside each other: what a label read one step at a time sees of its sequence.

    y_t = [pool_1(x_1 .. x_t), pool_2(x_1 .. x_t), ..],    "last" is x_t itself

Dimensions: T steps, B rows, H features. Time is axis 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from throughtime.base.checks import Checks
from throughtime.nn.pool import RunningPool, State
from throughtime.nn.whole_pool import HOWS, LAST


class RunningPools(nn.Module):
    """`RunningPool`s beside each other, to stand above causal layers in a `Network`.

    Args:
        hows: some of "last", "mean", "max", "attention", in the order of their features; at least one.
        input_size: H, features of a step.
        dropout: share of the features dropped in training, step by step, in [0, 1).
        device, dtype: of attention's weights.

    Raises:
        ConfigError: an argument is out of range.
    """

    state_axis = 1

    def __init__(
        self, hows: Sequence[str], input_size: int, dropout: float = 0.0, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        checks = Checks()
        self.hows = tuple(checks.choice("hows", how, HOWS) for how in hows)
        self.input_size = checks.whole("input_size", input_size)
        self.dropout = nn.Dropout(checks.number("dropout", dropout, below=1))
        if not self.hows:
            checks.add("`hows` names at least one pool")
        checks.report("RunningPools cannot be built")
        pools = (how for how in self.hows if how != LAST)
        self.pools = nn.ModuleList(RunningPool(how, self.input_size, device, dtype) for how in pools)

    @property
    def output_size(self) -> int:
        """Features of a step's output."""
        return len(self.hows) * self.input_size

    @property
    def handles(self) -> frozenset[str]:
        """What `forward` honours beside its input and state."""
        return frozenset({"lengths", "resets"})

    def forward(
        self, x: Tensor, state: tuple[State, ...] | None = None, *, lengths: Any = None, resets: Tensor | None = None
    ) -> tuple[Tensor, tuple[State, ...]]:
        """Run over T steps.

        Args:
            x: [T, B, H].
            state: as this method returns it, or None to begin.
            lengths, resets: as `RunningPool.forward`.

        Returns:
            [T, B, output_size], and what goes on.

        Raises:
            ShapeError, DtypeError: as `RunningPool.forward`.
        """
        parts, ends = [], []
        pools = iter(zip(self.pools, state or [None] * len(self.pools), strict=True))
        for how in self.hows:
            y = x
            if how != LAST:
                pool, start = next(pools)
                y, end = pool(x, start, lengths=lengths, resets=resets)
                ends.append(end)
            parts.append(y)
        return self.dropout(torch.cat(parts, -1)), tuple(ends)

    def extra_repr(self) -> str:
        """The pools."""
        return f"{', '.join(self.hows)}, input_size={self.input_size}"
