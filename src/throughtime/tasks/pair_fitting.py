"""The training on pairs: which validate, batches of like lengths, lessons that change, and how long it takes.

An epoch reads each pair once. Its order is drawn; within windows of many batches pairs are sorted by length, so that
the rows of a batch end at about the same step; and the batches are read in an order drawn anew.

Dimensions: N pairs, S symbols of a source, T steps, B rows.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch import nn

from throughtime.base.errors import ConfigError, DataError
from throughtime.base.run_folder import RunFolder
from throughtime.bptt import TBPTT, Piece
from throughtime.data import batch_count, epoch_order
from throughtime.nn import Network
from throughtime.tasks.lessons import Lessons, pairs_of
from throughtime.tasks.pair_intake import Pair, PairEncoding, as_pairs, lengths
from throughtime.tasks.pair_network import (
    PairDesign,
    PairEncoder,
    Sources,
    SourceStates,
    build,
    head_of,
    nats_of,
    sides,
)
from throughtime.tasks.pair_options import PairOptions
from throughtime.train import History, Training, fit
from throughtime.train.ranks import Ranks, refuse_too_few

# Gradients of the first updates, before the scales have settled, are the largest; but not more than this part of all.
WARMUP_UPDATES, WARMUP_PART = 200, 10
# Updates of a training, in so many epochs.
UPDATES, MOST_EPOCHS = 4000, 60
# Pairs that validate, at most: more tell the same, and take time after every epoch.
MOST_VALID = 1000
# Batches among whose pairs like lengths are looked for.
WINDOW_BATCHES = 50
# From so many symbols on the head has the decoder's vectors, unless the settings say otherwise.
TIED_FROM = 500
# Numbers that a layer of an encoder keeps of a step for its backward pass, in units of H: gates, y, c and what went in.
KEPT_UNITS = 8


@dataclass
class Taught:
    """The pairs of each epoch.

    Args:
        pairs: of the first epoch.
        valid: that validate after it; none: nothing does.
        encoding: of the symbols.
        longest: symbols of the longest target.
        lessons: where later epochs' pairs come from; None: all have the same.
    """

    pairs: list[Pair]
    valid: list[Pair]
    encoding: PairEncoding
    longest: int
    lessons: Lessons | None = None
    _losses: tuple[float, ...] = field(default=(), init=False)

    def follow(self, losses: Sequence[float | None]) -> None:
        """Go on to the epoch after those that had these validation losses."""
        known = tuple(loss for loss in losses if loss is not None)
        epoch = len(losses)
        if self.lessons is None or (epoch == 0 and not self._losses):
            return
        self._losses = known
        self.pairs = encoded(self.encoding, *pairs_of(self.lessons, epoch, known, len(self.pairs)))
        valid = validating(self.encoding, self.lessons, epoch, known)
        if bool(valid) != bool(self.valid):
            raise DataError("Lessons validate after every epoch or after none: both came. Give pairs always, or None.")
        self.valid = valid


def encoded(encoding: PairEncoding, sources: object, targets: object) -> list[Pair]:
    """Pairs as given, as numbers; errors as `as_pairs` and `TextEncoding.encode`."""
    return [encoding.encode(*pair) for pair in zip(*as_pairs(sources, targets), strict=True)]


def validating(encoding: PairEncoding, lessons: Lessons, epoch: int, losses: Sequence[float]) -> list[Pair]:
    """The pairs that validate after an epoch of lessons; none where nothing does."""
    given = lessons.validation(epoch, losses)
    return [] if given is None else encoded(encoding, *given)


class PairBatches:
    """Pieces of up to `batch_size` pairs, whose sources are shown to the states as a piece is asked for.

    Args:
        taught: what trains.
        states: gets the sources.
        batch_size: pairs a piece holds, at least 1.
        symbols: of the targets.
        seed: of the order.
        device: where the pieces go.
    """

    def __init__(
        self, taught: Taught, states: SourceStates, batch_size: int, symbols: int, seed: int, device: torch.device
    ) -> None:
        self._taught, self._states, self._symbols = taught, states, symbols
        self._batch_size, self._seed, self._device = batch_size, seed, device
        self._ordered: tuple[list[Pair], int, NDArray[np.int64]] | None = None

    def __len__(self) -> int:
        """Pieces in an epoch."""
        return batch_count(len(self._taught.pairs), self._batch_size)

    def __getitem__(self, place: tuple[int, int]) -> Piece:
        """The piece at (epoch, index)."""
        epoch, index = place
        pairs = self._taught.pairs
        if self._ordered is None or self._ordered[0] is not pairs or self._ordered[1] != epoch:
            self._ordered = pairs, epoch, ordered(lengths(pairs), self._batch_size, self._seed, epoch)
        start = index * self._batch_size
        chosen = [pairs[row] for row in self._ordered[2][start : start + self._batch_size]]
        x, y, steps = sides(chosen, self._symbols)
        self._states.show(Sources.of(chosen, self._device))
        return Piece(x.to(self._device), y.to(self._device), None, steps)

    def follow(self, losses: Sequence[float | None]) -> None:
        """Go on to the next epoch's pairs, as `train.Batches` has it."""
        self._taught.follow(losses)


def ordered(sizes: NDArray[np.int64], batch_size: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """The order of an epoch's pairs, batch by batch: a pure function of its arguments.

    Args:
        sizes: [N, 2] symbols of each pair's target and source.
        batch_size: pairs of a batch.
        seed, epoch: of the draws.

    Returns:
        [N]; only the last batch may be smaller than the others.
    """
    order = epoch_order(len(sizes), seed, epoch)
    window = WINDOW_BATCHES * batch_size
    parts = [order[start : start + window] for start in range(0, len(order), window)]
    alike = np.concatenate([part[np.lexsort((sizes[part, 1], sizes[part, 0]))] for part in parts])
    full = len(alike) // batch_size
    batches = alike[: full * batch_size].reshape(full, batch_size)
    return np.concatenate([batches[epoch_order(full, seed, epoch)].flatten(), alike[full * batch_size :]])


def design_of(options: PairOptions, encoding: PairEncoding) -> PairDesign:
    """The network that these settings ask for."""
    targets = encoding.target.size
    return PairDesign(
        cell=options.cell,
        sources=encoding.source.size,
        targets=targets,
        embedding_size=options.embedding_size,
        hidden_size=options.hidden_size,
        num_layers=options.num_layers,
        window_steps=options.window_steps,
        dropout=options.dropout,
        word_dropout=options.word_dropout,
        bidirectional=options.bidirectional,
        heads=options.heads,
        copying=options.copy,
        coverage=options.coverage,
        smoothing=options.label_smoothing,
        tied=targets >= TIED_FROM if options.tied is None else options.tied,
    )


def split(pairs: list[Pair], options: PairOptions) -> tuple[list[Pair], list[Pair]]:
    """What trains, and the share of the pairs that validates, if one does.

    Raises:
        DataError: a share of one pair.
    """
    if options.share is None:
        return pairs, []
    if len(pairs) < 2:
        raise DataError("Validation needs a pair of its own: one came. Give more, or pass validation=None.")
    order = epoch_order(len(pairs), options.seed, 0)
    count = min(max(1, round(options.share * len(pairs))), len(pairs) - 1)
    return [pairs[place] for place in sorted(order[count:].tolist())], [pairs[place] for place in order[:count]]


def decoder_budget(options: PairOptions, pairs: Sequence[Pair]) -> int | None:
    """What `memory` leaves the decoder's windows once the encoder has what it keeps; None: no bound.

    Raises:
        ConfigError: the longest sources need more.
    """
    if options.memory is None:
        return None
    longest = max(len(pair.source) for pair in pairs)
    units = KEPT_UNITS * options.hidden_size * options.num_layers
    needed = 4 * longest * min(options.batch_size, len(pairs)) * (units + options.embedding_size)
    if needed >= options.memory:
        raise ConfigError(
            f"`memory` holds what is kept of a batch's sources: {needed:,} bytes for {longest:,} symbols by "
            f"{options.batch_size} rows came to {options.memory:,}. Allow more, or set source_limit or a smaller "
            "batch_size."
        )
    return options.memory - needed


def train_network(
    taught: Taught, options: PairOptions, run: RunFolder | None, group: dist.ProcessGroup | None
) -> tuple[Network, PairEncoder, PairDesign, History, TBPTT]:
    """Train.

    Args:
        taught: the pairs.
        options: settings, checked.
        run, group: as `train.fit` takes them.

    Returns:
        Decoder and encoder in evaluation mode, their shape, what training did, and the schedule it used.

    Raises:
        ConfigError: more ranks than rows; `memory` is too small.
    """
    ranks, design = Ranks(group), design_of(options, taught.encoding)
    with torch.random.fork_rng([]):
        torch.manual_seed(options.seed)
        decoder, encoder = build(design)
    decoder.to(options.device)
    encoder.to(options.device)
    rows = min(options.batch_size, len(taught.pairs))
    refuse_too_few(rows, ranks)
    states = SourceStates(encoder, decoder)
    batches = PairBatches(taught, states, rows, design.targets, options.seed, options.device)
    schedule = options.schedule or TBPTT()
    epochs = options.epochs or int(np.clip(UPDATES / len(batches), 1, MOST_EPOCHS))
    if options.progress is not False and ranks.is_first:
        symbols = int(lengths(taught.pairs).sum()) - len(taught.pairs)
        sys.stderr.write(f"{len(taught.pairs):,} pairs, {symbols:,} symbols, TBPTT({schedule}), {epochs} epochs\n")
    history = fit(
        decoder,
        head_of(decoder).loss,
        batches,
        schedule,
        _training(options, epochs, len(batches), bool(taught.valid)),
        evaluate=_loss_on(taught, encoder) if taught.valid else None,
        state=states,
        memory=decoder_budget(options, taught.pairs),
        run=run,
        progress=options.progress,
        group=group,
    )
    return decoder.eval(), encoder.eval(), design, history, schedule


def _training(options: PairOptions, epochs: int, batches: int, validates: bool) -> Training:
    return Training(
        epochs=epochs,
        learning_rate=options.learning_rate,
        weight_decay=options.weight_decay,
        warmup_updates=min(WARMUP_UPDATES, epochs * batches // WARMUP_PART),
        averaging=options.averaging,
        patience=options.patience if validates else None,
        seed=options.seed,
        checkpoint_every_s=options.checkpoint_every_s,
    )


def _loss_on(taught: Taught, encoder: PairEncoder) -> Callable[[nn.Module], float]:
    """Nats a symbol of the pairs that validate."""

    def loss(decoder: nn.Module) -> float:
        assert isinstance(decoder, Network)
        return nats_of(decoder, encoder, taught.valid[:MOST_VALID])

    return loss
