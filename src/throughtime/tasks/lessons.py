"""Pairs that change while a network learns from them: a curriculum, which `SequenceToSequence.fit` takes for pairs.

epoch 0      pairs(0, ())
epoch e      pairs(e, losses),   losses[k] what `validation(k, losses[:k])` cost after epoch k, in nats a symbol
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from throughtime.base.errors import DataError

Texts = Sequence[Any]


@runtime_checkable
class Lessons(Protocol):
    """What each epoch trains on.

    Both methods are pure functions of their arguments: asked again, also by another process that goes on from a
    checkpoint, they give equal pairs. So draw with a generator made from a seed and `epoch`, not from one that is kept.
    """

    @property
    def vocabulary(self) -> tuple[Texts, Texts]:
        """Sources and targets that show every symbol of all lessons, and how long targets become.

        Lists of texts, or of lists of symbols; no pairs: there may be more of one than of the other.
        """
        ...

    def pairs(self, epoch: int, losses: Sequence[float]) -> tuple[Texts, Texts]:
        """The sources and targets that an epoch trains on.

        Args:
            epoch: from 0.
            losses: validation losses of the epochs before it, nats a symbol, first epoch first; `epoch` of them, or
                none where nothing validates.

        Returns:
            Equally many in every epoch.
        """
        ...

    def validation(self, epoch: int, losses: Sequence[float]) -> tuple[Texts, Texts] | None:
        """The pairs that validate after an epoch; None in every epoch: nothing does.

        The epoch with the smallest loss is kept, so that losses of pairs that grow harder are not to be compared: give
        the same pairs in every epoch to choose by, or None for the last one's weights.

        Args:
            epoch, losses: as `pairs`.
        """
        ...


def pairs_of(lessons: Lessons, epoch: int, losses: Sequence[float], count: int | None = None) -> tuple[Texts, Texts]:
    """An epoch's pairs.

    Args:
        lessons: where they come from.
        epoch, losses: as `Lessons.pairs` takes them.
        count: pairs there were in the epochs before; None: this is the first.

    Raises:
        DataError: there are not as many as before.
    """
    sources, targets = lessons.pairs(epoch, losses)
    if count is not None and len(sources) != count:
        raise DataError(
            f"Lessons have equally many pairs in every epoch: {count} before and {len(sources)} in epoch {epoch} came. "
            "Draw as many."
        )
    return sources, targets
