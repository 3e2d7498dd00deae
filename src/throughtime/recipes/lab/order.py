"""Order: one fixed permutation of the steps, in training and in test.

Sequences are noisy oscillations of random phase; the question at the last step is which of two frequencies it was.

    x_t = sqrt(2) sin(2 pi f t + phase) + noise_t,   f = F[y],   y in {0, 1};   permuted: x'_t = x_(p(t))

A perceptron that has all steps in its window takes them as features. Its first layer computes V x + b; with the
columns of V moved as the inputs are, V'_(j) = V_(p(j)), it is the same function of the permuted sequence, has the same
gradients and so the same training run: a permutation only renames its inputs. That is shown exactly, in float64.
What remains is that its random first weights are others, which is measured beside the spread between seeds. A
seed draws everything: training and test sequences, first weights, batches. An RNN and an LSTM read the steps one after
another; to them a permuted oscillation is another, rougher signal.

Dimensions: T steps (the perceptron's window too), B rows. Source: statement 8 of the lecture; the task is a
synthetic one.
"""

from __future__ import annotations

import math
from copy import deepcopy
from dataclasses import dataclass
from functools import partial

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from throughtime.recipes.figure import INK
from throughtime.recipes.lab.networks import (
    CELLS,
    Batch,
    accuracy,
    answers,
    build,
    cross_entropy,
    hidden_for,
    last_step,
    parameters_counted,
    rows_of,
    train,
)
from throughtime.recipes.lab.panels import COLOUR, by_network, means, network_columns, network_table, number, slide
from throughtime.recipes.lab.study import Claim, Effort, Findings, Study
from throughtime.recipes.table import Cell, Column, Spread, Table

STEPS = 32
FREQUENCIES = (1 / 8, 1 / 6)  # cycles a step: 4 and 5.3 in a sequence
NOISE = 1.0  # as strong as the oscillation: no single step tells the answer
PERMUTATIONS = 3
PARAMETERS = 1200
# Of 0.004 and 0.01 the one at which recurrent networks learn the task in these few batches; the same for all three.
RATE = 0.01
# Rounding of a sum of 32 products in float64, and what some updates make of it.
EXACT, EXACT_TRAINED = 1e-12, 1e-9


@dataclass(frozen=True)
class Size:
    """Training sequences, how long to train (batches of `rows`), and on how many sequences to ask."""

    sequences: int
    batches: int
    tests: int
    rows: int = 32


FULL, SHORT = Size(sequences=128, batches=250, tests=1000), Size(sequences=64, batches=10, tests=100)


@dataclass(frozen=True)
class Outcome:
    """One seed of a network: accuracy with the steps as they came, then under each permutation."""

    accuracy: tuple[float, ...]
    parameters: int
    seconds: float


@dataclass(frozen=True)
class Renaming:
    """Largest difference of outputs between a perceptron and the one whose first columns moved with the inputs."""

    untrained: float
    trained: float
    updates: int


def oscillations(count: int, generator: torch.Generator) -> Batch:
    """So many sequences x [T, B, 1], and which frequency each has."""
    y = torch.randint(2, (count,), generator=generator)
    phase = 2 * math.pi * torch.rand(count, generator=generator)
    turns = 2 * math.pi * torch.tensor(FREQUENCIES)[y] * torch.arange(STEPS)[:, None]  # [T, B]
    x = math.sqrt(2) * torch.sin(turns + phase) + NOISE * torch.randn(STEPS, count, generator=generator)
    return Batch(x[..., None], y.expand(STEPS, count), last_step(STEPS, count))


def permutation(number: int) -> Tensor:
    """Which step stands where, [T]: number 0 leaves all as they came, 1, 2, ... are drawn."""
    if number == 0:
        return torch.arange(STEPS)
    return torch.randperm(STEPS, generator=torch.Generator().manual_seed(number))


def permuted(batch: Batch, order: Tensor) -> Batch:
    """The batch with its steps in another order; the question stays at the last."""
    return Batch(batch.x[order], batch.y, batch.weights)


def trial(cell: str, seed: int, size: Size) -> Outcome:
    """Train one network on the steps as they came and one under each permutation, on the same sequences."""
    drawn = torch.Generator().manual_seed(10_000 + seed)
    known, fresh = (oscillations(count, drawn) for count in (size.sequences, size.tests))
    right, seconds, parameters = [], 0.0, 0
    for place in range(PERMUTATIONS + 1):
        order = permutation(place)
        # First weights of their own: the seed's, so that a permuted perceptron starts elsewhere in its own terms.
        network = build(cell, 1, 2, hidden_for(cell, 1, 2, STEPS, PARAMETERS), STEPS, seed * 100 + place)
        draw = rows_of(permuted(known, order), size.rows)
        done = train(network, cross_entropy, draw, batches=size.batches, seed=seed, learning_rate=RATE)
        right.append(accuracy(network, permuted(fresh, order)))
        seconds, parameters = seconds + done.seconds, parameters_counted(network)
    return Outcome(tuple(right), parameters, seconds)


def renaming(size: Size) -> Renaming:
    """Train a perceptron, and beside it the one whose first columns move with the permuted inputs; compare outputs."""
    drawn, order = torch.Generator().manual_seed(0), permutation(1)
    batch = oscillations(size.sequences, drawn)
    batch = Batch(batch.x.double(), batch.y, batch.weights)
    plain = build("perceptron", 1, 2, hidden_for("perceptron", 1, 2, STEPS, PARAMETERS), STEPS, 0).double()
    moved = deepcopy(plain)
    first = dict(moved.named_parameters())["core.hidden.0.weight"]  # [H, T]
    first.data = first.data[:, order]
    updates = min(size.batches, 50)
    differences = []
    for batches in (0, updates):
        for network, data in ((plain, batch), (moved, permuted(batch, order))):
            train(network, cross_entropy, rows_of(data, size.rows), batches=batches, seed=0, learning_rate=RATE)
        told = answers(plain, batch)[-1], answers(moved, permuted(batch, order))[-1]
        differences.append(float((told[0] - told[1]).abs().max()))
    return Renaming(differences[0], differences[1], updates)


def study(effort: Effort) -> Findings:
    """Train every network with every seed under every order of the steps."""
    size = SHORT if effort.short else FULL
    outcomes = by_network(trial, size, effort)
    moved, shifts, exact = accuracy_table(outcomes, size), shift_table(outcomes), renaming(size)
    tables = moved, shifts, renaming_table(exact), network_table(outcomes)
    return Findings(tables, claims(shifts, exact), slide(partial(picture, moved, shifts), "order"))


def accuracy_table(outcomes: dict[str, list[Outcome]], size: Size) -> Table:
    """Accuracy under each order of the steps, one row each."""
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            "as they came" if place == 0 else f"permutation {place}",
            *(Spread.of(out.accuracy[place] for out in outcomes[cell]) for cell in CELLS),
        )
        for place in range(PERMUTATIONS + 1)
    )
    return Table(
        "Which of two frequencies, the steps in the same order in training and test: share of answers that are right",
        (Column("order of the steps"), *network_columns("accuracy")),
        rows,
        (
            f"Generated: sine waves of {FREQUENCIES[0]:.3f} or {FREQUENCIES[1]:.3f} cycles a step and random phase in "
            f"noise as strong as they are, {STEPS} steps. Chance is 0.500.",
            f"Each network: {size.sequences} sequences, {size.batches} batches of {size.rows} of them, Adam at {RATE}, "
            f"the same for all; {size.tests} fresh sequences. The perceptron's window holds all {STEPS} steps.",
            "Mean ± deviation over seeds; a seed draws the sequences, the first weights and the batches, and the same "
            "sequences serve every order.",
        ),
    )


def shift_table(outcomes: dict[str, list[Outcome]]) -> Table:
    """How far permutations move each network's mean, beside its spread over seeds, one row for each network."""
    rows: list[tuple[Cell, ...]] = []
    for cell in CELLS:
        by_order = [Spread.of(out.accuracy[place] for out in outcomes[cell]) for place in range(PERMUTATIONS + 1)]
        shifts = [abs(each.mean - by_order[0].mean) for each in by_order[1:]]
        pooled = math.sqrt(sum(each.deviation**2 for each in by_order) / len(by_order))
        rows.append((cell, min(shifts), sum(shifts) / len(shifts), max(shifts), pooled))
    return Table(
        "How far a permutation moves the mean accuracy, beside the spread over seeds",
        (
            Column("network"),
            Column("least", "moved by", 4),
            Column("mean", "moved by", 4),
            Column("most", "moved by", 4),
            Column("seed spread", digits=4),
        ),
        tuple(rows),
        (f"Over {PERMUTATIONS} permutations. Seed spread: deviation over seeds, variances averaged over the orders.",),
    )


def renaming_table(exact: Renaming) -> Table:
    """The exact argument's two differences."""
    return Table(
        "A perceptron and the same one with its first weights' columns moved along with the inputs (float64)",
        (Column("after"), Column("largest difference of outputs", digits=None)),
        (("0 updates", exact.untrained), (f"{exact.updates} updates", exact.trained)),
    )


def claims(shifts: Table, exact: Renaming) -> tuple[Claim, ...]:
    """Statement 8, held against the shifts and the exact renaming.

    The perceptron's shift is the mean over permutations: each one alone is mostly the noise of other first weights,
    and the largest of several would be read as an effect. RNN and LSTM must move under every permutation.
    """
    keys = ("moved by.least", "moved by.mean", "moved by.most", "seed spread")
    least, middle, most, spread = (dict(zip(CELLS, means(shifts, key), strict=True)) for key in keys)
    shown = {
        cell: f"The {cell} moves by {middle[cell]:.4f} on average ({least[cell]:.4f} to {most[cell]:.4f}); its seed "
        f"spread is {spread[cell]:.4f}."
        for cell in CELLS
    }
    return (
        Claim(
            "A perceptron is unaware of temporal order: permuting the steps moves it by less than its seed spread.",
            middle["perceptron"] < spread["perceptron"],
            shown["perceptron"],
        ),
        Claim(
            "To a perceptron a permutation only renames its inputs.",
            exact.untrained <= EXACT and exact.trained <= EXACT_TRAINED,
            f"With its first columns moved along, outputs differ by {exact.untrained:.1e} before and "
            f"{exact.trained:.1e} after {exact.updates} updates.",
        ),
        Claim(
            "An LSTM learns from the order: every permutation moves it by more than its seed spread.",
            least["LSTM"] > spread["LSTM"],
            shown["LSTM"],
        ),
        Claim(
            "So does an RNN.",
            least["RNN"] > spread["RNN"],
            shown["RNN"],
        ),
    )


def picture(table: Table, shifts: Table, figure: Figure) -> None:
    """A sequence as it came and permuted; accuracy under each order; shifts beside spreads."""
    grid = figure.add_gridspec(2, 2, width_ratios=(3, 2))
    panels = [figure.add_subplot(place) for place in (grid[0, 0], grid[1, 0], grid[:, 1])]
    _draw_sequence(panels[0])
    orders, at = [str(row[0]) for row in table.rows], range(PERMUTATIONS + 1)
    for place, cell in enumerate(CELLS):
        values = [row[place + 1] for row in table.rows]
        heights = [number(value) for value in values]
        spread = [value.deviation if isinstance(value, Spread) else 0.0 for value in values]
        left = [position + 0.26 * (place - 1) for position in at]
        panels[1].bar(left, heights, 0.24, yerr=spread, color=COLOUR[cell], ecolor=INK, capsize=2, label=cell)
    panels[1].axhline(0.5, color=INK, lw=0.8, ls=":")
    panels[1].set_xticks(at, orders)
    panels[1].set(ylim=(0.4, 1.05), ylabel="share right")
    panels[1].set_title("Right answers (dotted: chance)")
    _draw_shifts(panels[2], shifts)
    figure.legend(*panels[1].get_legend_handles_labels(), loc="outside lower center", ncols=3)


def _draw_sequence(axes: Axes) -> None:
    """One noisy oscillation, and its steps permuted below."""
    x = oscillations(1, torch.Generator().manual_seed(2)).x[:, 0, 0]
    axes.plot(x.tolist(), color=INK, marker=".", ms=3, lw=0.9)
    axes.plot((x[permutation(1)] - 9).tolist(), color=INK, marker=".", ms=3, lw=0.9)
    axes.set_yticks([0, -9], ["as it came", "permuted"])
    axes.set_xlim(-0.5, STEPS - 0.5)
    axes.set_xlabel("step")
    axes.set_title("The same values, in two orders of the steps")


def _draw_shifts(axes: Axes, shifts: Table) -> None:
    """Seed spread and shifts of each network, on a logarithmic scale; what is 0 stands at the lower edge."""
    floor = 1e-4
    least, mean, most = (means(shifts, f"moved by.{name}") for name in ("least", "mean", "most"))
    for place, cell in enumerate(CELLS):
        low, middle, high = (max(values[place], floor) for values in (least, mean, most))
        spread = max(means(shifts, "seed spread")[place], floor)
        axes.plot([place - 0.3, place + 0.3], [spread, spread], color=INK, lw=2)
        axes.errorbar(place, middle, [[middle - low], [high - middle]], fmt="o", color=COLOUR[cell], capsize=4, lw=2)
    axes.set_yscale("log")
    axes.set_ylim(floor / 2, 1)
    axes.set_xlim(-0.5, len(CELLS) - 0.5)
    axes.set_xticks(range(len(CELLS)), CELLS)
    axes.set_ylabel("difference of mean accuracy")
    axes.set_title("Moved by a permutation\n(bar: seed spread)")


STUDY = Study("order", "one fixed permutation of the steps: who notices", study)
