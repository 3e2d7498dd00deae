"""Grids of settings, one measured number each: their table, and their curves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from throughtime.insight.svg import BLUE, GREEN, ORANGE, ROSE
from throughtime.recipes.figure import INK
from throughtime.recipes.lab.solving import Measured, Score, Setting, mean_score, solved_up_to
from throughtime.recipes.table import Cell, Column, Table

COLOURS = (ORANGE, GREEN, BLUE, ROSE, INK)
MARKERS = "os^Dv"


@dataclass(frozen=True)
class Grid:
    """Series of settings side by side, each harder from row to row.

    Args:
        title: of its table.
        varies: what the rows differ by, in a word or two.
        at: its values, ascending.
        columns: for each heading a setting at each of them; all are scored alike.
    """

    title: str
    varies: str
    at: Sequence[int]
    columns: Mapping[str, Sequence[Setting]]

    @property
    def settings(self) -> list[Setting]:
        """All of them."""
        return [setting for series in self.columns.values() for setting in series]

    @property
    def score(self) -> Score:
        """Theirs."""
        return self.settings[0].task.score

    def held(self, measured: Measured) -> dict[str, int]:
        """For each heading the last value up to which its settings are solved, 0 where none is."""
        return {name: solved_up_to(measured, series, self.at) for name, series in self.columns.items()}

    def last(self, measured: Measured) -> dict[str, float]:
        """For each heading the mean score in the last row."""
        return {name: mean_score(measured, series[-1]).mean for name, series in self.columns.items()}

    def table(self, measured: Measured, note: str) -> Table:
        """Score by what varies, a column for each series; the last row says how far each is solved."""
        heads = [Column(name, self.score.name, 3) for name in self.columns]
        rows: list[tuple[Cell, ...]] = [
            (str(value), *(mean_score(measured, series[place]) for series in self.columns.values()))
            for place, value in enumerate(self.at)
        ]
        rows.append((f"{self.score.solved_as} up to", *self.held(measured).values()))
        return Table(self.title, (Column(self.varies), *heads), tuple(rows), (note,))

    def draw(self, measured: Measured, axes: Axes) -> None:
        """Score against what varies, with a bar of one deviation to each side."""
        for (name, series), colour, marker in zip(self.columns.items(), COLOURS, MARKERS, strict=False):
            values = [mean_score(measured, setting) for setting in series]
            axes.errorbar(
                self.at,
                [value.mean for value in values],
                [value.deviation for value in values],
                color=colour,
                marker=marker,
                ms=5,
                capsize=2,
                elinewidth=0.9,
                label=name,
            )
        axes.axhline(self.score.blind, color=INK, lw=0.8, ls=":", label=self.score.blind_as)
        axes.set_ylabel(self.score.name)


def settings_of(grids: Iterable[Grid]) -> list[Setting]:
    """Those of several grids."""
    return [setting for grid in grids for setting in grid.settings]


def listed(scores: Mapping[str, float]) -> str:
    """Scores with their headings, in words."""
    return ", ".join(f"{score:.3f} with {name}" for name, score in scores.items())


def double_steps(axes: Axes, at: Sequence[int]) -> None:
    """An axis on which doubling takes as much room everywhere, with a tick at each of `at`."""
    axes.set_xscale("log", base=2)
    axes.set_xticks(at, [str(value) for value in at])
    axes.minorticks_off()
