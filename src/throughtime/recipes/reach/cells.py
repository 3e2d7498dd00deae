"""The networks whose gradients are followed, and the task they learn: to recall a bit shown many steps ago.

    x_t = (bit, 0) at step 1, (noise, 0) afterwards, (noise, 1) at step n, where the bit is asked for

Chance is 50 %. RNNs get their W_hh scaled to a spectral radius, the largest absolute eigenvalue: at rest (h = 0, no
input) the gradient over L steps goes as radius^L. LSTMs differ in the bias of the forget gate only.

Source: Pascanu, Mikolov & Bengio, ICML 2013 (radius); Tallec & Ollivier, ICLR 2018 (chrono initialisation).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from throughtime.nn import Network
from throughtime.recipes.lab.networks import Batch, Draw, build, last_step

# Small enough that a training takes a second, large enough for a spectrum.
HIDDEN = 32
INPUTS, CLASSES = 2, 2
NOISE = 0.5


@dataclass(frozen=True)
class Cell:
    """One kind of network and its initialisation.

    Args:
        name: in tables.
        kind: "RNN" or "LSTM".
        radius: of W_hh; None: as torch draws it.
        forget_bias: as `tt.LSTM` takes it.
    """

    name: str
    kind: str
    radius: float | None = None
    forget_bias: float | str | None = None

    @property
    def leaf(self) -> str:
        """The leaf of its state that is to remember."""
        return "h" if self.kind == "RNN" else "c"

    def build(self, seed: int) -> Network:
        """The network with one hidden layer, its weights drawn from `seed`."""
        options: dict[str, Any] = {} if self.kind == "RNN" else {"forget_bias": self.forget_bias}
        network = build(self.kind, INPUTS, CLASSES, HIDDEN, 1, seed, **options)
        if self.radius is not None:
            scale(recurrent_weights(network), self.radius)
        return network


RADII = (0.5, 0.9, 1.0, 1.1, 1.5)
CHRONO = "chrono:200"
TORCHS = "torch's initialisation"
CELLS = (
    Cell(f"RNN, {TORCHS}", "RNN"),
    *(Cell(f"RNN, radius {radius:g}", "RNN", radius) for radius in RADII),
    Cell(f"LSTM, {TORCHS}", "LSTM"),
    Cell("LSTM, forget bias 1", "LSTM", forget_bias=1.0),
    Cell("LSTM, forget bias 2", "LSTM", forget_bias=2.0),
    Cell(f"LSTM, {CHRONO}", "LSTM", forget_bias=CHRONO),
)


def recall(steps: int, rows: int) -> Draw:
    """Draws `rows` sequences of `steps` steps; the only answer due is the bit, at the last step."""

    def draw(generator: torch.Generator) -> Batch:
        bit = torch.randint(CLASSES, (rows,), generator=generator)
        x = torch.zeros(steps, rows, INPUTS)
        x[..., 0] = NOISE * torch.randn(steps, rows, generator=generator)
        x[0, :, 0] = 2.0 * bit - 1.0
        x[-1, :, 1] = 1.0
        return Batch(x, bit.expand(steps, -1), last_step(steps, rows))

    return draw


def at_rest(network: Network) -> Network:
    """The network, now without biases in its recurrent layer: fed zeros, its h stays 0, where tanh has slope 1."""
    for name, parameter in layer_of(network).named_parameters():
        if name.startswith("bias"):
            nn.init.zeros_(parameter)
    return network


def layer_of(network: Network) -> nn.Module:
    """The recurrent layer."""
    return network.layers[0]


def recurrent_weights(network: Network) -> Tensor:
    """W_hh of the recurrent layer."""
    weights = layer_of(network).weight_hh_l0
    assert isinstance(weights, Tensor)
    return weights


def spectral_radius(weights: Tensor) -> float:
    """The largest absolute eigenvalue of a square matrix."""
    return float(torch.linalg.eigvals(weights.detach().double()).abs().max())


def scale(weights: Tensor, radius: float) -> None:
    """Give a square matrix this spectral radius, in place."""
    with torch.no_grad():
        weights.mul_(radius / spectral_radius(weights))


def steps_until_overflow(radius: float, steps: int, seed: int) -> int | None:
    """The first step after which a unit of a relu RNN with W_hh = radius times identity is infinite; None: none is.

    Nothing holds relu's activations: the forward pass overflows before there is a gradient to speak of.
    """
    network = build("RNN", INPUTS, CLASSES, HIDDEN, 1, seed, nonlinearity="relu")
    with torch.no_grad():
        recurrent_weights(network).copy_(radius * torch.eye(HIDDEN))
        h, _ = layer_of(network)(recall(steps, 1)(torch.Generator().manual_seed(seed)).x)
    broken = (~h.isfinite()).flatten(1).any(1).nonzero()
    return int(broken[0]) + 1 if len(broken) else None
