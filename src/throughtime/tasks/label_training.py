"""The training of a classifier's network: what of it validation chooses, and the final fit.

    choose      place features and a window below the layer, each with and without, trained for a quarter of the
                epochs: the smallest validation loss wins; on few sequences the mean over folds
    train       all epochs; the epoch whose averaged weights have the smallest validation loss is kept
    refit       on few sequences: once more on all of them, for as many epochs
    calibrate   one temperature for the logits, with the smallest validation loss

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
from throughtime.tasks.label_network import LabelDesign, build, logits
from throughtime.tasks.label_options import LabelOptions
from throughtime.tasks.labels import Places, held_out
from throughtime.tasks.sequences import SequenceEncoding
from throughtime.train import History, Training, fit
from throughtime.train.ranks import Ranks, refuse_too_few

# Gradients of the first updates, before the scales have settled, are the largest.
WARMUP_UPDATES = 20
# What is tried where validation is to choose: the window of LSTM-FCN's and DNA's first convolutions.
FRONT_STEPS = 7
# A pilot has this share of the epochs, and no fewer updates than these: before them nothing is told apart.
PILOT, PILOT_UPDATES = 4, 200
# Below so many sequences a held-out part tells little and costs much: folds choose, and all are trained on in the end.
FEW = 1000
FOLDS = 3
# An epoch of few updates moves little, and one of many enough: so many updates, in so many epochs.
UPDATES, LEAST_EPOCHS, MOST_EPOCHS = 1500, 8, 150
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

    def joined(self, other: Labelled) -> Labelled:
        """These and others."""
        return Labelled([*self.encoded, *other.encoded], np.concatenate([self.labels, other.labels]))


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


def epochs_for(options: LabelOptions, count: int) -> int:
    """Epochs of a training on so many sequences, where the settings leave them open."""
    if options.epochs is not None:
        return options.epochs
    return int(np.clip(UPDATES // batch_count(count, options.batch_size), LEAST_EPOCHS, MOST_EPOCHS))


def learn(
    candidates: Sequence[LabelDesign],
    train: Labelled,
    valid: Labelled | None,
    options: LabelOptions,
    run: RunFolder | None = None,
    group: dist.ProcessGroup | None = None,
) -> Learned:
    """Choose among designs, train, and calibrate.

    Args:
        candidates: designs to choose from; one is taken as it is.
        train: sequences.
        valid: others, by which the epoch is chosen; None: the last epoch is kept, and nothing is calibrated.
        options: the settings.
        run, group: as `train.fit` takes them.
    """
    refuse_too_few(len(train), Ranks(group))
    said: list[str] = []
    design = candidates[0] if len(candidates) == 1 else _choose(candidates, train, valid, options, said)
    network, history = _train(design, train, valid, options, epochs_for(options, len(train)), run, group)
    temperature = 1.0 if valid is None else _temperature(logits(network, valid.encoded), valid.labels)
    if valid is not None and len(train) + len(valid) < FEW and run is None and group is None:
        epochs = (history.best_epoch or 0) + 1
        said.append(f"refit on all {len(train) + len(valid)} sequences for {epochs} epochs")
        network, _ = _train(design, train.joined(valid), None, options, epochs, None, None)
    for line in said:
        _say(options, group, line)
    return Learned(network, design, history, temperature, tuple(said))


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


def _choose(
    candidates: Sequence[LabelDesign],
    train: Labelled,
    valid: Labelled | None,
    options: LabelOptions,
    said: list[str],
) -> LabelDesign:
    """The design with the smallest validation loss of short trainings."""
    splits = _splits(train, valid, options.seed)
    full = epochs_for(options, len(train))
    least = -(-PILOT_UPDATES // batch_count(len(splits[0][0]), options.batch_size))
    epochs = min(full, max(full // PILOT, least))
    losses = [np.mean([_pilot(each, *split, options, epochs) for split in splits]) for each in candidates]
    best = int(np.argmin(losses))
    words = [f"{_named(each)} {loss:.3f}" for each, loss in zip(candidates, losses, strict=True)]
    said.append(f"validation loss after {epochs} epochs: {', '.join(words)}; taken: {_named(candidates[best])}")
    return candidates[best]


def _splits(train: Labelled, valid: Labelled | None, seed: int) -> list[tuple[Labelled, Labelled]]:
    if valid is not None and len(train) + len(valid) >= FEW:
        return [(train, valid)]
    drawn = [held_out(train.labels, 1 / FOLDS, seed + fold) for fold in range(FOLDS)]
    return [(train.part(first), train.part(second)) for first, second in drawn]


def _pilot(design: LabelDesign, train: Labelled, valid: Labelled, options: LabelOptions, epochs: int) -> float:
    quiet = replace(options, progress=False)
    _, history = _train(design, train, valid, quiet, epochs, None, None)
    assert history.best_validation is not None  # it had a validation part
    return history.best_validation


def _train(
    design: LabelDesign,
    train: Labelled,
    valid: Labelled | None,
    options: LabelOptions,
    epochs: int,
    run: RunFolder | None,
    group: dist.ProcessGroup | None,
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
        network.head.loss,  # type: ignore[union-attr]
        LabelBatches(train.encoded, labels, options.batch_size, options.seed, options.device),
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


def _named(design: LabelDesign) -> str:
    parts = [f"window of {design.front_steps}"] if design.front_steps else []
    parts += ["positions"] if design.positions else []
    return " and ".join(parts) or "neither window nor positions"


def _say(options: LabelOptions, group: dist.ProcessGroup | None, line: str) -> None:
    if options.progress is not False and Ranks(group).is_first:
        sys.stderr.write(line + "\n")
