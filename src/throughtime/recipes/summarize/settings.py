"""What `--set key=value` may say about documents, summaries and the network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

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
from throughtime.tasks.corpus import SPLITS


@dataclass(frozen=True)
class Pairs:
    """Which documents there are, and which of them test.

    Args:
        document: column of the documents; without it, by the usual names.
        summary: column of the summaries; without it, by the usual names.
        test: of one's own documents the share that tests, drawn by the seed; or documents of their own.
        most: documents that train, at most, drawn by the seed; "auto": all.
        lower: whether texts are lower-cased: fewer words to learn, but summaries without capitals.
    """

    document: str = ""
    summary: str = ""
    test: str = "0.1"
    most: Chosen = None
    lower: Flag = True


@dataclass(frozen=True)
class Writing:
    """How test documents are summarized.

    Args:
        beam: beginnings kept side by side; 1: the likeliest symbol each time.
        no_repeat: so many symbols in a row stand in a summary once at most; "auto": as often as they come.
        shown: test documents that the report shows.
    """

    beam: Positive = 5
    no_repeat: Chosen = 3
    shown: Positive = 8


@dataclass(frozen=True)
class Model:
    """The network and its training; `throughtime.SequenceToSequence` has the same names, and says what each means.

    Args:
        cell: "lstm", "rnn" (Elman) or "perceptron" (a sliding window).
        hidden_size: units of each layer.
        num_layers: layers of encoder and decoder each.
        window_steps: symbols the perceptron sees.
        symbols: how texts become symbols.
        embedding_size: numbers that stand for a symbol.
        heads: questions a step asks of the document, by attention; 0: none.
        copy: whether symbols are taken from the document, too.
        coverage: what looking again where one looked counts in the loss.
        label_smoothing: share of each target that is spread over all symbols.
        source_limit: symbols of a document that are read, from its beginning.
        epochs: passes over the documents that train, at most; "auto": by their number.
        batch_size: pairs of an update.
        learning_rate: peak of a cosine schedule.
        weight_decay: decoupled.
        dropout: of what layers and attention pass on.
        word_dropout: of a summary's symbols as they are read.
        averaging: of the weights over updates.
        validation: share of the documents that validates; of the sample, which has a part for it, 0: none does.
        patience: epochs without a better validation before training stops; 0: never.
        seed: of first weights, dropout, order, and of what tests and validates.
        device: of the network, such as cuda; without it, the CPU.
        memory: what an update may keep for its backward pass, such as "512MB".
        checkpoint_every_s: seconds between checkpoints; without it, so that they take a fiftieth of the time.
    """

    cell: Cell = "lstm"
    hidden_size: Units = 128
    num_layers: Layers = 1
    window_steps: Window = 8
    symbols: Literal[SPLITS] = "words"  # type: ignore[valid-type]
    embedding_size: Units = 128
    heads: Seed = 1
    copy: Flag = True
    coverage: Decay = 0.0
    label_smoothing: Share = 0.0
    source_limit: Positive = 100
    epochs: Chosen = None
    batch_size: Positive = 64
    learning_rate: Rate = 3e-3
    weight_decay: Decay = 0.1
    dropout: Share = 0.4
    word_dropout: Share = 0.1
    averaging: Share = 0.99
    validation: Share = 0.05
    patience: Seed = 5
    seed: Seed = 0
    device: str | None = None
    memory: str | None = "2GB"
    checkpoint_every_s: Seconds = None


@dataclass(frozen=True)
class Settings(Groups):
    """Everything that `--set` can say."""

    pairs: Pairs = field(default_factory=Pairs)
    writing: Writing = field(default_factory=Writing)
    model: Model = field(default_factory=Model)


# What keeps the sample's training at a minute of a core or two; `docs/recipes/summarize.md` says what more reaches. Its
# summaries are of few words, of which no two in a row come twice.
SAMPLE = Settings(pairs=Pairs(most=3000), writing=Writing(no_repeat=2), model=Model(epochs=8))


def estimator_of(model: Model, tbptt: str | None, progress: bool | None, validation: Any = None) -> SequenceToSequence:
    """The untrained summarizer that these settings describe.

    Args:
        model: the settings.
        tbptt: schedule, such as "n,n".
        progress: as `SequenceToSequence` takes it.
        validation: documents and summaries that validate; None: the share of the settings does.
    """
    said: Mapping[str, Any] = {
        **vars(model),
        "validation": (validation or model.validation) if model.validation else None,
        "patience": model.patience or None,
    }
    return SequenceToSequence(**{**said, "tbptt": tbptt, "progress": progress})
