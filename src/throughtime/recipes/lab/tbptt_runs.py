"""The schedules `lab tbptt` sets beside each other, and one training of each.

All trainings begin at the same weights for a seed and draw from the same stream. Each ends with its share of the data,
`Size.steps` steps of every row, or with `Size.updates` updates where those come first: an update costs k2 steps
forward and backward however few steps are new, so that short ones would take hours over what long ones do in seconds.
Where a run stood after any number of updates, steps or seconds is read from its curve.

Seconds are the process's own: what other programs take is not in them.

Dimensions: n steps of a sequence, B rows, H hidden units.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from throughtime.bptt import TBPTT, Update, through_time
from throughtime.nn import Network
from throughtime.recipes.lab.networks import Batch, build, squared_error, train
from throughtime.recipes.lab.tbptt_task import INPUTS, OUTPUTS, draw, skill

HIDDEN, ROWS = 24, 16
# Higher than the other studies': trainings of 20 updates are to have a chance too.
LEARNING_RATE = 0.01
# Gradients that vanish within these lags are the subject of `reach`; here it is truncation.
FORGET_BIAS = 2.0
LENGTHS = (50, 100, 200, 400, 800)
LONG = LENGTHS[-1]
EQUAL = (1, 5, 10, 20, 50, 100, 200, 400)  # k of TBPTT(k, k)
FAR = 100  # k2 of the curve of k1
NEW = (1, 5, 20, 50, 100)  # its k1
STEPS_APART = 20  # k1 of the curve of k2
BACK = (1, 10, 20, 40, 100)  # its k2
# Points of a curve: after 1 update, then each time 1.5 times as many.
FACTOR = 1.5


@dataclass(frozen=True, order=True)
class Setting:
    """A schedule on sequences of n steps.

    Args:
        n: steps.
        k1: at most n.
        k2: at most n.
    """

    n: int
    k1: int
    k2: int

    @property
    def schedule(self) -> TBPTT:
        """For `through_time`."""
        return TBPTT(self.k1, self.k2)

    @property
    def name(self) -> str:
        """As the lecture writes it, with n in numbers."""
        return f"TBPTT({self.k1}, {self.k2}), n = {self.n}"


@dataclass(frozen=True)
class Size:
    """How much every run may take.

    Args:
        steps: of data, each with B rows.
        updates: at most.
        lengths: n of BPTT.
        test_steps: of the fresh sequences that skill is measured on.
        probes: gradients for the noise.
    """

    steps: int
    updates: int
    lengths: tuple[int, ...] = LENGTHS
    test_steps: int = 300
    probes: int = 10


FULL, SHORT = Size(16_000, 800), Size(800, 4, (50, 100, 200), 60, 3)
TEST_ROWS = 32
TEST_SEED = 10_000  # far from every training seed


@dataclass(frozen=True)
class Point:
    """Where a training stood: updates made, steps of data seen, seconds taken, skill on fresh sequences."""

    updates: int
    steps: int
    seconds: float
    skill: float


@dataclass(frozen=True)
class Outcome:
    """One training.

    Args:
        curve: from before the first update to after the last.
    """

    curve: tuple[Point, ...]

    @property
    def last(self) -> Point:
        """After the last update."""
        return self.curve[-1]

    def first_at(self, level: float) -> Point | None:
        """The first point of the curve with at least this skill."""
        return next((point for point in self.curve if point.skill >= level), None)


def settings(size: Size) -> list[Setting]:
    """Every schedule there is, each once, BPTT first."""
    long = max(size.lengths)
    every = [Setting(n, n, n) for n in size.lengths]
    every += [Setting(long, k, k) for k in EQUAL if k <= long]
    every += [Setting(long, k1, FAR) for k1 in NEW]
    every += [Setting(long, STEPS_APART, k2) for k2 in BACK]
    every += [Setting(50, 1, 50), Setting(long, 50, 20), Setting(long, 100, 50)]
    return list(dict.fromkeys(every))


def network(seed: int) -> Network:
    """The LSTM every run of a seed begins with."""
    return build("LSTM", INPUTS, OUTPUTS, HIDDEN, 1, seed, forget_bias=FORGET_BIAS)


def trial(setting: Setting, seed: int, size: Size) -> Outcome:
    """Train one network under one schedule."""
    net = network(seed)
    watch = _Watch(net, setting.n, draw(size.test_steps, TEST_ROWS, torch.Generator().manual_seed(TEST_SEED + seed)))
    done = train(
        net,
        squared_error,
        watch.draw,
        batches=size.steps // setting.n,
        seed=seed,
        schedule=setting.schedule,
        learning_rate=LEARNING_RATE,
        updates=size.updates,
        watch=watch,
        clock=time.process_time,
    )
    return Outcome(watch.curve(done.seconds_at))


class _Watch:
    """Measures skill now and then: called with each update.

    Args:
        net: in training.
        n: steps of a sequence.
        test: fresh sequences.
    """

    def __init__(self, net: Network, n: int, test: Batch) -> None:
        self._net, self._n, self._test = net, n, test
        self._sequences = self._updates = self._steps = 0
        self._next = 1
        self._seen = [(0, 0, skill(net, test))]

    def draw(self, generator: torch.Generator) -> Batch:
        """The next training batch."""
        self._sequences += 1
        return draw(self._n, ROWS, generator)

    def __call__(self, update: Update) -> None:
        self._updates += 1
        self._steps = (self._sequences - 1) * self._n + update.stop
        if self._updates == self._next:
            self._see()
            self._next = math.ceil(self._next * FACTOR)

    def curve(self, seconds_at: Sequence[float]) -> tuple[Point, ...]:
        """All points, with the seconds each update was done at; ends with the last update."""
        if self._seen[-1][0] < self._updates:
            self._see()
        at = [0.0, *seconds_at]
        return tuple(Point(updates, steps, at[updates], skill) for updates, steps, skill in self._seen)

    def _see(self) -> None:
        self._seen.append((self._updates, self._steps, skill(self._net, self._test)))


def gradient_noise(seed: int, size: Size) -> tuple[float, ...]:
    """How far one sequence's gradient lies from the mean one, for each n of BPTT.

    At a network that has begun to learn (TBPTT(50, 50), an eighth of the data), the gradients g of so many batches:

        noise = sqrt(sum |g - mean|² / (N - 1)) / |mean|
    """
    net = network(seed)
    train(
        net,
        squared_error,
        lambda generator: draw(50, ROWS, generator),
        batches=max(1, size.steps // 8 // 50),
        seed=seed,
        learning_rate=LEARNING_RATE,
    )
    generator = torch.Generator().manual_seed(TEST_SEED + seed)
    return tuple(_noise(net, n, size.probes, generator) for n in size.lengths)


def _noise(net: Network, n: int, probes: int, generator: torch.Generator) -> float:
    gradients = []
    for _ in range(probes):
        batch = draw(n, ROWS, generator)
        for _ in through_time(net, squared_error, batch.x, batch.y, TBPTT(), weights=batch.weights):
            gradients.append(torch.cat([p.grad.flatten() for p in net.parameters() if p.grad is not None]).double())
        net.zero_grad()
    g = torch.stack(gradients)
    mean = g.mean(0)
    return float(((g - mean).square().sum() / (probes - 1)).sqrt() / mean.norm())
