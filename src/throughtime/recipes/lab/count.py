"""Count: how many symbols are kept at once, by network and by hidden units.

The other side of `recall`: each further symbol needs cells of its own, told apart from the others' by when it came, so
that what fits is a matter of hidden units, and of training, whatever the lag.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise

from matplotlib.figure import Figure

from throughtime.recipes.lab.grids import Grid, settings_of
from throughtime.recipes.lab.panels import legend_below, slide
from throughtime.recipes.lab.solving import (
    KINDS,
    LEARNING_RATE,
    WINDOW,
    Measured,
    Setting,
    Size,
    mean_score,
    measure,
    solved_up_to,
)
from throughtime.recipes.lab.study import Claim, Effort, Findings, Study
from throughtime.recipes.lab.symbols import SYMBOLS, Symbols

HIDDEN, GAP = 64, 4
COUNTS = (1, 2, 4, 8)
UNITS, UNIT_COUNTS = (8, 16, 32, 64), COUNTS
FULL, SHORT = Size(1000), Size(3, rows=8, test_rows=16, every=2)


def study(effort: Effort) -> Findings:
    """Train every network on every count with every seed."""
    size = SHORT if effort.short else FULL
    drawn = grids()
    measured = measure(settings_of(drawn), size, effort)
    task = (
        f"Generated: m symbols of {SYMBOLS} to keep, {GAP} of distraction, then all asked for in their order; chance "
        f"is {1 / SYMBOLS}. At most {size.updates:,} updates of {size.rows} sequences, Adam at {LEARNING_RATE}, "
        f"full BPTT. Mean ± deviation over seeds. The perceptron sees {WINDOW} steps."
    )
    tables = tuple(grid.table(measured, task) for grid in drawn)
    return Findings(tables, claims(measured), slide(partial(picture, drawn[0], measured), "count"))


def setting(kind: str, count: int, hidden: int = HIDDEN) -> Setting:
    """So many symbols at once."""
    return Setting(kind, hidden, Symbols(count, GAP))


def grids() -> tuple[Grid, ...]:
    """By network, by hidden units."""
    networks = {kind: [setting(kind, count) for count in COUNTS] for kind in KINDS}
    units = {f"H = {H}": [setting("LSTM chrono", count, H) for count in UNIT_COUNTS] for H in UNITS}
    return (
        Grid(f"m symbols at once, H = {HIDDEN}", "m", COUNTS, networks),
        Grid("The same by hidden units: LSTM chrono", "m", UNIT_COUNTS, units),
    )


def claims(measured: Measured) -> tuple[Claim, ...]:
    """What the accuracies say of remembering many things."""
    most = {kind: solved_up_to(measured, [setting(kind, count) for count in COUNTS], COUNTS) for kind in KINDS}
    by_units = [
        solved_up_to(measured, [setting("LSTM chrono", count, H) for count in UNIT_COUNTS], UNIT_COUNTS) for H in UNITS
    ]
    grows = all(a <= b for a, b in pairwise(by_units)) and by_units[0] < by_units[-1]
    all_told = mean_score(measured, setting("LSTM chrono", COUNTS[-1])).mean
    fewest = mean_score(measured, setting("LSTM chrono", UNIT_COUNTS[-1], UNITS[0])).mean
    listed = ", ".join(f"{count} with H = {H}" for H, count in zip(UNITS, by_units, strict=True))
    return (
        Claim(
            "An LSTM remembers many things at once.",
            most["LSTM chrono"] >= 4,
            f"With {HIDDEN} units it keeps {most['LSTM chrono']} symbols, each one of {SYMBOLS}.",
        ),
        Claim(
            "Having to keep several things fails.",
            most["LSTM chrono"] < COUNTS[-1],
            f"Of {COUNTS[-1]} symbols it tells {all_told:.3f} right, with H = {UNITS[0]} {fewest:.3f}.",
        ),
        Claim("How many is a matter of hidden units.", grows, f"It keeps {listed}."),
        Claim(
            "An RNN keeps fewer.",
            most["RNN"] < most["LSTM chrono"],
            f"It keeps {most['RNN']}.",
        ),
    )


def picture(networks: Grid, measured: Measured, figure: Figure) -> None:
    """Accuracy against the number of symbols."""
    axes = figure.subplots()
    networks.draw(measured, axes)
    axes.set_xticks(COUNTS)
    axes.set(ylim=(0, 1.05), xlabel="symbols to keep at once")
    axes.set_title(f"Symbols told in their order after {GAP} steps of distraction, H = {HIDDEN}")
    legend_below(figure, axes)


STUDY = Study("count", "as many symbols as can be kept at once: many things remembered", study)
