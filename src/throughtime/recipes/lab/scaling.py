"""Scaling: several parallel series, C of them, seen through a window of W steps.

A perceptron has a weight for every pair of series and step, so its inputs are C W, its parameters grow with the
product, and nothing tells it which inputs belong to one series. An RNN and an LSTM read C numbers a step with one set
of weights, whatever W is:

    perceptron  H (C W + 1) + K (H + 1);   RNN  H (C + H + 2) + K (H + 1);   LSTM  4 H (C + H + 2) + K (H + 1)

What the further inputs cost is measured on a task in which two of the series matter and the others are noise of the
same size. To be told at the last step, with each network trained on the same few sequences:

    y = a_T - b_T,   a_t = decay a_(t-1) + (1 - decay) x1_t,   b likewise from x2, the whole scaled to variance 1

A network that has learned nothing has an error of 1.

Dimensions: T = W steps, B rows, C series, H hidden units, K outputs. Source: statement 9 of the lecture; the task is a
synthetic one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import product

import torch
from matplotlib.figure import Figure

from throughtime.recipes.figure import INK
from throughtime.recipes.lab.networks import (
    CELLS,
    Batch,
    build,
    hidden_for,
    last_step,
    mean_loss,
    parameter_formula,
    parameters_counted,
    rows_of,
    squared_error,
    train,
)
from throughtime.recipes.lab.panels import curve, legend_below, means, network_columns, number, slide, spreads
from throughtime.recipes.lab.study import Claim, Effort, Findings, Study
from throughtime.recipes.table import Cell, Column, Spread, Table
from throughtime.recipes.trials import run_trials

WINDOWS, SERIES = (4, 16), (2, 8, 24)
# At the smallest size all three have about so many parameters; hidden units then stay as they are.
PARAMETERS = 320
# Half of a step's share is gone after 2 steps: the smallest window of 4 holds nearly all of the answer.
DECAY = 0.7
# A few hundred sequences, as series of days come; more data would pay for more weights.
SEQUENCES = 300
# The largest of 0.004 and 0.01 at which no network's loss jumps about; the same for all three.
RATE = 0.01


@dataclass(frozen=True)
class Size:
    """How long to train (batches of `rows`), on how many sequences to ask, and the grid of windows and series."""

    batches: int
    tests: int
    windows: tuple[int, ...]
    series: tuple[int, ...]
    rows: int = 32


FULL = Size(batches=250, tests=2000, windows=WINDOWS, series=SERIES)
SHORT = Size(batches=20, tests=200, windows=(4, 8), series=(2, 4))


@dataclass(frozen=True)
class Outcome:
    """One trained network: mean squared error on fresh sequences, its size, and seconds of training."""

    error: float
    parameters: int
    seconds: float


def hidden_units(cell: str) -> int:
    """Units that make the networks alike in size where W and C are smallest."""
    return hidden_for(cell, min(SERIES), 1, min(WINDOWS), PARAMETERS)


def sequences(window: int, series: int, count: int, generator: torch.Generator) -> Batch:
    """Standard normal series [W, B, C], and the answer due at the last step, a function of the first two series."""
    x = torch.randn(window, count, series, generator=generator)
    share = DECAY ** torch.arange(window - 1, -1, -1.0)  # the newest step counts most
    share /= (2 * share.square().sum()).sqrt()  # two series: variance 1
    y = torch.einsum("t,tb->b", share, x[..., 0] - x[..., 1])
    return Batch(x, y[None, :, None].expand(window, count, 1), last_step(window, count))


def trial(cell: str, window: int, series: int, seed: int, size: Size) -> Outcome:
    """Train one network on its seed's sequences and ask it about fresh ones."""
    drawn = torch.Generator().manual_seed(10_000 + seed)
    known, fresh = (sequences(window, series, count, drawn) for count in (SEQUENCES, size.tests))
    network = build(cell, series, 1, hidden_units(cell), window, seed)
    draw = rows_of(known, size.rows)
    done = train(network, squared_error, draw, batches=size.batches, seed=seed, learning_rate=RATE)
    return Outcome(mean_loss(network, squared_error, fresh), parameters_counted(network), done.seconds)


Point = tuple[str, int, int]  # cell, W, C


def study(effort: Effort) -> Findings:
    """Train every network on every grid point with every seed."""
    size = SHORT if effort.short else FULL
    points = list(product(CELLS, size.windows, size.series))
    jobs = [(point, seed) for point in points for seed in range(effort.seeds)]
    trials = [partial(trial, *point, seed, size) for point, seed in jobs]
    done = run_trials(trials, effort.progress, here=effort.short)
    outcomes = {point: [out for (at, _), out in zip(jobs, done, strict=True) if at == point] for point in points}
    counts, errors = count_table(outcomes), error_table(outcomes, size)
    return Findings((counts, errors), claims(counts, errors), slide(partial(picture, counts, errors), "scaling"))


def grid(outcomes: dict[Point, list[Outcome]]) -> list[tuple[int, int]]:
    """The pairs of W and C measured, by C, then W."""
    return sorted({(window, series) for _, window, series in outcomes}, key=lambda pair: pair[::-1])


def count_table(outcomes: dict[Point, list[Outcome]]) -> Table:
    """Parameters by the formula and as counted, one row for each W and C."""
    rows: list[tuple[Cell, ...]] = []
    for window, series in grid(outcomes):
        cells: list[Cell] = [f"{window} x {series}", window, series, window * series]
        for cell in CELLS:
            formula = parameter_formula(cell, series, 1, hidden_units(cell), window)
            cells += [formula, outcomes[cell, window, series][0].parameters]
        rows.append(tuple(cells))
    units = ", ".join(f"{cell} {hidden_units(cell)}" for cell in CELLS)
    columns = tuple(Column(name, cell) for cell in CELLS for name in ("formula", "counted"))
    return Table(
        "Parameters against window x series",
        (Column("W x C"), Column("W"), Column("C"), Column("inputs"), *columns),
        tuple(rows),
        (
            "Perceptron H (C W + 1) + K (H + 1), RNN H (C + H + 2) + K (H + 1), LSTM 4 H (C + H + 2) + K (H + 1), "
            f"K = 1; hidden units H, the same in every row: {units}.",
        ),
    )


def error_table(outcomes: dict[Point, list[Outcome]], size: Size) -> Table:
    """Error on fresh sequences and seconds, one row for each W and C."""
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            f"{window} x {series}",
            window,
            series,
            *(Spread.of(out.error for out in outcomes[cell, window, series]) for cell in CELLS),
            *(Spread.of(out.seconds for out in outcomes[cell, window, series]).mean for cell in CELLS),
        )
        for window, series in grid(outcomes)
    )
    return Table(
        "Two series matter, the others are noise: mean squared error on fresh sequences",
        (
            Column("W x C"),
            Column("W"),
            Column("C"),
            *network_columns("squared error"),
            *network_columns("seconds of training", 1),
        ),
        rows,
        (
            f"Generated: standard normal series; the answer is the difference of two exponential means "
            f"(decay {DECAY}), of variance 1: an error of 1.000 is chance.",
            f"Each network: {SEQUENCES} sequences, {size.batches} batches of {size.rows} of them, Adam at {RATE}, the "
            f"same for all; {size.tests} fresh sequences. Mean ± deviation over seeds, each with its own sequences.",
        ),
    )


def claims(counts: Table, errors: Table) -> tuple[Claim, ...]:
    """Statement 9, held against counts and errors at the smallest and the largest window and number of series."""
    exact = all(counts.column(f"{cell}.formula") == counts.column(f"{cell}.counted") for cell in CELLS)
    first, last = counts.rows[0], counts.rows[-1]
    sizes = {cell: means(counts, f"{cell}.counted") for cell in CELLS}
    grown = {cell: size[-1] / size[0] for cell, size in sizes.items()}
    flat = all(
        len({size for size, C in zip(sizes[cell], counts.column("C"), strict=True) if series == C}) == 1
        for cell in ("RNN", "LSTM")
        for series in counts.column("C")
    )
    small = {cell: means(errors, f"squared error.{cell}")[0] for cell in CELLS}
    cost = {cell: means(errors, f"squared error.{cell}")[-1] - small[cell] for cell in CELLS}
    return (
        Claim(
            "Parallel series multiply a perceptron's inputs by the window.",
            exact and grown["perceptron"] > max(grown["RNN"], grown["LSTM"]),
            f"From {first[0]} to {last[0]} it grows {grown['perceptron']:.1f}-fold, the RNN {grown['RNN']:.1f}-fold, "
            f"the LSTM {grown['LSTM']:.1f}-fold"
            + (", by the formulas exactly." if exact else ", unlike the formulas."),
        ),
        Claim(
            "The window costs RNN and LSTM no parameter.",
            exact and flat,
            "At equal C their counts are " + ("the same for every W." if flat else "not the same for every W."),
        ),
        Claim(
            "The inputs that do not matter cost the perceptron more error than the recurrent networks.",
            cost["perceptron"] > max(cost["RNN"], cost["LSTM"]),
            f"From {first[0]} to {last[0]} the perceptron's error rises by {cost['perceptron']:.3f}, the RNN's by "
            f"{cost['RNN']:.3f}, the LSTM's by {cost['LSTM']:.3f}.",
        ),
        Claim(
            "With a short window and few series the perceptron does as well as they do.",
            small["perceptron"] <= min(small["RNN"], small["LSTM"]),
            f"At {first[0]} its error is {small['perceptron']:.3f}, the RNN's {small['RNN']:.3f}, the LSTM's "
            f"{small['LSTM']:.3f}.",
        ),
    )


def picture(counts: Table, errors: Table, figure: Figure) -> None:
    """Parameters against the number of series, for each window, and the errors beside them."""
    windows = sorted({int(number(cell)) for cell in counts.column("W")})
    panels = figure.subplots(1, 1 + len(windows))
    for axes in panels[2:]:
        axes.sharey(panels[1])
    for window, line, error_panel in zip(windows, ("--", "-"), panels[1:], strict=True):
        for cell in CELLS:
            for axes, table, key in (
                (panels[0], counts, f"{cell}.counted"),
                (error_panel, errors, f"squared error.{cell}"),
            ):
                at, values = _at_window(table, key, window)
                curve(axes, cell, at, values, line)
        error_panel.axhline(1.0, color=INK, lw=0.8, ls=":", label="chance")
        error_panel.set_title(f"Error, window of {window} steps")
    panels[0].set_yscale("log")
    panels[0].set_title("Parameters (W = {} dashed, {} full)".format(*windows))
    panels[0].set_ylabel("weights and biases")
    panels[1].set_ylabel("mean squared error on fresh sequences")
    for axes in panels:
        axes.set_xlabel("parallel series")
        axes.set_xticks(sorted({int(number(cell)) for cell in counts.column("C")}))
    legend_below(figure, panels[-1])


def _at_window(table: Table, key: str, window: int) -> tuple[list[float], list[Spread]]:
    """Numbers of series and a column's cells, of the rows of one window."""
    kept = [place for place, cell in enumerate(table.column("W")) if cell == window]
    at, values = table.column("C"), spreads(table, key)
    return [number(at[place]) for place in kept], [values[place] for place in kept]


STUDY = Study("scaling", "several parallel series: parameters and error against window x series", study)
