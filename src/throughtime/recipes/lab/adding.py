"""Adding: two marked numbers among many, and their sum due at the last step, by length, hidden units and truncation.

    x_t = (v_t, m_t), v uniform in (0, 1), m_t = 1 at one step of each half;   y = sum of the two marked v

Numbers without a mark are distraction. An answer that ignores its input is best at 1, the mean of the sums, with a
squared error of 1/6. As in the sources, a length counts as solved where the error is below 0.01.

Dimensions: T steps, B rows. Source: Hochreiter & Schmidhuber, Neural Computation 9(8), 1997 (their numbers reach from
-1 to 1, their sums are scaled); the first biases, "chrono": Tallec & Ollivier 2018, arXiv 1804.11188.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import torch
from matplotlib.figure import Figure
from torch import Tensor

from throughtime.recipes.figure import INK
from throughtime.recipes.lab.grids import Grid, double_steps, listed, settings_of
from throughtime.recipes.lab.networks import Batch, last_step, mean_loss, squared_error
from throughtime.recipes.lab.panels import legend_below, slide
from throughtime.recipes.lab.solving import (
    KINDS,
    LEARNING_RATE,
    WINDOW,
    Measured,
    Score,
    Setting,
    Size,
    measure,
)
from throughtime.recipes.lab.study import Claim, Effort, Findings, Study

ERROR = Score("squared error", 0.01, "below 0.01", 0.005, 1 / 6, "no memory: 1/6", rises=False)
HIDDEN = 32
LENGTHS = (10, 20, 40, 80)
UNITS, UNIT_LENGTHS = (4, 16, 32), (80,)
# At T = 40: (n, n); k1 = k2 shorter than half a sequence, half of one, longer than one; k1 < k2; (k, 1). With a loss at
# the last step alone TBPTT(1, n) makes the updates of TBPTT(n, n), and takes n times as long for it.
SCHEDULES, SCHEDULE_LENGTHS = ("n,n", "10,10", "20,20", "50,50", "10,30", "10,1"), (40,)
TOO_SHORT = ("10,10", "20,20")  # the first number is marked at least 20 steps before the last step
LONG = 4  # times as long as networks without gates: more than their spread over seeds
FULL, SHORT = Size(600), Size(3, rows=8, test_rows=16, every=2)


@dataclass(frozen=True)
class Sums:
    """Sequences of so many steps, two numbers marked in each."""

    steps: int
    inputs: ClassVar[int] = 2
    outputs: ClassVar[int] = 1
    score: ClassVar[Score] = ERROR

    def draw(self, rows: int, generator: torch.Generator) -> Batch:
        """Fresh sequences; the sum is due at the last step alone."""
        values = torch.rand(self.steps, rows, generator=generator)
        marks, row = torch.zeros(self.steps, rows), torch.arange(rows)
        for begin, end in ((0, self.steps // 2), (self.steps // 2, self.steps)):
            marks[torch.randint(begin, end, (rows,), generator=generator), row] = 1
        target = (values * marks).sum(0).expand(self.steps, rows)[..., None]  # [T, B, 1]
        return Batch(torch.stack([values, marks], -1), target, last_step(self.steps, rows))

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Squared error of each sum."""
        return squared_error(output, target)

    def grade(self, network: torch.nn.Module, batch: Batch) -> float:
        """Mean squared error of the sums."""
        return mean_loss(network, squared_error, batch)


def study(effort: Effort) -> Findings:
    """Train every network at every length with every seed."""
    size = SHORT if effort.short else FULL
    drawn = grids()
    measured = measure(settings_of(drawn), size, effort)
    task = (
        "Generated: T numbers in (0, 1), one marked in each half, the sum of these due at the last step; an answer "
        f"that ignores them has an error of 1/6. At most {size.updates:,} updates of {size.rows} sequences, Adam "
        f"at {LEARNING_RATE}. Mean ± deviation over seeds. The perceptron sees {WINDOW} steps. chrono: forget bias "
        "for the length of a sequence."
    )
    alike = " TBPTT(1, n) would make the same updates as (n,n): there is a loss at the last step alone."
    tables = tuple(grid.table(measured, task + note) for grid, note in zip(drawn, ("", "", alike), strict=True))
    return Findings(tables, claims(measured), slide(partial(picture, drawn[0], measured), "adding"))


def setting(kind: str, length: int, hidden: int = HIDDEN, schedule: str = "n,n") -> Setting:
    """Sums over sequences of this length."""
    return Setting(kind, hidden, Sums(length), schedule)


def grids() -> tuple[Grid, ...]:
    """By network, by hidden units, by truncation."""
    networks = {kind: [setting(kind, length) for length in LENGTHS] for kind in KINDS}
    units = {f"H = {H}": [setting("LSTM chrono", length, H) for length in UNIT_LENGTHS] for H in UNITS}
    schedules = {
        f"({text})": [setting("LSTM chrono", length, HIDDEN, text) for length in SCHEDULE_LENGTHS] for text in SCHEDULES
    }
    return (
        Grid(f"Sum of two marked numbers of T, H = {HIDDEN}, full BPTT", "T", LENGTHS, networks),
        Grid("The same by hidden units: LSTM chrono", "T", UNIT_LENGTHS, units),
        Grid(f"The same by TBPTT(k1, k2): LSTM chrono, H = {HIDDEN}", "T", SCHEDULE_LENGTHS, schedules),
    )


def claims(measured: Measured) -> tuple[Claim, ...]:
    """What the errors say of two numbers kept until the end."""
    by_network, by_units, by_schedule = grids()
    far = by_network.held(measured)
    ungated = max(far["RNN"], far["perceptron"])
    error = by_schedule.last(measured)
    by_size = by_units.last(measured)
    fewest, *_, most = by_size.values()
    return (
        Claim(
            "An LSTM adds numbers that stand far apart.",
            far["LSTM chrono"] >= LONG * max(ungated, LENGTHS[0]),
            f"With biases for the length it solves sequences of up to {far['LSTM chrono']} steps, the networks without "
            f"gates of up to {ungated}.",
        ),
        Claim(
            "It learns to add from any first weights.",
            far["LSTM"] >= far["LSTM chrono"] > 0,
            f"With torch's own it solves up to {far['LSTM']} steps within {FULL.updates:,} updates.",
        ),
        Claim(
            "An RNN adds over shorter sequences.",
            far["RNN"] < far["LSTM chrono"],
            f"It solves up to {far['RNN']} steps.",
        ),
        Claim(
            "How far apart they may stand is a matter of hidden units.",
            ERROR.solved(most) and not ERROR.solved(fewest),
            f"At T = {by_units.at[-1]} the error is {listed(by_size)}.",
        ),
        Claim(
            "To add, windows must reach back to the first number.",
            all(not ERROR.solved(error[f"({text})"]) for text in TOO_SHORT) and ERROR.solved(error["(50,50)"]),
            f"At T = {by_schedule.at[-1]} the error is {error['(10,10)']:.3f} under TBPTT(10, 10), "
            f"{error['(20,20)']:.3f} under TBPTT(20, 20), {error['(50,50)']:.3f} under TBPTT(50, 50).",
        ),
    )


def picture(networks: Grid, measured: Measured, figure: Figure) -> None:
    """Error against the length."""
    axes = figure.subplots()
    networks.draw(measured, axes)
    double_steps(axes, LENGTHS)
    axes.axhline(ERROR.success, color=INK, lw=0.8, ls="--", label="solved")
    axes.set(yscale="log", xlabel="steps of a sequence")
    axes.set_title(f"The sum of two marked numbers, H = {HIDDEN}")
    legend_below(figure, axes)


STUDY = Study("adding", "the sum of two marked numbers among many: what first weights decide", study)
