"""The report's pictures: how training went, forecasts beside what came, calibration, gates."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from throughtime.insight import Gates
from throughtime.insight.svg import BLUE, GREEN, ORANGE
from throughtime.recipes.figure import INK, as_element, colours, legend_above
from throughtime.tasks.baselines import Forecast

Array = np.ndarray
# Inches of one panel.
PANEL = 1.75


def forecast_over_time(
    times: Array, names: Sequence[str], truth: Array, forecast: Forecast, classes: Sequence[tuple[str, Array, Array]]
) -> str:
    """Truth, one-step forecast and its 80 and 95 % intervals, one panel for each target.

    Args:
        times: [T] times or step numbers.
        names: the K numeric targets.
        truth: [T, K], nan where missing.
        forecast: of those T rows, with levels 80 and 95.
        classes: for each class target its label, [T] probability and [T] outcome (0, 1, or nan).
    """

    def draw(figure: Figure) -> None:
        panels = figure.subplots(len(names) + len(classes), 1, sharex=True, squeeze=False)[:, 0]
        for k, (axes, name) in enumerate(zip(panels, names, strict=False)):
            for level, strength in ((95, 0.18), (80, 0.30)):
                lower, upper = forecast.intervals[level]
                axes.fill_between(times, lower[:, k], upper[:, k], color=BLUE, alpha=strength, lw=0, label=f"{level} %")
            axes.plot(times, forecast.point[:, k], color=BLUE, label="forecast")
            axes.plot(times, truth[:, k], ".", color=INK, ms=3, label="observed")
            axes.set_title(name)
        for axes, (label, probability, outcome) in zip(panels[len(names) :], classes, strict=True):
            axes.plot(times, probability, color=BLUE, label="probability forecast")
            axes.plot(times, outcome, "|", color=INK, ms=5, label="what came")
            axes.set_ylim(-0.08, 1.08)
            axes.set_title(label)
        legend_above(panels[0], 4)
        if classes and names:
            legend_above(panels[-1], 2)
        _time_axis(panels[-1], times)

    return as_element(draw, PANEL * (len(names) + len(classes)) + 0.3, "forecast")


def calibration(
    levels: Sequence[int], coverage: dict[str, list[float]], reliability: dict[str, tuple[Array, Array, Array]]
) -> str:
    """How often intervals of each level held the outcome, and how often a class of each probability came.

    Args:
        levels: per cent of the intervals.
        coverage: for each numeric target the share inside, level by level.
        reliability: for each class target mean probability, observed frequency and number of cases, bin by bin.
    """

    def draw(figure: Figure) -> None:
        panels = iter(figure.subplots(1, bool(coverage) + bool(reliability), squeeze=False)[0])
        if coverage:
            axes = next(panels)
            for colour, (name, shares) in zip(colours(len(coverage)), coverage.items(), strict=True):
                axes.plot([level / 100 for level in levels], shares, "o-", ms=3, color=colour, label=name)
            _diagonal(axes, "interval's level", "share of outcomes inside")
        if reliability:
            axes = next(panels)
            for colour, (name, (mean, frequency, count)) in zip(
                colours(len(reliability)), reliability.items(), strict=True
            ):
                axes.plot(mean, frequency, "-", color=colour, label=name)
                axes.scatter(mean, frequency, s=12 + 120 * count / count.sum(), color=colour)
            _diagonal(axes, "probability forecast", "share that came")

    return as_element(draw, 3.6, "calibration")


def gates_over_time(times: Array, gates: Gates, row: int = 0) -> str:
    """Input, forget and output gates of one layer over time (mean over units), and every unit's forget gate and cell.

    Args:
        times: [T] times or step numbers.
        gates: of those T steps.
        row: which row of the batch.
    """
    i, f, o, c = (getattr(gates, name)[:, row].double().numpy() for name in "ifoc")  # each [T, H]

    def draw(figure: Figure) -> None:
        above, middle, below = figure.subplots(3, 1, sharex=True, height_ratios=[1.1, 1, 1])
        for values, colour, name in (
            (i, GREEN, "input gate i"),
            (f, BLUE, "forget gate f"),
            (o, ORANGE, "output gate o"),
        ):
            above.plot(times, values.mean(axis=1), color=colour, label=name)
        above.set_ylim(0, 1)
        above.set_title("gates, mean over hidden units")
        legend_above(above, 3)
        order = np.argsort(f.mean(axis=0))  # units that remember longest on top
        _heat(
            figure, middle, times, f[:, order].T, "forget gate f of each unit, longest memory on top", "viridis", (0, 1)
        )
        reach = float(np.quantile(np.abs(c), 0.99)) or 1.0  # one unit far out would leave the others pale
        _heat(figure, below, times, c[:, order].T, "cell state c of each unit", "RdBu_r", (-reach, reach))
        _time_axis(below, times)

    return as_element(draw, 5.6, "gates")


def _heat(
    figure: Figure, axes: Axes, times: Array, values: Array, title: str, colours: str, span: tuple[float, float]
) -> None:
    first, last = (float(mpl.dates.date2num(t)) if times.dtype.kind == "M" else float(t) for t in (times[0], times[-1]))
    extent = (first, last if last > first else first + 1, 0.5, len(values) + 0.5)
    image = axes.imshow(
        values,
        aspect="auto",
        origin="lower",
        extent=extent,
        cmap=colours,
        vmin=span[0],
        vmax=span[1],
        interpolation="none",
    )
    axes.set_title(title)
    axes.set_ylabel("unit")
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    figure.colorbar(image, ax=axes, pad=0.01, fraction=0.03)


def _diagonal(axes: Axes, across: str, up: str) -> None:
    axes.plot([0, 1], [0, 1], color=INK, lw=0.8, ls=":", label="perfect")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    axes.set_aspect("equal")
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.legend(loc="lower right", fontsize=8)


def _time_axis(axes: Axes, times: Array) -> None:
    if times.dtype.kind == "M":
        locator = AutoDateLocator(minticks=4, maxticks=9)
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    else:
        axes.set_xlabel("step")
    if times[-1] > times[0]:  # one row has no span
        axes.set_xlim(times[0], times[-1])
