"""The settings of a generator, checked together when it is fitted."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from throughtime.base.checks import Checks
from throughtime.tasks.corpus import SPLITS
from throughtime.tasks.network import CELLS
from throughtime.tasks.options import (
    MOST_RATE,
    MOST_UNITS,
    MOST_WINDOW,
    SharedOptions,
    check_every,
    check_share,
    check_shared,
    refuse_auto,
)
from throughtime.train.settings import TRIGGERED

SYMBOLS, INDEPENDENT, OVER_KEYS, STROKES = "categorical", "bernoulli", "keys", "strokes"
EMISSIONS = (SYMBOLS, INDEPENDENT, OVER_KEYS, STROKES)


@dataclass(frozen=True)
class Usual:
    """What a kind of corpus is learned with where the settings leave it open."""

    hidden_size: int
    learning_rate: float
    dropout: float
    weight_decay: float


TEXT = Usual(512, 5e-3, 0.4, 0.1)
FRAMES = Usual(200, 5e-3, 0.5, 0.01)
POINTS = Usual(256, 3e-3, 0.1, 0.01)
# The AWD-LSTM's: plain gradient steps are long, and gradients short.
STEPS = Usual(512, 30.0, 0.4, 1.2e-6)
ADAPTIVE, MOST_STEP, STEPS_CLIP = "adamw", 1000.0, 0.25
_USUAL = {SYMBOLS: TEXT, INDEPENDENT: FRAMES, OVER_KEYS: FRAMES, STROKES: POINTS}


@dataclass(frozen=True, kw_only=True)
class GeneratorOptions(SharedOptions):
    """The settings of a generator, checked, as plain Python values; `SequenceGenerator` says what each means.

    Args:
        averaging: of AdamW; the other has its own.
        embedding_size, tied: None: by the number of symbols.
        epochs, batch_size: None: by the length of the corpus.
        share: that validates; None: none does, or `validation` is a corpus of its own.
    """

    emission: str
    optimizer: str
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


def _filled(estimator: Any) -> SimpleNamespace:
    """An estimator's settings, the open ones as they are usual for its kind of corpus."""
    usual = vars(STEPS if estimator.optimizer == TRIGGERED else _USUAL.get(estimator.emission, TEXT))
    settings = estimator.get_params(deep=False)
    return SimpleNamespace(**settings | {name: usual[name] for name in usual if settings[name] is None})


def check_generator_options(estimator: Any) -> GeneratorOptions:
    """Check a generator's settings.

    Raises:
        ConfigError: settings out of range, all named.
    """
    checks, given = Checks(), _filled(estimator)
    refuse_auto(checks, estimator.tbptt)
    size, tied, by_steps = estimator.embedding_size, estimator.tied, estimator.optimizer == TRIGGERED
    epochs, rows = estimator.epochs, estimator.batch_size
    options = GeneratorOptions(
        **check_shared(checks, given, MOST_STEP if by_steps else MOST_RATE),
        optimizer=checks.choice("optimizer", estimator.optimizer, (ADAPTIVE, TRIGGERED)),
        emission=checks.choice("emission", estimator.emission, EMISSIONS),
        cell=checks.choice("cell", estimator.cell, CELLS),
        window_steps=checks.whole("window_steps", estimator.window_steps, below=MOST_WINDOW + 1),
        symbols=checks.choice("symbols", estimator.symbols, SPLITS),
        embedding_size=None if size is None else checks.whole("embedding_size", size, below=MOST_UNITS + 1),
        embedding_dropout=checks.number("embedding_dropout", estimator.embedding_dropout, below=1),
        weight_drop=checks.number("weight_drop", estimator.weight_drop, below=1),
        tied=None if tied is None else checks.flag("tied", tied),
        epochs=None if epochs is None else checks.whole("epochs", epochs),
        batch_size=None if rows is None else checks.whole("batch_size", rows),
        averaging=0.0 if by_steps else checks.number("averaging", estimator.averaging, below=1),
        share=check_share(checks, estimator.validation),
        checkpoint_every_s=check_every(checks, estimator.checkpoint_every_s),
    )
    if options.weight_drop and options.cell != "lstm":
        checks.add(f"`weight_drop` is for an LSTM: {options.weight_drop} came with {options.cell!r}")
    if by_steps and (options.emission != SYMBOLS or estimator.validation is None):
        checks.add(f"`optimizer` {TRIGGERED} is for symbols, and waits for a validation that is no better: give it one")
    of_symbols = {"embedding_size": size, "embedding_dropout": options.embedding_dropout, "tied": tied}
    given_all_the_same = [name for name, value in of_symbols.items() if value]
    if options.emission != SYMBOLS and given_all_the_same:
        checks.add(f"frames and strokes have no symbols to be told apart: {', '.join(given_all_the_same)} came")
    checks.report(f"Settings of {type(estimator).__name__}")
    return options
