"""Copy: symbols shown one after another, silence, and all of them told in their order, by lag, units and truncation.

Both sides of memory at once: `KEPT` symbols, over a growing lag. Without a memory there is nothing better than a guess:

    share right   1 / 8
    nats          ln 8 an answer, so K ln 8 / (T + 2 K) a step, with T steps of silence whose blanks cost nothing

Dimensions: K symbols kept, T steps of silence. Source: Hochreiter & Schmidhuber, Neural Computation 9(8), 1997; as the
copying task: Arjovsky et al. 2016, arXiv 1511.06464, with K = 10 and T from 100 to 500; K is smaller here, so that a
network is trained in seconds.
"""

from __future__ import annotations

import math
from functools import partial

from matplotlib.figure import Figure

from throughtime.recipes.lab.grids import Grid, double_steps, listed, settings_of
from throughtime.recipes.lab.panels import legend_below, slide
from throughtime.recipes.lab.solving import KINDS, WINDOW, Measured, Setting, Size, mean_score, measure
from throughtime.recipes.lab.study import Claim, Effort, Findings, Study
from throughtime.recipes.lab.symbols import SHARE_RIGHT, SYMBOLS, Symbols

KEPT, HIDDEN = 5, 32
LAGS = (10, 20, 40)
UNITS, UNIT_LAGS = (8, 16, 32), (40,)
LONG = 4  # times as long as networks without gates: more than their spread over seeds
# At a lag of 20: (n, n); (1, n); k1 = k2, windows shorter than the lag and longer; k1 < k2; (k, 1).
SCHEDULES, SCHEDULE_LAGS = ("n,n", "1,n", "5,5", "50,50", "5,10", "5,1"), (20,)
# Each network at the better of two rates: at 0.02 an RNN jumps about, at 0.01 an LSTM takes twice as long.
RATE, RNN_RATE = 0.02, 0.01
TOO_SHORT = ("5,5", "5,10")
AS_GUESSED = 0.05  # three deviations of 1 / 8 over a test of 256 rows
FULL, SHORT = Size(1000), Size(3, rows=8, test_rows=16, every=2)


def study(effort: Effort) -> Findings:
    """Train every network at every lag with every seed."""
    size = SHORT if effort.short else FULL
    drawn = grids()
    measured = measure(settings_of(drawn), size, effort)
    task = (
        f"Generated: {KEPT} symbols of {SYMBOLS} shown, silence, then all asked for in their order. A guess is right "
        f"in {SHARE_RIGHT.blind}, at ln {SYMBOLS} = {math.log(SYMBOLS):.2f} nats an answer: {guess(LAGS[0]):.3f} "
        f"nats a step at lag {LAGS[0]}, {guess(LAGS[-1]):.3f} at lag {LAGS[-1]}. At most {size.updates:,} updates of "
        f"{size.rows} sequences, Adam at {RATE}, the RNN at {RNN_RATE}. Mean ± deviation over seeds. The perceptron "
        f"sees {WINDOW} steps. chrono: forget bias for the length of a sequence."
    )
    counted = f" Updates are counted: TBPTT(1, n) makes {KEPT} of a batch, so that it sees 1 / {KEPT} of the sequences."
    tables = tuple(grid.table(measured, task + note) for grid, note in zip(drawn, ("", "", counted), strict=True))
    return Findings(tables, claims(measured), slide(partial(picture, drawn[0], measured), "copy"))


def guess(lag: int) -> float:
    """Nats a step of an answer without memory, where blanks cost nothing: K ln 8 / (T + 2 K)."""
    return KEPT * math.log(SYMBOLS) / setting("RNN", lag).task.steps


def setting(kind: str, lag: int, hidden: int = HIDDEN, schedule: str = "n,n") -> Setting:
    """`KEPT` symbols, each asked for `lag` steps after it came."""
    rate = RNN_RATE if kind == "RNN" else RATE
    return Setting(kind, hidden, Symbols(KEPT, lag - KEPT, silent=True), schedule, rate)


def grids() -> tuple[Grid, ...]:
    """By network, by hidden units, by truncation."""
    networks = {kind: [setting(kind, lag) for lag in LAGS] for kind in KINDS}
    units = {f"H = {H}": [setting("LSTM chrono", lag, H) for lag in UNIT_LAGS] for H in UNITS}
    schedules = {
        f"({text})": [setting("LSTM chrono", lag, HIDDEN, text) for lag in SCHEDULE_LAGS] for text in SCHEDULES
    }
    return (
        Grid(f"{KEPT} symbols copied over a lag, H = {HIDDEN}, full BPTT", "lag", LAGS, networks),
        Grid("The same by hidden units: LSTM chrono", "lag", UNIT_LAGS, units),
        Grid(f"The same by TBPTT(k1, k2): LSTM chrono, H = {HIDDEN}", "lag", SCHEDULE_LAGS, schedules),
    )


def claims(measured: Measured) -> tuple[Claim, ...]:
    """What the accuracies say of several things remembered long."""
    by_network, by_units, by_schedule = grids()
    far = by_network.held(measured)
    ungated = max(far["RNN"], far["perceptron"])
    blind = [mean_score(measured, one).mean for one in by_network.columns["perceptron"]]
    by_size = by_units.last(measured)
    fewest, *_, most = by_size.values()
    right = by_schedule.last(measured)
    return (
        Claim(
            "An LSTM remembers several things long.",
            far["LSTM chrono"] >= LONG * max(ungated, LAGS[0]),
            f"With biases for the lag it copies {KEPT} symbols over {far['LSTM chrono']} steps, the networks without "
            f"gates over {ungated} at most.",
        ),
        Claim(
            "It learns to copy from any first weights.",
            far["LSTM"] >= far["LSTM chrono"] > 0,
            f"With torch's own it copies over {far['LSTM']} steps within {FULL.updates:,} updates.",
        ),
        Claim(
            "An RNN copies over shorter lags.", far["RNN"] < far["LSTM chrono"], f"It copies over {far['RNN']} steps."
        ),
        Claim(
            "Without a memory there is nothing better than a guess.",
            max(abs(share - SHARE_RIGHT.blind) for share in blind) < AS_GUESSED,
            f"The perceptron is right in {min(blind):.3f} to {max(blind):.3f}; a guess in {SHARE_RIGHT.blind}.",
        ),
        Claim(
            "How far it copies is a matter of hidden units.",
            SHARE_RIGHT.solved(most) and not SHARE_RIGHT.solved(fewest),
            f"At lag {by_units.at[-1]} it is right in {listed(by_size)}.",
        ),
        Claim(
            "To copy, windows must reach back to the symbols.",
            all(not SHARE_RIGHT.solved(right[f"({text})"]) for text in TOO_SHORT)
            and SHARE_RIGHT.solved(right["(50,50)"]),
            f"At lag {by_schedule.at[-1]} TBPTT(5, 5) is right in {right['(5,5)']:.3f}, TBPTT(5, 10) in "
            f"{right['(5,10)']:.3f}, TBPTT(50, 50) in {right['(50,50)']:.3f}.",
        ),
    )


def picture(networks: Grid, measured: Measured, figure: Figure) -> None:
    """Accuracy against the lag."""
    axes = figure.subplots()
    networks.draw(measured, axes)
    double_steps(axes, LAGS)
    axes.set(ylim=(0, 1.05), xlabel="steps from a symbol to its answer")
    axes.set_title(f"{KEPT} symbols told in their order after silence, H = {HIDDEN}")
    legend_below(figure, axes)


STUDY = Study("copy", "several symbols told in their order after a growing silence: many things remembered long", study)
