"""The training of an estimator's network: pieces, schedule and validation from encoded series."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from throughtime.base.errors import DataError
from throughtime.base.run_folder import RunFolder
from throughtime.bptt import TBPTT, Piece
from throughtime.tasks.batches import SeriesBatches, choose_schedule, piece_of, validation_loss
from throughtime.tasks.encoding import Encoded
from throughtime.tasks.intake import Stretch
from throughtime.tasks.network import head_of
from throughtime.train import History, Training, fit

if TYPE_CHECKING:
    from throughtime.tasks.predictor import SequencePredictor

# Gradients of the first updates, before the scales have settled, are the largest.
WARMUP_UPDATES = 10


def train_network(
    estimator: SequencePredictor,
    encoded: Sequence[Encoded],
    stretches: Sequence[Stretch],
    schedule: TBPTT | None,
    run: RunFolder | None,
) -> tuple[History, TBPTT]:
    """Train an estimator's network in place.

    Args:
        estimator: with its settings and its network.
        encoded: all series, whole.
        stretches: which of their rows train and which validate.
        schedule: None: chosen.
        run: as `train.fit` takes it.

    Returns:
        What training did, and the schedule it used.

    Raises:
        DataError: no target in the rows that validate.
    """
    device = torch.device(estimator.device or "cpu")
    pairs = list(zip(encoded, stretches, strict=True))
    train = [each.first(stretch.train_rows - 1) for each, stretch in pairs if stretch.train_rows]
    batches = SeriesBatches(train, estimator.batch_size, estimator.seed, device)
    pieces = _validation_pieces(pairs, estimator.batch_size, device)
    longest = max(len(each.inputs) for each in train)
    schedule = schedule or choose_schedule(longest, len(batches))
    if estimator.progress or (estimator.progress is None and sys.stderr.isatty()):
        sys.stderr.write(f"{longest:,} steps, {len(train)} series, TBPTT({schedule})\n")
    training = Training(
        epochs=estimator.epochs,
        learning_rate=estimator.learning_rate,
        weight_decay=estimator.weight_decay,
        warmup_updates=WARMUP_UPDATES,
        patience=estimator.patience if pieces else None,
        seed=estimator.seed,
    )
    evaluate = validation_loss(pieces) if pieces else None
    loss = head_of(estimator.network_).loss
    history = fit(
        estimator.network_, loss, batches, schedule, training, evaluate=evaluate, run=run, progress=estimator.progress
    )
    return history, schedule


def _validation_pieces(pairs: Sequence[tuple[Encoded, Stretch]], batch_size: int, device: torch.device) -> list[Piece]:
    scored = [(each, stretch.score_from - 1) for each, stretch in pairs if stretch.score_from < len(stretch.values)]
    chunks = [scored[start : start + batch_size] for start in range(0, len(scored), batch_size)]
    pieces = [piece_of([each for each, _ in chunk], device, [start for _, start in chunk]) for chunk in chunks]
    if pieces and not any(bool(piece.weights.any()) for piece in pieces if piece.weights is not None):
        raise DataError("Validation needs targets to score: every one in its rows is missing. Validate on other rows.")
    return pieces
