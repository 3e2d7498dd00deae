"""Heads for frames of keys that are down or up, such as those of a piano: each by itself, or chord by chord.

    independent   -log p(v) = -sum_k log p_k(v_k),                         p_k = sigmoid(b_k),   b = B h + b0
    over keys     -log p(v) = -sum_k log p_k(v_k | v_1 .. v_(k-1)),        p_k = sigmoid(b_k + V_k sigmoid(a_k)),
                  a_k = c + sum_(j<k) W_j v_j,   c = C h + c0

The second tells a key from those below it that are down, so that a chord drawn from it is one: a network that gives
C and E, or D and F, equal chances draws no C with an F.

Dimensions: N kept frames of [T, B] flattened, H features, K keys, D units that read the keys below.

Source: Larochelle & Murray 2011, AISTATS (the distribution, NADE); Boulanger-Lewandowski, Bengio & Vincent 2012, arXiv
1206.6392 (b and c from a recurrent network).
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from throughtime.base.checks import Checks
from throughtime.base.errors import DtypeError, ShapeError
from throughtime.nn.heads.head import Head, zero_linear

# First weights of the keys below. Those of the readers are 0: training begins at independent keys, and leaves them.
SPREAD = 0.05


class FrameHead(Head):
    """What both heads of frames offer.

    Attributes:
        keys: K.
    """

    keys: int

    @abstractmethod
    def forward(self, features: Tensor) -> Tensor:
        """Features [..., H] to what the distribution of a frame depends on."""

    @abstractmethod
    def draw(self, output: Tensor, draws: np.random.Generator, temperature: float = 1.0) -> NDArray[np.bool_]:
        """Frames [B, K], one for each row of `output`; the logits of each key are divided by `temperature`."""

    def predict(self, output: Tensor) -> Tensor:
        """Which keys are likelier down than up, [..., K] bool; over keys, each after those below it were told so."""
        return self._likeliest(output)

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Negative log-likelihood of frames.

        Args:
            output: of `forward`, flattened to [N, ...].
            target: [N, K] of 0 and 1; a frame with nan is missing.

        Returns:
            [N, 1] nats a frame, 0 where missing.

        Raises:
            ShapeError: `target` is not [N, K].
            DtypeError: a target is neither 0 nor 1.
        """
        if target.shape != (len(output), self.keys):
            raise ShapeError(
                f"A target of frames is [N, K]: {(len(output), self.keys)} wanted, {tuple(target.shape)} came."
            )
        values = target.to(output.dtype)
        missing = values.isnan().any(-1, keepdim=True)
        values = values.masked_fill(missing, 0)
        if bool(((values != 0) & (values != 1)).any()):
            raise DtypeError("A key is 1 where it is down and 0 where it is up: another number came.")
        nats = F.binary_cross_entropy_with_logits(self._logits(output, values), values, reduction="none")
        return nats.sum(-1, keepdim=True).masked_fill(missing, 0)

    @abstractmethod
    def _logits(self, output: Tensor, frames: Tensor) -> Tensor:
        """[N, K] logits of each key, given frames [N, K]."""

    @abstractmethod
    def _likeliest(self, output: Tensor) -> Tensor: ...


class BernoulliHead(FrameHead):
    """Keys that do not depend on each other, given the features.

    Args:
        input_size: H, features of a step.
        keys: K.
        rates: [K] how often each key is down, in (0, 1): what training begins at; None: half of the time.
        device, dtype: of the weights.

    Raises:
        ConfigError: a size is no positive whole number, or rates are not K numbers in (0, 1).
    """

    def __init__(
        self, input_size: int, keys: int, rates: Tensor | None = None, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.input_size, self.keys = _sizes(type(self).__name__, input_size, keys, rates)
        self.linear = _key_logits(self.input_size, self.keys, rates, device, dtype)

    def forward(self, features: Tensor) -> Tensor:
        """Features [..., H] to logits [..., K]."""
        return self.linear(features)

    def draw(self, output: Tensor, draws: np.random.Generator, temperature: float = 1.0) -> NDArray[np.bool_]:
        """Frames [B, K], one for each row of logits [B, K]; see `FrameHead.draw`."""
        chances = (output.detach().double() / temperature).sigmoid().cpu().numpy()
        return draws.random(chances.shape) < chances

    def _logits(self, output: Tensor, frames: Tensor) -> Tensor:
        return output

    def _likeliest(self, output: Tensor) -> Tensor:
        return output > 0


class KeysHead(FrameHead):
    """Keys one after the other, from the lowest, each told from those below it that are down.

    Args:
        input_size: H, features of a step.
        keys: K.
        units: D.
        rates: as `BernoulliHead` takes them.
        device, dtype: of the weights.

    Raises:
        ConfigError: as `BernoulliHead`.
    """

    def __init__(
        self,
        input_size: int,
        keys: int,
        units: int = 64,
        rates: Tensor | None = None,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.input_size, self.keys = _sizes(type(self).__name__, input_size, keys, rates)
        checks = Checks()
        self.units = checks.whole("units", units)
        checks.report(type(self).__name__)
        self.linear = _key_logits(self.input_size, self.keys, rates, device, dtype)
        self.context = zero_linear(self.input_size, self.units, device, dtype)
        shape = (self.keys, self.units)
        self.below = nn.Parameter(torch.empty(shape, device=device, dtype=dtype))
        self.above = nn.Parameter(torch.zeros(shape, device=device, dtype=dtype))
        nn.init.normal_(self.below, std=SPREAD)

    def forward(self, features: Tensor) -> Tensor:
        """Features [..., H] to b and c beside each other, [..., K + D]."""
        return torch.cat([self.linear(features), self.context(features)], -1)

    def draw(self, output: Tensor, draws: np.random.Generator, temperature: float = 1.0) -> NDArray[np.bool_]:
        """Frames [B, K], one for each row of b and c [B, K + D]; see `FrameHead.draw`."""
        wanted = torch.from_numpy(draws.random((len(output), self.keys))).to(output.device)
        return self._one_by_one(output, wanted, temperature).cpu().numpy()

    def _logits(self, output: Tensor, frames: Tensor) -> Tensor:
        b, c = output.split([self.keys, self.units], -1)
        added = frames[..., None] * self.below  # [N, K, D]
        a = c[:, None] + added.cumsum(1) - added
        return b + (a.sigmoid() * self.above).sum(-1)

    def _likeliest(self, output: Tensor) -> Tensor:
        rows = output.reshape(-1, output.shape[-1])
        half = torch.full((len(rows), self.keys), 0.5, dtype=torch.float64, device=rows.device)
        return self._one_by_one(rows, half).view(*output.shape[:-1], self.keys)

    def _one_by_one(self, output: Tensor, below: Tensor, temperature: float = 1.0) -> Tensor:
        """Frames [B, K]: a key is down where its chance is above the number [B, K] that stands for it."""
        with torch.no_grad():
            b, a = output.detach().double().split([self.keys, self.units], -1)
            weights, readers = self.below.double(), self.above.double()
            frames = torch.zeros(len(output), self.keys, dtype=torch.bool, device=output.device)
            for key in range(self.keys):
                chance = ((b[:, key] + a.sigmoid() @ readers[key]) / temperature).sigmoid()
                down = below[:, key] < chance
                frames[:, key] = down
                a = a + down[:, None] * weights[key]
            return frames


def _sizes(name: str, input_size: Any, keys: Any, rates: Tensor | None) -> tuple[int, int]:
    checks = Checks()
    sizes = checks.whole("input_size", input_size), checks.whole("keys", keys)
    if rates is not None and (rates.shape != (sizes[1],) or not bool(((rates > 0) & (rates < 1)).all())):
        checks.add(f"`rates` are {sizes[1]} numbers in (0, 1)")
    checks.report(name)
    return sizes


def _key_logits(inputs: int, keys: int, rates: Tensor | None, device: Any, dtype: Any) -> nn.Linear:
    """A linear map that begins at the rates."""
    linear = zero_linear(inputs, keys, device, dtype)
    if rates is not None:
        with torch.no_grad():
            linear.bias.copy_(rates.double().logit())
    return linear
