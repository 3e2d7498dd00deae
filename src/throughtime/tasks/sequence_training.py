"""The training of a generator on sequences that stand side by side: what validates, pieces, rows, epochs, schedule.

Frames of keys and strokes of a pen are learned by it; what a piece holds and what a loss is they say themselves.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence, Sized
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn

from throughtime.base.errors import DataError
from throughtime.base.run_folder import RunFolder
from throughtime.bptt import TBPTT, Piece
from throughtime.data.ragged import batch_count, batch_rows, epoch_order
from throughtime.tasks.batches import choose_schedule
from throughtime.tasks.generator_options import GeneratorOptions
from throughtime.train import History, Training, fit
from throughtime.train.ranks import Ranks, refuse_too_few

Sequence_ = TypeVar("Sequence_", bound=Sized)

MOST_EPOCHS, WARMUP_UPDATES = 60, 10


@dataclass(frozen=True)
class Kind(Generic[Sequence_]):
    """What there is to know of sequences to train on them.

    Args:
        steps: what their steps are called.
        rows: sequences of an update.
        updates: of a training, in at most 60 epochs; None: 60 epochs.
        piece_of: some of them, and a device, side by side as input and target.
        nats_of: mean of -log p of a step, by a network in evaluation mode.
    """

    steps: str
    rows: int
    updates: int | None
    piece_of: Callable[[Sequence[Sequence_], torch.device | str], Piece]
    nats_of: Callable[[nn.Module, Sequence[Sequence_]], float]


class SequenceBatches(Generic[Sequence_]):
    """Pieces of up to `batch_size` sequences, drawn anew each epoch; a pure function of (seed, epoch, index).

    Args:
        sequences: those that train.
        batch_size: sequences a piece holds, at least 1.
        seed: of the order.
        piece_of: some of them side by side.
    """

    def __init__(
        self,
        sequences: Sequence[Sequence_],
        batch_size: int,
        seed: int,
        piece_of: Callable[[Sequence[Sequence_]], Piece],
    ) -> None:
        self._sequences, self._batch_size, self._seed, self._piece_of = sequences, batch_size, seed, piece_of

    def __len__(self) -> int:
        """Pieces in an epoch."""
        return batch_count(len(self._sequences), self._batch_size)

    def __getitem__(self, place: tuple[int, int]) -> Piece:
        """The piece at (epoch, index)."""
        epoch, index = place
        rows = batch_rows(len(self._sequences), self._batch_size, seed=self._seed, epoch=epoch, index=index)
        return self._piece_of([self._sequences[row] for row in rows])


def parts_of(
    sequences: Sequence[Sequence_], own: Sequence[Sequence_] | None, options: GeneratorOptions
) -> tuple[list[Sequence_], list[Sequence_]]:
    """What trains, and what validates, if anything does.

    Args:
        sequences: all that were given.
        own: sequences that are there to validate; None: the share that the options name.
        options: settings, checked.

    Raises:
        DataError: nothing is left for one of the parts, or what validates has no sequence of two steps.
    """
    if own is not None:
        return list(sequences), list(own)
    if options.share is None:
        return list(sequences), []
    if len(sequences) < 2:
        raise DataError("Validation needs a sequence of its own: one came. Give more, or pass validation=None.")
    count = min(max(1, round(options.share * len(sequences))), len(sequences) - 1)
    order = epoch_order(len(sequences), options.seed, 0)
    train, valid = ([sequences[place] for place in sorted(part)] for part in (order[count:], order[:count]))
    if max(len(each) for each in valid) < 2:
        raise DataError("Validation needs a sequence of two steps: none it drew has them. Pass validation=None.")
    return train, valid


def train_on(
    kind: Kind[Sequence_],
    network: nn.Module,
    loss: Callable[[Tensor, Tensor], Tensor],
    parts: tuple[Sequence[Sequence_], Sequence[Sequence_]],
    options: GeneratorOptions,
    run: RunFolder | None,
    group: dist.ProcessGroup | None,
    state: Callable[[Tensor, int], Any] | None = None,
) -> tuple[History, TBPTT]:
    """Train a network on sequences.

    Args:
        kind: of the sequences.
        network: with first weights, where the options' device is.
        loss: of its output and a piece's targets.
        parts: of `parts_of`.
        options: settings, checked.
        run, group, state: as `train.fit` takes them.

    Returns:
        What training did, and the schedule it used.

    Raises:
        ConfigError: more ranks than rows.
    """
    ranks, (train, valid) = Ranks(group), parts
    rows = options.batch_size or kind.rows
    refuse_too_few(min(rows, len(train)), ranks)
    batches = SequenceBatches(train, rows, options.seed, lambda some: kind.piece_of(some, options.device))
    lengths = [len(each) for each in train]
    schedule = options.schedule or choose_schedule(max(lengths), len(batches))
    epochs = options.epochs or _epochs(kind, len(batches))
    if options.progress is not False and ranks.is_first:
        sys.stderr.write(
            f"{sum(lengths):,} {kind.steps} in {len(train):,} sequences, TBPTT({schedule}), {epochs} epochs\n"
        )
    training = Training(
        epochs=epochs,
        learning_rate=options.learning_rate,
        weight_decay=options.weight_decay,
        warmup_updates=WARMUP_UPDATES,
        averaging=options.averaging,
        patience=options.patience if valid else None,
        seed=options.seed,
        checkpoint_every_s=options.checkpoint_every_s,
    )
    history = fit(
        network,
        loss,
        batches,
        schedule,
        training,
        state=state,
        evaluate=(lambda network: kind.nats_of(network, valid)) if valid else None,
        memory=options.memory,
        run=run,
        progress=options.progress,
        group=group,
    )
    return history, schedule


def _epochs(kind: Kind[Sequence_], updates_an_epoch: int) -> int:
    return MOST_EPOCHS if kind.updates is None else int(np.clip(kind.updates / updates_an_epoch, 1, MOST_EPOCHS))
