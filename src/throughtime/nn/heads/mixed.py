"""Several heads on the same features, such as numbers and a class beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from throughtime.base.errors import ConfigError, ShapeError
from throughtime.nn.heads.head import Head


class MixedHead(Head):
    """Several heads on the same features, such as numbers and a class beside them.

    Outputs, targets and predictions are dicts with the parts' names.

    Args:
        parts: heads by name, in the order of their losses.

    Raises:
        ConfigError: no parts, or a part is no head.
    """

    def __init__(self, parts: Mapping[str, Head]) -> None:
        super().__init__()
        if not parts or not all(isinstance(part, Head) for part in parts.values()):
            raise ConfigError(f"`parts` are heads by name, at least one: {dict(parts)!r} came.")
        self.names = tuple(parts)
        self.parts = nn.ModuleList(parts.values())  # not by name: torch allows no "." in one, and "pm2.5" has it

    def part(self, name: str) -> Head:
        """The head of that name."""
        return self.parts[self.names.index(name)]  # type: ignore[return-value]

    def forward(self, features: Tensor) -> dict[str, Any]:
        """Features [..., H] to each part's output."""
        return {name: part(features) for name, part in zip(self.names, self.parts, strict=True)}

    def loss(self, output: dict[str, Any], target: dict[str, Tensor]) -> Tensor:
        """The parts' losses beside each other: [N, sum of their K], so that each target counts equally in the mean.

        Args:
            output: of `forward`, flattened to [N, ...].
            target: by name, as each part takes it.

        Raises:
            ShapeError: a part has no target, or there is one of another name.
        """
        if set(target) != set(self.names):
            raise ShapeError(f"`target` has one entry for each of {list(self.names)}: {list(target)} came.")
        return torch.cat([self.part(name).loss(output[name], target[name]) for name in self.names], -1)

    def predict(self, output: dict[str, Any]) -> dict[str, Any]:
        """Each part's point forecast."""
        return {name: self.part(name).predict(output[name]) for name in self.names}
