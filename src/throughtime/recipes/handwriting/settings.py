"""What `--set key=value` may say about handwriting, what is written after it, and the network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

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
from throughtime.tasks.generator import MOST_BIAS
from throughtime.tasks.generator_options import STROKES
from throughtime.tasks.options import MOST_RATE

# Beyond this a hand that varies so many times as much as usual writes nothing that could be read.
MOST_VARIATION = 10.0
# What parts phrases from each other in `prompt`: few people write it by hand.
BETWEEN = "|"
Variety = Annotated[
    float, Field(ge=0, le=MOST_VARIATION, description=f"a number from 0 to {MOST_VARIATION:g}, times the usual")
]
Bias = Annotated[
    float, Field(ge=-MOST_BIAS, le=MOST_BIAS, description=f"a number from {-MOST_BIAS:g} to {MOST_BIAS:g}")
]
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
    """What the drawings are, and which of them test.

    Args:
        phrases: of the sample.
        font: of the sample, such as "futural" or "scripts".
        variation: of the sample's hands, times the usual; 0: all of them write alike.
        conditioned: whether the network reads the phrase it writes; "auto": where there are phrases.
        test: the share of the drawings that tests, of the sample a share of its words too; or a file or folder of its
            own.
    """

    phrases: Positive = 2000
    font: str = "futural"
    variation: Variety = 1.0
    conditioned: Literal["auto", "true", "false"] = "auto"
    test: str = "0.1"


@dataclass(frozen=True)
class Writing:
    """What the report shows of the network's own hand.

    Args:
        prompt: phrases that it writes, a "|" between them; without it, those of held-out drawings.
        bias: above 0 tidier than what was learned.
        points: that it draws at most; "auto": of a phrase three times what its letters took in training, else twice
            as many as the longest that trains.
    """

    prompt: str = ""
    bias: Bias = 1.0
    points: Chosen = None

    @property
    def asked(self) -> tuple[str, ...]:
        """The phrases, in order."""
        return tuple(each.strip() for each in self.prompt.split(BETWEEN) if each.strip())


@dataclass(frozen=True)
class Model:
    """The network and its training; `throughtime.SequenceGenerator` has the same names, and says what each means.

    Args:
        cell: "lstm", "rnn" (Elman) or "perceptron" (a sliding window); what reads a phrase is an LSTM.
        hidden_size: units of each layer; "auto": 256.
        num_layers: layers one above the other; what reads a phrase has two in any case.
        window_steps: points the perceptron sees.
        epochs: passes over the part that trains, at most; "auto": about 3,000 updates in at most 60.
        batch_size: drawings that are read side by side; "auto": 64, with phrases 32.
        learning_rate: peak of a cosine schedule; "auto": 3e-3.
        weight_decay: decoupled.
        dropout: of the layers' outputs; "auto": 0.1.
        weight_drop: of an LSTM's recurrent weights; not where it reads phrases.
        averaging: of the weights over updates.
        validation: share of the training part that validates, where the data have no such part of their own.
        patience: epochs without a better validation before training stops; 0: never.
        seed: of first weights, dropout, order and the parts that test and validate.
        device: of the network, such as cuda; without it, the CPU.
        memory: what an update may keep for its backward pass, such as "512MB"; without it, any number.
        checkpoint_every_s: seconds between checkpoints; without it, so that they take a fiftieth of the time.
    """

    cell: Cell = "lstm"
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
    validation: Share = 0.05
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


def estimator_of(model: Model, tbptt: str | None, progress: bool | None, validation: Any = None) -> SequenceGenerator:
    """The untrained generator that these settings describe.

    Args:
        model: the settings.
        tbptt: schedule, such as "100,100".
        progress: as `SequenceGenerator` takes it.
        validation: drawings of their own, with their phrases where those are read; None: the settings' share.
    """
    said: Mapping[str, Any] = {
        **vars(model),
        "emission": STROKES,
        "validation": validation or model.validation or None,
        "patience": model.patience or None,
    }
    return SequenceGenerator(**{**said, "tbptt": tbptt, "progress": progress})
