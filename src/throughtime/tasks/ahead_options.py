"""The settings of forecasts several steps ahead, checked together when they are fitted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


from throughtime.base.checks import Checks
from throughtime.tasks.calendar import check_calendar
from throughtime.tasks.network import CELLS, EMISSIONS
from throughtime.tasks.options import MOST_WINDOW, SharedOptions, check_every, check_share, check_shared

# direct: all steps at once; recursive: a step at a time, fed its own forecasts; decoder: step after step, from the
# encoder's state.
DIRECT, RECURSIVE, DECODER = "direct", "recursive", "decoder"
AHEAD_HEADS = (DIRECT, RECURSIVE, DECODER)
MOST_HORIZON, MOST_MEMBERS = 10_000, 100
AUTO = "auto"


@dataclass(frozen=True, kw_only=True)
class AheadOptions(SharedOptions):
    """Settings of forecasts several steps ahead.

    Args:
        horizon: H, steps to forecast, 1 .. 10,000.
        head: "direct", "recursive" or "decoder".
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
    head: str
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
    checks = Checks()
    options = AheadOptions(
        **check_shared(checks, estimator),
        horizon=checks.whole("horizon", estimator.horizon, below=MOST_HORIZON + 1),
        head=checks.choice("head", estimator.head, AHEAD_HEADS),
        cell=checks.choice("cell", estimator.cell, CELLS),
        emission=checks.choice("emission", estimator.emission, tuple(EMISSIONS)),
        window_steps=_optional(checks, "window_steps", estimator.window_steps, MOST_WINDOW),
        segment_steps=_optional(checks, "segment_steps", estimator.segment_steps, MOST_WINDOW),
        season=_optional(checks, "season", estimator.season, MOST_WINDOW),
        smoothing=checks.flag("smoothing", estimator.smoothing),
        log=None if estimator.log is None else checks.flag("log", estimator.log),
        members=checks.whole("members", estimator.members, below=MOST_MEMBERS + 1),
        calendar=_calendar(checks, estimator.calendar),
        share=check_share(checks, estimator.validation),
        epochs=checks.whole("epochs", estimator.epochs),
        batch_size=checks.whole("batch_size", estimator.batch_size),
        averaging=checks.number("averaging", estimator.averaging, below=1),
        checkpoint_every_s=check_every(checks, estimator.checkpoint_every_s),
    )
    window, segment = options.window_steps, options.segment_steps
    if not checks.problems and window is not None and segment is not None and segment > window:
        checks.add(f"`segment_steps` is at most window_steps={window}: {segment} came")
    if not checks.problems and options.smoothing and options.head == RECURSIVE:
        checks.add("`smoothing` tells a season for all steps at once: head='recursive' came with it")
    checks.report(f"Settings of {type(estimator).__name__}")
    return options


def _optional(checks: Checks, name: str, value: Any, most: int) -> int | None:
    return None if value is None else checks.whole(name, value, below=most + 1)


def _calendar(checks: Checks, calendar: Any) -> str | tuple[str, ...]:
    problem = check_calendar(calendar)
    checks.add(problem)
    return calendar if problem or isinstance(calendar, str) else tuple(calendar)


