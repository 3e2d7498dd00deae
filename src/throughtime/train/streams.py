"""Corpora larger than memory as batches: an epoch is one stream, whose pieces are made as windows reach them.

def pieces(epoch):
    return token_pieces(contiguous_rows(file, rows=32, steps=100, fresh=epoch == 0))

fit(network, loss, StreamBatches(pieces, carried=True), TBPTT(100, 100), Training(epochs=3, ...))
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from throughtime.base.errors import DataError
from throughtime.bptt import Piece
from throughtime.train.batches import after, rows_of, steps_of

Pieces = Callable[[int], Iterable[Piece]]


class StreamBatches:
    """Batches of one stream an epoch.

    Args:
        pieces: called with an epoch, gives its pieces one after the other, with the same rows throughout: the same
            ones whenever it is called, also in another process.
        steps: T of an epoch, of all its pieces together; None: counted, by one more pass over each epoch.
        carried: whether the state goes on from one epoch to the next; else each begins with a fresh one. Steps that
            begin a sequence are marked in the pieces' `resets`.
    """

    def __init__(self, pieces: Pieces, *, steps: int | None = None, carried: bool = False) -> None:
        self.carried = carried
        self._pieces, self._given = pieces, steps
        self._counted = lru_cache(maxsize=1)(self._count)

    def __len__(self) -> int:
        """One stream an epoch."""
        return 1

    def __getitem__(self, place: tuple[int, int]) -> EpochStream:
        """The stream of (epoch, 0).

        Raises:
            DataError: it has no pieces.
        """
        epoch, _ = place
        first = next(iter(self._pieces(epoch)), None)
        if first is None:
            raise DataError(f"A stream needs at least one piece: epoch {epoch} has none. Check the corpus.")
        steps = self._counted(epoch) if self._given is None else self._given
        return EpochStream(self._pieces, epoch, steps, rows_of(first))

    def _count(self, epoch: int) -> int:
        return sum(steps_of(piece) for piece in self._pieces(epoch))


@dataclass(frozen=True)
class EpochStream:
    """The pieces of an epoch.

    Args:
        make: as `StreamBatches` has it.
        epoch: which.
        steps: T of all.
        rows: B.
    """

    make: Pieces
    epoch: int
    steps: int
    rows: int

    def pieces(self, start: int) -> Iterator[Piece]:
        """Those from step `start` on; what comes before is made and dropped."""
        at = 0
        for piece in self.make(self.epoch):
            count = steps_of(piece)
            if at + count > start:
                yield after(piece, start - at) if at < start else piece
            at += count
