"""The figure of `lab tbptt`: skill, bytes and speed against n, k1 and k2; what is left to learn along training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from throughtime.recipes.figure import INK, colours
from throughtime.recipes.lab.tbptt_rows import Found, Row
from throughtime.recipes.lab.tbptt_runs import FAR, STEPS_APART, Outcome, Point, Setting
from throughtime.recipes.lab.tbptt_task import LEAST, MOST

# Inches: a slide's 16 by 9; at 1280 pixels 9 points are 13 of them.
WIDTH, HEIGHT = 12.0, 6.75
# Below it the seeds' medians cross one another and nothing is left to see.
FLOOR = 0.003
MARKERS = "osd^v"


def picture(found: Found, figure: Figure) -> None:
    """Three panels against n and k, and three along training."""
    above, below = figure.subplots(2, 3)
    _draw_skill(found, above[0])
    _draw_bytes(found, above[1])
    _draw_speed(found, above[2])
    _draw_training(found, below)


def _draw_skill(found: Found, axes: Axes) -> None:
    long = found.long
    curves = {
        "BPTT(n, n), against n": (found.whole, "n"),
        f"TBPTT(k, k), n = {long}": (found.truncated(), "k1"),
        f"TBPTT({STEPS_APART}, k2), n = {long}": (found.truncated(k1=STEPS_APART), "k2"),
    }
    axes.axvspan(LEAST + 1, MOST + 1, color=INK, alpha=0.1, lw=0, label="how far causes lie")
    for (label, (rows, key)), colour, marker in zip(curves.items(), colours(3), MARKERS, strict=False):
        at = [getattr(row.setting, key) for row in rows]
        spreads = [row.skill for row in rows]
        axes.errorbar(
            at,
            [spread.mean for spread in spreads],
            [spread.deviation for spread in spreads],
            color=colour,
            marker=marker,
            ms=4,
            capsize=2,
            elinewidth=0.9,
            label=label,
        )
    # Room for the legend above the curves, which take all of the rest.
    axes.set(xscale="log", ylim=(-0.15, 1.75), yticks=(0, 0.25, 0.5, 0.75, 1), title="Skill, each from its data")
    axes.set_xlabel("steps: n, k or k2")
    _decades(axes, long)
    axes.legend(loc="upper center", fontsize=8, ncols=2, columnspacing=1.0)


def _draw_bytes(found: Found, axes: Axes) -> None:
    lengths = [row.setting.n for row in found.whole]
    curves = {
        "BPTT(n, n)": [row.cost.kept_bytes for row in found.whole],
        f"TBPTT({STEPS_APART}, {FAR})": [found.kept[Setting(n, min(STEPS_APART, n), min(FAR, n))] for n in lengths],
        "TBPTT(50, 50)": [found.kept[Setting(n, 50, 50)] for n in lengths],
    }
    for (label, sizes), colour, marker in zip(curves.items(), colours(3), MARKERS, strict=False):
        axes.plot(lengths, [size / 1e6 for size in sizes], color=colour, marker=marker, ms=4, label=label)
    axes.set(xlim=(0, None), ylim=(0, None), title="MB kept between forward and backward")
    axes.set_xlabel("n")
    _legend(axes)


def _draw_speed(found: Found, axes: Axes) -> None:
    """Steps of data a second, and what the steps run alone would make of the fastest."""
    rows = found.truncated(k2=FAR)
    k1, speeds = [row.setting.k1 for row in rows], [row.speed for row in rows]
    runs = [row.cost.forward / row.setting.n for row in rows]
    axes.plot(k1, speeds, color=colours(1)[0], marker="o", ms=4, label="measured")
    expected = [speeds[-1] * runs[-1] / value for value in runs]
    axes.plot(k1, expected, color=INK, ls=":", lw=1, label="if only steps run cost time")
    axes.set(xscale="log", yscale="log", title=f"Steps of data a second, TBPTT(k1, {FAR})")
    axes.set_xlabel("k1")
    _decades(axes, max(k1))
    _legend(axes)


def _draw_training(found: Found, panels: Sequence[Axes]) -> None:
    long = found.long
    chosen = [
        found.whole[0],
        found.whole[-1],
        found.row(long, FAR, FAR),
        found.row(long, STEPS_APART, FAR),
        found.row(long, 1, FAR),
    ]
    what: dict[str, Callable[[Point], float]] = {
        "updates": lambda point: point.updates,
        "steps of data": lambda point: point.steps,
        "seconds": lambda point: point.seconds,
    }
    for axes, (name, of) in zip(panels, what.items(), strict=True):
        for row, colour, marker in zip(chosen, colours(5), MARKERS, strict=True):
            axes.plot(*_left(row, of), color=colour, marker=marker, ms=3, label=row.setting.name)
        axes.set(xscale="log", yscale="log", ylim=(FLOOR, 2), title=f"Unexplained share of the variance by {name}")
        axes.set_xlabel(name)
    handles, labels = panels[0].get_legend_handles_labels()
    panels[0].figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))


def _left(row: Row, of: Callable[[Point], float]) -> tuple[list[float], list[float]]:
    """Medians over seeds of 1 - skill, and of where it stood, update count by update count."""
    points = [_trained(outcome) for outcome in row.outcomes]
    counts = sorted(set.intersection(*(set(by_updates) for by_updates in points)))
    at = [median(of(by_updates[count]) for by_updates in points) for count in counts]
    left = [median(1 - by_updates[count].skill for by_updates in points) for count in counts]
    return at, [max(value, FLOOR) for value in left]


def _trained(outcome: Outcome) -> dict[int, Point]:
    return {point.updates: point for point in outcome.curve if point.updates}


def _decades(axes: Axes, most: int) -> None:
    """Plain numbers on a logarithmic axis."""
    ticks = [tick for tick in (1, 5, 10, 20, 50, 100, 200, 400, 800) if tick <= most]
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.minorticks_off()


def _legend(axes: Axes) -> None:
    axes.legend(loc="best", fontsize=8)
