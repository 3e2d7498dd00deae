"""The settings of a learner of pairs of symbol sequences, checked together when it is fitted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from throughtime.base.checks import Checks
from throughtime.tasks.corpus import SPLITS
from throughtime.tasks.network import CELLS
from throughtime.tasks.options import (
    MOST_UNITS,
    MOST_WINDOW,
    SharedOptions,
    check_every,
    check_share,
    check_shared,
    check_unused,
    filled,
    refuse_auto,
)

WINDOW = "perceptron"
PAIR_DEFAULTS = {
    "hidden_size": 256,
    "num_layers": 2,
    "window_steps": 8,
    "batch_size": 64,
    "learning_rate": 4e-3,
    "dropout": 0.2,
    "validation": 0.05,
}
# Settings of series.
AHEAD_ONLY = ("strategy", "emission", "segment_steps", "season", "smoothing", "log", "members", "calendar")


@dataclass(frozen=True, kw_only=True)
class PairOptions(SharedOptions):
    """The settings of a learner of pairs, checked, as plain Python values; `SequenceToSequence` says what each means.

    Args:
        target_symbols: as `symbols` where that was left open.
        bidirectional: as it is usual for the cell where that was left open.
        tied, epochs: None: by the pairs.
        share: of the pairs that validates; None: none does, or `validation` is pairs of its own.
    """

    cell: str
    window_steps: int
    symbols: str
    target_symbols: str
    embedding_size: int
    bidirectional: bool
    reverse: bool
    heads: int
    copy: bool
    mixing: bool
    coverage: float
    label_smoothing: float
    tied: bool | None
    word_dropout: float
    source_limit: int | None
    epochs: int | None
    batch_size: int
    averaging: float
    share: float | None
    checkpoint_every_s: float | None


def check_pair_options(estimator: Any) -> PairOptions:
    """Check the settings.

    Raises:
        ConfigError: settings out of range, or at odds with each other, all named.
    """
    checks, given = Checks(), filled(estimator, PAIR_DEFAULTS)
    check_unused(checks, estimator, AHEAD_ONLY, "of series, which need a `horizon`")
    refuse_auto(checks, given.tbptt)
    epochs, limit, tied, both = given.epochs, given.source_limit, given.tied, given.bidirectional
    cell, symbols = checks.choice("cell", given.cell, CELLS), checks.choice("symbols", given.symbols, SPLITS)
    target = given.target_symbols
    options = PairOptions(
        **check_shared(checks, given),
        cell=cell,
        window_steps=checks.whole("window_steps", given.window_steps, below=MOST_WINDOW + 1),
        symbols=symbols,
        target_symbols=symbols if target is None else checks.choice("target_symbols", target, SPLITS),
        embedding_size=checks.whole("embedding_size", given.embedding_size, below=MOST_UNITS + 1),
        bidirectional=cell != WINDOW if both is None else checks.flag("bidirectional", both),
        reverse=checks.flag("reverse", given.reverse),
        heads=checks.whole("heads", given.heads, 0, MOST_UNITS + 1),
        copy=checks.flag("copy", given.copy),
        mixing=checks.flag("mixing", given.mixing),
        coverage=checks.number("coverage", given.coverage),
        label_smoothing=checks.number("label_smoothing", given.label_smoothing, below=1),
        tied=None if tied is None else checks.flag("tied", tied),
        word_dropout=checks.number("word_dropout", given.word_dropout, below=1),
        source_limit=None if limit is None else checks.whole("source_limit", limit),
        epochs=None if epochs is None else checks.whole("epochs", epochs),
        batch_size=checks.whole("batch_size", given.batch_size),
        averaging=checks.number("averaging", given.averaging, below=1),
        share=check_share(checks, given.validation),
        checkpoint_every_s=check_every(checks, given.checkpoint_every_s),
    )
    _check_together(checks, options)
    checks.report(f"Settings of {type(estimator).__name__}")
    return options


def _check_together(checks: Checks, options: PairOptions) -> None:
    heads = options.heads
    if heads and options.hidden_size % heads:
        checks.add(f"`heads` share `hidden_size` evenly: {heads} came for {options.hidden_size}")
    if options.copy and not heads:
        checks.add("`copy` takes symbols where attention looks: copy=True came with heads=0")
    if options.copy and options.symbols != options.target_symbols:
        checks.add(
            "`copy` takes a source's symbols as they are: `target_symbols` is as `symbols`, "
            f"{options.target_symbols!r} came beside {options.symbols!r}"
        )
    if options.coverage and not options.copy:
        checks.add(f"`coverage` is of places that symbols are taken from: {options.coverage:g} came without copy=True")
    if options.cell == WINDOW and options.bidirectional:
        checks.add("`bidirectional` is of recurrent cells: True came with 'perceptron'")
    if options.cell == WINDOW and not heads:
        checks.add("a perceptron has no state to begin from and sees the source by attention: heads=0 came")
