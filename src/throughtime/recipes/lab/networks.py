"""The three networks every study sets beside each other, and how they are trained and asked.

A sliding-window perceptron, an Elman RNN and an LSTM, each with one hidden layer of H units and a linear head. Weights
and biases, counted exactly:

    perceptron  H (C W + 1) + K (H + 1)        every input of the window has a weight of its own
    RNN         H (C + H + 2) + K (H + 1)      W does not occur: one set of weights serves every step
    LSTM      4 H (C + H + 2) + K (H + 1)      the same for candidate and three gates

Training is `through_time` under any TBPTT(k1, k2), Adam, gradients clipped to norm 1, on batches drawn from a seed.

Dimensions: T steps, B rows, C inputs, W window steps, H hidden units, K outputs. Time is axis 0.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import torch
from torch import Tensor
from torch.nn import Linear
from torch.nn import functional as F
from torch.nn.utils import clip_grad_norm_

from throughtime.base.checks import Checks
from throughtime.bptt import TBPTT, Update, through_time
from throughtime.bptt.losses import Loss
from throughtime.nn import LSTM, RNN, Network, WindowPerceptron

CELLS = ("perceptron", "RNN", "LSTM")
# Pascanu et al. 2013: a rescaled gradient keeps a steep step from throwing an RNN far away.
CLIP_NORM = 1.0
# Between Adam's default 0.001, too slow for trainings of seconds, and 0.01, at which RNNs of this size jump about.
LEARNING_RATE = 0.004


@dataclass(frozen=True)
class Batch:
    """Sequences with their answers.

    Args:
        x: [T, B, C] inputs.
        y: [T, B, ...] targets.
        weights: [T, B] weights of the losses, 0 where no answer is due; None: all 1.
        lengths: [B] steps of each row; None: T.
    """

    x: Tensor
    y: Tensor
    weights: Tensor | None = None
    lengths: Tensor | None = None

    @property
    def due(self) -> Tensor:
        """[T, B] bool: where an answer is due."""
        steps, rows = self.x.shape[:2]
        due = torch.ones(steps, rows, dtype=torch.bool) if self.weights is None else self.weights != 0
        return due if self.lengths is None else due & (torch.arange(steps)[:, None] < self.lengths)

    def rows(self, places: Tensor) -> Batch:
        """The rows at these places [N]."""
        weights = None if self.weights is None else self.weights[:, places]
        return Batch(
            self.x[:, places], self.y[:, places], weights, None if self.lengths is None else self.lengths[places]
        )


Draw = Callable[[torch.Generator], Batch]


@dataclass(frozen=True)
class Trained:
    """How a training went.

    Args:
        losses: of each update, in order.
        seconds_at: since the start, at the end of each update.
    """

    losses: tuple[float, ...]
    seconds_at: tuple[float, ...]

    @property
    def seconds(self) -> float:
        """All of it."""
        return self.seconds_at[-1] if self.seconds_at else 0.0


def build(cell: str, inputs: int, outputs: int, hidden: int, window_steps: int, seed: int, **options: Any) -> Network:
    """One of the three networks, its weights drawn from `seed` alone; torch's own generator is left as it was.

    Args:
        cell: one of `CELLS`.
        inputs: C.
        outputs: K.
        hidden: H.
        window_steps: W; concerns the perceptron only.
        seed: of the weights.
        options: for `WindowPerceptron`, `RNN` or `LSTM`.

    Raises:
        ConfigError: an unknown cell, or an argument is out of range.
    """
    checks = Checks()
    checks.choice("cell", cell, CELLS)
    checks.whole("outputs", outputs)
    checks.report("The network cannot be built")
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        if cell == "perceptron":
            core: torch.nn.Module = WindowPerceptron(inputs, window_steps, hidden, **options)
        else:
            core = {"RNN": RNN, "LSTM": LSTM}[cell](inputs, hidden, **options)
        return Network(None, core, Linear(hidden, outputs, dtype=next(core.parameters()).dtype))


def parameter_formula(cell: str, inputs: int, outputs: int, hidden: int, window_steps: int) -> int:
    """Weights and biases of `build`'s network by this module's equations (one hidden layer, no options)."""
    head = outputs * (hidden + 1)
    if cell == "perceptron":
        return hidden * (inputs * window_steps + 1) + head
    return {"RNN": 1, "LSTM": 4}[cell] * hidden * (inputs + hidden + 2) + head


def parameters_counted(network: torch.nn.Module) -> int:
    """Weights and biases the network has."""
    return sum(p.numel() for p in network.parameters())


def hidden_for(cell: str, inputs: int, outputs: int, window_steps: int, parameters: int) -> int:
    """The number of hidden units that brings a network nearest to so many parameters; at least 1."""
    hidden = 1
    while parameter_formula(cell, inputs, outputs, hidden + 1, window_steps) <= parameters:
        hidden += 1
    sizes = (hidden, hidden + 1)
    return min(sizes, key=lambda h: abs(parameter_formula(cell, inputs, outputs, h, window_steps) - parameters))


def train(
    network: torch.nn.Module,
    loss: Loss,
    draw: Draw,
    *,
    batches: int,
    seed: int,
    schedule: TBPTT | None = None,
    learning_rate: float = LEARNING_RATE,
    updates: int | None = None,
    watch: Callable[[Update], object] | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Trained:
    """Train on batches drawn one after another, with as many updates a batch as the schedule makes.

    Args:
        network: changed in place; left in training mode.
        loss: as for `through_time`: [N, ...] and [N, ...] to [N].
        draw: makes a batch from the generator it is given.
        batches: how many to draw at most.
        seed: of the batches, and of whatever is random in the network.
        schedule: TBPTT(k1, k2); None: all steps, one update a batch.
        learning_rate: Adam's, constant.
        updates: stop after so many; None: with the last batch.
        watch: called with each update once the weights have changed; its time is not counted. Where it returns True,
            training ends.
        clock: tells seconds; `time.process_time` leaves out what other processes take.

    Returns:
        The loss of every update and when it was done.
    """
    optimizer = torch.optim.Adam(network.parameters(), lr=learning_rate)
    losses: list[float] = []
    seconds_at: list[float] = []
    network.train()
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        start = clock()
        made = _updates(network, loss, draw, torch.Generator().manual_seed(seed), batches, schedule or TBPTT())
        for update in islice(made, updates):
            clip_grad_norm_(network.parameters(), CLIP_NORM)
            optimizer.step()
            optimizer.zero_grad()
            losses.append(float(update.loss))
            seconds_at.append(clock() - start)
            if watch is not None:
                enough = watch(update) is True
                start = clock() - seconds_at[-1]
                if enough:
                    break
    return Trained(tuple(losses), tuple(seconds_at))


def _updates(
    network: torch.nn.Module, loss: Loss, draw: Draw, generator: torch.Generator, batches: int, schedule: TBPTT
) -> Iterator[Update]:
    for _ in range(batches):
        batch = draw(generator)
        yield from through_time(network, loss, batch.x, batch.y, schedule, weights=batch.weights, lengths=batch.lengths)


def last_step(steps: int, rows: int) -> Tensor:
    """[T, B] weights of losses where an answer is due at the last step alone."""
    weights = torch.zeros(steps, rows)
    weights[-1] = 1
    return weights


def rows_of(batch: Batch, size: int) -> Draw:
    """Batches of `size` rows drawn with equal chances, none twice in a batch, from those of one fixed batch."""

    def draw(generator: torch.Generator) -> Batch:
        return batch.rows(torch.randperm(batch.x.shape[1], generator=generator)[:size])

    return draw


def answers(network: torch.nn.Module, batch: Batch) -> Tensor:
    """What the network puts out at every step, [T, B, K]; without gradient, in evaluation mode."""
    before = network.training
    network.eval()
    with torch.no_grad():
        output, _ = network(batch.x) if batch.lengths is None else network(batch.x, lengths=batch.lengths)
    network.train(before)
    return output


def mean_loss(network: torch.nn.Module, loss: Loss, batch: Batch) -> float:
    """Mean loss over the answers due, each counted once."""
    due = batch.due
    return float(loss(answers(network, batch)[due], batch.y[due]).double().mean())


def accuracy(network: torch.nn.Module, batch: Batch) -> float:
    """Share of the answers due whose largest output is at the target's class."""
    due = batch.due
    return float((answers(network, batch)[due].argmax(-1) == batch.y[due]).double().mean())


def cross_entropy(output: Tensor, target: Tensor) -> Tensor:
    """Nats of each entry, [N], from [N, K] logits and [N] classes."""
    return F.cross_entropy(output, target, reduction="none")


def squared_error(output: Tensor, target: Tensor) -> Tensor:
    """Squared error of each entry, averaged over its numbers: [N] from twice [N, ...]."""
    return (output - target).square().flatten(1).mean(1)
