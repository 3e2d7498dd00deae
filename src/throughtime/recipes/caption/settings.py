"""What `--set key=value` may say about images, sentences and the network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

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
from throughtime.tasks import CaptionGenerator
from throughtime.tasks.corpus import SPLITS


@dataclass(frozen=True)
class Images:
    """Which images there are, and which of them test.

    Args:
        scenes: that are rendered to train, where no data are given.
        test_scenes: that are rendered to test.
        test: of one's own images the share that tests, drawn by the seed; or described images of their own.
    """

    scenes: Positive = 10_000
    test_scenes: Positive = 500
    test: str = "0.1"


@dataclass(frozen=True)
class Writing:
    """How test images are described.

    Args:
        beam: beginnings kept side by side; 1: the likeliest word each time.
        shown: test images that the report shows.
    """

    beam: Positive = 1
    shown: Positive = 12


@dataclass(frozen=True)
class Model:
    """The network and its training; `throughtime.CaptionGenerator` has the same names, and says what each means.

    Args:
        cell: "lstm", "rnn" (Elman) or "perceptron" (a sliding window).
        image_size: pixels a side, to which images are brought.
        channels: of the first convolution.
        region_size: features of a region.
        heads: questions a step asks of the regions.
        hidden_size: units of each layer.
        num_layers: layers, each with an attention.
        window_steps: symbols the perceptron sees.
        symbols: how sentences become symbols.
        embedding_size: numbers that stand for a symbol.
        epochs: passes over the images that train, at most; "auto": by their number.
        batch_size: sentences of an update.
        learning_rate: peak of a cosine schedule.
        weight_decay: decoupled.
        dropout: of the last layer's outputs.
        word_dropout: of symbols.
        averaging: of the weights over updates.
        validation: share of the images that validates.
        patience: epochs without a better validation before training stops; 0: never.
        seed: of scenes, first weights, dropout, order, and of what tests and validates.
        device: of the network, such as cuda; without it, the CPU.
        memory: what an update may keep for its backward pass, such as "512MB"; without it, any number.
        checkpoint_every_s: seconds between checkpoints; without it, so that they take a fiftieth of the time.
    """

    cell: Cell = "lstm"
    image_size: Positive = 64
    channels: Units = 24
    region_size: Units = 96
    heads: Units = 4
    hidden_size: Units = 128
    num_layers: Layers = 2
    window_steps: Window = 8
    symbols: Literal[SPLITS] = "words"  # type: ignore[valid-type]
    embedding_size: Units = 64
    epochs: Chosen = None
    batch_size: Positive = 32
    learning_rate: Rate = 2e-3
    weight_decay: Decay = 0.2
    dropout: Share = 0.1
    word_dropout: Share = 0.2
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

    images: Images = field(default_factory=Images)
    writing: Writing = field(default_factory=Writing)
    model: Model = field(default_factory=Model)


def estimator_of(model: Model, tbptt: str | None, progress: bool | None) -> CaptionGenerator:
    """The untrained describer that these settings describe.

    Args:
        model: the settings.
        tbptt: schedule, such as "n,n".
        progress: as `CaptionGenerator` takes it.
    """
    said: Mapping[str, Any] = {
        **vars(model),
        "validation": model.validation or None,
        "patience": model.patience or None,
    }
    return CaptionGenerator(**{**said, "tbptt": tbptt, "progress": progress})
