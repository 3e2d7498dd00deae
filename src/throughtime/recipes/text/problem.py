"""A corpus with a part that trains and one that tests: Python's own documentation, or one's own texts.

    .txt, .md and others     one text, or a text a line (documents=lines); plain or gzip
    a folder                 its .txt files, a document each
    .csv .tsv .parquet       a column of texts, a document each
    .jsonl .ndjson           likewise

Of one text the end tests: what comes after all that was read. Of documents a share does, drawn by a seed.
"""

from __future__ import annotations

import hashlib
import pydoc_data.topics
import sys
from dataclasses import dataclass
from pathlib import Path

from throughtime.base.errors import ConfigError, DataError
from throughtime.data import drawn_share, read_texts
from throughtime.data.files import read_text
from throughtime.recipes.settings import own_share
from throughtime.recipes.text.settings import LINES, Corpus
from throughtime.tasks.corpus import as_corpus

TITLE = "Python's documentation"
TABLES = (".csv", ".tsv", ".parquet", ".jsonl", ".ndjson")
EXAMPLE = "other.txt"  # of a test part of its own
# A line of stars between topics: no topic holds one of this length.
BETWEEN = "\n\n" + "*" * 78 + "\n\n"

Text = str | list[str]


@dataclass(frozen=True)
class TextProblem:
    """What trains and what tests.

    Args:
        title: what the texts are.
        train: one text, or documents; empty where other texts are scored by a network that is trained already.
        test: of the same kind.
        notes: one line for each rule and guess.
    """

    title: str
    train: Text
    test: Text
    notes: tuple[str, ...]

    @property
    def documents(self) -> bool:
        """Whether there are documents rather than one text."""
        return isinstance(self.test, list)

    @property
    def characters(self) -> int:
        """Code points of the test part; the end of a document counts as one."""
        return characters_of(self.test)


def characters_of(text: Text) -> int:
    """Code points of a text, and of documents with an end each."""
    return sum(len(each) + 1 for each in text) if isinstance(text, list) else len(text)


def joined(text: Text) -> str:
    """All of it as one text, documents line by line."""
    return "\n".join(text) if isinstance(text, list) else text


def sample() -> tuple[str, tuple[str, ...]]:
    """The texts that `help()` shows in Python, one after the other, and what there is to say of them."""
    topics = pydoc_data.topics.topics
    text = BETWEEN.join(topics[name] for name in sorted(topics))
    digest = hashlib.sha256(text.encode()).hexdigest()
    version = ".".join(map(str, sys.version_info[:3]))
    return text, (
        f"Corpus: pydoc_data of Python {version}, {len(topics)} topics in the order of their names; PSF licence; "
        f"SHA-256 {digest[:16]}. Another version of Python carries another text.",
    )


def read_corpus(path: str | Path, corpus: Corpus) -> Text:
    """A user's texts.

    Raises:
        DataError, FileMissingError: whatever is wrong with them.
    """
    place = Path(path)
    name = place.name.lower().removesuffix(".gz")
    if place.is_dir() and not any(file.suffix.lower() == ".txt" for file in place.rglob("*")):
        raise DataError(f"A folder of texts holds .txt files: {place} has none. Name another folder.")
    if place.is_dir() or name.endswith(TABLES):
        return _documents(read_texts(place, corpus.column or None))
    if corpus.column:
        raise ConfigError(f"A column is one of a table: column={corpus.column} came with {place}. Leave it out.")
    text = read_text(place, "corpus")
    if corpus.documents == LINES:
        return _documents([line for line in text.splitlines() if line.strip()])
    return str(as_corpus(text))


def make_problem(
    title: str, text: Text, corpus: Corpus, seed: int, notes: tuple[str, ...], test: Text | None = None
) -> TextProblem:
    """Tell the parts apart.

    Args:
        title: what the texts are.
        text: all of them.
        corpus: which part tests.
        seed: of the documents that do.
        notes: what there is to say so far.
        test: a test part of its own; None: a share.

    Raises:
        ConfigError: the share is none.
        DataError: a part would be empty, or the parts are of two kinds.
    """
    if test is not None:
        if isinstance(test, list) != isinstance(text, list):
            raise DataError("Training and test part are of one kind, a text or documents: one of each came.")
        return TextProblem(title, text, test, (*notes, f"Parts: {_size(text)} train, {_size(test)} of {corpus.test}."))
    share = own_share(corpus.test, EXAMPLE)
    assert share is not None  # a file's texts come as `test`
    if isinstance(text, str):
        cut = len(text) - round(share * len(text))
        first: Text = text[:cut]
        second: Text = text[cut:]
        how = f"the last {share:.3g}"
    else:
        first, second = drawn_share(text, share, seed)
        how = f"{share:.3g} of them, drawn by seed {seed}"
    if min(characters_of(first), characters_of(second)) < 2:
        raise DataError(f"Each part needs text: {_size(first)} train and {_size(second)} test. Give more text.")
    said = f"Parts: {_size(first)} train, {_size(second)} test ({how}); validation is taken from the training part."
    return TextProblem(title, first, second, (*notes, said))


def _documents(texts: list[str]) -> list[str]:
    if not texts:
        raise DataError("A corpus holds a document at least: there is none.")
    return texts


def _size(text: Text) -> str:
    characters = f"{len(joined(text)):,} characters"
    return f"{len(text):,} documents of {characters}" if isinstance(text, list) else characters
