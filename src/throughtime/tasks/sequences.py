"""Sequences to be told apart, as numbers a network reads.

    numbers   arrays [T] or [T, C]: scaled by the training part; a missing one carries the last value on
    symbols   texts split into characters, words, .., or lists of symbols: the place of each in a vocabulary made of the
              training part, 0 for one that is not in it

Dimensions: N sequences, T steps (each sequence its own), C variables, F numbers a step as the network reads it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from throughtime.base.errors import DataError, ShapeError
from throughtime.data import Scaling, fill_forward
from throughtime.data.symbols import MERS, SPAN, Splitter, Vocabulary, mers

AUTO, CHARACTERS, WORDS, SUBWORDS, ITEMS = "auto", "characters", "words", "subwords", "items"
SPLITS = (AUTO, CHARACTERS, WORDS, SUBWORDS, "jamo", "bytes", MERS, ITEMS)
# A language has more words than a text shows; characters and a user's own symbols are mostly all there. Words seen once
# teach the vector of unknown ones.
LEAST_COUNT = {WORDS: 2}
# Of so few words the ones seen once are kept: a small vocabulary is no sample of a language.
FEW_WORDS = 500
SUBWORDS_KNOWN = 8000
# Of so few letters, which make up this share of all, 6-mers are few enough to be met again.
FEW_LETTERS, THEIR_SHARE = 4, 0.95
Given = str | tuple[Any, ...] | np.ndarray


def as_sequences(given: Any, name: str = "sequences") -> list[Given]:
    """Sequences as texts, tuples of symbols or arrays [T, C], all of one kind.

    Args:
        given: a list of texts, of lists of symbols, or of arrays of numbers [T] or [T, C]; an array [N, T] or
            [N, T, C]; a pandas or polars Series of texts.
        name: what messages call them.

    Raises:
        DataError: no sequence, an empty one, infinite numbers, or several kinds.
        ShapeError: arrays with other axes, or with unequal numbers of variables.
    """
    rows = [_one(each, place, name) for place, each in enumerate(_listed(given, name))]
    if not rows:
        raise DataError(f"`{name}` holds at least one sequence: none came.")
    kinds = {_kind(row): place for place, row in enumerate(rows)}
    if len(kinds) > 1:
        found = " and ".join(f"{kind} (such as number {place})" for kind, place in kinds.items())
        raise DataError(f"Sequences are all of one kind: {found} came. Give texts, lists of symbols, or arrays.")
    _refuse_empty(rows)
    widths = {row.shape[1] for row in rows if isinstance(row, np.ndarray)}
    if len(widths) > 1:
        raise ShapeError(f"Sequences have equal numbers of variables: {sorted(widths)} came. Time is axis 0.")
    return rows


def splits_to_try(sequences: Sequence[Given], split: str) -> list[str]:
    """How texts may become symbols, what stands to reason first: of few letters, such as DNA's, 6-mers beside them.

    Args:
        sequences: the training part, of `as_sequences`.
        split: as it was asked for, out of `SPLITS`.
    """
    if split != AUTO or not isinstance(sequences[0], str) or _split_of(sequences, AUTO) != CHARACTERS:
        return [split]
    counts = Counter("".join(sequences))  # type: ignore[arg-type]
    most = sum(count for _, count in counts.most_common(FEW_LETTERS))
    return [CHARACTERS, MERS] if most >= THEIR_SHARE * counts.total() else [CHARACTERS]


@dataclass(frozen=True)
class SequenceEncoding:
    """How sequences become numbers; made of the training part.

    Args:
        kind: "numbers", or how texts become symbols, out of `SPLITS` without "auto".
        longest: steps of the longest training sequence.
        equal: whether all training sequences have as many.
        scaling: of the variables; None for symbols.
        flags: whether each variable has a flag beside it that says where it is missing.
        splitter: None for numbers and for lists of symbols.
        vocabulary: None for numbers.
    """

    kind: str
    longest: int
    equal: bool
    scaling: Scaling | None = None
    flags: bool = False
    splitter: Splitter | None = None
    vocabulary: Vocabulary | None = None

    @classmethod
    def fit(cls, sequences: Sequence[Given], split: str = AUTO) -> SequenceEncoding:
        """Learn scales or the vocabulary.

        Args:
            sequences: the training part, of `as_sequences`.
            split: out of `SPLITS`: how texts become symbols. "auto": words where texts hold spaces, else characters.

        Raises:
            DataError: a variable without an observed number, or texts for `split="items"`.
        """
        if isinstance(sequences[0], np.ndarray):
            return cls._of_numbers(sequences)
        kind = _split_of(sequences, split)
        splitter = _splitter(kind, sequences)
        symbols = [_symbols(each, splitter) for each in sequences]
        _refuse_empty(symbols)
        vocabulary = Vocabulary.fit(symbols)
        if kind in LEAST_COUNT and len(vocabulary) > FEW_WORDS:
            vocabulary = Vocabulary.fit(symbols, least_count=LEAST_COUNT[kind])
        return cls(kind, *_lengths(symbols), splitter=splitter, vocabulary=vocabulary)

    @classmethod
    def _of_numbers(cls, sequences: Sequence[Any]) -> SequenceEncoding:
        scaling = Scaling.fit(list(sequences), transforms="auto")
        flags = any(bool(np.isnan(each).any()) for each in sequences)
        return cls("numbers", *_lengths(sequences), scaling=scaling, flags=flags)

    @property
    def symbols(self) -> int:
        """V, symbols in the vocabulary, the unknown one included; 0 for numbers."""
        return 0 if self.vocabulary is None else len(self.vocabulary)

    @property
    def input_size(self) -> int:
        """F of a step of numbers; 0 for symbols."""
        return 0 if self.scaling is None else len(self.scaling.transforms) * (1 + self.flags)

    @property
    def many_symbols(self) -> bool:
        """Whether symbols are words or the like: many, each with a meaning of its own."""
        return self.kind in (WORDS, SUBWORDS, ITEMS, MERS)

    @property
    def span(self) -> int:
        """Symbols as they are given that a step holds: more than one of 6-mers."""
        return SPAN if self.kind == MERS else 1

    def split(self, sequence: Given) -> Any:
        """A sequence's steps: its symbols, or its rows."""
        if isinstance(sequence, np.ndarray):
            return sequence
        return (
            mers(sequence) if self.kind == MERS and isinstance(sequence, tuple) else _symbols(sequence, self.splitter)
        )

    def encode(self, sequences: Sequence[Given]) -> list[Tensor]:
        """Each sequence as int64 [T] (symbols) or float32 [T, F].

        Raises:
            DataError: they are of another kind than those of `fit`.
            ShapeError: another number of variables.
        """
        if isinstance(sequences[0], np.ndarray) != (self.scaling is not None):
            wanted = "numbers" if self.scaling is not None else "symbols"
            raise DataError(f"Sequences are of the kind that was fitted, {wanted}: {_kind(sequences[0])} came.")
        if self.vocabulary is not None:
            symbols = [self.split(each) for each in sequences]
            _refuse_empty(symbols)
            return [torch.from_numpy(self.vocabulary.encode(each)) for each in symbols]
        return [self._scaled(each) for each in sequences]

    def _scaled(self, sequence: Any) -> Tensor:
        assert self.scaling is not None
        if sequence.shape[1] != len(self.scaling.transforms):
            raise ShapeError(
                f"A step holds the {len(self.scaling.transforms)} variables that were fitted: {sequence.shape[1]} came."
            )
        values, observed = fill_forward(self.scaling.apply(sequence))
        parts = [values, ~observed] if self.flags else [values]
        return torch.from_numpy(np.concatenate(parts, 1).astype(np.float32))

    def to_dict(self) -> dict[str, Any]:
        """In plain lists and numbers; `from_dict` takes it."""
        scaling = self.scaling
        return {
            "kind": self.kind,
            "longest": self.longest,
            "equal": self.equal,
            "flags": self.flags,
            "scaling": None
            if scaling is None
            else {"transforms": list(scaling.transforms), "mean": scaling.mean.tolist(), "sd": scaling.sd.tolist()},
            "splitter": None if self.splitter is None else self.splitter.to_dict(),
            "vocabulary": None if self.vocabulary is None else self.vocabulary.to_dict(),
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> SequenceEncoding:
        """The inverse of `to_dict`."""
        parts = dict(stored)
        scaling, splitter, vocabulary = (parts.pop(name) for name in ("scaling", "splitter", "vocabulary"))
        if scaling is not None:
            scaling = Scaling(
                tuple(scaling["transforms"]), np.array(scaling["mean"], float), np.array(scaling["sd"], float)
            )
        return cls(
            **parts,
            scaling=scaling,
            splitter=None if splitter is None else Splitter.from_dict(splitter),
            vocabulary=None if vocabulary is None else Vocabulary.from_dict(vocabulary),
        )


def _listed(given: Any, name: str) -> list[Any]:
    """The sequences one by one."""
    if isinstance(given, str | bytes) or not hasattr(given, "__iter__"):
        kind = "one text" if isinstance(given, str) else type(given).__name__
        raise DataError(f"`{name}` is a list of sequences: {kind} came. Put one sequence into a list.")
    if isinstance(given, Mapping):
        raise DataError(f"`{name}` is a list of sequences: a {type(given).__name__} came. Give a list of its values.")
    if isinstance(given, Tensor):
        given = given.detach().cpu().numpy()
    if isinstance(given, np.ndarray) and given.dtype.kind in "biuf" and given.ndim not in (2, 3):
        raise ShapeError(
            f"An array of sequences is [N, T] or [N, T, C]: {given.shape} came. Put one sequence into a list."
        )
    if hasattr(given, "columns"):
        raise DataError(f"`{name}` is a list of sequences: a frame came. Give its column of texts, or arrays.")
    return list(given.to_list() if hasattr(given, "to_list") else given)


def _one(given: Any, place: int, name: str) -> Given:
    if isinstance(given, str):
        return given
    if isinstance(given, list | tuple) and given and all(isinstance(each, str) for each in given):
        return tuple(given)
    try:
        values = given.detach().cpu().numpy() if isinstance(given, Tensor) else np.asarray(given)
        if values.dtype.kind not in "biuf":
            raise ValueError
        values = values.astype(np.float64)
    except (ValueError, TypeError) as error:
        raise DataError(
            f"A sequence is a text, a list of texts, or an array of numbers: `{name}` number {place} (from 0) is "
            f"{type(given).__name__}, and no such one."
        ) from error
    values = values[:, None] if values.ndim == 1 else values
    if values.ndim != 2:
        raise ShapeError(f"A sequence is [T] or [T, C]: `{name}` number {place} (from 0) has {values.ndim} axes.")
    if np.isinf(values).any():
        raise DataError(f"A sequence holds finite numbers, nan where missing: `{name}` number {place} has infinity.")
    return values


def _refuse_empty(rows: Sequence[Any]) -> None:
    empty = [place for place, row in enumerate(rows) if not len(row)]
    if empty:
        raise DataError(
            f"A sequence has at least one step: {len(empty)} of {len(rows)} are empty, the first is number {empty[0]} "
            "(from 0). Leave them out."
        )


def _splitter(kind: str, sequences: Sequence[Any]) -> Splitter | None:
    """What takes texts apart. Words are lower-cased: few texts show each of them at a sentence's beginning too."""
    if kind == ITEMS:
        return None
    return Splitter.train(sequences, SUBWORDS_KNOWN) if kind == SUBWORDS else Splitter(kind, lower=kind == WORDS)


def _kind(row: Given) -> str:
    return "texts" if isinstance(row, str) else "lists of symbols" if isinstance(row, tuple) else "numbers"


def _split_of(sequences: Sequence[Given], split: str) -> str:
    """How texts become symbols."""
    texts = isinstance(sequences[0], str)
    if split == ITEMS and texts:
        raise DataError("Items are what lists hold: texts came. Split them, or say how with symbols='words'.")
    if not texts:
        return ITEMS
    if split != AUTO:
        return split
    spaced = sum(any(sign.isspace() for sign in each.strip()) for each in sequences)  # type: ignore[union-attr]
    return WORDS if 2 * spaced >= len(sequences) else CHARACTERS


def _symbols(sequence: Any, splitter: Splitter | None) -> Sequence[Any]:
    return sequence if splitter is None or not isinstance(sequence, str) else splitter.split(sequence)


def _lengths(sequences: Sequence[Any]) -> tuple[int, bool]:
    lengths = {len(each) for each in sequences}
    return max(lengths), len(lengths) == 1
