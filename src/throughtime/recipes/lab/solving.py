"""Networks trained on a task until they have solved it, or their updates are used up: every setting, with every seed.

What `recall`, `count`, `adding` and `copy` share. A task draws its own fresh sequences, and says by a `Score` how well
a network answers them; a setting is a network, its hidden units, a task and TBPTT(k1, k2).

Dimensions: T steps, B rows, C inputs, K outputs, H hidden units.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import torch
from torch import Tensor

from throughtime.base.errors import Notice
from throughtime.bptt import TBPTT, Update
from throughtime.recipes.lab.networks import Batch, build, train
from throughtime.recipes.lab.study import Effort
from throughtime.recipes.table import Spread
from throughtime.recipes.trials import run_trials

WINDOW = 10  # steps the perceptron sees
LEARNING_RATE = 0.01
TEST_SEED = 10_000  # far from every training seed
# LSTM twice: with torch's first weights, and with biases that hold on for as long as the task takes (chrono).
KINDS = ("perceptron", "RNN", "LSTM", "LSTM chrono")


@dataclass(frozen=True)
class Score:
    """One number for how well a network answers.

    Args:
        name: heading of its columns.
        success: its mean over seeds from which on a task counts as solved.
        solved_as: the same in words, before "up to".
        enough: training ends here.
        blind: its value for an answer that ignores the input.
        blind_as: the same in words.
        rises: whether more is better.
    """

    name: str
    success: float
    solved_as: str
    enough: float
    blind: float
    blind_as: str
    rises: bool = True

    def at_least(self, value: float, mark: float) -> bool:
        """Whether a value is as good as a mark."""
        return value >= mark if self.rises else value <= mark

    def solved(self, value: float) -> bool:
        """Whether a mean counts as solved."""
        return self.at_least(value, self.success)


class Task(Protocol):
    """Sequences with answers, as hard as its own fields say; hashable, and sent to other processes."""

    @property
    def inputs(self) -> int:
        """C."""

    @property
    def outputs(self) -> int:
        """K."""

    @property
    def steps(self) -> int:
        """T of a sequence."""

    @property
    def score(self) -> Score:
        """What `grade` gives."""

    def draw(self, rows: int, generator: torch.Generator) -> Batch:
        """Fresh sequences."""

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Loss of each answer, [N]."""

    def grade(self, network: torch.nn.Module, batch: Batch) -> float:
        """How well a network answers."""


@dataclass(frozen=True)
class Size:
    """How much every training may take: updates, rows of a batch, rows of the test, updates between tests."""

    updates: int
    rows: int = 32
    test_rows: int = 256
    every: int = 25


@dataclass(frozen=True)
class Outcome:
    """One training: its last score on fresh sequences, the updates it took, the process's seconds."""

    score: float
    updates: int
    seconds: float


@dataclass(frozen=True)
class Setting:
    """What is trained on what, and how: a network of `KINDS`, H, a task, TBPTT(k1, k2) as text ("n,n"), Adam's rate."""

    kind: str
    hidden: int
    task: Task
    schedule: str = "n,n"
    learning_rate: float = LEARNING_RATE


Measured = Mapping[Setting, Sequence[Outcome]]


def trial(setting: Setting, seed: int, size: Size) -> Outcome:
    """Train one network until it has solved the task or used its updates up.

    Args:
        setting: what is trained on what.
        seed: of weights and sequences.
        size: how much it may take.
    """
    task = setting.task
    options = {"forget_bias": f"chrono:{max(task.steps, 3)}"} if setting.kind == "LSTM chrono" else {}
    network = build(setting.kind.split()[0], task.inputs, task.outputs, setting.hidden, WINDOW, seed, **options)
    test = task.draw(size.test_rows, torch.Generator().manual_seed(TEST_SEED + seed))
    made = 0

    def solved(update: Update) -> bool:
        nonlocal made
        made += 1
        return made % size.every == 0 and task.score.at_least(task.grade(network, test), task.score.enough)

    with warnings.catch_warnings(action="ignore", category=Notice):  # what truncation leaves out is the subject here
        done = train(
            network,
            task.loss,
            lambda generator: task.draw(size.rows, generator),
            batches=size.updates,
            seed=seed,
            schedule=TBPTT.parse(setting.schedule),
            learning_rate=setting.learning_rate,
            updates=size.updates,
            watch=solved,
            clock=time.process_time,
        )
    return Outcome(task.grade(network, test), made, done.seconds)


def measure(settings: Iterable[Setting], size: Size, effort: Effort) -> Measured:
    """Every setting with every seed, as independent trials."""
    every = list(dict.fromkeys(settings))
    jobs = [(setting, seed) for setting in every for seed in range(effort.seeds)]
    done = run_trials([partial(trial, *job, size) for job in jobs], effort.progress, here=effort.short)
    found: dict[Setting, list[Outcome]] = {setting: [] for setting in every}
    for (setting, _), outcome in zip(jobs, done, strict=True):
        found[setting].append(outcome)
    return found


def mean_score(measured: Measured, setting: Setting) -> Spread:
    """Score of a setting over its seeds."""
    return Spread.of(outcome.score for outcome in measured[setting])


def solved_up_to(measured: Measured, settings: Sequence[Setting], at: Sequence[int]) -> int:
    """The last of `at`, ascending, up to which every setting's mean score counts as solved; 0 where the first does not.

    Args:
        measured: all of the settings.
        settings: ever harder, one for each of `at`.
        at: what makes them harder.
    """
    held = 0
    for value, setting in zip(at, settings, strict=True):
        if not setting.task.score.solved(mean_score(measured, setting).mean):
            break
        held = value
    return held
