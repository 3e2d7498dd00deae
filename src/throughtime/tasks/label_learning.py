"""The training of a classifier's network from beginning to end.

    choose      among designs, as `label_choosing` tells
    train       all epochs; the epoch whose averaged weights have the smallest validation loss is kept
    again       on all sequences, those held out too, up to that epoch
    vote        as often as the ensemble has members, each from other first weights; their logits are averaged
    calibrate   one temperature for the logits, the likeliest on the validation part

Few sequences are too dear to hold out, and tell too little of an epoch: folds choose and calibrate, and the training is
on all of them, to its end.

Dimensions: N sequences, K classes.

Source of the temperature: Guo et al. 2017, arXiv 1706.04599.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.distributed as dist
from scipy.optimize import minimize_scalar
from torch import Tensor
from torch.nn import functional as F

from throughtime.base.run_folder import RunFolder
from throughtime.nn import Network
from throughtime.tasks.label_choosing import Candidate, Pilot, best_of, pilot, pilot_by_folds, said
from throughtime.tasks.label_network import LabelDesign, ensemble, logits
from throughtime.tasks.label_options import LabelOptions
from throughtime.tasks.label_parts import Parts
from throughtime.tasks.label_training import epochs_for, members_for, train
from throughtime.tasks.labels import Places
from throughtime.tasks.sequences import SequenceEncoding
from throughtime.train import History
from throughtime.train.ranks import Ranks, refuse_too_few

# Before any label is seen the logarithm of the temperature is about 0, with this deviation: few labels move it little,
# even where the network has all of them right.
TEMPERATURE_SPREAD = 0.3


@dataclass(frozen=True)
class Learned:
    """What training came to.

    Args:
        network: in evaluation mode.
        design: its shape.
        encoding: of what it reads.
        history: of the training that validation watched.
        seconds: of it, and of the training on all sequences.
        temperature: by which logits are divided.
        said: what validation chose, a line each.
    """

    network: Network
    design: LabelDesign
    encoding: SequenceEncoding
    history: History
    seconds: float
    temperature: float
    said: tuple[str, ...]


def learn(
    candidates: Sequence[Candidate],
    options: LabelOptions,
    run: RunFolder | None = None,
    group: dist.ProcessGroup | None = None,
) -> Learned:
    """Choose among designs, train, calibrate, and train again.

    Args:
        candidates: to choose from, the one to prefer first; all of the same sequences.
        options: the settings.
        run, group: as `train.fit` takes them; the run is that of the training that validation watches.
    """
    ranks = Ranks(group)
    refuse_too_few(len(candidates[0].parts.train), ranks)
    pilots = _pilots(candidates, options)
    # Every rank has tried all; where rounding told them apart the first one's choice holds.
    best = ranks.of_first(best_of(pilots) if pilots else 0)
    chosen = said([each.design for each in candidates], pilots, best) if len(pilots) > 1 else ""
    if chosen and options.progress is not False and ranks.is_first:
        sys.stderr.write(chosen + "\n")
    design, parts = candidates[best].design, candidates[best].parts
    epochs = epochs_for(options, len(parts.train))
    network, history = train(design, parts.train, parts.valid, options, epochs, run=run, group=group)
    temperature = 1.0
    if parts.valid is not None:
        temperature = _temperature(logits(network, parts.valid.encoded), parts.valid.labels)
    elif pilots:
        temperature = _temperature(pilots[best].logits, pilots[best].labels)
    design, network, seconds = _voters(design, network, history, parts, options, group)
    seconds += history.seconds
    return Learned(
        network, design, candidates[best].encoding, history, seconds, temperature, (chosen,) if chosen else ()
    )


def _voters(
    design: LabelDesign,
    first: Network,
    history: History,
    parts: Parts,
    options: LabelOptions,
    group: dist.ProcessGroup | None,
) -> tuple[LabelDesign, Network, float]:
    """The ensemble, and the seconds it took beside the first training.

    Args:
        design: of each member.
        first: trained on the training part.
        history: of that training.
        parts, options, group: as `learn` takes them.
    """
    epochs, until, part = epochs_for(options, len(parts.train)), None, parts.train
    members, count, seconds = [first], members_for(options, parts.count), 0.0
    if history.best_epoch is not None:
        until = history.best_epoch + 1
    if parts.whole is not None and until is not None:
        design, part, members = replace(design, symbols=parts.symbols), parts.whole, []
    for member in range(len(members), count):
        own = replace(options, seed=_seed_of(options.seed, member))
        network, again = train(design, part, None, own, epochs, until=until, group=group)
        members.append(network)
        seconds += again.seconds
    return replace(design, members=count), ensemble(members).eval(), seconds


def _seed_of(seed: int, member: int) -> int:
    """Of a member's training: the first one's is the user's, the others' follow from it."""
    return int(np.random.SeedSequence([seed, member]).generate_state(1, np.uint64)[0] >> 1) if member else seed


def _pilots(candidates: Sequence[Candidate], options: LabelOptions) -> list[Pilot]:
    """Short trainings; none where there is nothing to choose, or nothing to choose by."""
    first = candidates[0].parts
    if first.by_folds:  # for a single one too: they calibrate
        return [pilot_by_folds(each.design, each.parts.train, options) for each in candidates]
    if first.valid is None or len(candidates) == 1:
        return []
    return [pilot(each.design, each.parts, options) for each in candidates]


def _temperature(found: Tensor, labels: Places) -> float:
    """The likeliest temperature, given the labels [N] of logits [N, K]."""
    target, logits_ = torch.from_numpy(labels), found.double()

    def unlikelihood(log_temperature: float) -> float:
        loss = F.cross_entropy(logits_ / np.exp(log_temperature), target, reduction="sum")
        return float(loss) + (log_temperature / TEMPERATURE_SPREAD) ** 2 / 2

    return float(np.exp(minimize_scalar(unlikelihood, bounds=(-3, 3), method="bounded").x))
