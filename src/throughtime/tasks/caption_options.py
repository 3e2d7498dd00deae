"""The settings of a describer of images, checked together when it is fitted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from throughtime.base.checks import Checks
from throughtime.nn.regions import GROUPS, LEAST_SIDE
from throughtime.tasks.corpus import SPLITS
from throughtime.tasks.network import CELLS
from throughtime.tasks.options import (
    MOST_UNITS,
    MOST_WINDOW,
    SharedOptions,
    check_every,
    check_share,
    check_shared,
    refuse_auto,
)

PIXELS, FEATURES = "images", "features"
ENCODERS = (PIXELS, FEATURES)
MOST_PIXELS = 4096  # a side: 48 MB an image


@dataclass(frozen=True, kw_only=True)
class CaptionOptions(SharedOptions):
    """The settings of a describer, checked, as plain Python values; `CaptionGenerator` says what each means.

    Args:
        epochs: None: by the number of images.
        share: of the images that validates; None: none does, or `validation` is described images of its own.
    """

    encoder: str
    image_size: int
    channels: int
    region_size: int
    heads: int
    cell: str
    window_steps: int
    symbols: str
    embedding_size: int
    word_dropout: float
    epochs: int | None
    batch_size: int
    averaging: float
    share: float | None
    checkpoint_every_s: float | None


def check_caption_options(estimator: Any) -> CaptionOptions:
    """Check a describer's settings.

    Raises:
        ConfigError: settings out of range, all named.
    """
    checks = Checks()
    refuse_auto(checks, estimator.tbptt)
    epochs = estimator.epochs
    options = CaptionOptions(
        **check_shared(checks, estimator),
        encoder=checks.choice("encoder", estimator.encoder, ENCODERS),
        image_size=checks.whole("image_size", estimator.image_size, LEAST_SIDE, MOST_PIXELS + 1),
        channels=checks.whole("channels", estimator.channels, below=MOST_UNITS + 1),
        region_size=checks.whole("region_size", estimator.region_size, below=MOST_UNITS + 1),
        heads=checks.whole("heads", estimator.heads, below=MOST_UNITS + 1),
        cell=checks.choice("cell", estimator.cell, CELLS),
        window_steps=checks.whole("window_steps", estimator.window_steps, below=MOST_WINDOW + 1),
        symbols=checks.choice("symbols", estimator.symbols, SPLITS),
        embedding_size=checks.whole("embedding_size", estimator.embedding_size, below=MOST_UNITS + 1),
        word_dropout=checks.number("word_dropout", estimator.word_dropout, below=1),
        epochs=None if epochs is None else checks.whole("epochs", epochs),
        batch_size=checks.whole("batch_size", estimator.batch_size),
        averaging=checks.number("averaging", estimator.averaging, below=1),
        share=check_share(checks, estimator.validation),
        checkpoint_every_s=check_every(checks, estimator.checkpoint_every_s),
    )
    sizes = {"image_size": options.image_size, "channels": options.channels, "region_size": options.region_size}
    uneven = [f"{name}={value}" for name, value in sizes.items() if value % GROUPS]
    if uneven:
        checks.add(f"sizes of the encoder are multiples of {GROUPS}: {', '.join(uneven)} came")
    elif options.region_size % (2 * GROUPS):
        checks.add(
            f"`region_size` is a multiple of {2 * GROUPS}, half form and half colour: {options.region_size} came"
        )
    if options.region_size % options.heads:
        checks.add(f"`heads` share `region_size` evenly: {options.heads} came for {options.region_size}")
    checks.report(f"Settings of {type(estimator).__name__}")
    return options
