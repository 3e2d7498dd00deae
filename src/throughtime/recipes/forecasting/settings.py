"""What `--set key=value` may say about a forecasting recipe: columns, split and network."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from throughtime.recipes.settings import (
    Cell,
    Decay,
    Flag,
    Groups,
    Layers,
    Names,
    Positive,
    Rate,
    Seconds,
    Seed,
    Share,
    Units,
    Window,
    names_from,
)
from throughtime.tasks.calendar import PERIODS

AUTO, NONE = "auto", "none"


def _periods(words: tuple[str, ...]) -> tuple[str, ...]:
    """Periods of the calendar: "auto" alone, "none" alone for no period, or some of those there are."""
    if words not in ((), (AUTO,), (NONE,)) and not set(words) <= set(PERIODS):
        raise ValueError
    return () if words == (NONE,) else words


Periods = Annotated[
    tuple[str, ...],
    BeforeValidator(names_from),
    AfterValidator(_periods),
    Field(description=f"{AUTO}, {NONE}, or some of {','.join(PERIODS)}"),
]


@dataclass(frozen=True)
class Columns:
    """Which columns of the table are what; an empty entry is guessed, and the guess is said.

    Args:
        time: the column of time stamps; several (year, month, day, hour, minute, second) are put together.
        target: columns to forecast; numbers are forecast as numbers, text and true/false as classes.
        id: the column that tells several series in one table apart; empty for one series.
        known: columns whose value at the time to be forecast is known beforehand.
        ignore: columns that are neither input nor target.
        calendar: periods ("year", "week", "day") of which every method knows where the next step lies; "auto" takes
            those that the training part covers, "none" or () none.
    """

    time: Names = ()
    target: Names = ()
    id: str = ""
    known: Names = ()
    ignore: Names = ()
    calendar: Periods = (AUTO,)


@dataclass(frozen=True)
class Split:
    """Where training, validation and test part begin, in the order of time.

    All entries are shares of the rows (train=0.6 validation=0.2; the test part is the rest), or all are the first times
    of their parts (validation=2014-01-01 test=2015-01-01; training begins with the table unless train= says when).

    Args:
        train: share or first time of the training part.
        validation: share or first time of the validation part.
        test: share or first time of the test part.
    """

    train: str = ""
    validation: str = ""
    test: str = ""


@dataclass(frozen=True)
class Model:
    """The network and its training; `throughtime.SequencePredictor` has the same names.

    Args:
        cell: "lstm", "rnn" (Elman) or "perceptron" (a sliding window).
        hidden_size: hidden units a layer, 1 .. 65,536.
        num_layers: 1 .. 1,000.
        window_steps: steps the perceptron sees, 1 .. 100,000; the others have no window.
        emission: distribution of numeric targets, "gaussian" or "student".
        epochs: passes over the training part, at most; at least 1.
        learning_rate: above 0 and at most 10.
        weight_decay: 0 .. 100.
        dropout: share of hidden units dropped in training, in [0, 1).
        averaging: of the weights over updates, in [0, 1).
        patience: epochs without a better validation before training stops; at least 1.
        batch_size: series trained at once, at least 1; one continuous series is one.
        seed: of initialisation, dropout and order; at least 0.
        device: of the network, such as cuda; without it, the CPU.
        memory: what an update may keep between its forward and backward pass, such as "512MB"; without it, any number.
        checkpoint_every_s: seconds between checkpoints, at least 0 (after every update); without it, so that writing
            them takes a fiftieth of the time.
        reach: whether to measure after each epoch how far gradients go back.
    """

    cell: Cell = "lstm"
    hidden_size: Units = 64
    num_layers: Layers = 1
    window_steps: Window = 14
    emission: Literal["gaussian", "student"] = "student"
    epochs: Positive = 60
    learning_rate: Rate = 1.5e-2
    weight_decay: Decay = 1e-2
    dropout: Share = 0.3
    averaging: Share = 0.99
    patience: Positive = 15
    batch_size: Positive = 32
    seed: Seed = 0
    device: str | None = None
    memory: str | None = None
    checkpoint_every_s: Seconds = None
    reach: Flag = False


@dataclass(frozen=True)
class Settings(Groups):
    """Everything `--set` can say, group by group."""

    columns: Columns = field(default_factory=Columns)
    split: Split = field(default_factory=Split)
    model: Model = field(default_factory=Model)
