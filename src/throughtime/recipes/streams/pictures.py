"""The report's pictures: a stream with what was expected, its flags marked, and below how rare each row was."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from numpy.typing import NDArray

from throughtime.insight.svg import BLUE, ORANGE, ROSE
from throughtime.recipes.figure import INK, as_element, legend_above
from throughtime.recipes.streams.judging import incidents
from throughtime.recipes.streams.watching import Reading

# Inches of one panel.
PANEL = 1.75
# More points than this are megabytes of SVG: of each stretch its lowest and highest row are drawn.
MOST_POINTS = 2000
# Scores beyond are drawn here: 1 - score of 0 has no logarithm.
LEAST_CHANCE = 1e-6


def stream_picture(reading: Reading, names: Sequence[str], first: int, threshold: float, name: str) -> str:
    """One stream: a panel for each value column, and one for the scores.

    Args:
        reading: what was said of it.
        names: of the value columns.
        first: first row that is scored; rows before it are shaded.
        threshold: of the flags.
        name: unique on its page.
    """
    stream = reading.stream

    def draw(figure: Figure) -> None:
        panels = figure.subplots(len(names) + 1, 1, sharex=True)
        for k, (axes, column) in enumerate(zip(panels, names, strict=False)):
            _curve(axes, stream.times, reading.expected[:, k], BLUE, "expected", 1.0)
            _curve(axes, stream.times, stream.values[:, k], INK, "value", 0.8)
            axes.plot(stream.times[reading.flags], stream.values[reading.flags, k], "o", color=ROSE, label="flagged")
            axes.set_title(column)
        _scores(panels[-1], reading, threshold)
        for axes in panels:
            _shade(axes, reading, first)
        legend_above(panels[0], 5)
        _time_axis(panels[-1], stream.times)

    return as_element(draw, PANEL * (len(names) + 1) + 0.3, name)


def extremes(values: NDArray[np.float64], most: int = MOST_POINTS) -> NDArray[np.int64]:
    """Rows [at most `most`] to draw: all of them, or of each stretch the lowest and the highest.

    Args:
        values: [T], nan where missing.
        most: rows, at least 2.
    """
    if len(values) <= most:
        return np.arange(len(values))
    edges = np.linspace(0, len(values), most // 2 + 1).astype(np.int64)
    low, high = np.nan_to_num(values, nan=np.inf), np.nan_to_num(values, nan=-np.inf)
    places = [place for a, b in pairwise(edges) for place in (a + int(low[a:b].argmin()), a + int(high[a:b].argmax()))]
    return np.unique(places)


def _curve(axes: Axes, times: NDArray[Any], values: NDArray[np.float64], colour: str, label: str, width: float) -> None:
    shown = extremes(values)
    axes.plot(times[shown], values[shown], color=colour, lw=width, label=label)


def _scores(axes: Axes, reading: Reading, threshold: float) -> None:
    chance = np.maximum(1 - reading.scores, LEAST_CHANCE)
    shown = extremes(chance)
    axes.plot(reading.stream.times[shown], chance[shown], color=ORANGE, lw=0.8)
    axes.plot(reading.stream.times[reading.flags], chance[reading.flags], "o", color=ROSE)
    axes.axhline(max(1 - threshold, LEAST_CHANCE), color=INK, lw=0.8, ls=":")
    axes.set_yscale("log")
    axes.set_ylim(2, LEAST_CHANCE / 2)  # the rarer the higher
    axes.set_title("1 - score, the rarer the higher; dotted: the threshold")


def _shade(axes: Axes, reading: Reading, first: int) -> None:
    times: Any = reading.stream.times
    if first:
        axes.axvspan(times[0], times[min(first, len(times) - 1)], color=INK, alpha=0.08, lw=0, label="warm-up")
    for place, (a, b) in enumerate(incidents(reading.stream.labels)):
        label = "labelled" if place == 0 else None
        axes.axvspan(times[a], times[b], color=ORANGE, alpha=0.3, lw=0.5, label=label)


def _time_axis(axes: Axes, times: NDArray[Any]) -> None:
    if times.dtype.kind == "M":
        locator = AutoDateLocator(minticks=4, maxticks=9)
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    else:
        axes.set_xlabel("step")
    if times[-1] > times[0]:  # one row has no span
        axes.set_xlim(times[0], times[-1])
