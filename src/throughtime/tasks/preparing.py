"""Everything of a fit that comes before its first update: settings and series checked, the network built.

Whoever writes a run folder prepares once before it does, so that what can fail by its settings leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from throughtime.nn import Network
from throughtime.tasks.encoding import Encoded, Encoding
from throughtime.tasks.intake import Reader, Stretch, plain, split
from throughtime.tasks.network import Design, build
from throughtime.tasks.options import Options, check_classes, check_options, check_window


@dataclass(frozen=True)
class Prepared:
    """What training starts from.

    Args:
        options: the estimator's settings, checked.
        reader: how the series were read; it knows the labels of the training part only.
        encoding: fitted on the training part.
        network: untrained, on its device.
        encoded: all series, whole.
        stretches: which of their rows train and which validate.
    """

    options: Options
    reader: Reader
    encoding: Encoding
    network: Network
    encoded: Sequence[Encoded]
    stretches: Sequence[Stretch]


def prepare(estimator: Any, series: Any, *, id: Any, time: Any, target: Any, known: Any) -> Prepared:
    """Read and check what `SequencePredictor.fit` takes, and build the network; the estimator stays as it is.

    Raises:
        ConfigError, DataError, ShapeError: as `fit`.
        MemoryError, RuntimeError: the network is larger than the memory.
    """
    options, series = check_options(estimator), plain(series)
    reader, read = Reader.fit(series, id, time, target, known)
    train, stretches = split(series, read, reader, plain(estimator.validation))
    check_window(options, max(stretch.train_rows for stretch in stretches))
    encoding = Encoding.fit(train, options.calendar)
    check_classes(encoding.target_classes)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(options.seed)
        network = build(design_of(options, encoding)).to(options.device)
    encoded = [encoding.encode_whole(each.values, each.times) for each in stretches]
    return Prepared(options, reader.with_classes(train), encoding, network, encoded, stretches)


def design_of(options: Options, encoding: Encoding) -> Design:
    """The network that these settings ask for and these columns need."""
    return Design(
        cell=options.cell,
        input_size=encoding.input_size,
        hidden_size=options.hidden_size,
        num_layers=options.num_layers,
        window_steps=options.window_steps,
        dropout=options.dropout,
        emission=options.emission,
        numbers=len(encoding.numeric),
        classes=tuple(len(labels) for labels in encoding.target_classes.values()),
    )
