"""What the probes' tables and figures share: a column for each network, and its curve in the same colour each time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Protocol, TypeVar

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from throughtime.insight.svg import BLUE, GREEN, ORANGE
from throughtime.recipes.figure import as_element
from throughtime.recipes.lab.networks import CELLS
from throughtime.recipes.lab.study import Effort
from throughtime.recipes.table import Cell, Column, Spread, Table
from throughtime.recipes.trials import run_trials

COLOUR = dict(zip(CELLS, (ORANGE, GREEN, BLUE), strict=True))
MARKER = dict(zip(CELLS, ("o", "s", "^"), strict=True))
# The first drawn the largest, so that one on top of another hides none.
MARKER_SIZE = dict(zip(CELLS, (9.0, 6.5, 4.0), strict=True))
# Inches: a slide's 16 by 9, on which 9 points are 16 of its 720 pixels.
WIDTH, HEIGHT = 10.0, 5.625

Size = TypeVar("Size")


class Measured(Protocol):
    """What every trial measures beside its own subject."""

    @property
    def parameters(self) -> int:
        """Weights and biases."""

    @property
    def seconds(self) -> float:
        """Of training."""


Outcome = TypeVar("Outcome")


def by_network(trial: Callable[[str, int, Size], Outcome], size: Size, effort: Effort) -> dict[str, list[Outcome]]:
    """Run `trial(cell, seed, size)` for every network and seed, all as independent trials: outcomes by network."""
    jobs = [(cell, seed) for cell in CELLS for seed in range(effort.seeds)]
    done = run_trials([partial(trial, cell, seed, size) for cell, seed in jobs], effort.progress, here=effort.short)
    return {cell: [out for (name, _), out in zip(jobs, done, strict=True) if name == cell] for cell in CELLS}


def network_table(outcomes: Mapping[str, Sequence[Measured]]) -> Table:
    """Size and training time of each network."""
    rows = tuple(
        (cell, outcomes[cell][0].parameters, Spread.of(out.seconds for out in outcomes[cell])) for cell in CELLS
    )
    return Table(
        "Networks, of about as many parameters",
        (Column("network"), Column("parameters"), Column("seconds of training", digits=1)),
        rows,
    )


def network_columns(group: str, digits: int = 3) -> tuple[Column, ...]:
    """One column for each network, under a shared heading."""
    return tuple(Column(cell, group, digits) for cell in CELLS)


def spreads(table: Table, key: str) -> list[Spread]:
    """A column's cells that are spreads; a plain number counts as a single run, nothing is left out but None."""
    return [
        cell if isinstance(cell, Spread) else Spread(number(cell), 0.0, 1)
        for cell in table.column(key)
        if cell is not None
    ]


def number(cell: Cell) -> float:
    """A cell as a number: a spread's mean."""
    if isinstance(cell, Spread):
        return cell.mean
    if isinstance(cell, int | float):
        return float(cell)
    raise TypeError(f"A cell that is read as a number must hold one; {cell!r} came. Name a column of numbers.")


def means(table: Table, key: str, where: Callable[[Mapping[str, Cell]], bool] | None = None) -> list[float]:
    """Means of a column, of all rows or of those that `where` takes (it is given a row by its columns' keys)."""
    keys = [column.key for column in table.columns]
    rows = [dict(zip(keys, row, strict=True)) for row in table.rows]
    return [number(row[key]) for row in rows if where is None or where(row)]


def curve(axes: Axes, cell: str, at: Sequence[float], values: Iterable[Spread], line: str = "-") -> None:
    """A network's means against `at`, joined by such a line, with a bar of one deviation to each side."""
    values = list(values)
    axes.errorbar(
        at,
        [value.mean for value in values],
        [value.deviation for value in values],
        color=COLOUR[cell],
        marker=MARKER[cell],
        ls=line,
        ms=MARKER_SIZE[cell],
        capsize=2,
        elinewidth=0.9,
        label=cell,
    )


def slide(draw: Callable[[Figure], object], name: str) -> str:
    """A figure of a slide's proportions, as an inline SVG element."""
    return as_element(draw, HEIGHT, name, WIDTH)


def legend_below(figure: Figure, axes: Axes) -> None:
    """One legend for all panels, below them, where it hides no curve."""
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
