"""Corpora larger than memory as batches: an epoch is one stream, whose pieces are made as windows reach them.

def pieces(epoch):
    return token_pieces(contiguous_rows(file, rows=32, steps=100, fresh=epoch == 0))

fit(network, loss, StreamBatches(pieces, carried=True), TBPTT(100, 100), Training(epochs=3, ...))
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property, lru_cache

from throughtime.base.errors import DataError
from throughtime.bptt import Piece
from throughtime.train.batches import after, rows_of, steps_of

Pieces = Callable[[int], Iterable[Piece]]


class StreamBatches:
    """Batches of one stream an epoch.

    Args:
        pieces: called with an epoch, gives its pieces one after the other, with the same rows throughout: the same
            ones whenever it is called, also in another process.
        steps: T of an epoch, of all its pieces together, or what tells it from the epoch; None: counted, by one more
            pass over each epoch.
        carried: whether the state goes on from one epoch to the next; else each begins with a fresh one. Steps that
            begin a sequence are marked in the pieces' `resets`.
    """

    def __init__(
        self, pieces: Pieces, *, steps: int | Callable[[int], int] | None = None, carried: bool = False
    ) -> None:
        self.carried = carried

        def stream(epoch: int) -> EpochStream:
            return EpochStream(pieces, epoch, steps(epoch) if callable(steps) else steps)

        self._of_epoch = lru_cache(maxsize=1)(stream)

    def __len__(self) -> int:
        """One stream an epoch."""
        return 1

    def __getitem__(self, place: tuple[int, int]) -> EpochStream:
        """The stream of (epoch, 0)."""
        return self._of_epoch(place[0])


class EpochStream:
    """The pieces of an epoch.

    Args:
        make: gives them, as `StreamBatches` has it.
        epoch: which.
        steps: T of all; None: counted when it is asked for.
    """

    def __init__(self, make: Pieces, epoch: int, steps: int | None = None) -> None:
        self._make, self._epoch, self._steps = make, epoch, steps

    @cached_property
    def steps(self) -> int:
        """T of all."""
        return sum(map(steps_of, self._make(self._epoch))) if self._steps is None else self._steps

    @cached_property
    def rows(self) -> int:
        """B.

        Raises:
            DataError: there are no pieces.
        """
        return rows_of(next(self.pieces(0)))

    def pieces(self, start: int) -> Iterator[Piece]:
        """Those from step `start` on; what comes before is made and dropped.

        Raises:
            DataError: there are none at all.
        """
        at = None
        for piece in self._make(self._epoch):
            at, count = at or 0, steps_of(piece)
            if at + count > start:
                yield after(piece, start - at) if at < start else piece
            at += count
        if at is None:
            raise DataError(f"A stream needs at least one piece: epoch {self._epoch} has none. Check the corpus.")
