"""The settings of forecasts several steps ahead, checked together when they are fitted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from throughtime.base.checks import Checks
from throughtime.tasks.network import CELLS, EMISSIONS
from throughtime.tasks.options import (
    MOST_WINDOW,
    SharedOptions,
    check_every,
    check_periods,
    check_share,
    check_shared,
    check_unused,
    filled,
)

# direct: all steps at once; recursive: a step at a time, fed its own forecasts; decoder: step after step, from the
# encoder's state.
DIRECT, RECURSIVE, DECODER = "direct", "recursive", "decoder"
STRATEGIES = (DIRECT, RECURSIVE, DECODER)
MOST_HORIZON, MOST_MEMBERS = 10_000, 100
AHEAD_DEFAULTS = {
    "hidden_size": 64,
    "num_layers": 1,
    "epochs": 10,
    "batch_size": 512,
    "learning_rate": 3e-3,
    "dropout": 0.3,
    "validation": 0.2,
}
# Settings of symbols.
PAIRS_ONLY = (
    "symbols",
    "target_symbols",
    "embedding_size",
    "bidirectional",
    "reverse",
    "heads",
    "copy",
    "coverage",
    "label_smoothing",
    "tied",
    "word_dropout",
    "source_limit",
)


@dataclass(frozen=True, kw_only=True)
class AheadOptions(SharedOptions):
    """Settings of forecasts several steps ahead.

    Args:
        horizon: H, steps to forecast, 1 .. 10,000.
        strategy: "direct", "recursive" or "decoder".
        cell: "lstm", "rnn" or "perceptron": what reads a window.
        emission: "student" or "gaussian", the distribution of a step.
        window_steps: W, rows of history that are read, 1 .. 100,000; None: chosen.
        segment_steps: S, rows that are one step of the layer, at most W; None: chosen.
        season: steps in a season, 1: there is none; None: found.
        smoothing: whether each series learns its own level and season beside the network.
        log: whether series are read as logarithms; None: chosen where all values lie above 0.
        members: networks whose forecasts are averaged, 1 .. 100.
        calendar: "auto", or periods, as `SequencePredictor` has it.
        share: of each series' rows that validates; None: none does, or data of its own.
        epochs, batch_size: of 50 updates each; windows an update reads.
        averaging: as `train.Training` has it.
        checkpoint_every_s: as `SequencePredictor` has it.
    """

    horizon: int
    strategy: str
    cell: str
    emission: str
    window_steps: int | None
    segment_steps: int | None
    season: int | None
    smoothing: bool
    log: bool | None
    members: int
    calendar: str | tuple[str, ...]
    share: float | None
    epochs: int
    batch_size: int
    averaging: float
    checkpoint_every_s: float | None


def check_ahead(estimator: Any) -> AheadOptions:
    """Check an estimator's settings.

    Raises:
        ConfigError: settings out of range, all named.
    """
    checks, given = Checks(), filled(estimator, AHEAD_DEFAULTS)
    check_unused(checks, estimator, PAIRS_ONLY, "of symbols, which have no `horizon`")
    options = AheadOptions(
        **check_shared(checks, given),
        horizon=checks.whole("horizon", given.horizon, below=MOST_HORIZON + 1),
        strategy=checks.choice("strategy", given.strategy, STRATEGIES),
        cell=checks.choice("cell", given.cell, CELLS),
        emission=checks.choice("emission", given.emission, tuple(EMISSIONS)),
        window_steps=_optional(checks, "window_steps", given.window_steps, MOST_WINDOW),
        segment_steps=_optional(checks, "segment_steps", given.segment_steps, MOST_WINDOW),
        season=_optional(checks, "season", given.season, MOST_WINDOW),
        smoothing=checks.flag("smoothing", given.smoothing),
        log=None if given.log is None else checks.flag("log", given.log),
        members=checks.whole("members", given.members, below=MOST_MEMBERS + 1),
        calendar=check_periods(checks, given.calendar),
        share=check_share(checks, given.validation),
        epochs=checks.whole("epochs", given.epochs),
        batch_size=checks.whole("batch_size", given.batch_size),
        averaging=checks.number("averaging", given.averaging, below=1),
        checkpoint_every_s=check_every(checks, given.checkpoint_every_s),
    )
    window, segment = options.window_steps, options.segment_steps
    if not checks.problems and window is not None and segment is not None and segment > window:
        checks.add(f"`segment_steps` is at most window_steps={window}: {segment} came")
    if not checks.problems and options.smoothing and options.strategy == RECURSIVE:
        checks.add("`smoothing` tells a season for all steps at once: strategy='recursive' came with it")
    checks.report(f"Settings of {type(estimator).__name__}")
    return options


def _optional(checks: Checks, name: str, value: Any, most: int) -> int | None:
    return None if value is None else checks.whole(name, value, below=most + 1)
