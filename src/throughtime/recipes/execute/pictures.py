"""What a network knows by length and nesting, and where it looks in a program as it tells what that prints.

Dimensions: L lengths, N nestings, T characters of an output and its end, S characters of a program.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from throughtime.recipes.execute.judging import Marks
from throughtime.recipes.execute.programs import Level
from throughtime.recipes.figure import as_element

PANELS = ("characters right, after the right ones", "outputs right, written freely")
# Inches.
CELL, HEAD, LOOK = 0.45, 1.1, 0.2
# Where a share is written in white, to be read on a dark cell.
DARK = 0.6
LINE_SIGN = "⏎"


def heat_map(found: Mapping[Level, Marks]) -> str:
    """Shares right over lengths and nestings, as an inline SVG element."""
    lengths, nestings = (sorted({getattr(level, name) for level in found}) for name in ("length", "nesting"))
    shares = np.full((2, len(nestings), len(lengths)), np.nan)
    for level, marks in found.items():
        place = nestings.index(level.nesting), lengths.index(level.length)
        shares[:, place[0], place[1]] = marks.accuracy, marks.exact

    def draw(figure: Figure) -> None:
        for axes, name, values in zip(np.atleast_1d(figure.subplots(1, 2)), PANELS, shares, strict=True):
            axes.imshow(values, vmin=0, vmax=1, cmap="Blues", origin="lower", aspect="auto")
            axes.set_title(name)
            axes.set_xticks(range(len(lengths)), list(map(str, lengths)))
            axes.set_yticks(range(len(nestings)), list(map(str, nestings)))
            axes.set_xlabel("digits")
            axes.set_ylabel("nesting")
            for (row, column), share in np.ndenumerate(values):
                colour = "#ffffff" if share > DARK else "#1b2a41"
                axes.text(column, row, f"{share:.0%}", ha="center", va="center", color=colour, fontsize=8)

    return as_element(draw, HEAD + CELL * len(nestings), "levels")


def looking(symbols: Sequence[str], told: Sequence[str], weights: NDArray[np.float64]) -> str:
    """Where the network looks: characters of the program along, those of the output down; an inline SVG element.

    Args:
        symbols: S of them, as the program is written.
        told: T of them.
        weights: [T, S].
    """

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        axes.imshow(weights, vmin=0, vmax=1, cmap="Blues", aspect="auto")
        axes.set_xticks(range(len(symbols)), [LINE_SIGN if each == "\n" else each for each in symbols])
        axes.set_yticks(range(len(told)), list(told))
        axes.tick_params(length=0)
        axes.set_xlabel("program")
        axes.set_ylabel("output")

    return as_element(draw, HEAD + LOOK * len(told), "looking")
