"""Averages of the weights over updates; what is averaged is validated and kept.

    exponential    a(u) = d a(u-1) + (1 - d) w(u),    d = min(averaging, (1 + u) / (10 + u))        u updates done
    triggered      a    = the mean of w over all updates since an epoch whose validation was worse than the best of
                   those more than 5 epochs before it; none until then

The exponential one forgets the first weights at once: d grows from 2/11 to `averaging`. The triggered one is NT-ASGD:
plain gradient steps lead near a minimum, and go round it once validation no longer falls; their mean is nearer.

Source: Polyak & Juditsky, SIAM J. Control and Optimization 30(4), 1992; Tarvainen & Valpola 2017, arXiv 1703.01780
(exponential, with a d that grows); Merity, Keskar & Socher 2018, arXiv 1708.02182, algorithm 1 (triggered).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from throughtime.base.trees import Tree

# Updates after which the exponential average still counts the newest weights by half of what it counts the first.
_GROWTH = 10
# Epochs of which the best is not yet compared with (n of the algorithm).
PATIENT_EPOCHS = 5


class Average(ABC):
    """An average of parameters over updates.

    Args:
        parameters: that are averaged.

    Attributes:
        values: the averages, one for each parameter; None: there are none yet.
    """

    def __init__(self, parameters: Sequence[nn.Parameter]) -> None:
        self.parameters = parameters
        self.values: list[Tensor] | None = None

    @abstractmethod
    def follow(self, updates: int) -> None:
        """The parameters have moved; so many updates are done."""

    def to_tree(self) -> dict[str, Any]:
        """As a tree for a checkpoint."""
        return {"average": None if self.values is None else [part.clone() for part in self.values]}

    def from_tree(self, tree: Mapping[str, Tree]) -> None:
        """The inverse of `to_tree`, after the parameters have theirs; without averages in it these begin them."""
        stored = tree.get("average")
        self.values = copies(self.parameters) if stored is None else list(stored)


class Exponential(Average):
    """The exponential average.

    Args:
        parameters: that are averaged, from now on.
        most: that it keeps of itself at an update, in (0, 1).
    """

    def __init__(self, parameters: Sequence[nn.Parameter], most: float) -> None:
        super().__init__(parameters)
        self._most, self.values = most, copies(parameters)

    def follow(self, updates: int) -> None:
        """The parameters have moved; so many updates are done."""
        assert self.values is not None
        decay = min(self._most, (1 + updates) / (_GROWTH + updates))
        torch._foreach_lerp_(self.values, [p.detach() for p in self.parameters], 1 - decay)


class Triggered(Average):
    """The mean since validation ceased to fall.

    Args:
        parameters: that are averaged.

    Attributes:
        epochs: that have ended since.
    """

    def __init__(self, parameters: Sequence[nn.Parameter]) -> None:
        super().__init__(parameters)
        self.epochs = self._averaged = 0

    def follow(self, updates: int) -> None:
        """The parameters have moved."""
        if self.values is None:
            return
        self._averaged += 1
        torch._foreach_lerp_(self.values, [p.detach() for p in self.parameters], 1 / self._averaged)

    def note(self, validations: Sequence[float]) -> None:
        """An epoch has ended, the last of these; averaging begins where it is worse than the best of long before."""
        *earlier, newest = validations
        compared = earlier[:-PATIENT_EPOCHS]
        if self.values is not None:
            self.epochs += 1
        elif compared and newest > min(compared):
            self.values = copies(self.parameters)

    def to_tree(self) -> dict[str, Any]:
        """As a tree for a checkpoint."""
        return super().to_tree() | {"averaged": self._averaged, "averaged_epochs": self.epochs}

    def from_tree(self, tree: Mapping[str, Tree]) -> None:
        """The inverse of `to_tree`."""
        stored = tree.get("average")
        self.values = None if stored is None else list(stored)
        self._averaged, self.epochs = tree["averaged"], tree["averaged_epochs"]


def copies(parameters: Sequence[nn.Parameter]) -> list[Tensor]:
    """Their values, apart from them."""
    return [p.detach().clone() for p in parameters]
