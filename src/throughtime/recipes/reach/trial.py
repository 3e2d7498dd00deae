"""One network from one seed: its gradient by lag before and after training, and what it learned.

Reach is measured on sequences longer than the longest lag, so that the state at that lag is no longer near its start.
"""

from __future__ import annotations

import copy
import warnings
from dataclasses import dataclass

import torch

from throughtime.base.errors import Notice
from throughtime.bptt import Piece, Reach, gradient_reach
from throughtime.nn import Network
from throughtime.recipes.lab.networks import Batch, accuracy, cross_entropy, train
from throughtime.recipes.reach.cells import CELLS, INPUTS, RADII, at_rest, recall, recurrent_weights
from throughtime.recipes.reach.cells import spectral_radius as radius_of

# Sequences of a measurement: enough rows for a mean, steps for the state to settle before the longest lag.
ROWS, SETTLING_STEPS = 16, 100
TRAINING_ROWS, TESTED_ROWS = 32, 1000
# Apart from the training's batches, which begin at the seed itself.
_UNSEEN = 1_000_000


@dataclass(frozen=True)
class Plan:
    """What is measured and how long is trained.

    Args:
        lags: steps back.
        recall_steps: steps between the bit and the question in training.
        updates: of each training.
    """

    lags: tuple[int, ...]
    recall_steps: int
    updates: int


@dataclass(frozen=True)
class Outcome:
    """What became of one network.

    Args:
        start: reach at initialisation, in float32.
        start_double: the same in float64.
        trained: reach after training, in float32.
        accuracy: after training, on sequences not trained on; chance is 0.5.
        radius: of W_hh after training; None for LSTMs.
    """

    start: Reach
    start_double: Reach
    trained: Reach
    accuracy: float
    radius: float | None


@dataclass(frozen=True)
class AtRest:
    """Reach of an RNN with h = 0 and no input, where only W_hh acts.

    Args:
        single: in float32.
        double: in float64.
    """

    single: Reach
    double: Reach


def try_cell(place: int, seed: int, plan: Plan) -> Outcome:
    """Measure, train and measure again.

    Args:
        place: in `CELLS`.
        seed: of weights, batches and tests.
        plan: what and how long.
    """
    network = CELLS[place].build(seed)
    probe = recall(max(plan.lags) + SETTLING_STEPS, ROWS)(torch.Generator().manual_seed(seed + _UNSEEN))
    start, start_double = reach_of(network, probe, plan.lags), reach_of(network, probe, plan.lags, double=True)
    draw = recall(plan.recall_steps + 1, TRAINING_ROWS)
    train(network, cross_entropy, draw, batches=plan.updates, seed=seed)
    tested = recall(plan.recall_steps + 1, TESTED_ROWS)(torch.Generator().manual_seed(seed + _UNSEEN))
    radius = radius_of(recurrent_weights(network)) if CELLS[place].kind == "RNN" else None
    return Outcome(start, start_double, reach_of(network, probe, plan.lags), accuracy(network, tested), radius)


def try_at_rest(place: int, seed: int, lags: tuple[int, ...]) -> AtRest:
    """Measure the RNN of `RADII[place]` without input and biases."""
    cell = next(cell for cell in CELLS if cell.radius == RADII[place])
    network = at_rest(cell.build(seed))
    steps = max(lags) + 2
    silence = Batch(torch.zeros(steps, 1, INPUTS), torch.zeros(steps, 1, dtype=torch.int64))
    with warnings.catch_warnings():  # that float32 overflows is what is to be seen here, and the table shows it
        warnings.filterwarnings("ignore", message="The gradient by h overflowed", category=Notice)
        single = reach_of(network, silence, lags)
    return AtRest(single, reach_of(network, silence, lags, double=True))


def reach_of(network: Network, batch: Batch, lags: tuple[int, ...], double: bool = False) -> Reach:
    """Reach of the loss at the last step, in float32 or float64."""
    x = batch.x
    if double:
        network, x = copy.deepcopy(network).double(), x.double()
    return gradient_reach(network, cross_entropy, Piece(x, batch.y, batch.weights), lags)
