"""What `lab tbptt` found of one schedule over all seeds, and of all schedules together, with the table of both."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from throughtime.recipes.lab.networks import parameter_formula
from throughtime.recipes.lab.tbptt_cost import Cost
from throughtime.recipes.lab.tbptt_runs import (
    FORGET_BIAS,
    HIDDEN,
    LEARNING_RATE,
    ROWS,
    TEST_ROWS,
    Outcome,
    Setting,
    Size,
)
from throughtime.recipes.lab.tbptt_task import INPUTS, LEAST, MOST, OUTPUTS
from throughtime.recipes.table import Cell, Column, Spread, Table

HALF = 0.5


@dataclass(frozen=True)
class Row:
    """One schedule.

    Args:
        setting: the schedule.
        cost: of one sequence.
        formula_bytes: kept by the update that keeps most, by the formula of `throughtime unfold`.
        reach: share of the answers whose marked number lies in the window that injects them.
        outcomes: one training for each seed.
    """

    setting: Setting
    cost: Cost
    formula_bytes: int
    reach: float
    outcomes: tuple[Outcome, ...]

    @property
    def skill(self) -> Spread:
        """After training."""
        return Spread.of(outcome.last.skill for outcome in self.outcomes)

    @property
    def worst(self) -> float:
        """Skill of the worst seed."""
        return min(outcome.last.skill for outcome in self.outcomes)

    @property
    def seconds(self) -> float:
        """Of training; the median seed."""
        return median(outcome.last.seconds for outcome in self.outcomes)

    @property
    def speed(self) -> float:
        """Steps of data a second; the median seed."""
        return median(outcome.last.steps / outcome.last.seconds for outcome in self.outcomes)

    def until(self, what: str, level: float = HALF) -> float:
        """Updates, steps of data or seconds until this skill was first seen; the median seed, inf if it never was."""
        firsts = [outcome.first_at(level) for outcome in self.outcomes]
        return median(math.inf if first is None else float(getattr(first, what)) for first in firsts)


@dataclass(frozen=True)
class Found:
    """Everything measured.

    Args:
        rows: trained schedules.
        kept: bytes by setting, of more schedules than were trained.
        noise: of the gradient by n of BPTT, one entry for each seed.
    """

    rows: tuple[Row, ...]
    kept: dict[Setting, int]
    noise: dict[int, tuple[float, ...]]

    def row(self, n: int, k1: int, k2: int) -> Row:
        """The row of one schedule.

        Raises:
            KeyError: it was not trained.
        """
        return {row.setting: row for row in self.rows}[Setting(n, k1, k2)]

    @property
    def whole(self) -> list[Row]:
        """BPTT, by n."""
        return [row for row in self.rows if row.setting.n == row.setting.k1 == row.setting.k2]

    @property
    def long(self) -> int:
        """The longest n."""
        return max(row.setting.n for row in self.rows)

    def truncated(self, k1: int | None = None, k2: int | None = None) -> list[Row]:
        """Those of the longest sequences with this k1, or k2; without either those with k1 = k2; by the other one."""
        there = [row for row in self.rows if row.setting.n == self.long]
        if k1 is k2 is None:
            return sorted((r for r in there if r.setting.k1 == r.setting.k2), key=lambda r: r.setting.k1)
        chosen = [r for r in there if k1 in (None, r.setting.k1) and k2 in (None, r.setting.k2)]
        return sorted(chosen, key=lambda r: (r.setting.k1, r.setting.k2))


def skill_table(found: Found, size: Size) -> Table:
    """Every schedule: what it reached, and how soon."""
    rows = tuple(_skill_cells(row) for row in found.rows)
    columns = (
        Column("schedule"),
        Column("mean", "skill", 3),
        Column("worst", "skill", 3),
        Column("cause in window", digits=2),
        Column("updates", "training, one seed"),
        Column("steps of data", "training, one seed"),
        Column("seconds", "training, one seed"),
        Column("steps/s", "training, one seed", 0),
        Column("updates", f"until skill {HALF}", 0),
        Column("steps", f"until skill {HALF}", 0),
        Column("seconds", f"until skill {HALF}"),
    )
    return Table("BPTT and TBPTT(k1, k2): skill on fresh sequences", columns, rows, _skill_notes(size))


def _skill_cells(row: Row) -> tuple[Cell, ...]:
    last = row.outcomes[0].last
    until = (row.until(what) for what in ("updates", "steps", "seconds"))
    trained = last.updates, last.steps, row.seconds, row.speed
    reached = (value if math.isfinite(value) else None for value in until)
    return row.setting.name, row.skill, row.worst, row.reach, *trained, *reached


def _skill_notes(size: Size) -> tuple[str, ...]:
    parameters = parameter_formula("LSTM", INPUTS, OUTPUTS, HIDDEN, 1)
    return (
        f"Generated: numbers of which every 11th to 21st is marked; the marked one is asked for {LEAST} to {MOST} "
        f"steps later. Skill is the explained share of the answers' variance, on {TEST_ROWS} fresh sequences of "
        f"{size.test_steps} steps. Cause in window: share of all answers that are trained on with the marked number "
        "inside the window.",
        f"LSTM of {parameters:,} parameters (H = {HIDDEN}, forget bias {FORGET_BIAS:g}), batches of {ROWS} sequences, "
        f"Adam at {LEARNING_RATE}. Each run ends after {size.steps:,} steps of data or {size.updates} updates, "
        "whichever come first: runs with a small k1 have seen less data than the others.",
        "Mean ± deviation over seeds; the rest is the median seed's. Seconds are the process's own, without measuring "
        "skill; they depend on the machine. A dash: the median seed did not get there.",
    )


def cost_table(found: Found) -> Table:
    """Every schedule: steps run and bytes kept for one sequence."""
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            row.setting.name,
            -(-row.setting.n // row.setting.k1),
            row.cost.forward,
            row.cost.backward,
            row.cost.kept_bytes / 1000,
            row.formula_bytes / 1000,
        )
        for row in found.rows
    )
    columns = (
        Column("schedule"),
        Column("update points", "one batch of sequences"),
        Column("forward", "steps run"),
        Column("backward", "steps run"),
        Column("measured", "kB kept by an update", 0),
        Column("formula", "kB kept by an update", 0),
    )
    notes = (
        "Steps that enter the recurrent layer, counted; a window that holds no answer runs forward only and makes no "
        "update. Kept: all that autograd holds between forward and backward, weights left out, of the largest update; "
        "the kernel in use also keeps a workspace. Formula: that of `throughtime unfold`, (C + 7 H + 1) numbers a step "
        "and row.",
    )
    return Table("What one batch of sequences costs", columns, rows, notes)


def noise_table(found: Found) -> Table:
    """Noise of BPTT's gradient by n."""
    rows: tuple[tuple[Cell, ...], ...] = tuple((n, Spread.of(values)) for n, values in sorted(found.noise.items()))
    note = (
        "Deviation of one update's gradient from the mean gradient, over that gradient's length, at a network that has "
        "begun to learn; 1 means as large as the gradient itself."
    )
    return Table("Noise of one update's gradient under BPTT", (Column("n"), Column("noise", digits=2)), rows, (note,))


def joined(values: Iterable[object], names: Sequence[object]) -> str:
    """ "0.99 (50), 0.98 (100)"."""
    return ", ".join(f"{value} ({name})" for value, name in zip(values, names, strict=True))
