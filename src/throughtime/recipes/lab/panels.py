"""What the probes' tables and figures share: a column for each network, and its curve in the same colour each time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from throughtime.insight.svg import BLUE, GREEN, ORANGE
from throughtime.recipes.figure import as_element
from throughtime.recipes.lab.networks import CELLS
from throughtime.recipes.table import Cell, Column, Spread, Table

COLOUR = dict(zip(CELLS, (ORANGE, GREEN, BLUE), strict=True))
MARKER = dict(zip(CELLS, ("o", "s", "^"), strict=True))
# Inches: a slide's 16 by 9, on which 9 points are 16 of its 720 pixels.
WIDTH, HEIGHT = 10.0, 5.625


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


def curve(axes: Axes, cell: str, at: Sequence[float], values: Iterable[Spread], label: str | None = None) -> None:
    """A network's means against `at`, joined, with a bar of one deviation to each side."""
    values = list(values)
    axes.errorbar(
        at,
        [value.mean for value in values],
        [value.deviation for value in values],
        color=COLOUR[cell],
        marker=MARKER[cell],
        ms=4,
        capsize=2,
        elinewidth=0.9,
        label=label or cell,
    )


def slide(draw: Callable[[Figure], object], name: str) -> str:
    """A figure of a slide's proportions, as an inline SVG element."""
    return as_element(draw, HEIGHT, name, WIDTH)


def legend_below(figure: Figure, axes: Axes) -> None:
    """One legend for all panels, below them, where it hides no curve."""
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
