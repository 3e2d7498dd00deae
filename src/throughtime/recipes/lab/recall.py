"""Recall: one symbol kept over a growing lag, by network, by hidden units and by truncation.

The other side of `count`: here one thing is remembered very long. An LSTM can hold it in one cell whose forget gate
stays open; whether training finds that depends on how far gradients reach at first (`reach`), which the bias of the
forget gates decides ("chrono"), and on windows that hold both the symbol and the question.
"""

from __future__ import annotations

from functools import partial

from matplotlib.figure import Figure

from throughtime.recipes.lab.grids import Grid, double_steps, settings_of
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
from throughtime.recipes.lab.symbols import SHARE_RIGHT, SYMBOLS, Symbols

HIDDEN = 16
LAGS = (5, 10, 20, 40, 80, 160)
UNITS, UNIT_LAGS = (4, 16, 64), (10, 40)
# (n, n), k1 = k2, k1 < k2 with windows shorter and longer than the lag, (k, 1). With a loss at the last step alone
# TBPTT(1, n) makes the updates of TBPTT(n, n), and takes n times as long for it.
SCHEDULES, SCHEDULE_LAGS = ("n,n", "5,5", "50,50", "5,20", "5,50", "5,1"), (10, 40)
LONG = 4  # times as long as networks without gates: more than their spread over seeds
FULL, SHORT = Size(800), Size(3, rows=8, test_rows=16, every=2)


def study(effort: Effort) -> Findings:
    """Train every network at every lag with every seed."""
    size = SHORT if effort.short else FULL
    drawn = grids()
    measured = measure(settings_of(drawn), size, effort)
    task = (
        f"Generated: one of {SYMBOLS} symbols to keep, then distraction, then the question; chance is {1 / SYMBOLS}. "
        f"At most {size.updates:,} updates of {size.rows} sequences, Adam at {LEARNING_RATE}. Mean ± deviation "
        "over seeds. chrono: forget bias for the length of a sequence."
    )
    alike = " TBPTT(1, n) would make the same updates as (n,n): there is a loss at the last step alone."
    tables = tuple(grid.table(measured, task + note) for grid, note in zip(drawn, ("", "", alike), strict=True))
    return Findings(tables, claims(measured), slide(partial(picture, drawn[0], measured), "recall"))


def setting(kind: str, lag: int, hidden: int = HIDDEN, schedule: str = "n,n") -> Setting:
    """One symbol, asked for `lag` steps after it came."""
    return Setting(kind, hidden, Symbols(1, lag - 1), schedule)


def grids() -> tuple[Grid, ...]:
    """By network, by hidden units, by truncation."""
    networks = {kind: [setting(kind, lag) for lag in LAGS] for kind in KINDS}
    units = {f"H = {H}": [setting("LSTM chrono", lag, H) for lag in UNIT_LAGS] for H in UNITS}
    schedules = {
        f"({text})": [setting("LSTM chrono", lag, HIDDEN, text) for lag in SCHEDULE_LAGS] for text in SCHEDULES
    }
    return (
        Grid(f"One symbol over a lag, H = {HIDDEN}, full BPTT", "lag", LAGS, networks),
        Grid("The same by hidden units: LSTM chrono", "lag", UNIT_LAGS, units),
        Grid(f"The same by TBPTT(k1, k2): LSTM chrono, H = {HIDDEN}", "lag", SCHEDULE_LAGS, schedules),
    )


def claims(measured: Measured) -> tuple[Claim, ...]:
    """What the accuracies say of remembering one thing."""
    far = {kind: solved_up_to(measured, [setting(kind, lag) for lag in LAGS], LAGS) for kind in KINDS}
    longest = mean_score(measured, setting("LSTM chrono", LAGS[-1])).mean
    short = mean_score(measured, setting("LSTM chrono", 10, HIDDEN, "5,5")).mean
    whole = mean_score(measured, setting("LSTM chrono", 10, HIDDEN, "50,50")).mean
    return (
        Claim(
            "An LSTM remembers one thing very long.",
            far["LSTM chrono"] >= LONG * max(far["RNN"], far["perceptron"]),
            f"With biases for the lag it holds a symbol over {far['LSTM chrono']} steps, the others over "
            f"{max(far['RNN'], far['perceptron'])} at most.",
        ),
        Claim(
            "Held over very many steps, it is lost.",
            far["LSTM chrono"] < LAGS[-1],
            f"Over {LAGS[-1]} steps it is right in {longest:.3f}.",
        ),
        Claim(
            "It learns to from any first weights.",
            far["LSTM"] >= far["LSTM chrono"] > 0,
            f"With torch's own it holds one over {far['LSTM']} steps within {FULL.updates:,} updates.",
        ),
        Claim(
            "An RNN forgets sooner.",
            far["RNN"] < far["LSTM chrono"],
            f"It holds one over {far['RNN']} steps.",
        ),
        Claim(
            f"A perceptron sees {WINDOW} steps and no more.",
            far["perceptron"] <= WINDOW,
            f"It answers over {far['perceptron']} steps.",
        ),
        Claim(
            "Windows shorter than the lag learn nothing of it.",
            SHARE_RIGHT.solved(whole) and not SHARE_RIGHT.solved(short),
            f"At lag 10 TBPTT(5, 5) is right in {short:.3f}, TBPTT(50, 50) in {whole:.3f}.",
        ),
    )


def picture(networks: Grid, measured: Measured, figure: Figure) -> None:
    """Accuracy against the lag."""
    axes = figure.subplots()
    networks.draw(measured, axes)
    double_steps(axes, LAGS)
    axes.set(ylim=(0, 1.05), xlabel="steps from the symbol to the question")
    axes.set_title(f"One symbol kept among distraction, H = {HIDDEN}")
    legend_below(figure, axes)


STUDY = Study("recall", "one symbol kept over a growing lag: one thing remembered very long", study)
