"""Text as a medium: letters, words, bytes or items, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from throughtime.base.errors import ConfigError, DataError
from throughtime.base.run_folder import RunFolder
from throughtime.decode import Sampling
from throughtime.nn import Network
from throughtime.tasks.corpus import Numbers, TextEncoding, as_corpus, encoded_text, temporary_folder
from throughtime.tasks.generator_options import GeneratorOptions
from throughtime.tasks.medium import Medium, Trained, Wanted
from throughtime.tasks.text_fitting import VALID_ROWS, parts_of, pieces_of, train_network
from throughtime.tasks.text_network import TextDesign, Writer, build, nats_of
from throughtime.tasks.text_writing import drawn, joined, likeliest, told

_TIED = "head.embedding."  # of weights that the embed has, too


@dataclass(frozen=True)
class TextMedium(Medium):
    """A network that tells symbols from those before them.

    Args:
        encoding: how text becomes numbers, and numbers text.
        design: the network's shape.
        network: in evaluation mode.
    """

    encoding: TextEncoding
    design: TextDesign
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
        """Train; arguments and errors as `SequenceGenerator.fit`.

        Args:
            corpus, run, group: as it takes them.
            validation: a corpus of its own; None: the share that the options name, if any.
            options: settings, checked.
        """
        given, valid = as_corpus(corpus), None if validation is None else as_corpus(validation)
        encoding = TextEncoding.fit(given, options.symbols)
        with temporary_folder() as folder:
            parts = parts_of(given, encoding, valid, options, Path(folder))
            network, design, history, schedule = train_network(parts, encoding, options, run, group)
        return cls(encoding, design, network), history, schedule

    @classmethod
    def from_dict(cls, state: Mapping[str, Any], weights: Mapping[str, Tensor]) -> TextMedium:
        """The inverse of `to_dict` and `weights`.

        Raises:
            KeyError, TypeError, ValueError, RuntimeError: they do not fit together.
        """
        design = TextDesign(**state["design"])
        network = build(design)
        tied = {_TIED + name: weights["embed." + name] for name in (["weight"] if design.tied else [])}
        network.load_state_dict({**weights, **tied})
        return cls(TextEncoding.from_dict(state["encoding"]), design, network.eval())

    def to_dict(self) -> dict[str, Any]:
        """See `Medium.to_dict`."""
        return {"encoding": self.encoding.to_dict(), "design": self.design.to_dict()}

    def weights(self) -> Mapping[str, Tensor]:
        """See `Medium.weights`."""
        return {name: weight for name, weight in super().weights().items() if not name.startswith(_TIED)}

    def score(self, corpus: Any) -> float:
        """See `Medium.score`."""
        given, encoding = as_corpus(corpus), self.encoding
        device = next(self.network.parameters()).device
        if isinstance(given, list) != encoding.documents:
            wanted = "documents" if encoding.documents else "one text"
            raise DataError(f"What is scored is of the corpus's kind, {wanted}: {type(corpus).__name__} came.")
        if isinstance(given, list):
            documents = [encoding.document(each) for each in given]
            return nats_of(self.network, pieces_of(documents, VALID_ROWS, device))
        with temporary_folder() as folder:
            source = encoded_text(given, encoding, Path(folder) / "scored.tokens")
            if len(source) < 2:
                raise DataError("A score needs two symbols, one to read and one to tell: one came.")
            return nats_of(self.network, pieces_of(source, 1, device))

    def stream(self, prompt: Any, wanted: Wanted) -> Iterator[Any]:
        """See `Medium.stream`."""
        numbers = self._read(prompt)
        symbols = drawn(Writer(self.network), self.encoding, numbers, wanted.steps, wanted.sampling, wanted.seed)
        return told(self.encoding, numbers, symbols, wanted.stop)

    def generate(self, prompt: Any, wanted: Wanted) -> Any:
        """See `Medium.generate`."""
        given = self._as_prompt(prompt)
        if wanted.beam is None:
            return joined(self.encoding, given, list(self.stream(prompt, wanted)))
        if wanted.sampling != Sampling():
            raise ConfigError("A beam finds the likeliest, and draws nothing: leave temperature and its like out.")
        numbers, writer = self._read(prompt), Writer(self.network)
        found = likeliest(writer, self.encoding, numbers, wanted.steps, wanted.beam, wanted.length_power)
        return joined(self.encoding, given, list(told(self.encoding, numbers, iter(found), wanted.stop)))

    def _read(self, prompt: Any) -> Numbers:
        """A prompt's numbers."""
        given = self._as_prompt(prompt)
        if isinstance(given, str | tuple) and not given:
            return np.zeros(0, np.int64)
        unknown = self.encoding.unknown(given)
        if unknown:
            shown = ", ".join(map(repr, unknown[:5])) + (", .." if len(unknown) > 5 else "")
            raise DataError(
                f"A prompt is of symbols that training showed: {shown} came, which it did not. Leave them out."
            )
        return self.encoding.encode(given)

    def _as_prompt(self, prompt: Any) -> Any:
        """No prompt is an empty one of the corpus's kind; lists of symbols are tuples."""
        lists = self.encoding.splitter is None
        if prompt is None or (lists and isinstance(prompt, str) and not prompt):
            return () if lists else ""
        return tuple(prompt) if lists and isinstance(prompt, list) else prompt
