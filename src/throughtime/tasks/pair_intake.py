"""Pairs of sequences as given, checked; and as numbers, with those that a source's own symbols have while copied.

Where symbols are copied both sides have one vocabulary of V symbols, and what it lacks has in each pair numbers of its
own: V, V + 1, .. in the order of the source. A target's symbol that neither the vocabulary nor its source has is 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np

from throughtime.base.errors import DataError, ShapeError
from throughtime.tasks.corpus import Given, Numbers, TextEncoding, as_corpus


def as_texts(given: Any, what: str) -> list[Any]:
    """Texts, or tuples of symbols, all of one kind and none of them empty.

    Args:
        given: a list or series.
        what: they are, in a word, for the message.

    Raises:
        DataError: they are not.
    """
    if isinstance(given, str | bytes | Mapping | Set) or not hasattr(given, "__iter__"):
        raise DataError(
            f"{what} are a list of texts, or of lists of symbols, in the order of their pairs: {type(given).__name__} "
            "came. Put a single one into a list."
        )
    rows = list(given.to_list() if hasattr(given, "to_list") else given)
    if not rows:
        raise DataError(f"{what} are one at least: none came.")
    empty = [place for place, each in enumerate(rows) if isinstance(each, str | list | tuple) and not len(each)]
    if empty:
        raise DataError(
            f"{what} hold a symbol each at least: {len(empty)} of {len(rows)} are empty, the first is number "
            f"{empty[0]} (from 0). Leave these pairs out."
        )
    found = as_corpus(rows)
    assert isinstance(found, list)
    return found


def as_pairs(sources: Any, targets: Any) -> tuple[list[Any], list[Any]]:
    """Sources and targets, one of each to a pair.

    Raises:
        DataError: one side breaks a rule.
        ShapeError: there are not as many of one as of the other.
    """
    if targets is None:
        raise DataError("Pairs are sources and targets: no targets came. Pass fit(sources, targets).")
    ours, theirs = as_texts(sources, "Sources"), as_texts(targets, "Targets")
    if len(ours) != len(theirs):
        raise ShapeError(
            f"Each source has its target: {len(ours)} sources and {len(theirs)} targets came. Make them as many."
        )
    return ours, theirs


@dataclass(frozen=True)
class Pair:
    """One pair as numbers.

    Args:
        source: [S] of the source's vocabulary, in the order in which it is read.
        places: [S] of the target's vocabulary, and from V on of the source's own symbols; None: nothing is copied.
        target: [T] likewise, with an end on both sides; None where only the source is there.
    """

    source: Numbers
    places: Numbers | None
    target: Numbers | None


@dataclass(frozen=True)
class PairEncoding:
    """How pairs become numbers.

    Args:
        source: of sources.
        target: of targets; the same one where symbols are copied.
        copying: whether they are.
        reverse: whether sources are read from their end.
        limit: symbols of a source that are read, from its beginning; None: all.
    """

    source: TextEncoding
    target: TextEncoding
    copying: bool
    reverse: bool
    limit: int | None

    @classmethod
    def fit(
        cls, sources: Given, targets: Given, kinds: tuple[str, str], *, copying: bool, reverse: bool, limit: int | None
    ) -> PairEncoding:
        """Learn the symbols.

        Args:
            sources, targets: of `as_texts`.
            kinds: out of `corpus.SPLITS`, of either side.
            copying, reverse, limit: as the constructor takes them.

        Raises:
            DataError: symbols are copied, and one side is texts, the other lists of symbols.
            ConfigError: subwords without the extra `tokenizers`.
        """
        if not copying:
            return cls(TextEncoding.fit(sources, kinds[0]), TextEncoding.fit(targets, kinds[1]), False, reverse, limit)
        assert isinstance(sources, list)
        assert isinstance(targets, list)
        if isinstance(sources[0], str) != isinstance(targets[0], str):
            raise DataError("Copied symbols are the same on both sides: texts and lists of symbols came. Use one kind.")
        both = TextEncoding.fit([*sources, *targets], kinds[0])
        return cls(both, both, True, reverse, limit)

    def symbols(self, source: Any) -> list[Any]:
        """A source's symbols as they are read; errors as `TextEncoding.encode`."""
        self.source.encode(source)
        found = _parts(source, self.source)[: self.limit]
        return found[::-1] if self.reverse else found

    def encode(self, source: Any, target: Any = None) -> Pair:
        """A pair as numbers; errors as `TextEncoding.encode`."""
        numbers = self.source.encode(source)[: self.limit]
        if self.reverse:
            numbers = numbers[::-1].copy()
        document = None if target is None else self.target.document(target)
        if not self.copying:
            return Pair(numbers, None, document)
        own = {symbol: self.target.size + place for place, symbol in enumerate(self.own_symbols(source))}
        if not own:
            return Pair(numbers, numbers, document)
        places = _with_own(numbers, self.symbols(source), own)
        if document is not None:
            document[1:-1] = _with_own(document[1:-1], _parts(target, self.target), own)
        return Pair(numbers, places, document)

    def own_symbols(self, source: Any) -> list[Any]:
        """Symbols of a source that the vocabulary lacks, each once, in their order from its beginning."""
        codes = self.source.encode(source)[: self.limit]
        if codes.all():
            return []
        parts = _parts(source, self.source)
        return list(dict.fromkeys(parts[place] for place in (codes == 0).nonzero()[0]))

    def words(self, numbers: Sequence[int], source: Any) -> list[Any]:
        """The target's symbols that numbers stand for, the source's own ones included; an end is left out."""
        V, own = self.target.size, self.own_symbols(source) if self.copying else []
        kept = [number for number in numbers if number != self.target.end]
        within = iter(self.target.vocabulary.decode([number for number in kept if number < V]))
        return [next(within) if number < V else own[number - V] for number in kept]

    def decode(self, numbers: Sequence[int], source: Any) -> Any:
        """The text, or list of symbols, that numbers stand for."""
        symbols, splitter = self.words(numbers, source), self.target.splitter
        return symbols if splitter is None else splitter.join(symbols)

    def to_dict(self) -> dict[str, Any]:
        """In plain lists and numbers; `from_dict` takes it."""
        return {
            "source": self.source.to_dict(),
            "target": None if self.copying else self.target.to_dict(),
            "copying": self.copying,
            "reverse": self.reverse,
            "limit": self.limit,
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> PairEncoding:
        """The inverse of `to_dict`."""
        source = TextEncoding.from_dict(stored["source"])
        target = source if stored["copying"] else TextEncoding.from_dict(stored["target"])
        return cls(source, target, bool(stored["copying"]), bool(stored["reverse"]), stored["limit"])


def _parts(text: Any, encoding: TextEncoding) -> list[Any]:
    return list(text if encoding.splitter is None else encoding.splitter.symbols(text))


def _with_own(numbers: Numbers, parts: Sequence[Any], own: Mapping[Any, int]) -> Numbers:
    """Numbers whose unknown symbols have those of the source's own where it has them."""
    found = numbers.copy()
    for place in (numbers == 0).nonzero()[0]:
        found[place] = own.get(parts[place], 0)
    return found


def longest(pairs: Sequence[Pair]) -> int:
    """Symbols of the longest target."""
    return max(len(pair.target) - 2 for pair in pairs if pair.target is not None)


def lengths(pairs: Sequence[Pair]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Of each pair the symbols of its target and source, [N, 2]."""
    return np.array([[0 if pair.target is None else len(pair.target), len(pair.source)] for pair in pairs], np.int64)
