"""What a training did, epoch by epoch and update by update; and which epoch was best."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import torch

from throughtime.base.trees import Tree


@dataclass(frozen=True, slots=True)
class Epoch:
    """One pass over the batches.

    Args:
        loss: mean over the losses that its updates counted.
        validation: what `evaluate` gave after it; None without.
        learning_rate: of its last update.
        updates: done by its end, since the start of the training.
        watched: what a watch found after it (`watching`); None without.
    """

    loss: float
    validation: float | None
    learning_rate: float
    updates: int
    watched: Tree = None


@dataclass
class History:
    """What `fit` returns; a resumed training has the parts before the stop too.

    Attributes:
        losses: each update's loss, in order.
        epochs: each finished epoch.
        best_epoch: the epoch (from 0) with the smallest validation value, whose weights the network has now; None
            without validation.
        stopped_early: whether patience ended the training.
        seconds: spent in `fit`, also before a stop.
    """

    losses: list[float] = field(default_factory=list)
    epochs: list[Epoch] = field(default_factory=list)
    best_epoch: int | None = None
    stopped_early: bool = False
    seconds: float = 0.0

    @property
    def best_validation(self) -> float | None:
        """The smallest validation value; None without validation."""
        return None if self.best_epoch is None else self.epochs[self.best_epoch].validation

    @property
    def epochs_since_best(self) -> int:
        """How many epochs have passed without a better validation value."""
        return 0 if self.best_epoch is None else len(self.epochs) - 1 - self.best_epoch

    def add(self, epoch: Epoch) -> bool:
        """Add a finished epoch; whether it is the best so far."""
        best = self.best_validation
        self.epochs.append(epoch)
        if epoch.validation is None or (best is not None and epoch.validation >= best):
            return False
        self.best_epoch = len(self.epochs) - 1
        return True

    def to_tree(self) -> dict[str, Any]:
        """As a tree for a checkpoint."""
        losses = torch.tensor(self.losses, dtype=torch.float64)
        return asdict(self) | {"losses": losses}

    @classmethod
    def from_tree(cls, tree: Mapping[str, Any]) -> History:
        """The inverse of `to_tree`."""
        epochs = [Epoch(**epoch) for epoch in tree["epochs"]]
        return cls(**{**tree, "losses": tree["losses"].tolist(), "epochs": epochs})
