"""The settings of a classifier of sequences, checked together when it is fitted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from throughtime.base.checks import Checks
from throughtime.bptt import TBPTT
from throughtime.nn.whole_pool import HOWS
from throughtime.tasks.network import CELLS
from throughtime.tasks.options import (
    MOST_DECAY,
    MOST_LAYERS,
    MOST_RATE,
    MOST_UNITS,
    MOST_WINDOW,
    check_memory,
    check_place,
    check_schedule,
)
from throughtime.tasks.sequences import AUTO, SPLITS


@dataclass(frozen=True)
class LabelOptions:
    """The settings of a classifier, checked, as plain Python values; `SequenceClassifier` says what each means.

    Args:
        front_steps, positions: None: to be chosen by validation.
        schedule: None: BPTT.
        epochs, batch_size: None: by the number of sequences.
    """

    cell: str
    hidden_size: int
    num_layers: int
    window_steps: int
    bidirectional: bool
    symbols: str
    embedding_size: int
    positions: bool | None
    front_steps: int | None
    pools: tuple[str, ...]
    schedule: TBPTT | None
    memory: int | None
    epochs: int | None
    batch_size: int | None
    learning_rate: float
    weight_decay: float
    dropout: float
    embedding_dropout: float
    word_dropout: float
    label_smoothing: float
    averaging: float
    patience: int | None
    checkpoint_every_s: float | None
    device: torch.device
    seed: int
    progress: bool | None


def check_label_options(estimator: Any) -> LabelOptions:
    """Check a classifier's settings.

    Raises:
        ConfigError: settings out of range, all named.
    """
    checks = Checks()
    every_s, patience = estimator.checkpoint_every_s, estimator.patience
    pools = (estimator.pools,) if isinstance(estimator.pools, str) else tuple(estimator.pools)
    options = LabelOptions(
        cell=checks.choice("cell", estimator.cell, CELLS),
        hidden_size=checks.whole("hidden_size", estimator.hidden_size, below=MOST_UNITS + 1),
        num_layers=checks.whole("num_layers", estimator.num_layers, below=MOST_LAYERS + 1),
        window_steps=checks.whole("window_steps", estimator.window_steps, below=MOST_WINDOW + 1),
        bidirectional=checks.flag("bidirectional", estimator.bidirectional),
        symbols=checks.choice("symbols", estimator.symbols, SPLITS),
        embedding_size=checks.whole("embedding_size", estimator.embedding_size, below=MOST_UNITS + 1),
        positions=_positions(checks, estimator.positions),
        front_steps=_front(checks, estimator.front_steps),
        pools=tuple(checks.choice("pools", pool, HOWS) for pool in pools),
        schedule=check_schedule(checks, estimator.tbptt),
        memory=check_memory(checks, estimator.memory),
        epochs=None if estimator.epochs is None else checks.whole("epochs", estimator.epochs),
        batch_size=None if estimator.batch_size is None else checks.whole("batch_size", estimator.batch_size),
        learning_rate=checks.number("learning_rate", estimator.learning_rate, above=0, most=MOST_RATE),
        weight_decay=checks.number("weight_decay", estimator.weight_decay, most=MOST_DECAY),
        dropout=checks.number("dropout", estimator.dropout, below=1),
        embedding_dropout=checks.number("embedding_dropout", estimator.embedding_dropout, below=1),
        word_dropout=checks.number("word_dropout", estimator.word_dropout, below=1),
        label_smoothing=checks.number("label_smoothing", estimator.label_smoothing, below=1),
        averaging=checks.number("averaging", estimator.averaging, below=1),
        patience=None if patience is None else checks.whole("patience", patience),
        checkpoint_every_s=None if every_s is None else checks.number("checkpoint_every_s", every_s),
        device=check_place(checks, estimator.device),
        seed=checks.whole("seed", estimator.seed, 0),
        progress=None if estimator.progress is None else checks.flag("progress", estimator.progress),
    )
    if not options.pools:
        checks.add(f"`pools` names at least one of {', '.join(HOWS)}")
    _check_windows(checks, options)
    checks.report(f"Settings of {type(estimator).__name__}")
    return options


def _check_windows(checks: Checks, options: LabelOptions) -> None:
    schedule = options.schedule
    if schedule is not None and schedule.k2 is not None and options.bidirectional and options.cell != "perceptron":
        checks.add(f"`tbptt` cuts sequences into windows, which a bidirectional network cannot have: {schedule} came")


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
