"""Input size: sequences of varying length, read through one window or step by step.

A sequence holds L signs, L odd; at its last step the question is which sign came more often. The answer needs them
all. A perceptron's window of W steps is imposed on every sequence: shorter ones are padded with zeros, of longer ones
all but the last W signs are cropped. How often the best function of those can be right is known exactly: with S the
sum of the last W signs (W odd) and R that of the other L - W,

    best = P(sign(S + R) = sign(S)) = sum over s, r of P(S = s) P(R = r) [(s + r) s > 0]

Trained lengths reach beyond the window, tested ones beyond the trained ones.

Dimensions: L steps of a sequence, B rows, W window steps. Source: statement 10 of the lecture; the task is a
synthetic one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import comb

import torch
from matplotlib.figure import Figure
from matplotlib.ticker import ScalarFormatter

from throughtime.insight.svg import ROSE
from throughtime.recipes.figure import INK
from throughtime.recipes.lab.networks import (
    CELLS,
    Batch,
    accuracy,
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

WINDOW = 15
SHORTEST, TRAINED = 5, 31
LENGTHS = (5, 9, 15, 21, 31, 45, 63, 91, 127)
# A perceptron of 32 hidden units on 15 signs, and as many weights for the others.
PARAMETERS = 600
# Counting is learned faster at 0.01 than at the lab's usual 0.004; the same for all three.
RATE = 0.01
# Sequences whose signs nearly balance are the hard ones; 95 % are within reach of a network that counts.
SUCCESS = 0.95
# A test of some thousand sequences tells the share right to about so much.
CLOSE = 0.02


@dataclass(frozen=True)
class Size:
    """How long to train (batches of `rows`) and on how many sequences of each length to ask."""

    batches: int
    tests: int
    rows: int = 32


FULL, SHORT = Size(batches=800, tests=1000), Size(batches=40, tests=200)


@dataclass(frozen=True)
class Outcome:
    """One trained network: accuracy by length."""

    accuracy: tuple[float, ...]
    parameters: int
    seconds: float


def signs(length: int, count: int, generator: torch.Generator) -> Batch:
    """So many sequences of `length` signs (odd): x [L, B, 1], y 1 where + came more often, asked for at the last."""
    x = torch.randint(2, (length, count), generator=generator) * 2.0 - 1.0
    return Batch(x[..., None], (x.sum(0) > 0).long().expand(length, count), last_step(length, count))


def draw(rows: int, generator: torch.Generator) -> Batch:
    """A batch of one length, every odd one from SHORTEST to TRAINED as likely."""
    lengths = (TRAINED - SHORTEST) // 2 + 1
    return signs(SHORTEST + 2 * int(torch.randint(lengths, (), generator=generator)), rows, generator)


def best_of_window(length: int, window: int = WINDOW) -> float:
    """How often the majority of the last `window` signs (odd) is that of all `length` signs (odd): see the module."""
    if length <= window:
        return 1.0
    rest = length - window
    agree = sum(
        comb(window, a) * comb(rest, b)
        for a in range(window + 1)
        for b in range(rest + 1)
        if (2 * a - window + 2 * b - rest) * (2 * a - window) > 0
    )
    return agree / 2**length


def trial(cell: str, seed: int, size: Size) -> Outcome:
    """Train one network and ask it at every length."""
    network = build(cell, 1, 2, hidden_for(cell, 1, 2, WINDOW, PARAMETERS), WINDOW, seed)
    done = train(network, cross_entropy, partial(draw, size.rows), batches=size.batches, seed=seed, learning_rate=RATE)
    fresh = torch.Generator().manual_seed(10_000 + seed)  # far from every training seed
    right = tuple(accuracy(network, signs(length, size.tests, fresh)) for length in LENGTHS)
    return Outcome(right, parameters_counted(network), done.seconds)


def study(effort: Effort) -> Findings:
    """Train perceptron, RNN and LSTM with every seed, and ask at every length."""
    size = SHORT if effort.short else FULL
    outcomes = by_network(trial, size, effort)
    table = accuracy_table(outcomes, size)
    return Findings((table, network_table(outcomes)), claims(table), slide(partial(picture, table), "input"))


def accuracy_table(outcomes: dict[str, list[Outcome]], size: Size) -> Table:
    """Accuracy by length, one row each."""
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            length,
            length <= TRAINED,
            max(WINDOW - length, 0),
            max(length - WINDOW, 0),
            best_of_window(length),
            *(Spread.of(out.accuracy[place] for out in outcomes[cell]) for cell in CELLS),
        )
        for place, length in enumerate(LENGTHS)
    )
    window = f"window of {WINDOW}"
    return Table(
        "Which of two signs came more often: share of answers that are right",
        (
            Column("length"),
            Column("trained"),
            Column("padded", window),
            Column("cropped", window),
            Column("best possible", window, 3),
            *network_columns("accuracy"),
        ),
        rows,
        (
            f"Generated: fair, independent signs, an odd number of them; {size.tests} fresh sequences of each length. "
            "Chance is 0.500.",
            f"Each network: {size.batches} batches of {size.rows} sequences of {SHORTEST} to {TRAINED} signs, Adam at "
            f"{RATE}, the same for all. Mean ± deviation over seeds.",
            f"Best possible: what any function of the last {WINDOW} signs can reach, counted exactly.",
        ),
    )


def claims(table: Table) -> tuple[Claim, ...]:
    """Statement 10, held against the accuracies; success is 95 %."""
    cropped, window = f"window of {WINDOW}.cropped", f"window of {WINDOW}.best possible"
    fitting = means(table, "accuracy.perceptron", lambda row: row[cropped] == 0)
    lost = means(table, "accuracy.perceptron", lambda row: row[cropped] != 0)
    bound = means(table, window, lambda row: row[cropped] != 0)
    trained = {cell: means(table, f"accuracy.{cell}", lambda row: bool(row["trained"])) for cell in ("RNN", "LSTM")}
    beyond = {cell: means(table, f"accuracy.{cell}", lambda row: not row["trained"]) for cell in ("RNN", "LSTM")}
    return (
        Claim(
            "A perceptron's input has a fixed size: of longer sequences it loses what is cropped.",
            all(value <= best + CLOSE for value, best in zip(lost, bound, strict=True)) and max(lost) < SUCCESS,
            f"Past {WINDOW} steps it is right in {max(lost):.3f} at best and {min(lost):.3f} at worst; no function of "
            f"its window can pass {max(bound):.3f} and {min(bound):.3f} there.",
        ),
        Claim(
            "Sequences that fit, padded, are no trouble to it.",
            min(fitting) >= SUCCESS,
            f"Up to {WINDOW} steps it is right in {min(fitting):.3f} or more.",
        ),
        *(_trained(cell, trained[cell]) for cell in ("LSTM", "RNN")),
        *(_beyond(cell, beyond[cell]) for cell in ("LSTM", "RNN")),
    )


def _trained(cell: str, scores: list[float]) -> Claim:
    """Whether a network that reads step by step answers at every length trained on."""
    return Claim(
        f"An {cell} reads sequences of every length trained on, step by step.",
        min(scores) >= SUCCESS,
        f"Up to {TRAINED} steps it is right in {min(scores):.3f} or more.",
    )


def _beyond(cell: str, scores: list[float]) -> Claim:
    """Whether it still answers where no length was trained on."""
    first = min(length for length in LENGTHS if length > TRAINED)
    return Claim(
        f"What an {cell} learned goes on to much longer ones.",
        min(scores) >= SUCCESS,
        f"It reads them all; from {first} to {max(LENGTHS)} steps it is right in {max(scores):.3f} at best and "
        f"{min(scores):.3f} at worst.",
    )


def picture(table: Table, figure: Figure) -> None:
    """What one window makes of each length, and accuracy against length."""
    left, right = figure.subplots(1, 2, width_ratios=(2, 3))
    places = list(range(len(LENGTHS)))
    padded, cropped = (means(table, f"window of {WINDOW}.{name}") for name in ("padded", "cropped"))
    seen = [length - lost for length, lost in zip(LENGTHS, cropped, strict=True)]
    left.barh(places, seen, color=INK, alpha=0.55, label="seen")
    left.barh(places, padded, left=seen, color=INK, alpha=0.15, label="padded")
    left.barh(places, cropped, left=seen, color=ROSE, label="cropped")
    left.set_yticks(places, [str(length) for length in LENGTHS])
    left.set(xlabel="steps", ylabel="length of the sequence")
    left.set_title(f"One window of {WINDOW} steps", pad=24)
    left.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3, borderaxespad=0.1, columnspacing=1.0)
    for cell in CELLS:
        curve(right, cell, LENGTHS, spreads(table, f"accuracy.{cell}"))
    best = means(table, f"window of {WINDOW}.best possible")
    right.plot(LENGTHS, best, color=INK, lw=1.0, ls="--", label="best of any window")
    right.axhline(0.5, color=INK, lw=0.8, ls=":", label="chance")
    right.axvspan(SHORTEST - 0.4, TRAINED + 1, color=INK, alpha=0.08, lw=0)
    right.set_xscale("log")
    right.set_xticks(LENGTHS, minor=False)
    right.xaxis.set_major_formatter(ScalarFormatter())
    right.minorticks_off()
    right.set(xlabel="length of the sequence (shaded: trained)", ylabel="share right", ylim=(0.45, 1.03))
    right.set_title("Answers right", pad=24)
    legend_below(figure, right)


STUDY = Study("input", "sequences of varying length: one window that pads and crops, or steps as many as come", study)
