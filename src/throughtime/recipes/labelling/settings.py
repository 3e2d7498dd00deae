"""What `--set key=value` may say about a recipe that tells sequences apart.

Three groups that every such recipe has: which columns of the table are what, which sequences test, and how the network
is built and trained. A recipe may have a group of its own beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from throughtime.nn.whole_pool import HOWS
from throughtime.recipes.settings import (
    AUTO,
    Cell,
    Chosen,
    Decay,
    Flag,
    Groups,
    Layers,
    Rate,
    Seconds,
    Seed,
    Share,
    Units,
    Window,
    left_open,
    names_from,
)
from throughtime.tasks import SequenceClassifier
from throughtime.tasks.options import MOST_WINDOW
from throughtime.tasks.sequences import SPLITS

NONE = "none"


def _known_pools(pools: tuple[str, ...]) -> tuple[str, ...]:
    if not pools or not set(pools) <= set(HOWS):
        raise ValueError
    return pools


Pools = Annotated[
    tuple[str, ...],
    BeforeValidator(names_from),
    AfterValidator(_known_pools),
    Field(description=f"some of {','.join(HOWS)}"),
]
Front = Annotated[
    int | None,
    Field(ge=0, le=MOST_WINDOW, description=f"{AUTO}, or a whole number from 0 to {MOST_WINDOW:,}"),
    BeforeValidator(left_open),
]


@dataclass(frozen=True)
class Columns:
    """Which columns of a table are what; an empty entry is guessed, and the guess is said.

    Args:
        sequence: the column of the sequences.
        label: the column of the labels; in FASTA headers the key of `key=value`.
        name: the column that names a sequence; empty: they are numbered.
    """

    sequence: str = ""
    label: str = ""
    name: str = ""


@dataclass(frozen=True)
class Split:
    """Which sequences test.

    Args:
        test: the share of each class that tests, or a file of its own with the test part.
        split: a column that says "train" or "test" of each sequence; `test` is not used then.
        group: a column whose equal values stay in one part, such as the gene or the customer.
        split_seed: of the draw.
    """

    test: str = "0.2"
    split: str = ""
    group: str = ""
    split_seed: Seed = 0


@dataclass(frozen=True)
class Model:
    """The network and its training; `throughtime.SequenceClassifier` has the same names, and says what each means.

    Args:
        cell: "lstm", "rnn" (Elman) or "perceptron" (a sliding window).
        hidden_size: units of each layer and direction.
        num_layers: layers one above the other.
        window_steps: steps the perceptron sees.
        bidirectional: whether the layers read both ways.
        symbols: how texts become symbols.
        embedding_size: numbers that stand for a symbol; "auto": by the number of symbols.
        positions: whether the network is told a step's place; "auto": validation decides.
        front_steps: steps of a window below the layers, 0 for none; "auto": validation decides.
        pools: of the steps' outputs.
        epochs: passes over the training part, at most; "auto": by their number.
        batch_size: sequences of an update; "auto": by their number.
        learning_rate: peak of a cosine schedule.
        weight_decay: decoupled.
        dropout: of the pools' features, and between layers.
        embedding_dropout: of the features of words, subwords or items.
        word_dropout: of words, subwords or items.
        label_smoothing: share of each label spread over all classes in the loss.
        class_weight: "balanced" for classes that all count alike, or "none".
        averaging: of the weights over updates.
        validation: share of each class in the training part that validates.
        refit: whether all sequences train again once validation has chosen the epoch.
        ensemble: networks whose logits are averaged; "auto": by the number of sequences.
        patience: epochs without a better validation before training stops; 0: never.
        seed: of first weights, dropout, order and the part that validates.
        device: of the network, such as cuda; without it, the CPU.
        memory: what an update may keep for its backward pass, such as "512MB"; without it, any number.
        checkpoint_every_s: seconds between checkpoints; without it, so that they take a fiftieth of the time.
    """

    cell: Cell = "lstm"
    hidden_size: Units = 64
    num_layers: Layers = 1
    window_steps: Window = 14
    bidirectional: Flag = True
    symbols: Literal[SPLITS] = AUTO  # type: ignore[valid-type]
    embedding_size: Chosen = None
    positions: Literal["auto", "true", "false"] = "auto"
    front_steps: Front = None
    pools: Pools = ("last", "max", "mean")
    epochs: Chosen = None
    batch_size: Chosen = None
    learning_rate: Rate = 3e-3
    weight_decay: Decay = 1e-2
    dropout: Share = 0.5
    embedding_dropout: Share = 0.5
    word_dropout: Share = 0.1
    label_smoothing: Share = 0.0
    class_weight: Literal["none", "balanced"] = "none"
    averaging: Share = 0.99
    validation: Share = 0.15
    refit: Flag = True
    ensemble: Chosen = None
    patience: Seed = 15
    seed: Seed = 0
    device: str | None = None
    memory: str | None = None
    checkpoint_every_s: Seconds = None


@dataclass(frozen=True)
class Settings(Groups):
    """Everything `--set` can say of a recipe without a group of its own."""

    columns: Columns = field(default_factory=Columns)
    split: Split = field(default_factory=Split)
    model: Model = field(default_factory=Model)


def estimator_of(model: Model, tbptt: str | None, progress: bool | None, **given: Any) -> SequenceClassifier:
    """The untrained classifier that these settings describe.

    Args:
        model: the settings.
        tbptt: schedule, such as "n,n".
        progress: as `SequenceClassifier` takes it.
        given: settings that hold instead.
    """
    said: Mapping[str, Any] = {
        **vars(model),
        "positions": {"true": True, "false": False}.get(model.positions, AUTO),
        "front_steps": AUTO if model.front_steps is None else model.front_steps,
        "class_weight": None if model.class_weight == NONE else model.class_weight,
        "validation": model.validation or None,
        "patience": model.patience or None,
    }
    return SequenceClassifier(**{**said, "tbptt": tbptt, "progress": progress, **given})
