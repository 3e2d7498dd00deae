"""What of a classifier's network validation chooses: place features and a window below, each with and without; of few
letters, such as DNA's, 6-mers in their stead.

Each design is trained for a share of the epochs and judged on sequences held out; of fewer than 1,000 sequences every
one is held out once, in folds. The first design is taken whose loss is within a standard
error of the smallest: few sequences tell little, and a window without places carries most data.

Source of that rule: Breiman et al. 1984, Classification and Regression Trees, 3.4.3.

Dimensions: N sequences, K classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from throughtime.data.ragged import batch_count
from throughtime.tasks.label_network import LabelDesign, logits
from throughtime.tasks.label_options import LabelOptions
from throughtime.tasks.label_parts import Parts
from throughtime.tasks.label_training import Labelled, epochs_for, rows_for, train
from throughtime.tasks.labels import Places, folds
from throughtime.tasks.sequences import SequenceEncoding

# What is tried where validation is to choose: the window of LSTM-FCN's and DNA's first convolutions.
FRONT_STEPS = 7
# A pilot has this share of the epochs, and no fewer updates than these: before them nothing is told apart.
PILOT, PILOT_UPDATES = 4, 200
# Folds take the place of a part held out where sequences are few; their pilots have this share of the epochs.
FOLDS, FOLD_PILOT = 3, 2


def candidates_of(
    design: LabelDesign, options: LabelOptions, encoding: SequenceEncoding, choose: bool
) -> list[LabelDesign]:
    """The designs that the settings leave open.

    Args:
        design: everything else.
        options: the settings.
        encoding: of the sequences: places are told apart where all have the same ones, a window is for what is no word,
            and 6-mers, which are counted rather than placed, are tried without either.
        choose: whether there is a validation part to choose by; else what is open is left out.
    """
    places, front = [encoding.longest if options.positions else 0], [options.front_steps or 0]
    if choose and options.positions is None and encoding.equal and encoding.span == 1:
        places = [0, encoding.longest]
    if choose and options.front_steps is None and not encoding.many_symbols:
        front = [FRONT_STEPS, 0]
    open_ = [replace(design, positions=count, front_steps=steps) for count, steps in product(places, front)]
    return [replace(each, stride=encoding.span) for each in open_]


def best_of(pilots: Sequence[Pilot]) -> int:
    """The first whose loss is within a standard error, of the differences sequence by sequence, of the smallest one."""
    losses = np.stack([pilot.losses() for pilot in pilots])
    above = losses - losses[losses.mean(1).argmin()]
    errors = above.std(1) / np.sqrt(above.shape[1])
    return int(np.flatnonzero(above.mean(1) <= errors)[0])


@dataclass(frozen=True)
class Candidate:
    """A design that may be chosen.

    Args:
        design: the network's shape.
        parts: the sequences, encoded for it.
        encoding: of the sequences that are still to come.
    """

    design: LabelDesign
    parts: Parts
    encoding: SequenceEncoding


@dataclass(frozen=True)
class Pilot:
    """What a short training says of a design.

    Args:
        logits: [N, K] of sequences held out.
        labels: [N] of them.
    """

    logits: Tensor
    labels: Places

    def losses(self) -> np.ndarray:
        """Negative log-likelihood of each label, [N]."""
        return F.cross_entropy(self.logits.double(), torch.from_numpy(self.labels), reduction="none").numpy()


def pilot(design: LabelDesign, parts: Parts, options: LabelOptions) -> Pilot:
    """Trained for a share of the epochs, the best of which counts."""
    part, valid = parts.train, parts.valid
    assert valid is not None
    full, rows = epochs_for(options, len(part)), rows_for(options, len(part))
    epochs = min(full, max(full // PILOT, -(-PILOT_UPDATES // batch_count(len(part), rows))))
    network, _ = train(design, part, valid, replace(options, progress=False), epochs)
    return Pilot(logits(network, valid.encoded), valid.labels)


def pilot_by_folds(design: LabelDesign, part: Labelled, options: LabelOptions) -> Pilot:
    """Trained on all but one fold and judged on that one, for each fold."""
    quiet = replace(options, progress=False, patience=None)
    epochs = max(1, epochs_for(options, len(part)) // FOLD_PILOT)
    found, labels = [], []
    for first, second in folds(part.labels, FOLDS, options.seed):
        network, _ = train(design, part.part(first), None, quiet, epochs)
        held = part.part(second)
        found.append(logits(network, held.encoded))
        labels.append(held.labels)
    return Pilot(torch.cat(found), np.concatenate(labels))


def said(designs: Sequence[LabelDesign], pilots: Sequence[Pilot], best: int) -> str:
    """What was tried and what was taken, in a line."""
    words = [f"{_named(each)} {pilot.losses().mean():.3f}" for each, pilot in zip(designs, pilots, strict=True)]
    return f"Loss on sequences held out, after short trainings: {', '.join(words)}. Taken: {_named(designs[best])}."


def _named(design: LabelDesign) -> str:
    parts = [f"{design.stride}-mers"] if design.stride > 1 else []
    parts += [f"window of {design.front_steps}"] if design.front_steps else []
    parts += ["positions"] if design.positions else []
    return " and ".join(parts) or "neither window nor positions"
