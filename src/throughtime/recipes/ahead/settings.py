"""What `--set key=value` may say about forecasts of several steps: columns, horizon, cut and network."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from throughtime.recipes.forecasting.settings import Columns
from throughtime.recipes.settings import (
    AUTO,
    Cell,
    Chosen,
    Decay,
    Flag,
    Groups,
    Layers,
    Positive,
    Rate,
    Seconds,
    Seed,
    Share,
    Units,
    left_open,
)

FlagOrAuto = Annotated[bool | None, Field(description=f"{AUTO}, true or false"), BeforeValidator(left_open)]


@dataclass(frozen=True)
class Ahead:
    """What is forecast, and how it is scored.

    Args:
        horizon: steps ahead, at least 1; "auto": a season's, where that has 2 to 48 steps, else 12.
        season: steps in a season, 1 for none; "auto": found by a test on the training part.
        origins: forecasts from each series that are tested, and as many that validate, at least 1; "auto": as many as
            fit into a fifth of a series of middle length, at most 8.
        stride: steps from one origin to the next, at least 1; "auto": the horizon, so that every step is scored once.
    """

    horizon: Chosen = None
    season: Chosen = None
    origins: Chosen = None
    stride: Chosen = None


@dataclass(frozen=True)
class Model:
    """The network and its training; `throughtime.SequenceToSequence(horizon=...)` has the same names and defaults.

    Args:
        cell: "lstm", "rnn" (Elman) or "perceptron": what reads the window.
        strategy: "direct" (all steps at once), "recursive" (a step at a time, fed its own forecasts) or "decoder".
        hidden_size: hidden units a layer.
        num_layers: at least 1.
        emission: distribution of a step, "gaussian" or "student".
        window_steps: steps of history that a forecast reads; "auto": chosen on the validation part.
        segment_steps: rows that are one step of the layer; "auto": chosen.
        smoothing: whether each series learns its own level and season beside the network.
        log: whether series are read as logarithms; "auto": chosen where all values lie above 0.
        members: networks whose forecasts are averaged.
        epochs: of 50 updates each, at most; at least 1.
        batch_size: windows an update reads.
        learning_rate: above 0 and at most 10.
        weight_decay: 0 .. 100.
        dropout: share of hidden units dropped in training, in [0, 1).
        averaging: of the weights over updates, in [0, 1).
        patience: epochs without a better validation before training stops; "auto": all are trained.
        seed: of initialisation, dropout and order.
        device: of the network, such as cuda; without it, the CPU.
        memory: what an update may keep between its forward and backward pass, such as "512MB".
        checkpoint_every_s: seconds between checkpoints; without it, so that writing them takes a fiftieth of the time.
    """

    cell: Cell = "lstm"
    strategy: Literal["direct", "recursive", "decoder"] = "direct"
    hidden_size: Units = 64
    num_layers: Layers = 1
    emission: Literal["gaussian", "student"] = "student"
    window_steps: Chosen = None
    segment_steps: Chosen = None
    smoothing: Flag = False
    log: FlagOrAuto = None
    members: Positive = 3
    epochs: Positive = 10
    batch_size: Positive = 512
    learning_rate: Rate = 3e-3
    weight_decay: Decay = 1e-2
    dropout: Share = 0.3
    averaging: Share = 0.99
    patience: Chosen = None
    seed: Seed = 0
    device: str | None = None
    memory: str | None = "2GB"
    checkpoint_every_s: Seconds = None


@dataclass(frozen=True)
class Settings(Groups):
    """Everything `--set` can say, group by group."""

    columns: Columns = field(default_factory=Columns)
    ahead: Ahead = field(default_factory=Ahead)
    model: Model = field(default_factory=Model)
