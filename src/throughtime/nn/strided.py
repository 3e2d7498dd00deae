"""Layers that read several steps as one: long sequences at a fraction of the cost, and with less to learn by heart.

    z_i = mean of x_(iS) .. x_(iS+S-1);   y_t = layers(z)_i  for the steps t of stretch i

For layers that read whole sequences: what stands in a stretch's first step knows of its last.

Dimensions: T steps, B rows, F features, S steps of a stretch. Time is axis 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from throughtime.base.checks import Checks
from throughtime.nn.checks import check_rows


class Strided(nn.Module):
    """Layers above the means of stretches of steps.

    Args:
        layers: that speak the protocol `layer(x, state) -> (y, state)` and need no state, from the input upwards; at
            least one.
        stride: S, 1 or more; the last stretch of a row has the steps that are left.
        dropout: share of the stretches whose mean is 0 in training, in [0, 1).

    Raises:
        ConfigError: there is no layer, S is no positive whole number, or the share is out of range.
    """

    state_axis = 1

    def __init__(self, layers: Sequence[nn.Module], stride: int, dropout: float = 0.0) -> None:
        super().__init__()
        checks = Checks()
        self.stride = checks.whole("stride", stride)
        self.dropout = checks.number("dropout", dropout, below=1)
        if not layers:
            checks.add("`layers` are at least one")
        checks.report("Strided cannot be built")
        self.layers = nn.ModuleList(layers)

    @property
    def handles(self) -> frozenset[str]:
        """What `forward` honours beside its input and state."""
        return frozenset({"lengths"})

    def forward(self, x: Tensor, state: None = None, *, lengths: Any = None) -> tuple[Tensor, None]:
        """Read whole sequences.

        Args:
            x: [T, B, F], T >= 1.
            state: none: a whole sequence has nothing before it.
            lengths: [B] steps each row has, 1 .. T.

        Returns:
            [T, B, ..], each step's that of its stretch; and no state.

        Raises:
            ShapeError: lengths do not fit, or whatever a layer refuses.
        """
        steps, count, _ = x.shape
        rows = check_rows(lengths, None, steps, count, x.device, unbatched=False)
        y, shorter = self._means(x, rows.kept), {}
        if lengths is not None:
            shorter = {"lengths": -(-torch.as_tensor(lengths) // self.stride)}
        if self.training and self.dropout:
            y = y * nn.functional.dropout(y.new_ones(*y.shape[:2], 1), self.dropout)
        for layer in self.layers:
            y, _ = layer(y, None, **shorter)
        if y.stride(0) == 0:  # one vector for all steps, as `WholePool` leaves it, stays one in memory
            return y[:1].expand(steps, *y.shape[1:]), None
        return y.repeat_interleave(self.stride, 0)[:steps], None

    def extra_repr(self) -> str:
        """The stride."""
        return f"stride={self.stride}, dropout={self.dropout}"

    def _means(self, x: Tensor, kept: Tensor | None) -> Tensor:
        """[ceil(T / S), B, F]; 0 past a row's end."""
        if kept is None:
            kept = x.new_ones(x.shape[:2], dtype=torch.bool)
        missing = -len(x) % self.stride
        x = nn.functional.pad(x.masked_fill(~kept[..., None], 0), (0, 0, 0, 0, 0, missing))
        counts = nn.functional.pad(kept, (0, 0, 0, missing)).unflatten(0, (-1, self.stride)).sum(1)
        return x.unflatten(0, (-1, self.stride)).sum(1) / counts.clamp(min=1)[..., None]
