"""The weights of a training: moved by each update, and averaged along the way where that is asked for."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from throughtime.base.trees import Tree
from throughtime.train.averages import Average, Exponential, Triggered, copies
from throughtime.train.optimizers import clip, learning_rate, make_optimizer, set_learning_rate, trained_parameters
from throughtime.train.settings import TRIGGERED, Training


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
        self._average = _average_of(self.parameters, training)

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
            if self._average is not None:
                self._average.follow(updates + 1)
        self._optimizer.zero_grad()
        return rate, norm

    def all_finite(self) -> bool:
        """Whether every number of every parameter is."""
        return all(bool(torch.isfinite(p).all()) for p in self.parameters)

    def note(self, validations: Sequence[float]) -> None:
        """An epoch has ended; the validation values of all so far."""
        if isinstance(self._average, Triggered):
            self._average.note(validations)

    def waited(self, epochs: int) -> int:
        """How many of so many epochs without a better validation count: of nt-asgd those with averages alone."""
        return min(epochs, self._average.epochs) if isinstance(self._average, Triggered) else epochs

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """The averages stand in the modules while this is open; where there are none, the weights themselves."""
        if self._averages is None:
            yield
            return
        moving = copies(self.parameters)
        self._put(self._averages)
        try:
            yield
        finally:
            self._put(moving)

    def take_average(self) -> None:
        """The averages stand in the modules from now on."""
        if self._averages is not None:
            self._put(self._averages)

    def to_tree(self) -> dict[str, Any]:
        """As a tree for a checkpoint: the optimizer's state and the averages."""
        average = {"average": None} if self._average is None else self._average.to_tree()
        return {"optimizer": self._optimizer.state_dict(), **average}

    def from_tree(self, tree: Mapping[str, Tree]) -> None:
        """The inverse of `to_tree`, after the modules have their weights."""
        self._optimizer.load_state_dict(tree["optimizer"])
        if self._average is not None:
            self._average.from_tree(tree)

    @property
    def _averages(self) -> list[Tensor] | None:
        return None if self._average is None else self._average.values

    def _put(self, values: list[Tensor]) -> None:
        with torch.no_grad():
            torch._foreach_copy_(list[Tensor](self.parameters), values)


def _average_of(parameters: Sequence[nn.Parameter], training: Training) -> Average | None:
    if training.optimizer == TRIGGERED:
        return Triggered(parameters)
    return Exponential(parameters, training.averaging) if training.averaging else None
