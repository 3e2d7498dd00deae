"""What `--set key=value` may say about a corpus, what is written after it, and the network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field

from throughtime.recipes.settings import (
    Cell,
    Chosen,
    Decay,
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
from throughtime.tasks import SequenceGenerator
from throughtime.tasks.corpus import SPLITS

LINES = "lines"
Above = Annotated[float, Field(gt=0, le=100, description="a number above 0 and at most 100")]
Part = Annotated[float, Field(gt=0, le=1, description="a number above 0 and at most 1")]


@dataclass(frozen=True)
class Corpus:
    """What the corpus is, and which part of it tests.

    Args:
        column: of the texts, in a table; without it, the only one that can be meant.
        documents: "file": a file is one text; "lines": each line of it is a text of its own.
        test: the share that tests, the end of a text or so many documents; or a file of its own.
    """

    column: str = ""
    documents: Literal["file", "lines"] = "file"
    test: str = "0.1"


@dataclass(frozen=True)
class Writing:
    """What the report shows of the network's own text.

    Args:
        length: symbols of each text.
        temperature: below 1 the likely become likelier.
        top_p: share of the probability that the likeliest symbols hold which are drawn from.
        prompt: what is gone on from; without it, a text begins as a new line does.
    """

    length: Positive = 600
    temperature: Above = 0.8
    top_p: Part = 1.0
    prompt: str = ""


@dataclass(frozen=True)
class Model:
    """The network and its training; `throughtime.SequenceGenerator` has the same names, and says what each means.

    Args:
        cell: "lstm", "rnn" (Elman) or "perceptron" (a sliding window).
        hidden_size: units of each layer.
        num_layers: layers one above the other.
        window_steps: symbols the perceptron sees.
        symbols: how text becomes symbols.
        embedding_size: numbers that stand for a symbol; "auto": by the number of symbols.
        tied: whether the output has the symbols' own vectors; "auto": of many symbols.
        epochs: passes over the part that trains, at most; "auto": by its length.
        batch_size: rows that are read side by side; "auto": by its length.
        learning_rate: peak of a cosine schedule.
        weight_decay: decoupled.
        dropout: of the layers' outputs.
        embedding_dropout: of the features of symbols.
        weight_drop: of an LSTM's recurrent weights.
        averaging: of the weights over updates.
        validation: share of the training part that validates.
        patience: epochs without a better validation before training stops; 0: never.
        seed: of first weights, dropout, order and the part that validates.
        device: of the network, such as cuda; without it, the CPU.
        memory: what an update may keep for its backward pass, such as "512MB"; without it, any number.
        checkpoint_every_s: seconds between checkpoints; without it, so that they take a fiftieth of the time.
    """

    cell: Cell = "lstm"
    hidden_size: Units = 512
    num_layers: Layers = 1
    window_steps: Window = 8
    symbols: Literal[SPLITS] = "characters"  # type: ignore[valid-type]
    embedding_size: Chosen = None
    tied: Literal["auto", "true", "false"] = "auto"
    epochs: Chosen = None
    batch_size: Chosen = None
    learning_rate: Rate = 5e-3
    weight_decay: Decay = 0.1
    dropout: Share = 0.4
    embedding_dropout: Share = 0.0
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

    corpus: Corpus = field(default_factory=Corpus)
    writing: Writing = field(default_factory=Writing)
    model: Model = field(default_factory=Model)


def estimator_of(model: Model, tbptt: str | None, progress: bool | None) -> SequenceGenerator:
    """The untrained generator that these settings describe.

    Args:
        model: the settings.
        tbptt: schedule, such as "100,100".
        progress: as `SequenceGenerator` takes it.
    """
    said: Mapping[str, Any] = {
        **vars(model),
        "tied": {"true": True, "false": False}.get(model.tied),
        "validation": model.validation or None,
        "patience": model.patience or None,
    }
    return SequenceGenerator(**{**said, "tbptt": tbptt, "progress": progress})
