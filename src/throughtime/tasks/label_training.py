"""One training of a classifier's network, on labelled sequences.

How many epochs and sequences an update has follows from their number, where the settings leave it open.

Dimensions: N sequences, K classes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn import functional as F

from throughtime.base.run_folder import RunFolder
from throughtime.bptt import TBPTT
from throughtime.data.ragged import batch_count
from throughtime.nn import Network
from throughtime.tasks.label_batches import LabelBatches
from throughtime.tasks.label_network import LabelDesign, build, head_of, logits
from throughtime.tasks.label_options import LabelOptions
from throughtime.tasks.labels import Places
from throughtime.train import History, Training, fit

# Gradients of the first updates, before the scales have settled, are the largest.
WARMUP_UPDATES = 20
# An epoch of few updates moves little, and one of many enough: so many updates, in so many epochs.
UPDATES, LEAST_EPOCHS, MOST_EPOCHS = 1500, 8, 150
# Sequences of an update: so many, but fewer where an epoch would have less than about this many updates.
MOST_ROWS, LEAST_ROWS, UPDATES_AN_EPOCH = 32, 8, 10
# Of fewer sequences none is held out: they are too dear, and tell too little of an epoch.
FEW = 1000
# What a network learns of few sequences depends on its first weights, and its training is short: so many networks vote
# where fewer than so many sequences train; one does where there are more.
MEMBERS = ((FEW, 5), (10_000, 3))


@dataclass(frozen=True)
class Labelled:
    """Sequences with the classes they are of.

    Args:
        encoded: as `SequenceEncoding.encode` gives them.
        labels: [N] classes 0 .. K - 1.
    """

    encoded: Sequence[Tensor]
    labels: Places

    def __len__(self) -> int:
        return len(self.encoded)

    def part(self, places: Places) -> Labelled:
        """Some of them."""
        return Labelled([self.encoded[place] for place in places], self.labels[places])


def rows_for(options: LabelOptions, count: int) -> int:
    """Sequences of an update of a training on so many, where the settings leave them open."""
    return options.batch_size or int(np.clip(count // UPDATES_AN_EPOCH, LEAST_ROWS, MOST_ROWS))


def epochs_for(options: LabelOptions, count: int) -> int:
    """Epochs of a training on so many sequences, where the settings leave them open."""
    if options.epochs is not None:
        return options.epochs
    return int(np.clip(UPDATES // batch_count(count, rows_for(options, count)), LEAST_EPOCHS, MOST_EPOCHS))


def members_for(options: LabelOptions, count: int) -> int:
    """Networks of an ensemble for so many sequences, where the settings leave them open."""
    return options.ensemble or next((members for below, members in MEMBERS if count < below), 1)


def train(
    design: LabelDesign,
    part: Labelled,
    valid: Labelled | None,
    options: LabelOptions,
    epochs: int,
    *,
    until: int | None = None,
    run: RunFolder | None = None,
    group: dist.ProcessGroup | None = None,
) -> tuple[Network, History]:
    """Train a network anew.

    Args:
        design: its shape.
        part: sequences that train.
        valid: others, which choose the epoch that is kept; None: the last one is.
        options: the settings.
        epochs: along which the rate decays.
        until: the epoch after which training ends; None: the last one.
        run, group: as `train.fit` takes them.

    Returns:
        The network in evaluation mode, and what training did.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(options.seed)
        network = build(design).to(options.device)
    labels = torch.from_numpy(part.labels)
    training = Training(
        epochs=epochs,
        learning_rate=options.learning_rate,
        weight_decay=options.weight_decay,
        warmup_updates=WARMUP_UPDATES,
        averaging=options.averaging,
        until=until,
        patience=options.patience if valid is not None else None,
        seed=options.seed,
        checkpoint_every_s=options.checkpoint_every_s,
    )
    history = fit(
        network,
        head_of(network).loss,
        LabelBatches(part.encoded, labels, rows_for(options, len(part)), options.seed, options.device),
        options.schedule or TBPTT(),
        training,
        evaluate=None if valid is None else _loss_on(valid),
        memory=options.memory,
        run=run,
        progress=options.progress,
        group=group,
    )
    network.eval()
    return network, history


def _loss_on(valid: Labelled) -> Callable[[nn.Module], float]:
    """Mean negative log-likelihood of labels, neither smoothed nor weighted."""
    labels = torch.from_numpy(valid.labels)
    return lambda network: float(F.cross_entropy(logits(network, valid.encoded), labels))
