"""The training of an estimator's network: pieces, schedule and validation from encoded series."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import torch
import torch.distributed as dist

from throughtime.base.errors import DataError
from throughtime.base.run_folder import RunFolder
from throughtime.bptt import TBPTT, Piece
from throughtime.tasks.batches import SeriesBatches, choose_schedule, piece_of, validation_loss
from throughtime.tasks.encoding import Encoded
from throughtime.tasks.intake import Stretch
from throughtime.tasks.network import head_of
from throughtime.tasks.preparing import Prepared
from throughtime.train import History, Training, fit
from throughtime.train.ranks import Ranks, refuse_too_few

# Gradients of the first updates, before the scales have settled, are the largest.
WARMUP_UPDATES = 10


def train_network(
    ready: Prepared,
    run: RunFolder | None,
    measured: TBPTT | None = None,
    group: dist.ProcessGroup | None = None,
) -> tuple[History, TBPTT]:
    """Train a network in place, and leave it in evaluation mode.

    Args:
        ready: settings, series and untrained network; where the settings leave the schedule open, it is chosen.
        run: as `train.fit` takes it.
        measured: a schedule to take before that of the settings.
        group: ranks that train together, as `train.fit` takes them.

    Returns:
        What training did, and the schedule it used.

    Raises:
        ConfigError: more ranks than series to train on.
        DataError: no target in the rows that validate.
    """
    ranks = Ranks(group)
    options, network = ready.options, ready.network
    pairs = list(zip(ready.encoded, ready.stretches, strict=True))
    train = [each.first(stretch.train_rows - 1) for each, stretch in pairs if stretch.train_rows]
    refuse_too_few(len(train), ranks)
    batches = SeriesBatches(train, options.batch_size, options.seed, options.device)
    pieces = _validation_pieces(pairs, options.batch_size, options.device)
    longest = max(len(each.inputs) for each in train)
    schedule = measured or options.schedule or choose_schedule(longest, len(batches))
    if options.progress is not False and ranks.is_first:
        sys.stderr.write(f"{longest:,} steps, {len(train)} series, TBPTT({schedule})\n")
    training = Training(
        epochs=options.epochs,
        learning_rate=options.learning_rate,
        weight_decay=options.weight_decay,
        warmup_updates=WARMUP_UPDATES,
        averaging=options.averaging,
        patience=options.patience if pieces else None,
        seed=options.seed,
        checkpoint_every_s=options.checkpoint_every_s,
    )
    history = fit(
        network,
        head_of(network).loss,
        batches,
        schedule,
        training,
        evaluate=validation_loss(pieces, ranks) if pieces else None,
        memory=options.memory,
        run=run,
        progress=options.progress,
        group=group,
    )
    network.eval()
    return history, schedule


def _validation_pieces(pairs: Sequence[tuple[Encoded, Stretch]], batch_size: int, device: torch.device) -> list[Piece]:
    scored = [(each, stretch.score_from - 1) for each, stretch in pairs if stretch.score_from < len(stretch.values)]
    chunks = [scored[start : start + batch_size] for start in range(0, len(scored), batch_size)]
    pieces = [piece_of([each for each, _ in chunk], device, [start for _, start in chunk]) for chunk in chunks]
    if pieces and not any(bool(piece.weights.any()) for piece in pieces if piece.weights is not None):
        raise DataError("Validation needs targets to score: every one in its rows is missing. Validate on other rows.")
    return pieces
