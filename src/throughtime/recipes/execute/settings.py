"""What `--set key=value` may say about programs, their curriculum and the network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field

from throughtime.base.errors import ConfigError
from throughtime.recipes.execute.curricula import CURRICULA
from throughtime.recipes.execute.programs import KINDS, MOST_LENGTH, MOST_NESTING, NESTED
from throughtime.recipes.settings import (
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
    Window,
)
from throughtime.tasks import SequenceToSequence

Length = Annotated[int, Field(ge=1, le=MOST_LENGTH, description=f"a number of digits from 1 to {MOST_LENGTH}")]
Nesting = Annotated[int, Field(ge=1, le=MOST_NESTING, description=f"a whole number from 1 to {MOST_NESTING}")]
Heads = Annotated[int, Field(ge=0, le=64, description="a whole number from 0 to 64")]


@dataclass(frozen=True)
class Programs:
    """Which programs there are, and in which order they are learned.

    Args:
        kind: "programs", "addition", "equations" or "copying".
        length: digits of the longest numbers.
        nesting: operations within each other, at most; addition and copying have none.
        curriculum: "baseline", "naive", "mix" or "combined".
        programs: that are drawn for each epoch.
        test_programs: of each length and nesting.
        doubled: whether each program is read twice, one after the other.
        test: of one's own programs the share that tests, drawn by the seed; or a file of its own.
        program, output: columns of one's own table.
    """

    kind: Literal[KINDS] = "addition"  # type: ignore[valid-type]
    length: Length = 4
    nesting: Nesting = 1
    curriculum: Literal[CURRICULA] = "combined"  # type: ignore[valid-type]
    programs: Positive = 6400
    test_programs: Positive = 200
    doubled: Flag = False
    test: str = "0.1"
    program: str = "program"
    output: str = "output"


@dataclass(frozen=True)
class Model:
    """The network and its training; `throughtime.SequenceToSequence` has the same names, and says what each means.

    Args:
        cell: "lstm", "rnn" (Elman) or "perceptron" (a sliding window).
        hidden_size: units of each layer.
        num_layers: layers of encoder and decoder each.
        window_steps: characters the perceptron sees.
        embedding_size: numbers that stand for a character.
        bidirectional: whether programs are read from both ends; a perceptron reads them from one.
        reverse: whether programs are read from their end.
        heads: questions a step asks of the program, by attention; 0: none, only what was kept of it at its end.
        beam: beginnings of an output kept side by side; 1: the likeliest character each time.
        epochs: lessons; of one's own programs passes over them, "auto" by their number.
        batch_size: programs of an update.
        learning_rate: peak of a cosine schedule.
        weight_decay: decoupled.
        dropout: of what layers pass on.
        averaging: of the weights over updates.
        validation: of one's own programs the share that validates.
        patience: epochs without a better validation before training stops; 0: never.
        seed: of programs, first weights, order, and of what tests and validates.
        device: of the network, such as cuda; without it, the CPU.
        memory: what an update may keep for its backward pass, such as "512MB"; without it, any number.
        checkpoint_every_s: seconds between checkpoints; without it, so that they take a fiftieth of the time.
    """

    cell: Cell = "lstm"
    hidden_size: Units = 256
    num_layers: Layers = 1
    window_steps: Window = 8
    embedding_size: Units = 32
    bidirectional: Flag = True
    reverse: Flag = True
    heads: Heads = 1
    beam: Positive = 1
    epochs: Chosen = 20
    batch_size: Positive = 64
    learning_rate: Rate = 3e-3
    weight_decay: Decay = 0.0
    dropout: Share = 0.0
    averaging: Share = 0.99
    validation: Share = 0.05
    patience: Seed = 0
    seed: Seed = 0
    device: str | None = None
    memory: str | None = None
    checkpoint_every_s: Seconds = None


@dataclass(frozen=True)
class Settings(Groups):
    """Everything that `--set` can say."""

    programs: Programs = field(default_factory=Programs)
    model: Model = field(default_factory=Model)


# Settings that say nothing of one's own programs, and those that say nothing of programs that are drawn.
_DRAWN = ("kind", "length", "nesting", "curriculum", "programs", "test_programs")
_OWN = ("test", "program", "output")


def check_own(programs: Programs) -> None:
    """Raise ConfigError where a setting of programs that are drawn comes with one's own."""
    _refuse(programs, _DRAWN, "Programs of one's own are not drawn", "with --data. Leave it out")


def check_drawn(programs: Programs) -> None:
    """Raise ConfigError where settings of programs that are drawn do not go together, or one is of one's own."""
    _refuse(programs, _OWN, "Programs that are drawn have no file", "without --data. Leave it out, or give --data")
    if programs.nesting > 1 and programs.kind not in NESTED:
        raise ConfigError(
            f"Nesting is of {' and '.join(NESTED)}: nesting={programs.nesting} came with kind={programs.kind}. Leave "
            "it out, or choose one of these kinds."
        )


def _refuse(programs: Programs, names: Sequence[str], rule: str, advice: str) -> None:
    for name in names:
        if (came := getattr(programs, name)) != getattr(Programs(), name):
            raise ConfigError(f"{rule}: {name}={came} came {advice}.")


# A setting of ours that the estimator takes in another place.
_OURS = ("beam",)
# Numbers are told in one way alone, so that nothing is smoothed, and computed from several places at once.
_FIXED = {"symbols": "characters", "label_smoothing": 0.0, "mixing": True}


def estimator_of(model: Model, tbptt: str | None, progress: bool | None) -> SequenceToSequence:
    """The untrained learner that these settings describe.

    Args:
        model: the settings.
        tbptt: schedule, such as "n,n".
        progress: as `SequenceToSequence` takes it.
    """
    windowed = model.cell == "perceptron"
    said: Mapping[str, Any] = {
        **{key: value for key, value in vars(model).items() if key not in _OURS},
        **_FIXED,
        "bidirectional": model.bidirectional and not windowed,
        "validation": model.validation or None,
        "patience": model.patience or None,
    }
    return SequenceToSequence(**{**said, "tbptt": tbptt, "progress": progress})
