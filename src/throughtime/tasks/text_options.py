"""The settings of a generator of text, checked together when it is fitted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from throughtime.base.checks import Checks, as_number
from throughtime.tasks.corpus import SPLITS
from throughtime.tasks.network import CELLS
from throughtime.tasks.options import (
    MOST_UNITS,
    MOST_WINDOW,
    SharedOptions,
    check_every,
    check_shared,
    refuse_auto,
)

EMISSIONS = ("categorical",)


@dataclass(frozen=True, kw_only=True)
class TextOptions(SharedOptions):
    """The settings of a generator, checked, as plain Python values; `SequenceGenerator` says what each means.

    Args:
        embedding_size, tied: None: by the number of symbols.
        epochs, batch_size: None: by the length of the corpus.
        share: that validates; None: none does, or `validation` is a corpus of its own.
    """

    cell: str
    window_steps: int
    symbols: str
    embedding_size: int | None
    embedding_dropout: float
    weight_drop: float
    tied: bool | None
    epochs: int | None
    batch_size: int | None
    averaging: float
    share: float | None
    checkpoint_every_s: float | None


def check_text_options(estimator: Any) -> TextOptions:
    """Check a generator's settings.

    Raises:
        ConfigError: settings out of range, all named.
    """
    checks = Checks()
    refuse_auto(checks, estimator.tbptt)
    checks.choice("emission", estimator.emission, EMISSIONS)
    size, tied = estimator.embedding_size, estimator.tied
    epochs, rows = estimator.epochs, estimator.batch_size
    options = TextOptions(
        **check_shared(checks, estimator),
        cell=checks.choice("cell", estimator.cell, CELLS),
        window_steps=checks.whole("window_steps", estimator.window_steps, below=MOST_WINDOW + 1),
        symbols=checks.choice("symbols", estimator.symbols, SPLITS),
        embedding_size=None if size is None else checks.whole("embedding_size", size, below=MOST_UNITS + 1),
        embedding_dropout=checks.number("embedding_dropout", estimator.embedding_dropout, below=1),
        weight_drop=checks.number("weight_drop", estimator.weight_drop, below=1),
        tied=None if tied is None else checks.flag("tied", tied),
        epochs=None if epochs is None else checks.whole("epochs", epochs),
        batch_size=None if rows is None else checks.whole("batch_size", rows),
        averaging=checks.number("averaging", estimator.averaging, below=1),
        share=_share(checks, estimator.validation),
        checkpoint_every_s=check_every(checks, estimator.checkpoint_every_s),
    )
    if options.weight_drop and options.cell != "lstm":
        checks.add(f"`weight_drop` is for an LSTM: {options.weight_drop} came with {options.cell!r}")
    checks.report(f"Settings of {type(estimator).__name__}")
    return options


def _share(checks: Checks, validation: Any) -> float | None:
    number = as_number(validation)
    if number is None:
        return None
    if not 0 < number < 1:
        checks.add(f"`validation` as a share lies between 0 and 1: {validation!r} came")
    return number
