"""The weights of a training: moved by each update, and averaged along the way where that is asked for.

    average    a(u) = d a(u-1) + (1 - d) w(u),    d = min(averaging, (1 + u) / (10 + u))        u updates done

The average is what is validated and kept. It forgets the first weights at once: d grows from 2/11 to `averaging`.

Source: Polyak & Juditsky, SIAM J. Control and Optimization 30(4), 1992; Tarvainen & Valpola 2017, arXiv 1703.01780
(exponential, with a d that grows).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from throughtime.base.trees import Tree
from throughtime.train.optimizers import clip, learning_rate, make_optimizer, set_learning_rate, trained_parameters
from throughtime.train.settings import Training

# Updates after which the average still counts the newest weights by half of what it counts the first.
_GROWTH = 10


class Weights:
    """Everything an update moves.

    Args:
        modules: those that are trained.
        training: the settings.

    Raises:
        NetworkError: nothing of them is to be trained.

    Attributes:
        parameters: every parameter trained, once.
        device: where the first one lies.
    """

    def __init__(self, modules: Mapping[str, nn.Module], training: Training) -> None:
        self.parameters = trained_parameters(modules)
        self.device = self.parameters[0].device
        self._training = training
        self._optimizer = make_optimizer(self.parameters, training)
        self._average = self._copies() if training.averaging else None

    def forget_gradients(self) -> None:
        """Drop the gradients of whatever ran before."""
        self._optimizer.zero_grad()

    def move(self, loss: float, updates: int, progress: float) -> tuple[float, float]:
        """Take one step along the gradients, unless they or the loss are not finite; then drop them.

        Args:
            loss: of the update.
            updates: done before it.
            progress: share of the training done before it, in [0, 1).

        Returns:
            The learning rate, and the gradients' L2 norm before clipping; a norm that is not finite: nothing moved.
        """
        norm = clip(self.parameters, self._training.clip_norm) if math.isfinite(loss) else math.nan
        rate = learning_rate(self._training, updates, progress)
        if math.isfinite(norm):
            set_learning_rate(self._optimizer, rate)
            self._optimizer.step()
            self._follow(updates + 1)
        self._optimizer.zero_grad()
        return rate, norm

    def all_finite(self) -> bool:
        """Whether every number of every parameter is."""
        return all(bool(torch.isfinite(p).all()) for p in self.parameters)

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """The averages stand in the modules while this is open; without averaging the weights themselves."""
        if self._average is None:
            yield
            return
        moving = self._copies()
        self._put(self._average)
        try:
            yield
        finally:
            self._put(moving)

    def take_average(self) -> None:
        """The averages stand in the modules from now on."""
        if self._average is not None:
            self._put(self._average)

    def to_tree(self) -> dict[str, Any]:
        """As a tree for a checkpoint: the optimizer's state and the averages."""
        average = None if self._average is None else [part.clone() for part in self._average]
        return {"optimizer": self._optimizer.state_dict(), "average": average}

    def from_tree(self, tree: Mapping[str, Tree]) -> None:
        """The inverse of `to_tree`, after the modules have their weights; without averages in it these begin them."""
        self._optimizer.load_state_dict(tree["optimizer"])
        if self._average is not None:
            stored = tree.get("average")
            self._average = self._copies() if stored is None else list(stored)

    def _follow(self, updates: int) -> None:
        if self._average is None:
            return
        decay = min(self._training.averaging, (1 + updates) / (_GROWTH + updates))
        torch._foreach_lerp_(self._average, [p.detach() for p in self.parameters], 1 - decay)

    def _copies(self) -> list[Tensor]:
        return [p.detach().clone() for p in self.parameters]

    def _put(self, values: list[Tensor]) -> None:
        with torch.no_grad():
            torch._foreach_copy_(list[Tensor](self.parameters), values)
