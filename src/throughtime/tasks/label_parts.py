"""Which labelled sequences train, and which of them validate.

a share     of each class is held out; of few sequences none is, and folds take its place
a pair      of sequences and labels validates, all others train
None        all train
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from throughtime.base.checks import as_number
from throughtime.base.errors import ConfigError, DataError
from throughtime.tasks.label_training import FEW, Labelled
from throughtime.tasks.labels import Places, as_labels, held_out, numbered
from throughtime.tasks.sequences import SequenceEncoding, as_sequences

Rows = tuple[list[Any], Places]


@dataclass(frozen=True)
class Shared:
    """Sequences and class numbers, shared out.

    Args:
        whole: all that were given to train.
        train: those that train.
        valid: those that validate; None: none.
        by_folds: whether folds of those that train do it instead.
    """

    whole: Rows
    train: Rows
    valid: Rows | None = None
    by_folds: bool = False

    @property
    def held_out(self) -> bool:
        """Whether those that validate were taken from those given to train."""
        return len(self.train[0]) < len(self.whole[0])

    @property
    def chooses(self) -> bool:
        """Whether there are sequences to choose by."""
        return self.by_folds or self.valid is not None


@dataclass(frozen=True)
class Parts:
    """Labelled sequences by what they are for.

    Args:
        train: they train.
        valid: they choose design and epoch; None: the last epoch is kept.
        whole: all of them, encoded anew, for the training after the epoch is known; None: there is none.
        symbols: of that encoding.
        by_folds: whether, without a validation part, folds of the training part choose and calibrate; else the first
            candidate is taken as it is.
    """

    train: Labelled
    valid: Labelled | None = None
    whole: Labelled | None = None
    symbols: int = 0
    by_folds: bool = False

    @property
    def count(self) -> int:
        """Sequences that the last training reads."""
        return len(self.train if self.whole is None else self.whole)


def share_out(rows: list[Any], labels: Places, classes: list[Any], validation: Any, seed: int) -> Shared:
    """Share sequences out.

    Args:
        rows: sequences.
        labels: [N] their classes' numbers.
        classes: the labels by number.
        validation: a share in (0, 1), a pair (sequences, labels), or None.
        seed: of what is held out.

    Raises:
        ConfigError: `validation` is none of these.
        DataError: every class has one sequence, or the pair breaks a rule.
    """
    whole = (rows, labels)
    if validation is None:
        return Shared(whole, whole)
    share = as_number(validation)
    if share is None:
        return Shared(whole, whole, _pair(validation, classes))
    if not 0 < share < 1:
        raise ConfigError(f"`validation` as a share lies between 0 and 1: {validation!r} came.")
    if np.bincount(labels).max() < 2:
        raise DataError(
            "Validation needs a class with at least 2 sequences: every class has one. Give more sequences, or pass "
            "validation=None."
        )
    if len(rows) < FEW:
        return Shared(whole, whole, by_folds=True)
    first, second = held_out(labels, share, seed)
    return Shared(whole, _of(whole, first), _of(whole, second))


def encoded_parts(shared: Shared, encoding: SequenceEncoding, whole: SequenceEncoding | None) -> Parts:
    """The sequences as the network reads them.

    Args:
        shared: the sequences.
        encoding: fitted on those that train.
        whole: fitted on all; None: there is no training on all.
    """

    def labelled(rows: Rows, by: SequenceEncoding) -> Labelled:
        return Labelled(by.encode(rows[0]), rows[1])

    return Parts(
        train=labelled(shared.train, encoding),
        valid=None if shared.valid is None else labelled(shared.valid, encoding),
        whole=None if whole is None else labelled(shared.whole, whole),
        symbols=encoding.symbols if whole is None else whole.symbols,
        by_folds=shared.by_folds,
    )


def _pair(given: Any, classes: list[Any]) -> Rows:
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise ConfigError(f"`validation` is a share, a pair (sequences, labels) or None: {type(given).__name__} came.")
    others = as_sequences(given[0], "validation")
    return others, numbered(as_labels(given[1], len(others)), classes)


def _of(rows: Rows, places: Places) -> Rows:
    return [rows[0][place] for place in places], rows[1][places]
