"""The head for classes.

    -log p(k) = -log softmax(a)_k

With smoothing s the target is (1 - s) of its class and s / K of every class.

Dimensions: N kept entries of [T, B] flattened, H features, K classes.

Source of smoothing: Szegedy et al. 2016, arXiv 1512.00567.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from throughtime.base.checks import Checks
from throughtime.base.errors import ConfigError, DtypeError, ShapeError
from throughtime.kernels.cpu import classes as cpu_classes
from throughtime.nn.heads.head import Head, zero_linear


class CategoricalHead(Head):
    """One of K classes.

    Args:
        input_size: H, features of a step.
        classes: K, at least 2.
        smoothing: share of each target that is spread over all classes in the loss, in [0, 1) (label smoothing).
        class_weights: what an entry of each class counts in the loss, K numbers above 0; None: 1.
        device, dtype: of the weights.

    Raises:
        ConfigError: a size is no positive whole number, there is one class only, or another number is out of range.
    """

    class_weights: Tensor | None

    def __init__(
        self,
        input_size: int,
        classes: int,
        smoothing: float = 0.0,
        class_weights: Sequence[float] | None = None,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        checks = Checks()
        self.smoothing = checks.number("smoothing", smoothing, below=1)
        counts = None if class_weights is None else [checks.number("class_weights", w, above=0) for w in class_weights]
        if counts is not None and len(counts) != classes:
            checks.add(f"`class_weights` has a number for each of {classes} classes: {len(counts)} came")
        self.input_size = checks.whole("input_size", input_size)
        self.classes = checks.whole("classes", classes)
        if self.classes == 1 and not checks.problems:
            raise ConfigError("A categorical target needs at least 2 classes: 1 came. Leave the column out.")
        checks.report(type(self).__name__)
        self.linear = zero_linear(self.input_size, self.classes, device, dtype)
        weights = None if counts is None else torch.tensor(counts, device=device, dtype=dtype)
        self.register_buffer("class_weights", weights, persistent=False)  # settings of the loss, not of the network

    def forward(self, features: Tensor) -> Tensor:
        """Features [..., H] to unnormalised log-probabilities [..., K].

        Of steps that share one vector in memory, as `WholePool` leaves it, it is computed once.
        """
        if features.dim() == 3 and len(features) and features.stride(0) == 0:
            return self.linear(features[:1]).expand(len(features), -1, -1)
        return self.linear(features)

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Negative log-likelihood, of smoothed targets and weighted where that was asked for.

        Args:
            output: of `forward`, flattened to [N, K].
            target: [N] classes 0 .. K - 1 as integers or floats; nan or negative where missing.

        Returns:
            [N, 1] nats, 0 where missing.

        Raises:
            ShapeError: `target` is not [N].
            DtypeError: a target is no class.
        """
        return categorical_loss(output, target, self.smoothing, self.class_weights)

    def predict(self, output: Tensor) -> Tensor:
        """The most likely class [...], int64."""
        return output.argmax(-1)

    def probabilities(self, output: Tensor) -> Tensor:
        """Probability of each class [..., K]."""
        return output.softmax(-1)


def categorical_loss(output: Tensor, target: Tensor, smoothing: float = 0.0, weights: Tensor | None = None) -> Tensor:
    """Negative log-likelihood of classes, as `CategoricalHead.loss` has it.

    Args:
        output: [N, K] unnormalised log-probabilities.
        target: [N] classes.
        smoothing: as `CategoricalHead` takes it.
        weights: [K] what an entry of each class counts; None: 1.
    """
    if target.shape != output.shape[:-1]:
        raise ShapeError(
            f"A categorical target is one class per entry: {tuple(output.shape[:-1])} wanted, "
            f"{tuple(target.shape)} came."
        )
    classes = _numbers_of(target, output.shape[-1])
    values = _likelihoods(output, classes, smoothing)
    if weights is not None:
        values = values * weights[classes.clamp(min=0)]
    return values[..., None]


def _numbers_of(target: Tensor, count: int) -> Tensor:
    """Classes as int64, -1 where missing.

    Raises:
        DtypeError: a target is no class.
    """
    if target.dtype == torch.int64:
        if target.numel() and int(target.max()) >= count:
            raise _no_class(target[target >= count], count)
        return target
    present = target >= 0  # false for nan
    classes = torch.where(present, target, -1).long()
    wrong = present & ((classes != target) | (classes >= count))
    if bool(wrong.any()):
        raise _no_class(target[wrong], count)
    return classes


def _no_class(wrong: Tensor, count: int) -> DtypeError:
    return DtypeError(f"A class is a whole number from 0 to {count - 1}: {wrong[0].item():g} came. Encode the labels.")


def _likelihoods(output: Tensor, classes: Tensor, smoothing: float) -> Tensor:
    """-log p of classes [N], 0 where they are negative."""
    if output.dim() == 2 and classes.is_cpu and cpu_classes.serves(output):
        return cpu_classes.class_losses(output, classes, smoothing)
    values = F.cross_entropy(output, classes.clamp(min=0), reduction="none", label_smoothing=smoothing)
    return torch.where(classes >= 0, values, 0.0)
