"""What `--set key=value` may say about a collection of music, what is written after it, and the network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from throughtime.data.midi import FASTEST, SLOWEST
from throughtime.recipes.settings import (
    AUTO,
    Cell,
    Chosen,
    Decay,
    Groups,
    Layers,
    Positive,
    Seconds,
    Seed,
    Share,
    Window,
    left_open,
)
from throughtime.tasks import SequenceGenerator
from throughtime.tasks.options import MOST_RATE

MELODY = "melody"
MOST_FRAMES = 48  # a quarter note: triplets of sixteenths, and finer than anybody plays
Frames = Annotated[int, Field(ge=1, le=MOST_FRAMES, description=f"a whole number from 1 to {MOST_FRAMES}")]
Above = Annotated[float, Field(gt=0, le=100, description="a number above 0 and at most 100")]
Tempo = Annotated[float, Field(ge=SLOWEST, le=FASTEST, description=f"a number from {SLOWEST:g} to {FASTEST:g}")]
ChosenRate = Annotated[
    float | None,
    Field(gt=0, le=MOST_RATE, description=f"{AUTO}, or a number above 0 and at most {MOST_RATE:g}"),
    BeforeValidator(left_open),
]
ChosenShare = Annotated[
    float | None,
    Field(ge=0, lt=1, description=f"{AUTO}, or a number of 0 or more and below 1"),
    BeforeValidator(left_open),
]


@dataclass(frozen=True)
class Collection:
    """How pieces are read, and which of them test.

    Args:
        kind: "rolls": frames of keys; "melody": the highest line of each piece, as pitches with durations.
        frames: of a quarter note. Files of pitches have frames of their own; there it says how long they last.
        test: the share of the pieces that tests; or a file or folder of its own.
    """

    kind: Literal["rolls", "melody"] = "rolls"
    frames: Frames = 4
    test: str = "0.1"


@dataclass(frozen=True)
class Writing:
    """What the report shows of the network's own music, and how it is written.

    Args:
        length: frames, or notes of a melody, of each piece.
        primer: frames, or notes, of a held-out piece that the network goes on from.
        temperature: below 1 the likely become likelier.
        tempo: quarter notes a minute of what no primer gives a tempo.
    """

    length: Positive = 96
    primer: Positive = 16
    temperature: Above = 0.9
    tempo: Tempo = 90.0


@dataclass(frozen=True)
class Model:
    """The network and its training; `throughtime.SequenceGenerator` has the same names, and says what each means.

    Args:
        cell: "lstm", "rnn" (Elman) or "perceptron" (a sliding window).
        emission: of rolls: "keys": each key told from those below it, so that chords are whole; "bernoulli": by itself.
        hidden_size: units of each layer; "auto": 200, of melodies 512.
        num_layers: layers one above the other.
        window_steps: frames or notes the perceptron sees.
        epochs: passes over the part that trains, at most; "auto": 60, of melodies by their length.
        batch_size: pieces that are read side by side; "auto": 8, of melodies by their length.
        learning_rate: peak of a cosine schedule; "auto": 5e-3.
        weight_decay: decoupled.
        dropout: of the layers' outputs; "auto": 0.5, of melodies 0.4.
        weight_drop: of an LSTM's recurrent weights.
        averaging: of the weights over updates.
        validation: share of the training part that validates, where the data have no such part of their own.
        patience: epochs without a better validation before training stops; 0: never.
        seed: of first weights, dropout, order and the parts that test and validate.
        device: of the network, such as cuda; without it, the CPU.
        memory: what an update may keep for its backward pass, such as "512MB"; without it, any number.
        checkpoint_every_s: seconds between checkpoints; without it, so that they take a fiftieth of the time.
    """

    cell: Cell = "lstm"
    emission: Literal["keys", "bernoulli"] = "keys"
    hidden_size: Chosen = None
    num_layers: Layers = 1
    window_steps: Window = 8
    epochs: Chosen = None
    batch_size: Chosen = None
    learning_rate: ChosenRate = None
    weight_decay: Decay = 1e-2
    dropout: ChosenShare = None
    weight_drop: Share = 0.0
    averaging: Share = 0.99
    validation: Share = 0.1
    patience: Seed = 5
    seed: Seed = 0
    device: str | None = None
    memory: str | None = None
    checkpoint_every_s: Seconds = None


@dataclass(frozen=True)
class Settings(Groups):
    """Everything that `--set` can say."""

    collection: Collection = field(default_factory=Collection)
    writing: Writing = field(default_factory=Writing)
    model: Model = field(default_factory=Model)


def estimator_of(
    model: Model, emission: str, tbptt: str | None, progress: bool | None, validation: Any = None
) -> SequenceGenerator:
    """The untrained generator that these settings describe.

    Args:
        model: the settings.
        emission: as `SequenceGenerator` takes it.
        tbptt: schedule, such as "100,100".
        progress: as `SequenceGenerator` takes it.
        validation: pieces of their own, encoded; None: the settings' share.
    """
    said: Mapping[str, Any] = {
        **vars(model),
        "emission": emission,
        "validation": validation or model.validation or None,
        "patience": model.patience or None,
    }
    return SequenceGenerator(**{**said, "tbptt": tbptt, "progress": progress})
