"""The head for pen strokes: how far the pen moves, a mixture of bivariate normals, and what it does then.

    p(x, y, q) = sum_m pi_m N(x, y; mu_m, sigma_m, rho_m) P(q)
    pi = softmax(a),   sigma = LEAST_SPREAD + exp(s),   rho = MOST_SLANT tanh(r),   P = softmax(k)

q is 0: the pen stays down, 1: it lifts, 2: it lifts and nothing follows. Moves are in units in which they vary by about
one. Points of a tablet lie on a grid, where a density has no upper end: LEAST_SPREAD gives it one.

A bias b draws tidier than what was learned: a and k are multiplied by 1 + b, sigma by exp(-b).

Dimensions: N kept points of [T, B] flattened, H features, M components.

Source: Graves 2013, arXiv 1308.0850, section 4 (the mixture, and the bias of 5.4); Ha & Eck 2017, arXiv 1704.03477 (the
third state of the pen).
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from throughtime.base.checks import Checks
from throughtime.base.errors import DtypeError, ShapeError
from throughtime.nn.heads.head import Head

LEAST_SPREAD, MOST_SLANT = 0.02, 0.95
PEN_STATES = 3
STAYS, LIFTS, ENDS = range(PEN_STATES)
# First weights are small: training begins near a mixture whose means the biases spread out.
SPREAD = 0.02
_NUMBERS = 6


class Mixture(NamedTuple):
    """What `StrokeHead.parts` reads out of an output; each [..., M], but for the pen's logits [..., 3]."""

    log_shares: Tensor
    mean_x: Tensor
    mean_y: Tensor
    spread_x: Tensor
    spread_y: Tensor
    slant: Tensor
    pen: Tensor


class StrokeHead(Head):
    """Moves of a pen, and what it does after each.

    Args:
        input_size: H, features of a step.
        components: M.
        device, dtype: of the weights.

    Raises:
        ConfigError: a size is no positive whole number.
    """

    def __init__(self, input_size: int, components: int = 20, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        checks = Checks()
        self.input_size = checks.whole("input_size", input_size)
        self.components = checks.whole("components", components)
        checks.report(type(self).__name__)
        self.linear = nn.Linear(self.input_size, _NUMBERS * self.components + PEN_STATES, device=device, dtype=dtype)
        nn.init.normal_(self.linear.weight, std=SPREAD)
        nn.init.zeros_(self.linear.bias)
        nn.init.normal_(self.linear.bias[self.components : 3 * self.components])

    def forward(self, features: Tensor) -> Tensor:
        """Features [..., H] to a, means, s, r and k beside each other, [..., 6 M + 3]."""
        return self.linear(features)

    def parts(self, output: Tensor, bias: float = 0.0) -> Mixture:
        """An output [..., 6 M + 3] as the distribution's numbers, drawn tidier by `bias`."""
        *numbers, pen = output.split([self.components] * _NUMBERS + [PEN_STATES], -1)
        a, mean_x, mean_y, s_x, s_y, r = numbers
        spread_x, spread_y = ((LEAST_SPREAD + s.exp()) * math.exp(-bias) for s in (s_x, s_y))
        log_shares = (a * (1 + bias)).log_softmax(-1)
        return Mixture(log_shares, mean_x, mean_y, spread_x, spread_y, MOST_SLANT * r.tanh(), pen * (1 + bias))

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Negative log-likelihood of points.

        Args:
            output: of `forward`, flattened to [N, 6 M + 3].
            target: [N, 3], moves and the pen's state; a point with nan is missing.

        Returns:
            [N, 1] nats a point, 0 where missing.

        Raises:
            ShapeError: `target` is not [N, 3].
            DtypeError: a state of the pen is none of 0, 1, 2.
        """
        if target.shape != (len(output), 3):
            raise ShapeError(f"A target of strokes is [N, 3]: {(len(output), 3)} wanted, {tuple(target.shape)} came.")
        values = target.to(output.dtype)
        missing = values.isnan().any(-1, keepdim=True)
        values = values.masked_fill(missing, 0)
        states = values[:, 2].long()
        if bool((states != values[:, 2]).any()) or bool(((states < 0) | (states >= PEN_STATES)).any()):
            raise DtypeError("The pen's state is 0 (down), 1 (lifts) or 2 (ends): another number came.")
        parts = self.parts(output)
        x, y = ((values[:, k : k + 1] - mean) / spread for k, mean, spread in _axes(parts))
        rest = 1 - parts.slant * parts.slant
        exponent = (x * x + y * y - 2 * parts.slant * x * y) / (2 * rest)
        log_densities = -exponent - (2 * math.pi * parts.spread_x * parts.spread_y).log() - rest.log() / 2
        moves = -torch.logsumexp(parts.log_shares + log_densities, -1)
        return (moves + F.cross_entropy(parts.pen, states, reduction="none"))[:, None].masked_fill(missing, 0)

    def predict(self, output: Tensor) -> Tensor:
        """The mean move and the likeliest state of the pen, [..., 3]."""
        parts = self.parts(output)
        shares = parts.log_shares.exp()
        moves = [(shares * mean).sum(-1) for mean in (parts.mean_x, parts.mean_y)]
        return torch.stack([*moves, parts.pen.argmax(-1).to(output.dtype)], -1)

    def draw(self, output: Tensor, draws: np.random.Generator, bias: float = 0.0) -> NDArray[np.float64]:
        """One point [3] from an output [6 M + 3]."""
        parts = Mixture(*(part.detach().double().cpu().numpy() for part in self.parts(output, bias)))  # type: ignore[arg-type]
        chosen = _chosen(np.exp(parts.log_shares), draws)
        first, second = draws.standard_normal(2)
        slant = float(parts.slant[chosen])
        second = slant * first + math.sqrt(1 - slant * slant) * second
        x = parts.mean_x[chosen] + parts.spread_x[chosen] * first
        y = parts.mean_y[chosen] + parts.spread_y[chosen] * second
        chances = np.exp(np.asarray(parts.pen) - np.max(parts.pen))
        return np.array([x, y, _chosen(chances, draws)], dtype=np.float64)


def _axes(parts: Mixture) -> tuple[tuple[int, Tensor, Tensor], tuple[int, Tensor, Tensor]]:
    return (0, parts.mean_x, parts.spread_x), (1, parts.mean_y, parts.spread_y)


def _chosen(chances: NDArray[np.floating[Any]], draws: np.random.Generator) -> int:
    return int(draws.choice(len(chances), p=chances / chances.sum()))
