"""Whole sequences as one vector each: last outputs, means, maxima and attention over all steps, beside each other.

    last        the output at the last step; of two directions [forward at the last step, backward at the first]
    mean, max   over the steps, feature by feature
    attention   sum_t softmax_t(w x_t) x_t

For layers that read both ways, which need whole sequences anyway; `RunningPool` is the pool of steps so far. Every
step of a row gets the row's vector, so that a loss at its last step, or any other, sees it; memory is that of one.
Dropout is drawn for that one vector too.

Dimensions: T steps, B rows, H features. Time is axis 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from throughtime.base.checks import Checks
from throughtime.base.errors import ShapeError
from throughtime.nn.checks import check_rows

LAST, MEAN, MAX, ATTENTION = "last", "mean", "max", "attention"
HOWS = (LAST, MEAN, MAX, ATTENTION)


class WholePool(nn.Module):
    """One vector for each whole sequence, to stand above a bidirectional layer in a `Network`.

    Args:
        hows: some of "last", "mean", "max", "attention", in the order of their features; at least one.
        input_size: H, features of a step.
        directions: 2: the first half of the features comes from the forward direction, the second from the backward.
        dropout: share of the vector's features dropped in training, in [0, 1).
        device, dtype: of attention's weights, which begin at 0: as the mean.

    Raises:
        ConfigError: an argument is out of range; two directions of an odd H.
    """

    state_axis = 1

    def __init__(
        self,
        hows: Sequence[str],
        input_size: int,
        directions: int = 2,
        dropout: float = 0.0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        checks = Checks()
        self.hows = tuple(checks.choice("hows", how, HOWS) for how in hows)
        self.input_size = checks.whole("input_size", input_size)
        self.directions = checks.whole("directions", directions, below=3)
        self.dropout = nn.Dropout(checks.number("dropout", dropout, below=1))
        if not self.hows:
            checks.add("`hows` names at least one pool")
        if self.input_size % self.directions:
            checks.add(f"`input_size` is even, for two directions: {self.input_size} came")
        checks.report("WholePool cannot be built")
        weight = torch.zeros(self.input_size, device=device, dtype=dtype)
        self.weight = nn.Parameter(weight) if ATTENTION in self.hows else None

    @property
    def output_size(self) -> int:
        """Features of a sequence's vector."""
        return len(self.hows) * self.input_size

    @property
    def handles(self) -> frozenset[str]:
        """What `forward` honours beside its input and state."""
        return frozenset({"lengths"})

    def forward(self, x: Tensor, state: None = None, *, lengths: Any = None) -> tuple[Tensor, None]:
        """Pool whole sequences.

        Args:
            x: [T, B, H], T >= 1; what stands past a row's end is not read.
            state: none: a whole sequence has nothing before it.
            lengths: [B] steps each row has, 1 .. T.

        Returns:
            [T, B, output_size], the same at each step of a row; and no state.

        Raises:
            ShapeError: x is not [T, B, H], or lengths do not fit.
        """
        if x.dim() != 3 or x.shape[-1] != self.input_size or not len(x):
            raise ShapeError(f"`x` of a pool is [T, B, {self.input_size}], T >= 1: {tuple(x.shape)} came.")
        steps, count, _ = x.shape
        rows = check_rows(lengths, None, steps, count, x.device, unbatched=False)
        kept = None if rows.kept is None else rows.kept[..., None]
        pooled = torch.cat([getattr(self, f"_{how}")(x, kept) for how in self.hows], -1)
        return self.dropout(pooled).expand(steps, -1, -1), None

    def extra_repr(self) -> str:
        """The pools."""
        return f"{', '.join(self.hows)}, input_size={self.input_size}, directions={self.directions}"

    def _last(self, x: Tensor, kept: Tensor | None) -> Tensor:
        forward = self.input_size // self.directions
        if kept is None:
            return torch.cat([x[-1, :, :forward], x[0, :, forward:]], -1)
        ends = (kept.sum(0) - 1).clamp(min=0)[None].expand(1, -1, forward)
        return torch.cat([x[..., :forward].gather(0, ends)[0], x[0, :, forward:]], -1)

    def _mean(self, x: Tensor, kept: Tensor | None) -> Tensor:
        return x.mean(0) if kept is None else x.masked_fill(~kept, 0).sum(0) / kept.sum(0).clamp(min=1)

    def _max(self, x: Tensor, kept: Tensor | None) -> Tensor:
        if kept is None:
            return x.amax(0)
        return x.masked_fill(~kept, -math.inf).amax(0).masked_fill(~kept.any(0), 0)

    def _attention(self, x: Tensor, kept: Tensor | None) -> Tensor:
        assert self.weight is not None
        scores = (x * self.weight).sum(-1, keepdim=True)  # [T, B, 1]
        if kept is not None:
            scores = scores.masked_fill(~kept & kept.any(0), -math.inf)
        return (scores.softmax(0) * x).sum(0)
