"""Sequences of frames of keys, such as piano rolls: the network that tells each frame from those before it.

    x[t] = frame t;   h[t], s[t] = layer(x[t], s[t-1]);   frame t+1 ~ head([dropout(h[t]), x[t]])

Before a sequence there is silence, so that a network can begin one by itself; what its first frame costs is not scored.

Dimensions: N sequences, T frames (each sequence its own), K keys, B rows, H hidden units.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from throughtime.base.errors import DataError, ShapeError
from throughtime.bptt import Piece
from throughtime.data.ragged import pad
from throughtime.nn import Network
from throughtime.nn.heads import BernoulliHead, KeysHead
from throughtime.nn.heads.keys import FrameHead
from throughtime.tasks.generator_options import OVER_KEYS
from throughtime.tasks.network import RUN_STEPS, InputBeside, layer_of

Roll = NDArray[np.bool_]
# No key is taken for one that is never, or always, down.
RAREST = 1e-3


def as_rolls(given: Any, name: str = "corpus", keys: int | None = None) -> list[Roll]:
    """Sequences of frames as arrays [T, K] of bool, all of as many keys.

    Args:
        given: a list of arrays [T, K] of 0 and 1, or an array [N, T, K].
        name: what messages call them.
        keys: K that is wanted; None: that of the first.

    Raises:
        DataError: no sequence, an empty one, or other numbers than 0 and 1.
        ShapeError: other axes, or other numbers of keys.
    """
    if isinstance(given, str | bytes | Mapping) or not hasattr(given, "__iter__"):
        raise DataError(f"`{name}` of frames is a list of arrays [T, K]: {type(given).__name__} came.")
    rolls = [_roll(each, place, name) for place, each in enumerate(given)]
    if not rolls:
        raise DataError(f"`{name}` holds a sequence of frames at least: none came.")
    wanted = rolls[0].shape[1] if keys is None else keys
    widths = sorted({roll.shape[1] for roll in rolls} | {wanted})
    if len(widths) > 1:
        raise ShapeError(f"All frames have as many keys, {wanted}: {', '.join(map(str, widths))} came.")
    return rolls


@dataclass(frozen=True)
class FrameDesign:
    """Everything the network's shape depends on.

    Args:
        emission: "bernoulli" or "keys".
        cell: "lstm", "rnn" or "perceptron".
        keys: K.
        hidden_size: H.
        num_layers: layers one above the other.
        window_steps: frames the perceptron sees.
        dropout: in training, of the layers' outputs.
        weight_drop: of an LSTM's recurrent weights.
    """

    emission: str
    cell: str
    keys: int
    hidden_size: int
    num_layers: int
    window_steps: int
    dropout: float
    weight_drop: float

    def to_dict(self) -> dict[str, Any]:
        """In plain numbers; the constructor takes it."""
        return asdict(self)


def build(design: FrameDesign, rates: Tensor | None = None) -> Network:
    """The network of a design, with first weights from torch's generator.

    Args:
        design: its shape.
        rates: [K] how often each key is down, what training begins at; None: half of the time.
    """
    layer = layer_of(
        design.cell,
        (design.keys, design.hidden_size, design.num_layers),
        window_steps=design.window_steps,
        dropout=design.dropout,
        weight_drop=design.weight_drop,
    )
    features = design.hidden_size + design.keys
    head: FrameHead
    if design.emission == OVER_KEYS:
        head = KeysHead(features, design.keys, rates=rates)
    else:
        head = BernoulliHead(features, design.keys, rates=rates)
    return Network(None, InputBeside(layer, design.dropout), head)


def head_of(network: nn.Module) -> FrameHead:
    """The head of a network that `build` made."""
    head = network.head
    assert isinstance(head, FrameHead)
    return head


def rates_of(rolls: Sequence[Roll]) -> Tensor:
    """[K] how often each key is down, never 0 or 1."""
    return torch.from_numpy(np.concatenate(rolls).mean(0)).clamp(RAREST, 1 - RAREST)


def roll_piece(rolls: Sequence[Roll], device: torch.device | str) -> Piece:
    """Sequences side by side: silence and each frame but the last, and the frame after it."""
    y, lengths = pad([torch.from_numpy(roll).float() for roll in rolls])
    x = torch.cat([torch.zeros_like(y[:1]), y[:-1]])
    ragged = bool((lengths != len(y)).any())
    weights = (torch.arange(len(y))[:, None] < lengths).float() if ragged else None
    return Piece(x.to(device), y.to(device), weights, lengths if ragged else None)


def nats_of(network: nn.Module, rolls: Sequence[Roll]) -> float:
    """Mean of -log p of a frame, over all frames but each sequence's first, in evaluation mode.

    Args:
        network: of `build`.
        rolls: of which one has two frames at least.
    """
    network.eval()
    device = next(network.parameters()).device
    total = counted = 0.0
    with torch.no_grad():
        for roll in rolls:
            piece, state, costs = roll_piece([roll], device), None, []
            for x, y in zip(piece.x.split(RUN_STEPS), piece.y.split(RUN_STEPS), strict=True):
                output, state = network(x, state)
                costs.append(head_of(network).loss(output[:, 0], y[:, 0]).double())
            total += float(torch.cat(costs)[1:].sum())
            counted += len(roll) - 1
    return total / counted


def drawn(network: nn.Module, prompt: Roll, steps: int, temperature: float, seed: int) -> Iterator[Roll]:
    """Frames [K] drawn one after the other.

    Args:
        network: of `build`.
        prompt: [T, K] frames to go on from; T = 0: from silence, as sequences begin.
        steps: frames to draw.
        temperature: what logits are divided by.
        seed: of the draws.
    """
    network.eval()
    device, draws, state = next(network.parameters()).device, np.random.default_rng(seed), None
    x = torch.from_numpy(np.concatenate([np.zeros_like(prompt, shape=(1, prompt.shape[1])), prompt]))[:, None]
    for _ in range(steps):
        with torch.no_grad():
            for part in x.float().to(device).split(RUN_STEPS):
                output, state = network(part, state)
        frame = head_of(network).draw(output[-1], draws, temperature)
        yield frame[0]
        x = torch.from_numpy(frame)[None]


def _roll(given: Any, place: int, name: str) -> Roll:
    values = given.detach().cpu().numpy() if isinstance(given, Tensor) else np.asarray(given)
    if values.ndim != 2 or values.dtype.kind not in "biuf":
        raise ShapeError(
            f"A sequence of frames is [T, K]: `{name}` number {place} (from 0) is {values.dtype} {values.shape}."
        )
    if not values.size:
        raise DataError(f"A sequence of frames holds one at least: `{name}` number {place} (from 0) is empty.")
    if not ((values == 0) | (values == 1)).all():
        raise DataError(
            f"A key is 1 where it is down and 0 where it is up: `{name}` number {place} (from 0) holds other numbers."
        )
    return values.astype(bool)
