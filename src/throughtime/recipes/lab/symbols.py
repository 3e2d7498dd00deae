"""Symbols shown, distraction, symbols asked for: the task of `lab recall` (one symbol, long) and `lab count` (many).

    step      0 .. m - 1          m .. m + gap - 1       m + gap .. 2 m + gap - 1
    x_t       a symbol, "keep"    a symbol, distraction   nothing, "tell"
    answer    -                   -                       the symbols kept, in their order

x_t is one-hot over `SYMBOLS` symbols, with two flags beside it (keep, tell). Chance is 1 / SYMBOLS. The symbol told at
any step was shown m + gap steps before: that is the lag.

Networks are trained on fresh sequences until they answer SOLVED of a test right, or their updates are used up.

Dimensions: T = 2 m + gap steps, B rows. Source: Hochreiter & Schmidhuber, Neural Computation 9(8), 1997 (a symbol kept
among distraction); the copy task of Arjovsky et al. 2016, arXiv 1511.06464, with a gap.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from matplotlib.axes import Axes
from torch.nn import functional as F

from throughtime.base.errors import Notice
from throughtime.bptt import TBPTT, Update
from throughtime.insight.svg import BLUE, GREEN, ORANGE, ROSE
from throughtime.recipes.figure import INK
from throughtime.recipes.lab.networks import Batch, accuracy, build, cross_entropy, train
from throughtime.recipes.lab.study import Effort
from throughtime.recipes.table import Cell, Column, Spread, Table
from throughtime.recipes.trials import run_trials

SYMBOLS = 8
INPUTS = SYMBOLS + 2
WINDOW = 10  # steps the perceptron sees
LEARNING_RATE = 0.01
SUCCESS, SOLVED = 0.9, 0.99
TEST_SEED = 10_000  # far from every training seed
# LSTM twice: with torch's first weights, and with biases that hold on for as long as the task takes (chrono).
KINDS = ("perceptron", "RNN", "LSTM", "LSTM chrono")
COLOURS = (ORANGE, GREEN, BLUE, ROSE, INK)


@dataclass(frozen=True)
class Task:
    """m symbols to keep over a gap of distraction."""

    kept: int
    gap: int

    @property
    def steps(self) -> int:
        """T of a sequence."""
        return 2 * self.kept + self.gap

    @property
    def lag(self) -> int:
        """Steps between a symbol and its answer."""
        return self.kept + self.gap


@dataclass(frozen=True)
class Size:
    """How much every training may take: updates, rows of a batch, rows of the test, updates between tests."""

    updates: int
    rows: int = 32
    test_rows: int = 256
    every: int = 25


@dataclass(frozen=True)
class Outcome:
    """One training: its last accuracy on fresh sequences, the updates it took, the process's seconds."""

    accuracy: float
    updates: int
    seconds: float


def draw(task: Task, rows: int, generator: torch.Generator) -> Batch:
    """Fresh sequences; an answer is due at each of the last m steps."""
    symbols = torch.randint(SYMBOLS, (task.kept + task.gap, rows), generator=generator)
    shown = F.one_hot(symbols, SYMBOLS).float()
    x = torch.zeros(task.steps, rows, INPUTS)
    x[: task.lag, :, :SYMBOLS] = shown
    x[: task.kept, :, SYMBOLS] = 1
    x[task.lag :, :, SYMBOLS + 1] = 1
    y, due = torch.zeros(task.steps, rows, dtype=torch.int64), torch.zeros(task.steps, rows)
    y[task.lag :], due[task.lag :] = symbols[: task.kept], 1
    return Batch(x, y, due)


def trial(kind: str, hidden: int, task: Task, schedule: TBPTT, seed: int, size: Size) -> Outcome:
    """Train one network until it has solved the task or used its updates up.

    Args:
        kind: one of `KINDS`.
        hidden: H.
        task: what to keep.
        schedule: TBPTT(k1, k2).
        seed: of weights and sequences.
        size: how much it may take.
    """
    options = {"forget_bias": f"chrono:{max(task.steps, 3)}"} if kind == "LSTM chrono" else {}
    network = build(kind.split()[0], INPUTS, SYMBOLS, hidden, WINDOW, seed, **options)
    test = draw(task, size.test_rows, torch.Generator().manual_seed(TEST_SEED + seed))
    made = 0

    def solved(update: Update) -> bool:
        nonlocal made
        made += 1
        return made % size.every == 0 and accuracy(network, test) >= SOLVED

    with warnings.catch_warnings(action="ignore", category=Notice):  # what truncation leaves out is the subject here
        done = train(
            network,
            cross_entropy,
            lambda generator: draw(task, size.rows, generator),
            batches=size.updates,
            seed=seed,
            schedule=schedule,
            learning_rate=LEARNING_RATE,
            updates=size.updates,
            watch=solved,
            clock=time.process_time,
        )
    return Outcome(accuracy(network, test), made, done.seconds)


def longest(at: list[int], accuracies: list[float]) -> int:
    """The last of `at`, ascending, up to which every accuracy is at least SUCCESS; 0 where the first is not."""
    held = 0
    for value, right in zip(at, accuracies, strict=True):
        if right < SUCCESS:
            break
        held = value
    return held


@dataclass(frozen=True)
class Setting:
    """What is trained on what: a network of `KINDS`, its hidden units, a task, a schedule as text ("n,n")."""

    kind: str
    hidden: int
    task: Task
    schedule: str = "n,n"


Measured = Mapping[Setting, Sequence[Outcome]]


def measure(settings: Iterable[Setting], size: Size, effort: Effort) -> Measured:
    """Every setting with every seed, as independent trials."""
    every = list(dict.fromkeys(settings))
    jobs = [(setting, seed) for setting in every for seed in range(effort.seeds)]
    done = run_trials([partial(_run, *job, size) for job in jobs], effort.progress, here=effort.short)
    found: dict[Setting, list[Outcome]] = {setting: [] for setting in every}
    for (setting, _), outcome in zip(jobs, done, strict=True):
        found[setting].append(outcome)
    return found


def _run(setting: Setting, seed: int, size: Size) -> Outcome:
    return trial(setting.kind, setting.hidden, setting.task, TBPTT.parse(setting.schedule), seed, size)


def right(measured: Measured, setting: Setting) -> Spread:
    """Accuracy of a setting over its seeds."""
    return Spread.of(outcome.accuracy for outcome in measured[setting])


def held(measured: Measured, settings: Sequence[Setting], at: Sequence[int]) -> int:
    """The last of `at` up to which the mean accuracy is at least SUCCESS; 0 where it never is."""
    return longest(list(at), [right(measured, setting).mean for setting in settings])


def grid_table(
    title: str, first: str, at: Sequence[int], columns: Mapping[str, Sequence[Setting]], measured: Measured, note: str
) -> Table:
    """Accuracy by what varies, a column for each series of settings; the last row says how far each holds.

    Args:
        title: of the table.
        first: what varies down the rows.
        at: its values, ascending.
        columns: for each heading a setting at each of them.
        measured: all of them.
        note: below the table.
    """
    heads = [Column(name, "share right", 3) for name in columns]
    rows: list[tuple[Cell, ...]] = [
        (str(value), *(right(measured, settings[place]) for settings in columns.values()))
        for place, value in enumerate(at)
    ]
    rows.append((f"{SUCCESS:.0%} up to", *(held(measured, settings, at) for settings in columns.values())))
    return Table(title, (Column(first), *heads), tuple(rows), (note,))


def curves(axes: Axes, at: Sequence[int], columns: Mapping[str, Sequence[Setting]], measured: Measured) -> None:
    """Accuracy against what varies, with a bar of one deviation to each side."""
    for (name, settings), colour, marker in zip(columns.items(), COLOURS, "os^Dv", strict=False):
        values = [right(measured, setting) for setting in settings]
        axes.errorbar(
            at,
            [value.mean for value in values],
            [value.deviation for value in values],
            color=colour,
            marker=marker,
            ms=5,
            capsize=2,
            elinewidth=0.9,
            label=name,
        )
    axes.axhline(1 / SYMBOLS, color=INK, lw=0.8, ls=":", label="chance")
    axes.set(ylim=(0, 1.05), ylabel="share right")
