"""How text becomes symbols, and symbols become numbers.

    Splitter      text -> symbols -> text
    Vocabulary    symbols -> 0 .. K - 1 -> symbols, 0 for a symbol that was not in the training part

Text is brought to Unicode's normal form C first, so that a Hangul syllable is one code point. What each kind splits
into, and whether `join` gives that normal form back:

    characters    code points                                                          exactly
    jamo          code points, Hangul syllables taken apart into two or three jamo      exactly
    bytes         whole numbers 0 .. 255, of UTF-8                                     exactly
    subwords      what `subwords.py` learned                                           exactly
    6-mers        each code point with the five before it, fewer at the beginning      exactly
    words         runs of letters, digits and marks, apostrophes inside them           by a rule
                  included; each other sign alone, with marks and joiners behind it; no blanks

The rule that joins words: a blank between any two, but none before a closing sign and none behind an opening one.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import NoneType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from throughtime.base.checks import Checks, as_whole
from throughtime.base.errors import DataError
from throughtime.data.subwords import from_subwords, into_subwords, train_subwords
from throughtime.data.unicode_text import composed

Symbol = str | int
MERS, SPAN = "6-mers", 6
KINDS = ("characters", "words", "jamo", "bytes", "subwords", MERS)
UNKNOWN = "<unknown>"

_SYLLABLE = re.compile("[\uac00-\ud7a3]")
# Over one sign per character: w of a word, m a mark or joiner, ' an apostrophe, . any other, a blank for blanks.
_WORD = re.compile(r"[wm]+(?:'[wm]+)*|[.']m*")
_APOSTROPHES = "'\u2019"
_JOINERS = "\u200c\u200d"
_CLOSING = frozenset(".,;:!?)]}%\u2026\u201d\u00bb\u3001\u3002")
_OPENING = frozenset("([{\u201c\u2018\u00ab")


@dataclass(frozen=True)
class Splitter:
    """Takes texts apart into symbols and puts them together again.

    Args:
        kind: "characters", "words", "jamo", "bytes", "subwords" or "6-mers".
        lower: whether text is lower-cased first.
        model: of subwords, JSON as `train` leaves it; None for the other kinds.

    Raises:
        ConfigError: another kind, `lower` is no bool, subwords without a model, or a model without subwords.
    """

    kind: str = "characters"
    lower: bool = False
    model: str | None = None

    def __post_init__(self) -> None:
        checks = Checks()
        checks.choice("kind", self.kind, KINDS)
        checks.flag("lower", self.lower)
        if not isinstance(self.model, str if self.kind == "subwords" else NoneType):
            checks.add(
                "`model` is there for subwords, and for them alone: Splitter.train(texts, size) makes one, "
                f"{type(self.model).__name__} came with {self.kind!r}"
            )
        checks.report("Splitter")

    @classmethod
    def train(cls, texts: Iterable[str], size: int, *, algorithm: str = "bpe", lower: bool = False) -> Splitter:
        """A splitter into subwords.

        Args:
            texts: of the training part alone.
            size: subwords there are to be, 256 or more.
            algorithm: "bpe" or "unigram".
            lower: whether text is lower-cased first.

        Raises:
            ConfigError: as `train_subwords`; such as that the extra `tokenizers` is not installed.
            DataError: as `split`.
        """
        return cls("subwords", lower, train_subwords([_prepared(text, lower) for text in texts], size, algorithm))

    def split(self, text: str) -> list[Symbol]:
        """The symbols of a text, in order; none of an empty one.

        Args:
            text: any.

        Returns:
            Texts; of "bytes", whole numbers.

        Raises:
            DataError: it is no text, or holds half of a surrogate pair.
            ConfigError: the extra `tokenizers` is not installed.
        """
        return list(self.symbols(text))

    def symbols(self, text: str) -> Sequence[Symbol]:
        """As `split`, but characters and jamo as one text: `Vocabulary` counts and numbers those at once.

        Args:
            text: any; errors as `split`.
        """
        text = _prepared(text, self.lower)
        match self.kind:
            case "characters":
                return text
            case "jamo":
                return _SYLLABLE.sub(lambda found: unicodedata.normalize("NFD", found.group()), text)
            case "bytes":
                return text.encode()
            case "words":
                return _words(text)
            case "6-mers":
                return mers(text)
            case _:
                return into_subwords(text, str(self.model))

    def join(self, symbols: Iterable[Any]) -> str:
        """The text that symbols make.

        Args:
            symbols: as `split` gives them. Where bytes are no UTF-8, as a model may write them, U+FFFD stands instead.

        Raises:
            DataError: a symbol is of the wrong type, or a number above 255.
            ConfigError: the extra `tokenizers` is not installed.
        """
        if self.kind == "bytes":
            return _decoded(symbols)
        parts = list(symbols)
        wrong = next((part for part in parts if not isinstance(part, str)), None)
        if wrong is not None:
            raise DataError(f"Symbols of {self.kind} are texts: {wrong!r} came. Decode the numbers first.")
        if self.kind == "words":
            return _sentence(parts)
        if self.kind == MERS:
            return "".join(part[-1:] for part in parts)
        if self.kind == "subwords":
            return from_subwords(parts, str(self.model))
        return composed("".join(parts))

    def to_dict(self) -> dict[str, Any]:
        """The splitter in JSON's types, for `from_dict`."""
        return {"kind": self.kind, "lower": self.lower, "model": self.model}

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> Splitter:
        """The splitter that `to_dict` wrote.

        Raises:
            DataError: other keys.
            ConfigError: values that no splitter has.
        """
        _check_keys(state, ("kind", "lower", "model"), "splitter")
        return cls(**state)


@dataclass(frozen=True)
class Vocabulary:
    """The symbols a model knows, and a number for each.

    Args:
        symbols: texts or whole numbers, not both, each once; symbol i has number i + 1. Number 0 is "<unknown>".

    Raises:
        DataError: no symbols, one twice, "<unknown>" among them, or of mixed or other types.
    """

    symbols: tuple[Symbol, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "symbols", tuple(_plain(self.symbols)))
        _check_one_type(self.symbols)
        twice = [symbol for symbol, count in Counter(self.symbols).items() if count > 1]
        if not self.symbols or twice or UNKNOWN in self.symbols:
            came = f"{twice[0]!r} came twice" if twice else f"{UNKNOWN!r} came" if self.symbols else "none came"
            raise DataError(f"A vocabulary holds a symbol at least, each once, and {UNKNOWN!r} by itself: {came}.")

    @classmethod
    def fit(cls, sequences: Iterable[Iterable[Any]], least_count: int = 1, most: int | None = None) -> Vocabulary:
        """The symbols of the training part, in falling order of their count, equal ones in their own order.

        Args:
            sequences: of symbols, texts or whole numbers; a text is a sequence of its characters.
            least_count: how often a symbol must come to be known.
            most: how many symbols are known at most, "<unknown>" aside; None: all.

        Raises:
            ConfigError: `least_count` or `most` is not a whole number above 0.
            DataError: texts and whole numbers mixed, other symbols, or none that comes often enough.
        """
        checks = Checks()
        least = checks.whole("least_count", least_count)
        most = None if most is None else checks.whole("most", most)
        checks.report("Vocabulary")
        counts: Counter[Symbol] = Counter()
        for sequence in sequences:
            counts.update(sequence if isinstance(sequence, str) else _plain(sequence))
        del counts[UNKNOWN]
        _check_one_type(counts)
        known = sorted((symbol for symbol, count in counts.items() if count >= least), key=lambda s: (-counts[s], s))
        if not known:
            raise DataError(
                f"A vocabulary needs a symbol that comes {least} times at least: of {len(counts)} different ones none "
                "does. Give more training data or a smaller least_count."
            )
        return cls(tuple(known[:most]))

    def __len__(self) -> int:
        return len(self.symbols) + 1

    def encode(self, sequence: Iterable[Any]) -> NDArray[np.int64]:
        """Numbers of the symbols of one sequence.

        Args:
            sequence: of symbols of the vocabulary's type.

        Returns:
            [T] numbers in 0 .. len - 1, 0 where a symbol is unknown.

        Raises:
            DataError: a symbol is of another type than the vocabulary's.
        """
        if isinstance(sequence, str) and isinstance(self.symbols[0], str):
            points = _code_points(sequence)
            return self._by_code_point[np.minimum(points, len(self._by_code_point) - 1)]
        symbols = _plain(sequence)
        numbers = [self._numbers.get(symbol, 0) for symbol in symbols]
        if 0 in numbers:
            unknown = (symbol for symbol, number in zip(symbols, numbers, strict=True) if not number)
            _check_one_type([self.symbols[0], *(symbol for symbol in unknown if symbol != UNKNOWN)])
        return np.array(numbers, dtype=np.int64)

    def decode(self, numbers: Iterable[Any]) -> list[Symbol]:
        """Symbols of numbers; "<unknown>" for 0.

        Args:
            numbers: [T] in 0 .. len - 1.

        Raises:
            DataError: one is not.
        """
        return [self._symbol(number) for number in numbers]

    def unknown_share(self, sequences: Iterable[Iterable[Any]]) -> float:
        """Which share of the symbols of sequences is unknown, 0 to 1; 0 where there are no symbols.

        Args:
            sequences: as for `encode`.

        Raises:
            DataError: as `encode`.
        """
        encoded = [self.encode(sequence) for sequence in sequences]
        total = sum(map(len, encoded))
        return sum(int((numbers == 0).sum()) for numbers in encoded) / total if total else 0.0

    def to_dict(self) -> dict[str, Any]:
        """The vocabulary in JSON's types, for `from_dict`."""
        return {"symbols": list(self.symbols)}

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> Vocabulary:
        """The vocabulary that `to_dict` wrote.

        Raises:
            DataError: other keys, or symbols that no vocabulary has.
        """
        _check_keys(state, ("symbols",), "vocabulary")
        if not isinstance(state["symbols"], list):
            raise DataError(f"A vocabulary's symbols are a list: {type(state['symbols']).__name__} came. Fit it again.")
        return cls(tuple(state["symbols"]))

    @cached_property
    def _numbers(self) -> dict[Symbol, int]:
        return {symbol: number for number, symbol in enumerate(self.symbols, start=1)}

    @cached_property
    def _by_code_point(self) -> NDArray[np.int64]:
        """The number of each character, by its code point; the last entry stands for all beyond."""
        texts = ((str(symbol), number) for symbol, number in self._numbers.items())
        known = {ord(text): number for text, number in texts if len(text) == 1}
        found = np.zeros(max(known, default=0) + 2, dtype=np.int64)
        found[list(known)] = list(known.values())
        return found

    def _symbol(self, number: Any) -> Symbol:
        whole = as_whole(number)
        if whole is None or not 0 <= whole < len(self):
            raise DataError(f"Symbols have numbers 0 .. {len(self) - 1}: {number!r} came. Decode what `encode` gave.")
        return self.symbols[whole - 1] if whole else UNKNOWN


def mers(letters: Sequence[str]) -> list[str]:
    """Each letter with the five before it, fewer at the beginning, as one text: [T] of them."""
    return ["".join(letters[max(0, end - SPAN) : end]) for end in range(1, len(letters) + 1)]


def _code_points(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")


def _prepared(text: str, lower: bool) -> str:
    text = composed(text)
    return composed(text.lower()) if lower else text  # J with a caron has no single code point, j has


def _words(text: str) -> list[str]:
    kinds = text.translate({ord(character): _word_sign(character) for character in set(text)})
    return [text[slice(*found.span())] for found in _WORD.finditer(kinds)]


def _word_sign(character: str) -> str:
    category = unicodedata.category(character)[0]
    if character in _APOSTROPHES:
        return "'"
    if character in _JOINERS or category == "M":
        return "m"
    return "w" if category in "LN" else " " if character.isspace() else "."


def _sentence(words: Sequence[str]) -> str:
    pairs = zip(["", *words], words, strict=False)
    return "".join(
        word if not before or word[:1] in _CLOSING or before[:1] in _OPENING else f" {word}" for before, word in pairs
    )


def _decoded(symbols: Iterable[Any]) -> str:
    numbers = []
    for symbol in symbols:
        number = as_whole(symbol)
        if number is None or not 0 <= number < 256:
            raise DataError(f"Symbols of bytes are whole numbers 0 .. 255: {symbol!r} came. Decode the numbers first.")
        numbers.append(number)
    return bytes(numbers).decode(errors="replace")


def _plain(sequence: Iterable[Any]) -> list[Symbol]:
    """Symbols as Python's own; what is neither text nor whole number is refused."""
    symbols = sequence.tolist() if isinstance(sequence, np.ndarray) else list(sequence)
    return [s if type(s) in (str, int) else _plain_symbol(s) for s in symbols]


def _plain_symbol(symbol: Any) -> Symbol:
    if isinstance(symbol, str):
        return str(symbol)
    whole = as_whole(symbol)
    if whole is None:
        raise DataError(f"Symbols are texts or whole numbers: {symbol!r} came. Convert it, or split the text first.")
    return whole


def _check_one_type(symbols: Iterable[Symbol]) -> None:
    first: dict[type, Symbol] = {}
    for symbol in symbols:
        first.setdefault(type(symbol), symbol)
    if len(first) > 1:
        raise DataError(
            f"Symbols are all texts or all whole numbers: {' and '.join(map(repr, first.values()))} came. Convert one "
            "kind to the other."
        )


def _check_keys(state: Mapping[str, Any], keys: Sequence[str], what: str) -> None:
    if set(state) != set(keys):
        raise DataError(
            f"A {what}'s state has {', '.join(keys)}: {', '.join(map(repr, state)) or 'none'} came. Fit it again."
        )
