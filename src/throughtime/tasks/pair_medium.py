"""Pairs of symbol sequences as a medium: texts to texts, or lists of symbols to lists of symbols."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from throughtime.base.errors import ConfigError, DataError, Notice
from throughtime.base.run_folder import RunFolder
from throughtime.bptt import TBPTT
from throughtime.decode import Found
from throughtime.nn import Network
from throughtime.tasks.lessons import Lessons, pairs_of
from throughtime.tasks.pair_fitting import Taught, encoded, split, train_network, validating
from throughtime.tasks.pair_intake import Pair, PairEncoding, as_pairs, as_texts, longest
from throughtime.tasks.pair_network import PairDesign, PairEncoder, build, head_of, nats_of, told
from throughtime.tasks.pair_options import PairOptions
from throughtime.tasks.pair_writing import Manner, PairWriter
from throughtime.train import History

DECODER, ENCODER = "decoder.", "encoder."  # what weights in a file begin with
_HEAD_TIED = "embedding.weight"  # of weights that the embed has, too


@dataclass(frozen=True)
class PairMedium:
    """A decoder that tells targets, an encoder that reads sources, and their symbols.

    Args:
        encoding: how pairs become numbers, and numbers targets.
        design: the network's shape.
        network, encoder: in evaluation mode.
        longest: symbols of the longest target that trained.
    """

    encoding: PairEncoding
    design: PairDesign
    network: Network
    encoder: PairEncoder
    longest: int

    @classmethod
    def fit(
        cls,
        sources: Any,
        targets: Any,
        validation: Any,
        options: PairOptions,
        run: RunFolder | None,
        group: torch.distributed.ProcessGroup | None,
    ) -> tuple[PairMedium, History, TBPTT]:
        """Train; arguments and errors as `SequenceToSequence.fit`.

        Args:
            sources, targets, run, group: as it takes them.
            validation: pairs of its own; None: the share that the options name, if any.
            options: settings, checked.
        """
        if targets is None and isinstance(sources, Lessons):
            taught = _of_lessons(sources, options)
        else:
            taught = _of_pairs(sources, targets, validation, options)
        network, encoder, design, history, schedule = train_network(taught, options, run, group)
        return cls(taught.encoding, design, network, encoder, taught.longest), history, schedule

    @classmethod
    def from_dict(cls, state: Mapping[str, Any], weights: Mapping[str, Tensor]) -> PairMedium:
        """The inverse of `to_dict` and `weights`.

        Raises:
            KeyError, TypeError, ValueError, RuntimeError: they do not fit together.
        """
        design = PairDesign(**state["design"])
        decoder, encoder = build(design)
        for begin, part in ((DECODER, decoder), (ENCODER, encoder)):
            own = {name.removeprefix(begin): weight for name, weight in weights.items() if name.startswith(begin)}
            shared = [name for name in part.state_dict() if _shared(name, begin, design)]
            part.load_state_dict(own | dict.fromkeys(shared, weights[DECODER + "embed.weight"]))
            part.eval()
        return cls(PairEncoding.from_dict(state["encoding"]), design, decoder, encoder, int(state["longest"]))

    def to_dict(self) -> dict[str, Any]:
        """All but the weights, in plain lists and numbers."""
        return {"encoding": self.encoding.to_dict(), "design": self.design.to_dict(), "longest": self.longest}

    def weights(self) -> dict[str, Tensor]:
        """The tensors, each once."""
        return {
            begin + name: weight
            for begin, part in ((DECODER, self.network), (ENCODER, self.encoder))
            for name, weight in part.state_dict().items()
            if not _shared(name, begin, self.design)
        }

    @property
    def parts(self) -> tuple[torch.nn.Module, ...]:
        """The modules that hold the weights."""
        return self.network, self.encoder

    def predict(self, sources: Any, how: Manner) -> list[Any]:
        """See `SequenceToSequence.predict`."""
        given = as_texts(sources, "Sources")
        found = self._writer().write(self._only_sources(given), how)
        self._say_cut(found, how)
        texts = [
            [(self.encoding.decode(one.symbols, source), one.log_probability) for one in each]
            for source, each in zip(given, found, strict=True)
        ]
        return [each[0][0] for each in texts] if how.best is None else [each[: how.best] for each in texts]

    def stream(self, source: Any, how: Manner) -> Iterator[str]:
        """See `SequenceToSequence.stream`."""
        (given,) = as_texts([source], "Sources")
        (pair,) = self._only_sources([given])
        return self._streamed(given, self._writer().stream(pair, how))

    def score(self, sources: Any, targets: Any) -> float:
        """See `SequenceToSequence.score`."""
        return nats_of(self.network, self.encoder, encoded(self.encoding, sources, targets))

    def told(self, sources: Any, targets: Any) -> list[NDArray[np.bool_]]:
        """See `SequenceToSequence.told`."""
        pairs, head = encoded(self.encoding, sources, targets), head_of(self.network)
        found: list[NDArray[np.bool_]] = []
        for output, y, lengths in told(self.network, self.encoder, pairs):
            right = (head.predict(output) == y).cpu().numpy()
            found += [right[:length, row].copy() for row, length in enumerate(lengths.tolist())]
        return found

    def attention(self, source: Any, target: Any) -> tuple[list[Any], list[Any], Any, Any]:
        """See `SequenceToSequence.attention`."""
        if not self.design.heads:
            raise ConfigError("Attention is looked at where there is some: this was fitted with heads=0.")
        (given,) = as_texts([source], "Sources")
        if target is None:
            (pair,) = self._only_sources([given])
            numbers = self._writer().write([pair], Manner(self.longest))[0][0].symbols
            end = self.encoding.target.end
            pair = Pair(pair.source, pair.places, np.array([end, *numbers, end], np.int64))
        else:
            pair = self.encoding.encode(given, as_texts([target], "Targets")[0])
        assert pair.target is not None
        weights, copied = self._writer().attention(pair)
        symbols = self.encoding.words(pair.target.tolist(), given)
        count = len(symbols)
        shares = None if copied is None else copied[:count].double().numpy()
        return self.encoding.symbols(given), symbols, weights[:count].double().numpy(), shares

    def _only_sources(self, given: Sequence[Any]) -> list[Pair]:
        return [self.encoding.encode(each) for each in given]

    def _writer(self) -> PairWriter:
        return PairWriter(self.network, self.encoder, self.encoding)

    def _streamed(self, source: Any, numbers: Iterator[int]) -> Iterator[str]:
        """What each symbol adds to the text; of lists the symbols."""
        if self.encoding.target.splitter is None:
            for number in numbers:
                yield from self.encoding.words([number], source)
            return
        # The last sign of these may change with the symbol behind it.
        held = 1 if self.encoding.target.splitter.kind in ("jamo", "bytes", "subwords") else 0
        said: list[int] = []
        text, until = "", 0
        for number in numbers:
            said.append(number)
            text = self.encoding.decode(said, source)
            if len(text) - held > until:
                yield text[until : len(text) - held]
                until = len(text) - held
        if text[until:]:
            yield text[until:]

    def _say_cut(self, found: Sequence[Sequence[Found]], how: Manner) -> None:
        cut = sum(not each[0].ended for each in found)
        if cut:
            warnings.warn(
                f"{cut} of {len(found)} targets had no end after {how.most} symbols and were cut there. Longer ones "
                "are written with predict(most=), in throughtime generate with --steps.",
                Notice,
                stacklevel=4,
            )


def _shared(name: str, begin: str, design: PairDesign) -> bool:
    """Whether a weight is the decoder's vectors under another name."""
    if begin == ENCODER:
        return design.copying and name == "embed.weight"
    return design.tied and name.startswith("head.") and name.endswith(_HEAD_TIED)


def _of_pairs(sources: Any, targets: Any, validation: Any, options: PairOptions) -> Taught:
    ours, theirs = as_pairs(sources, targets)
    encoding = _encoding(ours, theirs, options)
    pairs = [encoding.encode(*pair) for pair in zip(ours, theirs, strict=True)]
    own = None if validation is None else _own_validation(validation, encoding)
    train, valid = (pairs, own) if own is not None else split(pairs, options)
    return Taught(train, valid, encoding, longest(pairs))


def _own_validation(validation: Any, encoding: PairEncoding) -> list[Pair]:
    if not isinstance(validation, Sequence) or isinstance(validation, str) or len(validation) != 2:
        raise DataError(
            f"`validation` is a share, a pair (sources, targets), or None: {type(validation).__name__} came. Put "
            "sources and targets into a tuple."
        )
    return encoded(encoding, *validation)


def _of_lessons(lessons: Lessons, options: PairOptions) -> Taught:
    sources, targets = as_texts(lessons.vocabulary[0], "Sources"), as_texts(lessons.vocabulary[1], "Targets")
    encoding = _encoding(sources, targets, options)
    pairs = encoded(encoding, *pairs_of(lessons, 0, ()))
    shown = max(longest(pairs), *(len(encoding.target.encode(each)) for each in targets))
    return Taught(pairs, validating(encoding, lessons, 0, ()), encoding, shown, lessons)


def _encoding(sources: list[Any], targets: list[Any], options: PairOptions) -> PairEncoding:
    return PairEncoding.fit(
        sources,
        targets,
        (options.symbols, options.target_symbols),
        copying=options.copy,
        reverse=options.reverse,
        limit=options.source_limit,
    )
