"""What every head offers, and the weights it begins with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from torch import Tensor, nn


class Head(nn.Module, ABC):
    """What every head offers: `forward` to an output, the output's `loss` against targets, and a point forecast."""

    @abstractmethod
    def loss(self, output: Any, target: Any) -> Tensor:
        """Negative log-likelihood of flattened entries, [N, K]."""

    @abstractmethod
    def predict(self, output: Any) -> Any:
        """The point forecast."""


def zero_linear(inputs: int, outputs: int, device: Any, dtype: Any, bias: bool = True) -> nn.Linear:
    """A linear map whose weights are all 0."""
    linear = nn.Linear(inputs, outputs, bias, device, dtype)
    for parameter in linear.parameters():
        nn.init.zeros_(parameter)
    return linear
