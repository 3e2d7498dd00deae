"""The settings of a classifier of sequences, checked together when it is fitted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from throughtime.base.checks import Checks
from throughtime.nn.whole_pool import HOWS
from throughtime.tasks.network import CELLS
from throughtime.tasks.options import (
    MOST_UNITS,
    MOST_WINDOW,
    SharedOptions,
    check_every,
    check_shared,
    refuse_auto,
)
from throughtime.tasks.sequences import AUTO, SPLITS

MOST_MEMBERS = 1000


@dataclass(frozen=True, kw_only=True)
class LabelOptions(SharedOptions):
    """The settings of a classifier, checked, as plain Python values; `SequenceClassifier` says what each means.

    Args:
        front_steps, positions: None: to be chosen by validation.
        epochs, batch_size: None: by the number of sequences.
        embedding_size: None: by the number of symbols.
    """

    cell: str
    window_steps: int
    bidirectional: bool
    symbols: str
    embedding_size: int | None
    positions: bool | None
    front_steps: int | None
    pools: tuple[str, ...]
    epochs: int | None
    batch_size: int | None
    embedding_dropout: float
    word_dropout: float
    label_smoothing: float
    averaging: float
    refit: bool
    ensemble: int | None
    checkpoint_every_s: float | None


def check_label_options(estimator: Any) -> LabelOptions:
    """Check a classifier's settings.

    Raises:
        ConfigError: settings out of range, all named.
    """
    checks = Checks()
    refuse_auto(checks, estimator.tbptt)
    options = LabelOptions(
        **check_shared(checks, estimator),
        cell=checks.choice("cell", estimator.cell, CELLS),
        window_steps=checks.whole("window_steps", estimator.window_steps, below=MOST_WINDOW + 1),
        bidirectional=checks.flag("bidirectional", estimator.bidirectional),
        symbols=checks.choice("symbols", estimator.symbols, SPLITS),
        embedding_size=_left_open(checks, "embedding_size", estimator.embedding_size, below=MOST_UNITS + 1),
        positions=_positions(checks, estimator.positions),
        front_steps=_front(checks, estimator.front_steps),
        pools=_pools(checks, estimator.pools),
        epochs=_left_open(checks, "epochs", estimator.epochs),
        batch_size=_left_open(checks, "batch_size", estimator.batch_size),
        embedding_dropout=checks.number("embedding_dropout", estimator.embedding_dropout, below=1),
        word_dropout=checks.number("word_dropout", estimator.word_dropout, below=1),
        label_smoothing=checks.number("label_smoothing", estimator.label_smoothing, below=1),
        averaging=checks.number("averaging", estimator.averaging, below=1),
        refit=checks.flag("refit", estimator.refit),
        ensemble=_left_open(checks, "ensemble", estimator.ensemble, below=MOST_MEMBERS + 1),
        checkpoint_every_s=check_every(checks, estimator.checkpoint_every_s),
    )
    _check_windows(checks, options)
    checks.report(f"Settings of {type(estimator).__name__}")
    return options


def _check_windows(checks: Checks, options: LabelOptions) -> None:
    schedule = options.schedule
    if schedule is not None and schedule.k2 is not None and options.bidirectional and options.cell != "perceptron":
        checks.add(f"`tbptt` cuts sequences into windows, which a bidirectional network cannot have: {schedule} came")


def _left_open(checks: Checks, name: str, given: Any, **bounds: int) -> int | None:
    return None if given is None else checks.whole(name, given, **bounds)


def _pools(checks: Checks, given: Any) -> tuple[str, ...]:
    pools = (given,) if isinstance(given, str) else given
    if not isinstance(pools, list | tuple) or not pools:
        checks.add(f"`pools` names at least one of {', '.join(HOWS)}: {given!r} came")
        return ()
    return tuple(checks.choice("pools", pool, HOWS) for pool in pools)


def _positions(checks: Checks, given: Any) -> bool | None:
    if isinstance(given, str) and given == AUTO:
        return None
    if not isinstance(given, bool):
        checks.add(f"`positions` is True, False or 'auto': {given!r} came")
        return None
    return given


def _front(checks: Checks, given: Any) -> int | None:
    if isinstance(given, str) and given == AUTO:
        return None
    return checks.whole("front_steps", given, 0, below=MOST_WINDOW + 1)
