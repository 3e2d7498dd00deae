"""What is looked at after each epoch of a training, and kept with it: how far gradients reach, say.

    with watching(ReachWatch()):
        predictor.fit(series)              # whatever trains inside through `fit`
    reaches(predictor.history_)            # of each epoch

A watch changes nothing: weights, gradients, modes and generators are afterwards as they were, so a training that is
watched gives the losses of one that is not, bit by bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch
from torch import Tensor, nn

from throughtime.base.errors import DataError, DivergedError
from throughtime.base.trees import Tree
from throughtime.bptt import Piece, Reach, gradient_reach, leaves, map_nest
from throughtime.train.batches import Batches, first_piece
from throughtime.train.history import History

Watch = Callable[[nn.Module, Callable[[Any, Any], Tensor], Batches], Tree]

# Dense where most gradients end.
LAGS = (0, 1, 2, 3, 5, 7, 10, 14, 20, 30, 50, 70, 100, 140, 200)
# Windows, and the steps each runs before the longest lag so that its state has settled.
ROWS, SETTLING_STEPS = 16, 100

_current: ContextVar[Watch | None] = ContextVar("throughtime_watch", default=None)


@contextmanager
def watching(watch: Watch | None) -> Iterator[None]:
    """Every `fit` inside calls `watch` after each epoch, unless it is given one of its own.

    Args:
        watch: called as watch(network, loss, batches); what it returns, a tree of numbers, texts and tensors, becomes
            the `watched` of that epoch of the history, and part of checkpoints. None: nothing is watched.
    """
    token = _current.set(watch)
    try:
        yield
    finally:
        _current.reset(token)


def current_watch() -> Watch | None:
    """The watch of the `watching` that is open, or None."""
    return _current.get()


class ReachWatch:
    """`gradient_reach` over windows of the first batch, for networks that begin without a state.

    Args:
        lags: steps back; None: up to 200, as far as the data go.
        rows: windows at most, spread over the rows and their steps.
    """

    def __init__(self, lags: Iterable[int] | None = None, rows: int = ROWS) -> None:
        self.lags, self.rows = None if lags is None else tuple(lags), rows
        self._cut_from: Batches | None = None
        self._windows: Piece | None = None

    def __call__(self, network: nn.Module, loss: Callable[[Any, Any], Tensor], batches: Batches) -> Tree:
        """Lags and relative norms by leaf; None where the loss or its gradient is not finite.

        Raises:
            DataError: no row is long enough for the lags, or none has a loss so late.
        """
        if self._windows is None or self._cut_from is not batches:
            self._windows, self._cut_from = self._cut(first_piece(batches[0, 0])), batches
        steps = len(next(leaves(self._windows.x)))
        lags = [lag for lag in LAGS if lag <= steps - 2] if self.lags is None else self.lags
        try:
            found = gradient_reach(network, loss, self._windows, lags)
        except DivergedError:
            return None
        return {"lags": list(found.lags), "relative": {name: list(each) for name, each in found.relative.items()}}

    def _cut(self, piece: Piece) -> Piece:
        count, rows = next(leaves(piece.x)).shape[:2]
        lengths = [count] * rows if piece.lengths is None else [int(n) for n in piece.lengths]
        longest = max(lengths, default=0)
        farthest = min(LAGS[-1], longest - 2) if self.lags is None else max(self.lags)
        steps = min(farthest + 2 + SETTLING_STEPS, longest)
        counted = torch.ones(count, rows) if piece.weights is None else torch.as_tensor(piece.weights).cpu()
        begins = torch.zeros(count, rows, dtype=torch.bool) if piece.resets is None else piece.resets.cpu()
        places = [
            (row, end)
            for row, length in enumerate(lengths)
            for end in range(max(steps, 1), length + 1)
            if counted[end - 1, row] != 0 and not bool(begins[end - steps + 1 : end, row].any())
        ]
        if farthest < 0 or farthest > steps - 2 or not places:
            lag = max(farthest, 0)
            raise DataError(
                f"A reach of {lag} steps needs {lag + 2} steps of one sequence, a loss at the last: none of {rows} "
                f"rows has them, the longest of {longest}. Give longer ones, or shorter lags."
            )
        which = torch.linspace(0, len(places) - 1, min(self.rows, len(places))).round().long().tolist()
        chosen = [places[k] for k in which]

        def cut(tensor: Tensor) -> Tensor:
            return torch.stack([tensor[end - steps : end, row] for row, end in chosen], 1)

        return Piece(map_nest(cut, piece.x), map_nest(cut, piece.y), cut(counted))


def reaches(history: History) -> list[Reach | None]:
    """What a `ReachWatch` found after each epoch; None where it found nothing."""
    return [_reach(epoch.watched) for epoch in history.epochs]


def _reach(watched: Mapping[str, Any] | None) -> Reach | None:
    if not isinstance(watched, Mapping) or "relative" not in watched:
        return None
    relative = {name: tuple(values) for name, values in watched["relative"].items()}
    return Reach(tuple(watched["lags"]), relative, relative, 0.0)
