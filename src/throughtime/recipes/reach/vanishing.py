"""The study of vanishing and exploding: RNN and LSTM by initialisation, gradient by lag before and after training.

Held against it: the RNN's gradient vanishes or explodes with the spectral radius of W_hh; the LSTM overcomes this by
design; without a gradient across the lag there is no learning across it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any, cast

from throughtime.bptt import Reach
from throughtime.recipes.lab.study import Claim, Effort, Findings
from throughtime.recipes.reach.cells import CELLS, CHRONO, HIDDEN, NOISE, RADII, TORCHS, Cell, steps_until_overflow
from throughtime.recipes.reach.curves import Curve, Panel, draw_curves
from throughtime.recipes.reach.trial import AtRest, Outcome, Plan, try_at_rest, try_cell
from throughtime.recipes.reach.words import at, middle, over_seeds, power, powers
from throughtime.recipes.table import Column, Table
from throughtime.recipes.trials import run_trials

# Those of the table, and between them those of the curves.
SHOWN = (10, 50, 100, 200, 400, 800)
LAGS, SHORT_LAGS = (0, 1, 2, 5, *range(10, 801, 10)), (0, 10, *range(50, 801, 50))
RECALL_STEPS, UPDATES, SHORT_UPDATES, SHORT_SEEDS = 50, 300, 10, 1
# Where claims are decided: far beyond what a series of days or a sentence needs, within what is asked of an LSTM.
DECISIVE = 200
VANISHED, REACHES, EXPLODED = 1e-6, 1e-2, 1e6
# Steps within which relu's activations are seen to overflow.
RELU_RADIUS, RELU_STEPS = 1.5, 1000
# Between chance, 0.5, and 1.
LEARNED, CHANCE = 0.9, 0.6


@dataclass(frozen=True)
class Measured:
    """All trials, seed by seed.

    Args:
        cells: for each of `CELLS` its outcomes.
        rest: for each of `RADII` its outcomes at rest.
        relu_steps: steps until relu's activations overflowed.
    """

    cells: dict[str, list[Outcome]]
    rest: dict[float, list[AtRest]]
    relu_steps: list[int | None]


def study(effort: Effort, lags: Sequence[int] | None) -> Findings:
    """Run it.

    Args:
        effort: seeds, and whether it is only to be seen running.
        lags: of the tables; None: `SHOWN`.
    """
    shown = SHOWN if lags is None else tuple(lags)
    curve = SHORT_LAGS if effort.short else LAGS
    measured = _measure(effort, tuple(sorted({0, DECISIVE, RECALL_STEPS, *curve, *shown})))
    tables = (_rest_table(measured, shown), _start_table(measured, shown), _trained_table(measured, shown))
    return Findings(tables, _claims(measured), _figure(measured))


def _measure(effort: Effort, lags: tuple[int, ...]) -> Measured:
    seeds = range(min(effort.seeds, SHORT_SEEDS) if effort.short else effort.seeds)
    plan = Plan(lags, RECALL_STEPS, SHORT_UPDATES if effort.short else UPDATES)
    places = [(place, seed) for place in range(len(CELLS)) for seed in seeds]
    rests = [(place, seed) for place in range(len(RADII)) for seed in seeds]
    trials: list[Callable[[], Any]] = [partial(try_cell, place, seed, plan) for place, seed in places]
    trials += [partial(try_at_rest, place, seed, lags) for place, seed in rests]
    trials += [partial(steps_until_overflow, RELU_RADIUS, RELU_STEPS, seed) for seed in seeds]
    done = run_trials(trials, effort.progress, here=effort.short)
    outcomes, at_rest = done[: len(places)], done[len(places) : len(places) + len(rests)]
    return Measured(
        {cell.name: outcomes[k * len(seeds) : (k + 1) * len(seeds)] for k, cell in enumerate(CELLS)},
        {radius: at_rest[k * len(seeds) : (k + 1) * len(seeds)] for k, radius in enumerate(RADII)},
        cast(list[int | None], done[len(places) + len(rests) :]),
    )


def _rest_table(measured: Measured, shown: Sequence[int]) -> Table:
    columns = [Column("spectral radius of W_hh"), Column("numbers", words=True)]
    columns += [Column(f"{lag}", "relative norm of the gradient at lag") for lag in shown]
    rows = []
    for radius, outcomes in measured.rest.items():
        for kind in ("float32", "float64"):
            reaches = [o.single if kind == "float32" else o.double for o in outcomes]
            values = [power(middle([at(reach, "h", lag) for reach in reaches])) for lag in shown]
            rows.append((f"{radius:g}", kind, *values))
    return Table(
        f"At rest: an RNN of {HIDDEN} tanh units without input, where h = 0 and the gradient is W_hh^lag alone",
        tuple(columns),
        tuple(rows),
        (
            over_seeds(len(next(iter(measured.rest.values())))),
            "0: below float32's smallest number, 1.4e-45; inf: beyond its largest, 3.4e38.",
        ),
    )


def _reach_columns(shown: Sequence[int]) -> list[Column]:
    lags = [Column(f"{lag}", "relative norm of the gradient at lag") for lag in shown]
    return [Column("network"), Column("leaf", words=True), *lags]


def _start_table(measured: Measured, shown: Sequence[int]) -> Table:
    columns = [*_reach_columns(shown), Column("float64", f"lag {shown[-1]}"), Column("least - most", f"lag {DECISIVE}")]
    rows: list[tuple[Any, ...]] = []
    for cell in CELLS:
        outcomes = measured.cells[cell.name]
        for leaf in outcomes[0].start.relative:
            double = power(middle([at(o.start_double, leaf, shown[-1]) for o in outcomes]))
            values = _medians([o.start for o in outcomes], leaf, shown)
            rows.append((cell.name, leaf, *values, double, _range([o.start for o in outcomes], leaf)))
    return Table(
        f"At initialisation, on noisy input, {HIDDEN} units, float32",
        tuple(columns),
        tuple(rows),
        (over_seeds(_seeds(measured)), "The last values of float32 above 0 are rounded: compare float64."),
    )


def _trained_table(measured: Measured, shown: Sequence[int]) -> Table:
    columns = [*_reach_columns(shown), Column("least - most", f"lag {DECISIVE}")]
    columns += [Column("median", "accuracy", digits=3), Column("least", "accuracy", digits=3), Column("radius")]
    rows: list[tuple[Any, ...]] = []
    for cell in CELLS:
        outcomes = measured.cells[cell.name]
        hits = [o.accuracy for o in outcomes]
        radii = [o.radius for o in outcomes if o.radius is not None]
        skill: tuple[float | None, ...] = (median(hits), min(hits), median(radii) if radii else None)
        for leaf in outcomes[0].trained.relative:
            reaches = [o.trained for o in outcomes]
            values = _medians(reaches, leaf, shown)
            rows.append((cell.name, leaf, *values, _range(reaches, leaf), *skill))
            skill = (None, None, None)  # a network's, said once
    return Table(
        f"After training to recall a bit shown {RECALL_STEPS} steps ago in noise of {NOISE:g}",
        tuple(columns),
        tuple(rows),
        ("Accuracy on unseen sequences; chance is 0.5. Radius: of W_hh after training, median.",),
    )


def _medians(reaches: Sequence[Reach], leaf: str, shown: Sequence[int]) -> list[str]:
    return [power(middle([at(reach, leaf, lag) for reach in reaches])) for lag in shown]


def _range(reaches: Sequence[Reach], leaf: str) -> str:
    values = [at(reach, leaf, DECISIVE) for reach in reaches]
    return f"{power(min(values))} - {power(max(values))}"


def _seeds(measured: Measured) -> int:
    return len(next(iter(measured.cells.values())))


def _claims(measured: Measured) -> tuple[Claim, ...]:
    return (
        _vanishes(measured),
        _explodes_at_rest(measured),
        _explodes_at_work(measured),
        _overcome_by_design(measured),
        _forget_bias(measured),
        _chrono(measured),
        _no_gradient_no_learning(measured),
        _trained_reach(measured),
    )


def _starts(measured: Measured, cell: Cell, lag: int = DECISIVE) -> list[float]:
    """Relative norms at initialisation of the leaf that is to remember, one for each seed, in float64."""
    return [at(o.start_double, cell.leaf, lag) for o in measured.cells[cell.name]]


def _named(name: str) -> Cell:
    return next(cell for cell in CELLS if cell.name == name)


def _rnn(radius: float) -> Cell:
    return next(cell for cell in CELLS if cell.radius == radius)


def _vanishes(measured: Measured) -> Claim:
    cells = [_named(f"RNN, {TORCHS}"), *(_rnn(radius) for radius in RADII if radius < 1)]
    most = {cell.name: max(_starts(measured, cell)) for cell in cells}
    zeros = [_first_zero(o.start, "h") for cell in cells for o in measured.cells[cell.name]]
    found = [lag for lag in zeros if lag is not None]
    down = f"; in float32 it is exactly 0 from lag {min(found)} to {max(found)} on" if found else ""
    return Claim(
        "The gradient of an RNN vanishes where the spectral radius of W_hh is below 1.",
        all(value < VANISHED for value in most.values()),
        f"At lag {DECISIVE}, of all seeds the largest: {powers(most)}{down}.",
    )


def _first_zero(reach: Reach, leaf: str) -> int | None:
    """The first lag from which on the norm is exactly 0."""
    if reach.relative[leaf][-1] != 0:
        return None
    return next(lag for place, lag in enumerate(reach.lags) if not any(reach.relative[leaf][place:]))


def _explodes_at_rest(measured: Measured) -> Claim:
    radii = [radius for radius in RADII if radius > 1]
    least = {f"radius {radius:g}": min(at(o.double, "h", DECISIVE) for o in measured.rest[radius]) for radius in radii}
    overflow = [o.single.overflow for o in measured.rest[max(radii)]]
    found = [lag for lag in overflow if lag is not None]
    up = f" Float32 overflows by lag {max(found)} with radius {max(radii):g}." if found else ""
    steps = [step for step in measured.relu_steps if step is not None]
    relu = (
        f" With relu and W_hh = {RELU_RADIUS:g} I the activations themselves overflow by step {max(steps)}."
        if steps
        else f" With relu and W_hh = {RELU_RADIUS:g} I the activations stay finite for {RELU_STEPS:,} steps."
    )
    return Claim(
        "It explodes where the radius is above 1, at rest.",
        all(value > EXPLODED for value in least.values()),
        f"At lag {DECISIVE}, of all seeds the smallest: {powers(least)}.{up}{relu}",
    )


def _explodes_at_work(measured: Measured) -> Claim:
    cells = [_rnn(radius) for radius in RADII if radius > 1]
    values = {cell.name: middle(_starts(measured, cell)) for cell in cells}
    return Claim(
        "It explodes there with input as well.",
        all(value > EXPLODED for value in values.values()),
        f"Median at lag {DECISIVE}: {powers(values)}; tanh saturates, and its slope shrinks what W_hh enlarges.",
    )


def _overcome_by_design(measured: Measured) -> Claim:
    name = f"LSTM, {TORCHS}"
    values = _starts(measured, _named(name))
    rnn = middle(_starts(measured, _named(f"RNN, {TORCHS}")))
    return Claim(
        "LSTMs overcome vanishing gradients by design.",
        min(values) > REACHES,
        f"As torch initialises it, its gradient by c at lag {DECISIVE} is {power(middle(values))} in the median, the "
        f"RNN's by h {power(rnn)}: a forget gate near 0.5 lets about half of c through at every step.",
    )


def _forget_bias(measured: Measured) -> Claim:
    values = {name: middle(_starts(measured, _named(name))) for name in ("LSTM, forget bias 1", "LSTM, forget bias 2")}
    return Claim(
        f"A forget bias of 1 or 2 carries the gradient {DECISIVE} steps.",
        all(value > REACHES for value in values.values()),
        f"Median by c at lag {DECISIVE}: {powers(values)}.",
    )


def _chrono(measured: Measured) -> Claim:
    lstm = _starts(measured, _named(f"LSTM, {CHRONO}"))
    rnn = _starts(measured, _named(f"RNN, {TORCHS}"))
    return Claim(
        f"With {CHRONO} the LSTM's gradient reaches {DECISIVE} steps back where the RNN's has vanished.",
        min(lstm) > REACHES and max(rnn) < VANISHED,
        f"At lag {DECISIVE}: LSTM by c {power(min(lstm))} or more in every seed, RNN by h {power(max(rnn))} or less.",
    )


def _no_gradient_no_learning(measured: Measured) -> Claim:
    """Without a gradient across the lag at initialisation nothing is learned across it."""
    pairs = [
        (value, o.accuracy)
        for cell in CELLS
        for value, o in zip(_starts(measured, cell, RECALL_STEPS), measured.cells[cell.name], strict=True)
    ]
    without = [accuracy for value, accuracy in pairs if value < VANISHED]
    reached = [accuracy for value, accuracy in pairs if value > REACHES]
    learned = sum(accuracy > LEARNED for accuracy in reached)
    return Claim(
        f"Updates from a vanished gradient have no effect: what is {RECALL_STEPS} steps back is not learned.",
        max(without) < CHANCE if without and learned else None,
        f"Of {len(without)} trainings that began below {VANISHED:g} at lag {RECALL_STEPS}, "
        f"{sum(accuracy > LEARNED for accuracy in without)} learned the task (best accuracy "
        f"{max(without, default=math.nan):.3f}); of {len(reached)} that began above {REACHES:g}, {learned} did.",
    )


def _trained_reach(measured: Measured) -> Claim:
    """Whether whoever has learned the task keeps a gradient across it."""
    kept = [
        at(o.trained, cell.leaf, RECALL_STEPS)
        for cell in CELLS
        for o in measured.cells[cell.name]
        if o.accuracy > LEARNED
    ]
    lost = sum(value < VANISHED for value in kept)
    why = ": they hold the bit in a saturated state that nothing small moves" if lost else ""
    return Claim(
        "A network that remembers has a gradient as far back as it remembers.",
        not lost if kept else None,
        f"Of {len(kept)} networks that learned to recall {RECALL_STEPS} steps, {lost} have a gradient below "
        f"{VANISHED:g} at that lag after training{why}."
        if kept
        else f"No network learned to recall {RECALL_STEPS} steps.",
    )


def _figure(measured: Measured) -> str:
    rest = Panel("RNN at rest: no input, h = 0", _rest_curves(measured))
    start = Panel("at initialisation, noisy input; LSTM by c", _cell_curves(measured, lambda o: o.start))
    trained = Panel(f"after training to recall {RECALL_STEPS} steps", _cell_curves(measured, lambda o: o.trained))
    return draw_curves((rest, start, trained), "reach")


def _rest_curves(measured: Measured) -> tuple[Curve, ...]:
    return tuple(_curve(_rnn(radius), [o.single for o in outcomes], "h") for radius, outcomes in measured.rest.items())


def _cell_curves(measured: Measured, reach: Callable[[Outcome], Reach]) -> tuple[Curve, ...]:
    return tuple(_curve(cell, [reach(o) for o in measured.cells[cell.name]], cell.leaf) for cell in CELLS)


def _curve(cell: Cell, reaches: Sequence[Reach], leaf: str) -> Curve:
    lags = reaches[0].lags
    values = tuple(middle([at(reach, leaf, lag) for reach in reaches]) for lag in lags)
    return Curve(cell.name, lags, values, family=cell.kind)
