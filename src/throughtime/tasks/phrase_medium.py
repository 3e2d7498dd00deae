"""Handwriting as a medium: strokes for a phrase, each point told from those before it and from the letters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from throughtime.base.errors import ConfigError, DataError
from throughtime.base.run_folder import RunFolder
from throughtime.bptt import Piece
from throughtime.nn import Network
from throughtime.tasks.generator_options import GeneratorOptions
from throughtime.tasks.medium import Medium, Trained, Wanted, refuse_all_but_bias
from throughtime.tasks.phrase_network import (
    PhraseDesign,
    PhraseStates,
    as_letters,
    as_phrases,
    build,
    scribe_of,
)
from throughtime.tasks.sequence_training import Kind, parts_of, train_on
from throughtime.tasks.strokes import Strokes, as_strokes, drawn, head_of, nats_of, scale_of, stroke_piece

ROWS, UPDATES, COMPONENTS, BELLS = 32, 3000, 10, 10


@dataclass(frozen=True)
class Written:
    """A phrase and the strokes that write it."""

    strokes: Strokes
    phrase: str

    def __len__(self) -> int:
        return len(self.strokes)


@dataclass(frozen=True)
class PhraseMedium(Medium):
    """A network that writes phrases.

    Args:
        design: the network's shape.
        network: in evaluation mode.
    """

    design: PhraseDesign
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
        """Train; arguments and errors as `TextMedium.fit`, corpus and validation each strokes and phrases.

        Raises:
            DataError: a phrase of the caller's own validation has a letter that none of the corpus has.
        """
        check_scribe(options)
        own = None if validation is None else _written(*_pair(validation), "validation")
        train, valid = parts_of(_written(*corpus), own, options)
        if own is None:
            train, valid = _all_letters_trained(train, valid)
        design = _design(train, options)
        if valid:
            as_letters([each.phrase for each in valid], design.letters)  # refused before anything is trained
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(options.seed)
            network = build(design).to(options.device)
        states = PhraseStates(network)

        def piece_of(some: Sequence[Written], device: torch.device | str) -> Piece:
            states.show(as_letters([each.phrase for each in some], design.letters).to(device))
            return stroke_piece([each.strokes for each in some], design.scale, device)

        kind: Kind[Written] = Kind("points", ROWS, UPDATES, piece_of, lambda net, some: _nats_of(net, design, some))
        history, schedule = train_on(kind, network, head_of(network).loss, (train, valid), options, run, group, states)
        return cls(design, network.eval()), history, schedule

    @classmethod
    def from_dict(cls, state: Mapping[str, Any], weights: Mapping[str, Tensor]) -> PhraseMedium:
        """The inverse of `to_dict` and `weights`; errors as `TextMedium.from_dict`."""
        design = PhraseDesign(**state["design"])
        network = build(design)
        network.load_state_dict(dict(weights))
        return cls(design, network.eval())

    def to_dict(self) -> dict[str, Any]:
        """See `Medium.to_dict`."""
        return {"design": self.design.to_dict()}

    def score(self, corpus: Any) -> float:
        """See `Medium.score`; of strokes and phrases."""
        written = _written(*corpus)
        if max(map(len, written)) < 2:
            raise DataError("A score needs a drawing of two points, one to read and one to tell: none has them.")
        return _nats_of(self.network, self.design, written)

    def stream(self, prompt: Any, wanted: Wanted) -> Iterator[Strokes]:
        """See `Medium.stream`; points [3]."""
        refuse_all_but_bias(wanted)
        state = self._start([_phrase(prompt)])
        nothing = np.zeros((0, 3))
        return drawn(self.network, self.design.scale, nothing, wanted.steps, wanted.bias, wanted.seed, state)

    def generate(self, prompt: Any, wanted: Wanted) -> Strokes:
        """See `Medium.generate`; [T, 3]."""
        return np.stack(list(self.stream(prompt, wanted)))

    def reading(self, strokes: Any, phrase: Any) -> NDArray[np.float32]:
        """How much the window saw of each letter, and of the end, as each point was told: [T, U + 1]."""
        (points,), state = as_strokes([strokes], "strokes"), self._start([_phrase(phrase)])
        piece = stroke_piece([points], self.design.scale, next(self.network.parameters()).device)
        scribe = scribe_of(self.network)
        with torch.no_grad():
            output, _ = scribe.reader(piece.x, state["reader"])
            return scribe.reader.window(state["reader"], output)[:, 0].cpu().numpy()

    def _start(self, phrases: Sequence[str]) -> dict[str, Any]:
        letters = as_letters(phrases, self.design.letters)
        return scribe_of(self.network).start(letters.to(next(self.network.parameters()).device))


def check_scribe(options: GeneratorOptions) -> None:
    """Raise ConfigError unless the settings leave the network as it is that reads phrases."""
    if options.cell != "lstm" or options.num_layers != 1 or options.weight_drop:
        raise ConfigError(
            "What writes phrases is an LSTM with a window and one above it: leave cell, num_layers and weight_drop "
            f"as they are; {options.cell}, {options.num_layers} and {options.weight_drop:g} came."
        )


def _all_letters_trained(train: list[Written], valid: list[Written]) -> tuple[list[Written], list[Written]]:
    """Both parts, but a drawing drawn to validate trains where its phrase has a letter that no other has."""
    known, kept = {letter for each in train for letter in each.phrase}, []
    for each in valid:
        if known.issuperset(each.phrase):
            kept.append(each)
        else:
            train = [*train, each]
            known |= set(each.phrase)
    return train, kept


def _design(train: Sequence[Written], options: GeneratorOptions) -> PhraseDesign:
    return PhraseDesign(
        scale=scale_of([each.strokes for each in train]),
        letters="".join(sorted({letter for each in train for letter in each.phrase})),
        pace=sum(len(each.phrase) for each in train) / sum(map(len, train)),
        components=COMPONENTS,
        bells=BELLS,
        hidden_size=options.hidden_size,
        dropout=options.dropout,
    )


def _nats_of(network: Any, design: PhraseDesign, written: Sequence[Written]) -> float:
    device = next(network.parameters()).device

    def begin(some: slice) -> dict[str, Any]:
        return scribe_of(network).start(as_letters([each.phrase for each in written[some]], design.letters).to(device))

    return nats_of(network, [each.strokes for each in written], design.scale, begin)


def _written(strokes: Any, phrases: Any, name: str = "corpus") -> list[Written]:
    drawings = as_strokes(strokes, name)
    texts = as_phrases(phrases, len(drawings), "y" if name == "corpus" else name)
    return [Written(*each) for each in zip(drawings, texts, strict=True)]


def _pair(validation: Any) -> tuple[Any, Any]:
    if not isinstance(validation, tuple) or len(validation) != 2:
        raise DataError(
            f"`validation` of phrases is a share, or a pair (strokes, phrases): {type(validation).__name__} came."
        )
    return validation


def _phrase(prompt: Any) -> str:
    if not isinstance(prompt, str) or not prompt:
        raise DataError(f"What is written is a phrase of a letter at least: {prompt!r} came.")
    return prompt
