"""Strokes of a pen as a medium: handwriting and drawings, each point told from those before it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from throughtime.base.errors import DataError
from throughtime.base.run_folder import RunFolder
from throughtime.nn import Network
from throughtime.tasks.generator_options import GeneratorOptions
from throughtime.tasks.medium import Medium, Trained, Wanted, refuse_all_but_bias
from throughtime.tasks.sequence_training import Kind, parts_of, train_on
from throughtime.tasks.strokes import (
    StrokeDesign,
    Strokes,
    as_strokes,
    build,
    drawn,
    head_of,
    nats_of,
    scale_of,
    stroke_piece,
)

ROWS, UPDATES, COMPONENTS = 64, 3000, 20


@dataclass(frozen=True)
class StrokeMedium(Medium):
    """A network that tells points from those before them.

    Args:
        design: the network's shape.
        network: in evaluation mode.
    """

    design: StrokeDesign
    network: Network

    @classmethod
    def fit(
        cls,
        corpus: Any,
        validation: Any,
        options: GeneratorOptions,
        run: RunFolder | None,
        group: torch.distributed.ProcessGroup | None,
    ) -> Trained:
        """Train; arguments and errors as `TextMedium.fit`."""
        own = None if validation is None else as_strokes(validation, "validation")
        train, valid = parts_of(as_strokes(corpus), own, options)
        scale = scale_of(train)
        design = StrokeDesign(
            cell=options.cell,
            scale=scale,
            components=COMPONENTS,
            hidden_size=options.hidden_size,
            num_layers=options.num_layers,
            window_steps=options.window_steps,
            dropout=options.dropout,
            weight_drop=options.weight_drop,
        )
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(options.seed)
            network = build(design).to(options.device)
        kind: Kind[Strokes] = Kind(
            "points",
            ROWS,
            UPDATES,
            lambda some, device: stroke_piece(some, scale, device),
            partial(nats_of, scale=scale),
        )
        history, schedule = train_on(kind, network, head_of(network).loss, (train, valid), options, run, group)
        return cls(design, network.eval()), history, schedule

    @classmethod
    def from_dict(cls, state: Mapping[str, Any], weights: Mapping[str, Tensor]) -> StrokeMedium:
        """The inverse of `to_dict` and `weights`; errors as `TextMedium.from_dict`."""
        design = StrokeDesign(**state["design"])
        network = build(design)
        network.load_state_dict(dict(weights))
        return cls(design, network.eval())

    def to_dict(self) -> dict[str, Any]:
        """See `Medium.to_dict`."""
        return {"design": self.design.to_dict()}

    def score(self, corpus: Any) -> float:
        """See `Medium.score`."""
        strokes = as_strokes(corpus)
        if max(map(len, strokes)) < 2:
            raise DataError("A score needs a sequence of two points, one to read and one to tell: none has them.")
        return nats_of(self.network, strokes, self.design.scale)

    def stream(self, prompt: Any, wanted: Wanted) -> Iterator[Strokes]:
        """See `Medium.stream`; points [3]."""
        refuse_all_but_bias(wanted)
        return drawn(self.network, self.design.scale, self._as_prompt(prompt), wanted.steps, wanted.bias, wanted.seed)

    def generate(self, prompt: Any, wanted: Wanted) -> Strokes:
        """See `Medium.generate`; [T, 3]."""
        return np.concatenate([self._as_prompt(prompt), np.stack(list(self.stream(prompt, wanted)))])

    def _as_prompt(self, prompt: Any) -> Strokes:
        if prompt is None or (isinstance(prompt, str) and not prompt):
            return np.zeros((0, 3))
        return as_strokes([prompt], "prompt")[0]
