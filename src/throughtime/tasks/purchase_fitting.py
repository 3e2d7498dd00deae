"""The training of a predictor of purchases: who validates, which items are known, the network, its rows and schedule.

Users that validate keep their last purchase out of training; the epoch that tells those best is kept. What is known of
items, and how often each is bought, comes from training purchases alone.

Dimensions: U users, V items.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import nn

from throughtime.base.errors import DataError
from throughtime.base.run_folder import RunFolder
from throughtime.bptt import TBPTT
from throughtime.nn import Network
from throughtime.nn.item_head import SampledSoftmax
from throughtime.tasks.histories import Catalogue, Histories
from throughtime.tasks.purchase_network import PurchaseDesign, after_histories, build, head_of
from throughtime.tasks.purchase_options import PurchaseOptions
from throughtime.tasks.purchase_rows import PackedRows, choose_rows, choose_schedule
from throughtime.train import History, Training, fit
from throughtime.train.ranks import Ranks, refuse_too_few

WARMUP_UPDATES = 10
# More would cost time after every epoch and tell the epochs apart no better: a share of .3 is known to .007 then.
MOST_VALIDATING = 5000


@dataclass(frozen=True)
class Prepared:
    """What training starts from.

    Args:
        catalogue: the items known.
        train: purchases that train.
        validating: users whose last purchase validates, it included, and known; None: nothing validates.
        network: untrained, on its device.
    """

    catalogue: Catalogue
    train: Histories
    validating: Histories | None
    network: Network


def prepare(options: PurchaseOptions, columns: tuple[Any, ...], validation: Any) -> Prepared:
    """Read the columns, take out what validates, and build the network.

    Args:
        options: settings, checked.
        columns: users, items and times.
        validation: columns of other purchases; anything else is a share, which `options` holds, or None.

    Raises:
        DataError, ShapeError: the columns break a rule.
    """
    everyone, ids = Histories.of(*columns)
    held = _held_out(everyone, options)
    train = everyone.without_last(held)
    catalogue = Catalogue.of(ids, np.bincount(train.items, minlength=len(ids)), options.least_count)
    numbers = catalogue.numbers(ids)
    train = train.renumbered(numbers)
    if not (train.lengths > 1).any():
        raise DataError(
            "A next purchase needs one before it: no user in training has two. Give longer histories, or check that "
            "`users` names the same user the same way."
        )
    if isinstance(validation, tuple | list):
        other, other_ids = Histories.of(*validation)
        validating = other.renumbered(catalogue.numbers(other_ids))
    else:
        validating = everyone.some(np.flatnonzero(held)).renumbered(numbers)
    network = _network(options, catalogue).to(options.device)
    return Prepared(catalogue, train, _scored(validating, catalogue, validation), network)


def train_network(
    ready: Prepared, options: PurchaseOptions, run: RunFolder | None, group: dist.ProcessGroup | None = None
) -> tuple[History, TBPTT]:
    """Train the network in place, and leave it in evaluation mode.

    Args:
        ready: what training starts from.
        options: settings, checked.
        run, group: as `train.fit` takes them.

    Returns:
        What training did, and the schedule it used.

    Raises:
        ConfigError: more ranks than rows.
    """
    ranks = Ranks(group)
    network, catalogue = ready.network, ready.catalogue
    pairs = int((ready.train.lengths - 1).clip(0).sum())
    rows = choose_rows(pairs, options.batch_size)
    refuse_too_few(rows, ranks)
    schedule = options.schedule or choose_schedule(pairs, rows)
    if options.progress is not False and ranks.is_first:
        users = int((ready.train.lengths > 1).sum())
        sys.stderr.write(f"{pairs:,} purchases of {users:,} users in {rows} rows, TBPTT({schedule})\n")
    counts = torch.from_numpy(catalogue.counts)
    history = fit(
        network,
        SampledSoftmax(head_of(network), counts, min(options.samples, len(catalogue))),
        PackedRows(ready.train, len(catalogue), rows, options.seed, options.device),
        schedule,
        Training(
            epochs=options.epochs,
            learning_rate=options.learning_rate,
            weight_decay=options.weight_decay,
            warmup_updates=WARMUP_UPDATES,
            patience=options.patience if ready.validating is not None else None,
            seed=options.seed,
        ),
        evaluate=None if ready.validating is None else last_purchase_loss(ready.validating),
        memory=options.memory,
        run=run,
        progress=options.progress,
        group=group,
    )
    network.eval()
    return history, schedule


def last_purchase_loss(histories: Histories) -> Callable[[nn.Module], float]:
    """A function from a network to the mean nats of each user's last purchase, over all items.

    Args:
        histories: of users with at least two purchases, the last one known.
    """
    before, target = histories.without_last(), torch.from_numpy(histories.last)

    def evaluate(network: nn.Module) -> float:
        total = 0.0
        for places, output in after_histories(network, before):
            total += float(head_of(network).loss(output, target[places].to(output.device)).sum())
        return total / len(before)

    return evaluate


def _held_out(histories: Histories, options: PurchaseOptions) -> np.ndarray:
    """[U] 1 for each user whose last purchase validates, else 0."""
    held = np.zeros(len(histories), dtype=np.int64)
    if options.share is not None:
        able = np.random.default_rng(options.seed).permutation(np.flatnonzero(histories.lengths > 1))
        held[able[: min(max(1, round(options.share * len(able))), MOST_VALIDATING)]] = 1
    return held


def _network(options: PurchaseOptions, catalogue: Catalogue) -> Network:
    design = design_of(options, len(catalogue))
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(options.seed)
        return build(design, catalogue.counts)


def design_of(options: PurchaseOptions, items: int) -> PurchaseDesign:
    """The network that these settings ask for."""
    return PurchaseDesign(
        cell=options.cell,
        items=items,
        embedding_size=options.embedding_size,
        hidden_size=options.hidden_size,
        num_layers=options.num_layers,
        window_steps=options.window_steps,
        dropout=options.dropout,
    )


def _scored(histories: Histories, catalogue: Catalogue, validation: Any) -> Histories | None:
    """Those with a purchase to be told that is known."""
    if validation is None:
        return None
    told = histories.some(np.flatnonzero((histories.lengths > 1) & (histories.last < len(catalogue))))
    if not len(told):
        raise DataError(
            "Validation needs a user with two purchases, the last one known from training: there is none. Give more "
            "users, a larger share, or validation=None."
        )
    return told
