"""Heads for numbers: the parameters of a distribution of K targets, its loss, intervals and point forecast.

    gaussian      -log p(y) = z^2 / 2 + log s + log(2 pi) / 2,                            z = (y - m) / s
    student       -log p(y) = (v + 1) / 2 log(1 + z^2 / v) + log s + log(v pi) / 2
                              + lgamma(v / 2) - lgamma((v + 1) / 2)

Dimensions: T steps, B rows, N kept entries of [T, B] flattened, H features, K targets.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any, NamedTuple

import torch
from scipy.special import stdtrit
from torch import Tensor
from torch.nn import functional as F

from throughtime.base.checks import Checks, as_number
from throughtime.base.errors import ConfigError, ShapeError
from throughtime.nn.heads.head import Head, zero_linear

# In units of the target's spread: a forecast that claims to be surer than 1 in 1000 is a fault of the fit.
LEAST_SCALE = 1e-3
# Above 2 the variance exists; at 100 a t distribution's 95 % interval is within 1 % of the normal one.
LEAST_FREEDOM, MOST_FREEDOM = 2.0, 100.0
# softplus(_UNIT_SCALE) = 1, and sigmoid(_FIRST_FREEDOM) puts the first degrees of freedom at 10.
_UNIT_SCALE = math.log(math.e - 1)
_FIRST_FREEDOM = math.log(8 / 90)


class GaussianOutput(NamedTuple):
    """Location and scale of a normal distribution, each [..., K]."""

    location: Tensor
    scale: Tensor


class StudentOutput(NamedTuple):
    """Location, scale and degrees of freedom of a Student-t distribution, each [..., K]."""

    location: Tensor
    scale: Tensor
    freedom: Tensor


class NumericHead(Head):
    """What the heads for numbers share: K targets, and intervals from quantiles."""

    def __init__(
        self, input_size: int, targets: int, location_only: int, parameters: int, device: Any, dtype: Any
    ) -> None:
        super().__init__()
        checks = Checks()
        self.input_size = checks.whole("input_size", input_size)
        self.targets = checks.whole("targets", targets)
        self.location_only = checks.whole("location_only", location_only, 0)
        if not checks.problems and self.location_only >= self.input_size:
            checks.add(f"`location_only` is below input_size={self.input_size}: {self.location_only} came")
        checks.report(type(self).__name__)
        self.parameters_per_target = parameters
        moved, every = self.location_only, self.input_size - self.location_only
        self.linear = zero_linear(every, self.targets * parameters, device, dtype)
        self.direct = zero_linear(moved, self.targets, device, dtype, bias=False) if moved else None

    def predict(self, output: GaussianOutput | StudentOutput) -> Tensor:
        """The location [..., K]: mean and median of the distribution."""
        return output.location

    @abstractmethod
    def quantile(self, output: Any, probability: float) -> Tensor:
        """The value below which the target falls with `probability`, [..., K]."""

    def interval(self, output: Any, level: float) -> tuple[Tensor, Tensor]:
        """The central interval that holds the target with `level` percent.

        Args:
            output: of `forward`.
            level: percent, 0 < level < 100.

        Returns:
            Lower and upper end, each [..., K].

        Raises:
            ConfigError: `level` is out of range.
        """
        check_level(level)
        outside = (1 - level / 100) / 2
        return self.quantile(output, outside), self.quantile(output, 1 - outside)

    def _split(self, features: Tensor) -> tuple[Tensor, ...]:
        every = features[..., : self.input_size - self.location_only]
        location, *others = self.linear(every).unflatten(-1, (self.parameters_per_target, self.targets)).unbind(-2)
        if self.direct is not None:
            location = location + self.direct(features[..., -self.location_only :])
        return location, *others

    def _scored(self, output: Any, target: Tensor) -> tuple[Tensor, Tensor]:
        """Standardised residual z [N, K], 0 where the target is missing, and where it is present."""
        if target.shape != output.location.shape:
            raise ShapeError(
                f"A target has the shape of the location: {tuple(output.location.shape)} wanted, {tuple(target.shape)} "
                "came. Give K targets on the last axis."
            )
        present = ~target.isnan()
        # Put in before the arithmetic: nan masked afterwards would still reach the gradient.
        reached = torch.where(present, target, output.location.detach())
        return (reached - output.location) / output.scale, present


class GaussianHead(NumericHead):
    """Normal distribution of K targets, each with its own location and scale.

    Args:
        input_size: H, features of a step.
        targets: K, at least 1.
        location_only: how many of the features, the last ones, move the location alone; below `input_size`. Levels that
            drift out of the range of training then move the forecast, but not how sure it is.
        device, dtype: of the weights.

    Raises:
        ConfigError: a size is out of range.
    """

    def __init__(
        self, input_size: int, targets: int = 1, location_only: int = 0, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, targets, location_only, 2, device, dtype)

    def forward(self, features: Tensor) -> GaussianOutput:
        """Features [..., H] to location and scale [..., K]."""
        location, scale = self._split(features)
        return GaussianOutput(location, positive_scale(scale))

    def loss(self, output: GaussianOutput, target: Tensor) -> Tensor:
        """Negative log-likelihood.

        Args:
            output: of `forward`, flattened to [N, K].
            target: [N, K], nan where missing.

        Returns:
            [N, K] nats, 0 where missing.

        Raises:
            ShapeError: `target` has another shape than the location.
        """
        z, present = self._scored(output, target)
        return torch.where(present, z.square() / 2 + output.scale.log() + math.log(2 * math.pi) / 2, 0.0)

    def quantile(self, output: GaussianOutput, probability: float) -> Tensor:
        """The value below which the target falls with `probability`.

        Args:
            output: of `forward`.
            probability: 0 < probability < 1.

        Returns:
            [..., K].

        Raises:
            ConfigError: `probability` is out of range.
        """
        check_probability(probability)
        return output.location + output.scale * torch.special.ndtri(output.scale.new_tensor(probability))


class StudentHead(NumericHead):
    """Student-t distribution of K targets: like a normal one, but with tails as heavy as the data's.

    Args:
        input_size: H, features of a step.
        targets: K, at least 1.
        location_only: how many of the features, the last ones, move the location alone; below `input_size`. Levels that
            drift out of the range of training then move the forecast, but not how sure it is.
        device, dtype: of the weights.

    Raises:
        ConfigError: a size is out of range.

    Source: Lange, Little & Taylor, Journal of the American Statistical Association 84(408), 1989.
    """

    def __init__(
        self, input_size: int, targets: int = 1, location_only: int = 0, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, targets, location_only, 3, device, dtype)

    def forward(self, features: Tensor) -> StudentOutput:
        """Features [..., H] to location, scale and degrees of freedom [..., K]."""
        location, scale, freedom = self._split(features)
        share = torch.sigmoid(freedom + _FIRST_FREEDOM)
        return StudentOutput(location, positive_scale(scale), LEAST_FREEDOM + (MOST_FREEDOM - LEAST_FREEDOM) * share)

    def loss(self, output: StudentOutput, target: Tensor) -> Tensor:
        """Negative log-likelihood.

        Args:
            output: of `forward`, flattened to [N, K].
            target: [N, K], nan where missing.

        Returns:
            [N, K] nats, 0 where missing.

        Raises:
            ShapeError: `target` has another shape than the location.
        """
        z, present = self._scored(output, target)
        v = output.freedom
        constant = (v * math.pi).log() / 2 + torch.lgamma(v / 2) - torch.lgamma((v + 1) / 2)
        values = (v + 1) / 2 * torch.log1p(z.square() / v) + output.scale.log() + constant
        return torch.where(present, values, 0.0)

    def quantile(self, output: StudentOutput, probability: float) -> Tensor:
        """The value below which the target falls with `probability`; computed on the CPU, without gradient.

        Args:
            output: of `forward`.
            probability: 0 < probability < 1.

        Returns:
            [..., K].

        Raises:
            ConfigError: `probability` is out of range.
        """
        check_probability(probability)
        standard = torch.as_tensor(stdtrit(output.freedom.detach().cpu().double().numpy(), probability))
        return output.location + output.scale * standard.to(output.scale)


def positive_scale(raw: Tensor) -> Tensor:
    """Any number to a scale above `LEAST_SCALE`; 0 becomes 1 (and a thousandth)."""
    return F.softplus(raw + _UNIT_SCALE) + LEAST_SCALE


def check_level(level: float) -> None:
    """Raise ConfigError unless `level` is a percentage from 1 to below 100; a share such as 0.8 is a slip."""
    percent = as_number(level)
    if percent is None or not 1 <= percent < 100:
        raise ConfigError(f"A level is in percent, from 1 to below 100: {level!r} came. For 80 % pass 80.")


def check_probability(probability: float) -> None:
    """Raise ConfigError unless `probability` is strictly between 0 and 1."""
    share = as_number(probability)
    if share is None or not 0 < share < 1:
        raise ConfigError(f"A probability is above 0 and below 1: {probability!r} came.")
