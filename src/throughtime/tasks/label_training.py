"""The training of a classifier's network: what of it validation chooses, and the final fit.

    choose      place features and a window below the layer, each with and without, in short trainings: the smallest
                validation loss wins
    train       all epochs; the epoch whose averaged weights have the smallest validation loss is kept
    calibrate   one temperature for the logits, the likeliest on the validation part

Few sequences are too dear to hold out, and tell too little of an epoch: folds choose and calibrate, and the training is
on all of them, to its end.

Dimensions: N sequences, K classes.

Source of the temperature: Guo et al. 2017, arXiv 1706.04599.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import torch
import torch.distributed as dist
from scipy.optimize import minimize_scalar
from torch import Tensor, nn
from torch.nn import functional as F

from throughtime.base.run_folder import RunFolder
from throughtime.bptt import TBPTT
from throughtime.data.ragged import batch_count
from throughtime.nn import Network
from throughtime.tasks.label_batches import LabelBatches
from throughtime.tasks.label_network import LabelDesign, build, head_of, logits
from throughtime.tasks.label_options import LabelOptions
from throughtime.tasks.labels import Places, folds
from throughtime.tasks.sequences import SequenceEncoding
from throughtime.train import History, Training, fit
from throughtime.train.ranks import Ranks, refuse_too_few

# Gradients of the first updates, before the scales have settled, are the largest.
WARMUP_UPDATES = 20
# What is tried where validation is to choose: the window of LSTM-FCN's and DNA's first convolutions.
FRONT_STEPS = 7
# A pilot has this share of the epochs, and no fewer updates than these: before them nothing is told apart.
PILOT, PILOT_UPDATES = 4, 200
# Below so many sequences folds take the place of a part held out; their pilots have this share of the epochs.
FEW, FOLDS, FOLD_PILOT = 1000, 3, 2
# An epoch of few updates moves little, and one of many enough: so many updates, in so many epochs.
UPDATES, LEAST_EPOCHS, MOST_EPOCHS = 1500, 8, 150
# Sequences of an update: so many, but fewer where an epoch would have less than about this many updates.
MOST_ROWS, LEAST_ROWS, UPDATES_AN_EPOCH = 32, 8, 10
# Before any label is seen the logarithm of the temperature is about 0, with this deviation: few labels move it little,
# even where the network has all of them right.
TEMPERATURE_SPREAD = 0.3


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


@dataclass(frozen=True)
class Learned:
    """What training came to.

    Args:
        network: in evaluation mode.
        design: its shape.
        history: of the training that validation watched.
        temperature: by which logits are divided.
        said: what validation chose, a line each.
    """

    network: Network
    design: LabelDesign
    history: History
    temperature: float
    said: tuple[str, ...]


def rows_for(options: LabelOptions, count: int) -> int:
    """Sequences of an update of a training on so many, where the settings leave them open."""
    return options.batch_size or int(np.clip(count // UPDATES_AN_EPOCH, LEAST_ROWS, MOST_ROWS))


def epochs_for(options: LabelOptions, count: int) -> int:
    """Epochs of a training on so many sequences, where the settings leave them open."""
    if options.epochs is not None:
        return options.epochs
    return int(np.clip(UPDATES // batch_count(count, rows_for(options, count)), LEAST_EPOCHS, MOST_EPOCHS))


def learn(
    candidates: Sequence[LabelDesign],
    train: Labelled,
    valid: Labelled | None,
    options: LabelOptions,
    by_folds: bool = False,
    run: RunFolder | None = None,
    group: dist.ProcessGroup | None = None,
) -> Learned:
    """Choose among designs, train, and calibrate.

    Args:
        candidates: designs to choose from.
        train: sequences.
        valid: others, by which design and epoch are chosen; None: the last epoch is kept.
        options: the settings.
        by_folds: whether, without a validation part, folds of the training part choose and calibrate; else the first
            candidate is taken as it is.
        run, group: as `train.fit` takes them.
    """
    ranks = Ranks(group)
    refuse_too_few(len(train), ranks)
    if valid is not None:
        pilots = [_pilot(each, train, valid, options) for each in candidates] if len(candidates) > 1 else []
    else:
        pilots = [_folds(each, train, options) for each in candidates] if by_folds else []
    # Every rank has tried all; where rounding told them apart the first one's choice holds.
    best = ranks.of_first(int(np.argmin([pilot.loss for pilot in pilots])) if pilots else 0)
    said = _said(candidates, pilots, best) if len(pilots) > 1 else ""
    if said and options.progress is not False and ranks.is_first:
        sys.stderr.write(said + "\n")
    epochs = epochs_for(options, len(train))
    network, history = _train(candidates[best], train, valid, options, epochs, run, group)
    temperature = 1.0
    if valid is not None:
        temperature = _temperature(logits(network, valid.encoded), valid.labels)
    elif pilots:
        temperature = _temperature(pilots[best].logits, pilots[best].labels)
    return Learned(network, candidates[best], history, temperature, (said,) if said else ())


def candidates_of(
    design: LabelDesign, options: LabelOptions, encoding: SequenceEncoding, choose: bool
) -> list[LabelDesign]:
    """The designs that the settings leave open.

    Args:
        design: everything else.
        options: the settings.
        encoding: of the sequences: places are told apart where all have the same ones, a window is for what is no word.
        choose: whether there is a validation part to choose by; else what is open is left out.
    """
    places, front = [encoding.longest if options.positions else 0], [options.front_steps or 0]
    if choose and options.positions is None and encoding.equal:
        places = [0, encoding.longest]
    if choose and options.front_steps is None and not encoding.many_symbols:
        front = [FRONT_STEPS, 0]
    return [replace(design, positions=count, front_steps=steps) for count, steps in product(places, front)]


@dataclass(frozen=True)
class _Pilot:
    """What a short training says of a design.

    Args:
        loss: on sequences held out.
        logits: [N, K] of them.
        labels: [N].
    """

    loss: float
    logits: Tensor
    labels: Places


def _pilot(design: LabelDesign, train: Labelled, valid: Labelled, options: LabelOptions) -> _Pilot:
    """Trained for a share of the epochs, the best of which counts."""
    full, rows = epochs_for(options, len(train)), rows_for(options, len(train))
    epochs = min(full, max(full // PILOT, -(-PILOT_UPDATES // batch_count(len(train), rows))))
    network, history = _train(design, train, valid, replace(options, progress=False), epochs)
    assert history.best_validation is not None  # it had a validation part
    return _Pilot(history.best_validation, logits(network, valid.encoded), valid.labels)


def _folds(design: LabelDesign, train: Labelled, options: LabelOptions) -> _Pilot:
    """Trained on all but one fold and judged on that one, for each fold."""
    quiet = replace(options, progress=False, patience=None)
    epochs = max(1, epochs_for(options, len(train)) // FOLD_PILOT)
    found, labels = [], []
    for first, second in folds(train.labels, FOLDS, options.seed):
        network, _ = _train(design, train.part(first), None, quiet, epochs)
        held = train.part(second)
        found.append(logits(network, held.encoded))
        labels.append(held.labels)
    both, of = torch.cat(found), np.concatenate(labels)
    return _Pilot(float(F.cross_entropy(both, torch.from_numpy(of))), both, of)


def _train(
    design: LabelDesign,
    train: Labelled,
    valid: Labelled | None,
    options: LabelOptions,
    epochs: int,
    run: RunFolder | None = None,
    group: dist.ProcessGroup | None = None,
) -> tuple[Network, History]:
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(options.seed)
        network = build(design).to(options.device)
    labels = torch.from_numpy(train.labels)
    training = Training(
        epochs=epochs,
        learning_rate=options.learning_rate,
        weight_decay=options.weight_decay,
        warmup_updates=WARMUP_UPDATES,
        averaging=options.averaging,
        patience=options.patience if valid is not None else None,
        seed=options.seed,
        checkpoint_every_s=options.checkpoint_every_s,
    )
    history = fit(
        network,
        head_of(network).loss,
        LabelBatches(train.encoded, labels, rows_for(options, len(train)), options.seed, options.device),
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


def _temperature(found: Tensor, labels: Places) -> float:
    """The likeliest temperature, given the labels [N] of logits [N, K]."""
    target, logits_ = torch.from_numpy(labels), found.double()

    def unlikelihood(log_temperature: float) -> float:
        loss = F.cross_entropy(logits_ / np.exp(log_temperature), target, reduction="sum")
        return float(loss) + (log_temperature / TEMPERATURE_SPREAD) ** 2 / 2

    return float(np.exp(minimize_scalar(unlikelihood, bounds=(-3, 3), method="bounded").x))


def _said(candidates: Sequence[LabelDesign], pilots: Sequence[_Pilot], best: int) -> str:
    words = [f"{_named(each)} {pilot.loss:.3f}" for each, pilot in zip(candidates, pilots, strict=True)]
    return f"Loss on sequences held out, after short trainings: {', '.join(words)}. Taken: {_named(candidates[best])}."


def _named(design: LabelDesign) -> str:
    parts = [f"window of {design.front_steps}"] if design.front_steps else []
    parts += ["positions"] if design.positions else []
    return " and ".join(parts) or "neither window nor positions"
