"""Frames of keys as a medium: piano rolls, each frame told from those before it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from throughtime.base.errors import ConfigError, DataError
from throughtime.base.run_folder import RunFolder
from throughtime.data.ragged import epoch_order
from throughtime.decode import Sampling
from throughtime.nn import Network
from throughtime.tasks.batches import choose_schedule
from throughtime.tasks.frames import (
    FrameDesign,
    Roll,
    RollBatches,
    as_rolls,
    build,
    drawn,
    head_of,
    nats_of,
    rates_of,
)
from throughtime.tasks.generator_options import GeneratorOptions
from throughtime.tasks.medium import Medium, Trained, Wanted
from throughtime.train import Training, fit
from throughtime.train.ranks import Ranks, refuse_too_few

# Sequences of an update, and epochs at most: few pieces are a corpus of music, and patience ends before.
ROWS, EPOCHS = 8, 60
WARMUP_UPDATES = 10


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
        ranks = Ranks(group)
        train, valid = _parts(as_rolls(corpus), validation, options)
        design = _design(options, train[0].shape[1])
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(options.seed)
            network = build(design, rates_of(train)).to(options.device)
        rows = options.batch_size or ROWS
        refuse_too_few(min(rows, len(train)), ranks)
        batches = RollBatches(train, rows, options.seed, options.device)
        schedule = options.schedule or choose_schedule(max(map(len, train)), len(batches))
        if options.progress is not False and ranks.is_first:
            sys.stderr.write(f"{sum(map(len, train)):,} frames in {len(train)} sequences, TBPTT({schedule})\n")
        training = Training(
            epochs=options.epochs or EPOCHS,
            learning_rate=options.learning_rate,
            weight_decay=options.weight_decay,
            warmup_updates=WARMUP_UPDATES,
            averaging=options.averaging,
            patience=options.patience if valid else None,
            seed=options.seed,
            checkpoint_every_s=options.checkpoint_every_s,
        )
        history = fit(
            network,
            head_of(network).loss,
            batches,
            schedule,
            training,
            evaluate=(lambda network: nats_of(network, valid)) if valid else None,
            memory=options.memory,
            run=run,
            progress=options.progress,
            group=group,
        )
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


def _parts(rolls: list[Roll], validation: Any, options: GeneratorOptions) -> tuple[list[Roll], list[Roll]]:
    """What trains, and what validates, if anything does."""
    if validation is not None:
        return rolls, as_rolls(validation, "validation", rolls[0].shape[1])
    if options.share is None:
        return rolls, []
    if len(rolls) < 2:
        raise DataError("Validation needs a sequence of its own: one came. Give more, or pass validation=None.")
    count = min(max(1, round(options.share * len(rolls))), len(rolls) - 1)
    order = epoch_order(len(rolls), options.seed, 0)
    train, valid = ([rolls[place] for place in sorted(part)] for part in (order[count:], order[:count]))
    if max(map(len, valid)) < 2:
        raise DataError("Validation needs a sequence of two frames: none it drew has them. Pass validation=None.")
    return train, valid
