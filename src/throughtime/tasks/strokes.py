"""Strokes of a pen: the network that tells each point from those before it.

    x[t] = (dx, dy, lifts, ends)[t];   h[t], s[t] = layer(x[t], s[t-1]);   point t+1 ~ head([dropout(h[t]), x[t]])

A point is how far the pen moved, and whether it lifts after it. Inside, moves are divided by one number, their root
mean square, and the pen has a third state after a sequence's last point. Before a sequence there is a move of nothing,
so that a network can begin one by itself; what its first point costs is not scored.

Dimensions: N sequences, T points (each sequence its own), B rows, H hidden units.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from throughtime.base.errors import DataError, ShapeError
from throughtime.bptt import Piece
from throughtime.data.ragged import pad
from throughtime.nn import Network
from throughtime.nn.heads.strokes import ENDS, LIFTS, StrokeHead
from throughtime.tasks.network import RUN_STEPS, InputBeside, layer_of

# [T, 3]: dx, dy, and 1 where the pen lifts after the point.
Strokes = NDArray[np.float64]
INPUTS = 4
# Sequences that are scored side by side.
AT_ONCE = 64


def as_strokes(given: Any, name: str = "corpus") -> list[Strokes]:
    """Sequences of points as arrays [T, 3] of float64.

    Args:
        given: a list of arrays [T, 3]: dx, dy, and 1 where the pen lifts after the point, else 0.
        name: what messages call them.

    Raises:
        DataError: no sequence, an empty one, numbers that are not finite, or another pen than 0 and 1.
        ShapeError: other axes.
    """
    if isinstance(given, str | bytes | Mapping) or not hasattr(given, "__iter__"):
        raise DataError(f"`{name}` of strokes is a list of arrays [T, 3]: {type(given).__name__} came.")
    found = [_points(each, place, name) for place, each in enumerate(given)]
    if not found:
        raise DataError(f"`{name}` holds a sequence of points at least: none came.")
    return found


@dataclass(frozen=True)
class StrokeDesign:
    """Everything the network's shape depends on.

    Args:
        cell: "lstm", "rnn" or "perceptron".
        scale: what moves are divided by.
        components: of the mixture.
        hidden_size: H.
        num_layers: layers one above the other.
        window_steps: points the perceptron sees.
        dropout: in training, of the layers' outputs.
        weight_drop: of an LSTM's recurrent weights.
    """

    cell: str
    scale: float
    components: int
    hidden_size: int
    num_layers: int
    window_steps: int
    dropout: float
    weight_drop: float

    def to_dict(self) -> dict[str, Any]:
        """In plain numbers; the constructor takes it."""
        return asdict(self)


def build(design: StrokeDesign) -> Network:
    """The network of a design, with first weights from torch's generator."""
    layer = layer_of(
        design.cell,
        (INPUTS, design.hidden_size, design.num_layers),
        window_steps=design.window_steps,
        dropout=design.dropout,
        weight_drop=design.weight_drop,
    )
    head = StrokeHead(design.hidden_size + INPUTS, design.components)
    return Network(None, InputBeside(layer, design.dropout), head)


def head_of(network: nn.Module) -> StrokeHead:
    """The head of a network that `build` made."""
    head = network.head
    assert isinstance(head, StrokeHead)
    return head


def scale_of(strokes: Sequence[Strokes]) -> float:
    """Root mean square of the moves.

    Raises:
        DataError: nothing moves.
    """
    scale = math.sqrt(np.mean(np.concatenate([each[:, :2] for each in strokes]) ** 2))
    if not scale:
        raise DataError("Strokes move: every dx and dy that came is 0.")
    return scale


def scaled(strokes: Strokes, scale: float) -> Tensor:
    """Points [T, 3] as a network tells them: moves in units of the scale, and the pen's state, which ends the last."""
    points = torch.from_numpy(strokes / [scale, scale, 1]).float()
    points[-1, 2] = ENDS
    return points


def inputs_of(points: Tensor) -> Tensor:
    """Points [..., 3] as a network reads them, [..., 4]."""
    return torch.cat([points[..., :2], (points[..., 2:] == LIFTS).float(), (points[..., 2:] == ENDS).float()], -1)


def stroke_piece(strokes: Sequence[Strokes], scale: float, device: torch.device | str) -> Piece:
    """Sequences side by side: nothing and each point but the last, and the point after it."""
    y, lengths = pad([scaled(each, scale) for each in strokes])
    x = F.pad(inputs_of(y)[:-1], (0, 0, 0, 0, 1, 0))
    ragged = bool((lengths != len(y)).any())
    weights = (torch.arange(len(y))[:, None] < lengths).float() if ragged else None
    return Piece(x.to(device), y.to(device), weights, lengths if ragged else None)


def nats_of(
    network: nn.Module, strokes: Sequence[Strokes], scale: float, begin: Callable[[slice], Any] | None = None
) -> float:
    """Mean of -log p of a point, a density in the strokes' own units, over all points but each sequence's first.

    Args:
        network: of `build`, in evaluation mode.
        strokes: of which one has two points at least.
        scale: of the moves.
        begin: the state in which some of the sequences begin; None: that of nothing.
    """
    device = next(network.parameters()).device
    total = counted = 0.0
    network.eval()
    with torch.no_grad():
        for start in range(0, len(strokes), AT_ONCE):
            some = slice(start, start + AT_ONCE)
            piece = stroke_piece(strokes[some], scale, device)
            costs, state = [], begin(some) if begin else None
            for x, y in zip(piece.x.split(RUN_STEPS), piece.y.split(RUN_STEPS), strict=True):
                output, state = network(x, state)
                costs.append(head_of(network).loss(output.flatten(0, 1), y.flatten(0, 1)).view(y.shape[:2]).double())
            kept = torch.ones(piece.y.shape[:2], device=device) if piece.weights is None else piece.weights
            kept = kept.double()
            kept[0] = 0
            total += float((torch.cat(costs) * kept).sum())
            counted += float(kept.sum())
    return total / counted + 2 * math.log(scale)


def drawn(
    network: nn.Module, scale: float, prompt: Strokes, steps: int, bias: float, seed: int, state: Any = None
) -> Iterator[Strokes]:
    """Points [3] drawn one after the other, until a sequence ends.

    Args:
        network: of `build`.
        scale: of the moves.
        prompt: [T, 3] points to go on from; T = 0: as sequences begin.
        steps: points to draw at most.
        bias: above 0 tidier.
        seed: of the draws.
        state: in which the sequence begins; None: that of nothing.
    """
    network.eval()
    device, draws = next(network.parameters()).device, np.random.default_rng(seed)
    read = torch.from_numpy(prompt / [scale, scale, 1]).float()
    x = F.pad(inputs_of(read), (0, 0, 1, 0))[:, None]
    for _ in range(steps):
        with torch.no_grad():
            for part in x.to(device).split(RUN_STEPS):
                output, state = network(part, state)
        point = head_of(network).draw(output[-1, 0], draws, bias)
        x = inputs_of(torch.from_numpy(point).float())[None, None]
        yield np.array([point[0] * scale, point[1] * scale, float(point[2] > 0)])
        if point[2] == ENDS:
            return


def _points(given: Any, place: int, name: str) -> Strokes:
    values = given.detach().cpu().numpy() if isinstance(given, Tensor) else np.asarray(given)
    where = f"`{name}` number {place} (from 0)"
    if values.ndim != 2 or values.shape[1] != 3 or values.dtype.kind not in "biuf":
        raise ShapeError(f"A sequence of points is [T, 3], dx, dy and pen: {where} is {values.dtype} {values.shape}.")
    if not len(values):
        raise DataError(f"A sequence of points holds one at least: {where} is empty.")
    values = values.astype(np.float64)
    if not np.isfinite(values).all():
        raise DataError(f"Moves are finite numbers: {where} holds nan or infinity.")
    if not np.isin(values[:, 2], (0, 1)).all():
        raise DataError(f"The pen is 1 where it lifts after a point and 0 where it stays: {where} holds other numbers.")
    return values
