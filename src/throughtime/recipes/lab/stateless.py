"""Stateless: the same window after a different earlier context, where another answer is due.

A sequence of T steps holds one cue, +1 or -1, some steps before the end, and a noise of signs at every step. At the
last step the cue's sign is asked for. Sequences come in pairs that share everything but that sign: once the cue lies
W steps or more before the end, both windows of W steps are identical, so is a perceptron's answer, and exactly
one of the two can be right.

    x_t = (s [t = T - 1 - d], n_t);   answer at T - 1: s > 0;   d < W: inside the window

Every network is trained on all distances d at once and asked for each.

Dimensions: T steps, B rows, W window steps. Source: statement 7 of the lecture; the task is a synthetic one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from throughtime.insight.svg import ROSE
from throughtime.recipes.figure import INK
from throughtime.recipes.lab.networks import (
    CELLS,
    LEARNING_RATE,
    Batch,
    answers,
    build,
    cross_entropy,
    hidden_for,
    last_step,
    parameters_counted,
    train,
)
from throughtime.recipes.lab.panels import (
    by_network,
    curve,
    legend_below,
    means,
    network_columns,
    network_table,
    slide,
    spreads,
)
from throughtime.recipes.lab.study import Claim, Effort, Findings, Study
from throughtime.recipes.table import Cell, Column, Spread, Table

STEPS, WINDOW = 20, 8
DISTANCES = (0, 2, 4, 6, 7, 8, 9, 11, 13, 16)
# Enough for an LSTM to keep a sign among noise; the perceptron gets as many weights.
PARAMETERS = 600
SUCCESS = 0.95


@dataclass(frozen=True)
class Size:
    """How long to train (batches of `rows`) and on how many pairs to ask."""

    batches: int
    rows: int
    pairs: int


FULL, SHORT = Size(batches=400, rows=64, pairs=500), Size(batches=40, rows=64, pairs=100)


@dataclass(frozen=True)
class Outcome:
    """One trained network: accuracy and largest difference between a pair's outputs, each by distance."""

    accuracy: tuple[float, ...]
    difference: tuple[float, ...]
    parameters: int
    seconds: float


def pairs(distances: Tensor, generator: torch.Generator) -> tuple[Batch, Batch]:
    """Pairs of sequences that differ in the cue's sign alone.

    Args:
        distances: [B] steps from the cue to the last step.
        generator: of the noise.

    Returns:
        The rows whose cue is +1, and their partners whose cue is -1.
    """
    B = len(distances)
    noise = torch.randint(2, (STEPS, B), generator=generator) * 2.0 - 1.0
    cue = (torch.arange(STEPS)[:, None] == STEPS - 1 - distances).float()  # [T, B]
    plus, minus = (
        Batch(torch.stack([sign * cue, noise], -1), torch.full((STEPS, B), int(sign > 0)), last_step(STEPS, B))
        for sign in (1, -1)
    )
    return plus, minus


def draw(rows: int, generator: torch.Generator) -> Batch:
    """Both halves of rows / 2 pairs, every distance as likely."""
    distances = torch.randint(max(DISTANCES) + 1, (rows // 2,), generator=generator)
    plus, minus = pairs(distances, generator)
    return Batch(torch.cat([plus.x, minus.x], 1), torch.cat([plus.y, minus.y], 1), last_step(STEPS, 2 * len(distances)))


def trial(cell: str, seed: int, size: Size) -> Outcome:
    """Train one network and ask it at every distance."""
    network = build(cell, 2, 2, hidden_for(cell, 2, 2, WINDOW, PARAMETERS), WINDOW, seed)
    done = train(network, cross_entropy, partial(draw, size.rows), batches=size.batches, seed=seed)
    accuracy, difference = [], []
    for distance in DISTANCES:
        fresh = torch.Generator().manual_seed(10_000 + seed)  # far from every training seed
        # Each half by itself: a row then stands at the same place of the same product, and equal rows are equal bits.
        outputs = [answers(network, half)[-1] for half in pairs(torch.full((size.pairs,), distance), fresh)]
        right = [(output.argmax(-1) == due).double().mean() for output, due in zip(outputs, (1, 0), strict=True)]
        accuracy.append(float(sum(right)) / 2)
        difference.append(float((outputs[0] - outputs[1]).abs().max()))
    return Outcome(tuple(accuracy), tuple(difference), parameters_counted(network), done.seconds)


def study(effort: Effort) -> Findings:
    """Train perceptron, RNN and LSTM with every seed, and ask for a cue at each distance."""
    size = SHORT if effort.short else FULL
    outcomes = by_network(trial, size, effort)
    table = accuracy_table(outcomes, size)
    return Findings((table, network_table(outcomes)), claims(table), slide(partial(picture, table), "stateless"))


def accuracy_table(outcomes: dict[str, list[Outcome]], size: Size) -> Table:
    """Accuracy by distance, one row each."""
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            distance,
            distance < WINDOW,
            *(Spread.of(out.accuracy[place] for out in outcomes[cell]) for cell in CELLS),
            max(out.difference[place] for out in outcomes["perceptron"]),
        )
        for place, distance in enumerate(DISTANCES)
    )
    return Table(
        "A sign asked for some steps after it came: share of answers that are right",
        (
            Column("distance"),
            Column(f"within {WINDOW} steps"),
            *network_columns("accuracy"),
            Column("between a pair's", "perceptron: largest difference", None),
        ),
        rows,
        (
            f"Generated: sequences of {STEPS} steps with one cue (+1 or -1) and noise of signs, in pairs that differ "
            f"in the cue's sign alone; {size.pairs} fresh pairs for each distance. Chance is 0.500.",
            f"Each network: {size.batches} batches of {size.rows} rows over all distances 0 .. {max(DISTANCES)}, "
            f"Adam at {LEARNING_RATE}, the same for all. Mean ± deviation over seeds.",
            "The last column sets the perceptron's outputs for both sequences of a pair beside each other: 0 where it "
            "sees the same window.",
        ),
    )


def claims(table: Table) -> tuple[Claim, ...]:
    """Statement 7, held against the accuracies; chance is exactly one half, success 95 %."""
    inside, flag = f"within {WINDOW} steps", lambda row: bool(row[f"within {WINDOW} steps"])
    seen = means(table, "accuracy.perceptron", flag)
    unseen, rnn, lstm = (means(table, f"accuracy.{cell}", lambda row: not row[inside]) for cell in CELLS)
    return (
        Claim(
            "A perceptron is stateless: what came before its window cannot change its answer.",
            all(value == 0.5 for value in unseen),
            f"Past {WINDOW} steps it is right in {min(unseen):.3f} to {max(unseen):.3f}: chance, one of each pair.",
        ),
        Claim(
            "Within its window it has no such trouble.",
            min(seen) >= SUCCESS,
            f"There it is right in {min(seen):.3f} or more.",
        ),
        Claim(
            "An LSTM answers from context that has left the window.",
            min(lstm) >= SUCCESS,
            f"Past {WINDOW} steps it is right in {min(lstm):.3f} or more.",
        ),
        Claim(
            "So does an RNN, at these distances.",
            min(rnn) >= SUCCESS,
            f"Past {WINDOW} steps it is right in {min(rnn):.3f} or more.",
        ),
    )


def picture(table: Table, figure: Figure) -> None:
    """A pair whose windows agree, and accuracy against distance."""
    above, below = figure.subplots(2, 1, height_ratios=(1, 2))
    _draw_pair(above)
    at = [float(distance) for distance in DISTANCES]
    for cell in CELLS:
        curve(below, cell, at, spreads(table, f"accuracy.{cell}"))
    below.axhline(0.5, color=INK, lw=0.8, ls=":", label="chance")
    below.axvspan(-0.6, WINDOW - 0.5, color=INK, alpha=0.08, lw=0)
    below.set(xlim=(-0.6, max(DISTANCES) + 0.6), ylim=(0.4, 1.05), ylabel="share right")
    below.set_xlabel("steps from the cue to the question")
    below.set_title(f"Asked for the cue (shaded: inside the perceptron's window of {WINDOW} steps)")
    legend_below(figure, below)


def _draw_pair(axes: Axes) -> None:
    """Two sequences that differ in a cue before the window: cue and noise, the window shaded."""
    distance = WINDOW + 4
    halves = pairs(torch.tensor([distance]), torch.Generator().manual_seed(0))
    for place, (half, name) in enumerate(zip(halves, ("cue +1", "cue -1"), strict=True)):
        base = -3.0 * place
        noise, cue = half.x[:, 0, 1].tolist(), half.x[STEPS - 1 - distance, 0, 0].item()
        axes.step(range(STEPS), [base + 0.5 * value for value in noise], where="mid", color=INK, lw=1.0)
        at = STEPS - 1 - distance
        axes.annotate("", (at, base + 1.15 * cue), (at, base), arrowprops={"arrowstyle": "-|>", "color": ROSE, "lw": 2})
        axes.text(-0.8, base, name, ha="right", va="center")
    axes.axvspan(STEPS - WINDOW - 0.5, STEPS - 0.5, color=INK, alpha=0.08, lw=0)
    axes.set(xlim=(-0.5, STEPS - 0.5), ylim=(-4.6, 1.6), yticks=[])
    axes.set_xticks(range(0, STEPS, 5))
    axes.set_xlabel("step")
    axes.spines["left"].set_visible(False)
    axes.set_title("A pair: other cues (arrows), the same noise, the same window (shaded); asked at the last step")


STUDY = Study("stateless", "the same window after another context: what a network without memory cannot know", study)
