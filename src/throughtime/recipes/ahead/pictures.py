"""The report's pictures: forecasts beside what came, errors by step ahead, how often intervals held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from throughtime.insight.svg import BLUE, ORANGE
from throughtime.recipes.ahead.scores import LEVELS
from throughtime.recipes.figure import INK, as_element, colours, legend_above
from throughtime.train import History

Floats = NDArray[np.float64]
# Inches of a row of two panels.
PANEL = 1.7
STRENGTHS = {95: 0.18, 80: 0.30}


@dataclass(frozen=True)
class Shown:
    """One series with its newest tested forecasts.

    Args:
        name: of the series.
        times: [T] times or step numbers, of history and what was forecast.
        truth: [T], nan where missing.
        starts: [F] where each forecast begins on that axis.
        points: [F, H].
        intervals: by level the ends, [F, H] each.
    """

    name: str
    times: NDArray[np.generic]
    truth: Floats
    starts: Sequence[int]
    points: Floats
    intervals: Mapping[int, tuple[Floats, Floats]]


def forecasts(shown: Sequence[Shown]) -> str:
    """What came, forecasts from the newest origins and their intervals, one panel for each series."""
    rows = (len(shown) + 1) // 2

    def draw(figure: Figure) -> None:
        panels = figure.subplots(rows, 2, squeeze=False).ravel()
        for axes, one in zip(panels, shown, strict=False):
            _panel(axes, one)
        for axes in panels[len(shown) :]:
            axes.set_axis_off()
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper right", ncols=4)

    return as_element(draw, PANEL * rows + 0.4, "forecasts")


def errors_by_step(found: Mapping[str, Floats]) -> str:
    """MASE of each step ahead, by method [H]."""

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        for colour, (name, values) in zip(colours(len(found)), found.items(), strict=True):
            axes.plot(np.arange(1, len(values) + 1), values, "o-", ms=3, color=colour, label=name)
        axes.set_xlabel("steps ahead")
        axes.set_ylabel("MASE")
        axes.set_ylim(bottom=0)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        legend_above(axes, len(found))

    return as_element(draw, 3.0, "steps")


def calibration(stated: Floats, shares: Mapping[str, Floats]) -> str:
    """How often what came lay below each quantile.

    Args:
        stated: [Q] probabilities of the quantiles.
        shares: by method the shares of outcomes below them, [Q].
    """

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], ":", color=INK, lw=0.8, label="perfect")
        for colour, (name, each) in zip(colours(len(shares)), shares.items(), strict=True):
            axes.plot(stated, each, "o-", ms=3, color=colour, label=name)
        axes.set_xlabel("quantile's probability")
        axes.set_ylabel("share of outcomes below it")
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        axes.set_aspect("equal")
        axes.legend(loc="lower right", fontsize=8)

    return as_element(draw, 3.6, "calibration")


def learning(history: History) -> str:
    """The loss that training lowers, and the validation error that chooses the epoch, each with its own axis."""
    epochs = np.arange(1, len(history.epochs) + 1)

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        left.plot(epochs, [epoch.loss for epoch in history.epochs], color=BLUE)
        left.set_title("training loss, nats a step, with dropout", fontsize=9)
        if history.best_epoch is not None:
            errors = np.array([epoch.validation for epoch in history.epochs], dtype=np.float64)
            right.plot(epochs, errors, color=ORANGE)
            right.plot(epochs[history.best_epoch], errors[history.best_epoch], "o", color=ORANGE)
            right.set_title(f"mean absolute validation error, epoch {history.best_epoch + 1} kept", fontsize=9)
        for axes in (left, right):
            axes.set_xlabel("epoch")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))

    return as_element(draw, 2.4, "learning")


def _panel(axes: Axes, one: Shown) -> None:
    steps = one.points.shape[1]
    for place, start in enumerate(one.starts):
        times = one.times[start : start + steps]
        for level in sorted(LEVELS, reverse=True):
            low, high = (ends[place] for ends in one.intervals[level])
            label = None if place else f"{level} %"
            axes.fill_between(times, low, high, color=BLUE, alpha=STRENGTHS[level], lw=0, label=label)
        axes.plot(times, one.points[place], color=BLUE, label=None if place else "forecast")
        axes.axvline(times[0], color=INK, lw=0.5, ls=":")
    axes.plot(one.times, one.truth, ".-", color=INK, ms=2.5, lw=0.7, label="what came")
    axes.set_title(one.name, fontsize=9)
    if one.times.dtype.kind == "M":
        locator = AutoDateLocator(minticks=3, maxticks=5)
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    else:
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(4))
