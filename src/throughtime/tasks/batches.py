"""Encoded series as pieces to train on, as a value to validate by, and the schedule where the user named none.

Series of one piece run side by side, each from its own beginning; steps without any target weigh nothing.
Dimensions: T steps, B series, F inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from throughtime.bptt import TBPTT, Piece, map_nest, through_time
from throughtime.data.ragged import batch_count, batch_rows, pad
from throughtime.tasks.encoding import Encoded
from throughtime.tasks.network import targets_of

# The rule of tbptt=None: whole sequences while they are short enough to be one gradient, else windows that leave an
# epoch about this many updates.
WHOLE_STEPS, WINDOW_STEPS, UPDATES_AN_EPOCH = 400, 200, 20
# Steps a forecast runs at once: bounds the memory without costing time.
RUN_STEPS = 1000


class SeriesBatches:
    """Pieces of up to `batch_size` series, drawn anew each epoch; a pure function of (seed, epoch, index).

    Args:
        series: encoded training parts.
        batch_size: series a piece holds, at least 1.
        seed: of the order.
        device: where the pieces go.
    """

    def __init__(self, series: Sequence[Encoded], batch_size: int, seed: int, device: torch.device) -> None:
        self._series, self._batch_size, self._seed = series, batch_size, seed
        self._pieces = lru_cache(maxsize=1 if len(series) > batch_size else None)(self._piece)
        self._device = device

    def __len__(self) -> int:
        """Pieces in an epoch."""
        return batch_count(len(self._series), self._batch_size)

    def __getitem__(self, place: tuple[int, int]) -> Piece:
        """The piece at (epoch, index)."""
        epoch, index = place
        rows = batch_rows(len(self._series), self._batch_size, seed=self._seed, epoch=epoch, index=index)
        # One piece holds all series in any order: without shuffling it is the same, and made once.
        return self._pieces(tuple(range(len(self._series))) if len(self) == 1 else tuple(map(int, rows)))

    def _piece(self, rows: tuple[int, ...]) -> Piece:
        return piece_of([self._series[row] for row in rows], self._device)


def piece_of(series: Sequence[Encoded], device: torch.device, score_from: Sequence[int] | None = None) -> Piece:
    """Series side by side.

    Args:
        series: encoded series.
        device: where it goes.
        score_from: per series the first step whose loss counts; None: all count.
    """
    x, lengths = pad([each.inputs for each in series], dtype=torch.float32)
    numbers, _ = pad([each.numbers for each in series], fill=np.nan, dtype=torch.float32)
    classes, _ = pad([each.classes for each in series], fill=np.nan, dtype=torch.float32)
    counted = ~(numbers.isnan().all(-1) & classes.isnan().all(-1))
    for row, start in enumerate(score_from or []):
        counted[:start, row] = False
    ragged = bool((lengths != len(x)).any())
    y = {name: target.to(device) for name, target in targets_of(numbers, classes).items()}
    return Piece(x.to(device), y, counted.float(), lengths if ragged else None)


def choose_schedule(steps: int, pieces: int) -> TBPTT:
    """BPTT up to 400 steps; beyond, TBPTT(k, k) with k <= 200, shorter where an epoch would have under 20 updates.

    Args:
        steps: of the longest series.
        pieces: of an epoch.
    """
    if steps <= WHOLE_STEPS:
        return TBPTT()
    k = max(1, min(WINDOW_STEPS, steps * pieces // UPDATES_AN_EPOCH))
    return TBPTT(k, k)


def validation_loss(pieces: Sequence[Piece]) -> Callable[[nn.Module], float]:
    """A function that gives the mean loss over the counted steps of `pieces`."""
    schedule = TBPTT(RUN_STEPS, RUN_STEPS)

    def evaluate(network: nn.Module) -> float:
        total = counted = 0.0
        for piece in pieces:
            updates = through_time(
                network, network.head.loss, piece.x, piece.y, schedule, weights=piece.weights, lengths=piece.lengths
            )
            for update in updates:
                total += float(update.loss) * update.counted
                counted += update.counted
        return total / counted

    return evaluate


def run(network: nn.Module, x: Tensor, state: Any = None) -> tuple[Any, Any]:
    """The network's output over [T, B, F], in stretches, without gradient, in evaluation mode; and the state after it.

    Args:
        network: a `Network`.
        x: [T, B, F], T >= 1.
        state: before the first step; None: a fresh one.
    """
    network.eval()
    outputs = []
    with torch.no_grad():
        for part in x.split(RUN_STEPS):
            output, state = network(part, state)
            outputs.append(output)
    return map_nest(lambda *parts: torch.cat(parts), outputs[0], *outputs[1:]), state
