"""A corpus as numbers: one long text that is read as a stream, or documents that each begin and end.

    text        a str, or a file of any size, whose symbols lie in a file of tokens while it trains
    documents   a list of texts, or of lists of symbols; "end" stands before the first symbol and behind the last

Which symbols there are comes from the whole corpus, the share of it that validates included. Symbols seen once in a
long text are read as unknown ones, so that the network has met such; they are never written.

Dimensions: N symbols, V symbols that a network tells apart: the unknown one (0), the known ones, and the end (V - 1)
where there are documents.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from throughtime.base.errors import DataError
from throughtime.data import Splitter, Vocabulary
from throughtime.data.files import check_file
from throughtime.data.tokens import TokenArray, TokenFile, TokenSource, write_tokens

Numbers = NDArray[np.int64]
Given = str | list[str] | list[tuple[str, ...]] | Path
CHARACTERS, SUBWORDS = "characters", "subwords"
SPLITS = (CHARACTERS, "words", SUBWORDS, "jamo", "bytes")
SUBWORDS_KNOWN = 4000
# In a text so long a symbol seen once stands for those that it does not show.
LONG = 10_000
# Of a file so much is read at once, and so much teaches which subwords there are.
CHUNK, TAUGHT = 1 << 20, 1 << 24


def as_corpus(given: Any) -> Given:
    """A corpus as a text, a list of documents, or the path of a file.

    Args:
        given: a str; a path; or a list, or pandas or polars series, of texts or of lists of symbols.

    Raises:
        DataError: it is none of these, empty, or its documents are of several kinds.
        FileMissingError: there is no such file.
    """
    if isinstance(given, str):
        if not given:
            raise DataError("A corpus holds text: an empty one came.")
        return given
    if isinstance(given, os.PathLike):
        check_file(Path(given), "corpus")
        return Path(given)
    if isinstance(given, bytes | Mapping) or not hasattr(given, "__iter__"):
        raise DataError(f"A corpus is a text, a path, or a list of documents: {type(given).__name__} came.")
    documents = list(given.to_list() if hasattr(given, "to_list") else given)
    texts = [isinstance(each, str) for each in documents]
    if documents and all(texts):
        return _filled(documents)
    lists = [isinstance(each, list | tuple) and all(isinstance(one, str) for one in each) for each in documents]
    if not documents or not all(lists):
        raise DataError(
            f"Documents are texts, or lists of symbols that are texts: {_came(documents)}. Write numbers as texts, and "
            "leave out what is missing."
        )
    return _filled([tuple(each) for each in documents])


def _came(documents: Sequence[Any]) -> str:
    """What there is instead of documents of one kind."""
    if not documents:
        return "none came"
    for place, each in enumerate(documents):
        if not isinstance(each, str | list | tuple):
            return f"number {place} (from 0) is {type(each).__name__}"
        wrong = next((one for one in each if not isinstance(one, str)), None)
        if wrong is not None:
            return f"a symbol of number {place} (from 0) is {type(wrong).__name__}"
    return "texts and lists came"


@dataclass(frozen=True)
class TextEncoding:
    """How a corpus becomes numbers, and numbers text again.

    Args:
        vocabulary: of the corpus.
        splitter: None where documents are lists of symbols.
        documents: whether there is an end.
    """

    vocabulary: Vocabulary
    splitter: Splitter | None
    documents: bool

    @classmethod
    def fit(cls, corpus: Given, kind: str) -> TextEncoding:
        """Learn the symbols.

        Args:
            corpus: of `as_corpus`.
            kind: out of `SPLITS`.

        Raises:
            DataError: a file is not UTF-8.
            ConfigError: subwords without the extra `tokenizers`.
        """
        documents = isinstance(corpus, list)
        lists = isinstance(corpus, list) and isinstance(corpus[0], tuple)
        splitter = None if lists else _splitter(kind, corpus)
        lengths: list[int] = []
        vocabulary = Vocabulary.fit(_noting(lengths, _split(corpus, splitter)))
        if sum(lengths) >= LONG:
            vocabulary = Vocabulary.fit(_split(corpus, splitter), least_count=2)
        return cls(vocabulary, splitter, documents)

    @property
    def size(self) -> int:
        """V."""
        return len(self.vocabulary) + self.documents

    @property
    def end(self) -> int | None:
        """The number of the end; None where there is none."""
        return len(self.vocabulary) if self.documents else None

    def encode(self, text: Any) -> Numbers:
        """Numbers [T] of a text, or of a list of symbols.

        Raises:
            DataError: it is of another kind than the corpus.
        """
        if isinstance(text, str) != (self.splitter is not None):
            wanted = "a text" if self.splitter is not None else "a list of symbols"
            raise DataError(f"What follows is of the corpus's kind, {wanted}: {type(text).__name__} came.")
        return self.vocabulary.encode(text if self.splitter is None else self.splitter.symbols(text))

    def document(self, text: Any) -> Numbers:
        """Numbers of a document with an end on both sides; errors as `encode`."""
        assert self.end is not None
        return np.concatenate([[self.end], self.encode(text), [self.end]]).astype(np.int64)

    def unknown(self, text: Any) -> list[str]:
        """Symbols of a text that the vocabulary lacks, each once; errors as `encode`."""
        codes = self.encode(text)
        symbols = text if self.splitter is None else self.splitter.symbols(text)
        return sorted({str(symbol) for symbol, code in zip(symbols, codes, strict=True) if code == 0})

    def decode(self, numbers: Sequence[int]) -> Any:
        """The text, or the tuple of symbols, that numbers stand for; an end is left out."""
        symbols = self.vocabulary.decode([number for number in numbers if number != self.end])
        return tuple(symbols) if self.splitter is None else self.splitter.join(symbols)

    def to_dict(self) -> dict[str, Any]:
        """In plain lists and numbers; `from_dict` takes it."""
        return {
            "vocabulary": self.vocabulary.to_dict(),
            "splitter": None if self.splitter is None else self.splitter.to_dict(),
            "documents": self.documents,
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> TextEncoding:
        """The inverse of `to_dict`."""
        splitter = stored["splitter"]
        return cls(
            Vocabulary.from_dict(stored["vocabulary"]),
            None if splitter is None else Splitter.from_dict(splitter),
            bool(stored["documents"]),
        )


def encoded_text(corpus: str | Path, encoding: TextEncoding, path: Path) -> TokenSource:
    """One long text's numbers; those of a file lie in another one, at `path`.

    Raises:
        DataError: a file is not UTF-8.
        WriteError: the system refused.
    """
    if isinstance(corpus, str):
        return TokenArray(encoding.encode(corpus))
    dtype = "uint16" if encoding.size <= 1 << 16 else "uint32"
    write_tokens(path, (encoding.encode(text) for text in _chunks(corpus)), dtype)
    return TokenFile(path, dtype)


def _filled(documents: list[Any]) -> list[Any]:
    empty = [place for place, each in enumerate(documents) if not each]
    if empty:
        raise DataError(
            f"A document holds a symbol at least: {len(empty)} of {len(documents)} are empty, the first is number "
            f"{empty[0]} (from 0). Leave them out."
        )
    return documents


def _splitter(kind: str, corpus: Given) -> Splitter:
    if kind != SUBWORDS:
        return Splitter(kind)
    texts = corpus if isinstance(corpus, list) else [corpus[:TAUGHT]] if isinstance(corpus, str) else _first(corpus)
    return Splitter.train(texts, SUBWORDS_KNOWN)  # type: ignore[arg-type]


def _first(path: Path) -> Iterator[str]:
    read = 0
    for text in _chunks(path):
        yield text
        read += len(text)
        if read >= TAUGHT:
            return


def _split(corpus: Given, splitter: Splitter | None) -> Iterator[Sequence[Any]]:
    """The symbols, part by part."""
    parts = corpus if isinstance(corpus, list) else [corpus] if isinstance(corpus, str) else _chunks(corpus)
    for part in parts:
        yield part if splitter is None else splitter.symbols(part)  # type: ignore[arg-type]


def _noting(lengths: list[int], parts: Iterator[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    """The parts, their lengths noted as they pass."""
    for part in parts:
        lengths.append(len(part))
        yield part


def _chunks(path: Path) -> Iterator[str]:
    """A file's text, some whole lines at a time."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            while part := lines.readlines(CHUNK):
                yield "".join(part)
    except UnicodeDecodeError as error:
        raise DataError(f"A corpus is UTF-8: {path} is not ({error.reason}). Convert it.") from error


def temporary_folder() -> tempfile.TemporaryDirectory[str]:
    """Where the numbers of a file lie while it trains; gone when it is no longer held."""
    return tempfile.TemporaryDirectory(prefix="throughtime-")
