"""Encoded series as pieces to train on, as a value to validate by, and the schedule where the user named none.

Series of one piece run side by side, each from its own beginning; steps without any target weigh nothing.
Dimensions: T steps, B series, F inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
import torch
from torch import nn

from throughtime.bptt import TBPTT, Piece, map_nest
from throughtime.data.ragged import batch_count, batch_rows, pad
from throughtime.tasks.encoding import Encoded
from throughtime.tasks.network import RUN_STEPS, head_of, targets_of
from throughtime.train.ranks import Ranks

# The rule of tbptt=None: whole sequences while they are short enough to be one gradient, else windows that leave an
# epoch about this many updates.
WHOLE_STEPS, WINDOW_STEPS, UPDATES_AN_EPOCH = 400, 200, 20


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


def validation_loss(pieces: Sequence[Piece], ranks: Ranks | None = None) -> Callable[[nn.Module], float]:
    """A function that gives the mean loss over the counted steps of `pieces`; called without gradient.

    Args:
        pieces: of all rows.
        ranks: those that share them out, and all call the function; None: this process has all.
    """
    ranks = ranks or Ranks()
    own = [ranks.part(piece) for piece in pieces]

    def evaluate(network: nn.Module) -> float:
        sums = [_sum_of_losses(network, piece) for piece in own]
        total, counted = ranks.sums(sum(total for total, _ in sums), sum(counted for _, counted in sums))
        return total / counted

    return evaluate


def _sum_of_losses(network: nn.Module, piece: Piece) -> tuple[float, int]:
    """Sum and number of the losses that count; steps past a row's end do not, and come after all that do."""
    assert piece.weights is not None  # `piece_of` gives them
    total, counted, state = 0.0, 0, None
    for start in range(0, len(piece.x), RUN_STEPS):
        steps = slice(start, start + RUN_STEPS)
        output, state = network(piece.x[steps], state)
        places = piece.weights[steps].flatten().nonzero().squeeze(1).to(piece.x.device)
        if len(places):
            kept, target = (
                map_nest(lambda part: part.flatten(0, 1).index_select(0, places), nest)  # noqa: B023 - called at once
                for nest in (output, map_nest(lambda part: part[steps], piece.y))  # noqa: B023
            )
            total += float(head_of(network).loss(kept, target).mean(-1).sum())
            counted += len(places)
    return total, counted
