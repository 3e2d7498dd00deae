"""Frames of keys as a medium: piano rolls, each frame told from those before it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from throughtime.base.errors import ConfigError, DataError
from throughtime.base.run_folder import RunFolder
from throughtime.decode import Sampling
from throughtime.nn import Network
from throughtime.tasks.frames import (
    FrameDesign,
    Roll,
    as_rolls,
    build,
    drawn,
    head_of,
    nats_of,
    rates_of,
    roll_piece,
)
from throughtime.tasks.generator_options import GeneratorOptions
from throughtime.tasks.medium import Medium, Trained, Wanted
from throughtime.tasks.sequence_training import Kind, parts_of, train_on

# Few pieces are a corpus of music: small updates, and as many epochs as patience lets.
KIND: Kind[Roll] = Kind("frames", 8, None, roll_piece, nats_of)


@dataclass(frozen=True)
class FrameMedium(Medium):
    """A network that tells frames from those before them.

    Args:
        design: the network's shape.
        network: in evaluation mode.
    """

    design: FrameDesign
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
        rolls = as_rolls(corpus)
        own = None if validation is None else as_rolls(validation, "validation", rolls[0].shape[1])
        train, valid = parts_of(rolls, own, options)
        design = _design(options, train[0].shape[1])
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(options.seed)
            network = build(design, rates_of(train)).to(options.device)
        history, schedule = train_on(KIND, network, head_of(network).loss, (train, valid), options, run, group)
        return cls(design, network.eval()), history, schedule

    @classmethod
    def from_dict(cls, state: Mapping[str, Any], weights: Mapping[str, Tensor]) -> FrameMedium:
        """The inverse of `to_dict` and `weights`; errors as `TextMedium.from_dict`."""
        design = FrameDesign(**state["design"])
        network = build(design)
        network.load_state_dict(dict(weights))
        return cls(design, network.eval())

    def to_dict(self) -> dict[str, Any]:
        """See `Medium.to_dict`."""
        return {"design": self.design.to_dict()}

    def score(self, corpus: Any) -> float:
        """See `Medium.score`."""
        rolls = as_rolls(corpus, keys=self.design.keys)
        if max(map(len, rolls)) < 2:
            raise DataError("A score needs a sequence of two frames, one to read and one to tell: none has them.")
        return nats_of(self.network, rolls)

    def stream(self, prompt: Any, wanted: Wanted) -> Iterator[Roll]:
        """See `Medium.stream`."""
        plain = Sampling(temperature=wanted.sampling.temperature)
        if wanted.sampling != plain or wanted.beam is not None or wanted.stop is not None:
            raise ConfigError(
                "Frames are drawn key by key, and only `temperature` changes how: leave top_k, top_p, "
                "repetition_penalty, beam and stop out."
            )
        return drawn(self.network, self._as_prompt(prompt), wanted.steps, plain.temperature, wanted.seed)

    def generate(self, prompt: Any, wanted: Wanted) -> Roll:
        """See `Medium.generate`; [T, K]."""
        return np.concatenate([self._as_prompt(prompt), np.stack(list(self.stream(prompt, wanted)))])

    def _as_prompt(self, prompt: Any) -> Roll:
        if prompt is None or (isinstance(prompt, str) and not prompt):
            return np.zeros((0, self.design.keys), bool)
        return as_rolls([prompt], "prompt", self.design.keys)[0]


def _design(options: GeneratorOptions, keys: int) -> FrameDesign:
    return FrameDesign(
        emission=options.emission,
        cell=options.cell,
        keys=keys,
        hidden_size=options.hidden_size,
        num_layers=options.num_layers,
        window_steps=options.window_steps,
        dropout=options.dropout,
        weight_drop=options.weight_drop,
    )
