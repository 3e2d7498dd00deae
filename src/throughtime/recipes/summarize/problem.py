"""Documents with a part that trains and one that tests: docstrings of the standard library, or one's own.

    docstrings    whole modules test, and whole modules validate, none of which trains
    one's own     a share of the documents tests, drawn by a seed; or documents of their own

Documents that are longer than the network reads are cut to their first symbols, and how many are is told.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from throughtime.base.errors import DataError
from throughtime.data import Documents, Splitter, document_text, drawn_share, epoch_order, read_documents
from throughtime.recipes.settings import own_share
from throughtime.recipes.summarize.docstrings import Docstring, digest, parts, standard_library
from throughtime.recipes.summarize.settings import Model, Settings

TITLE = "Docstrings of the standard library"
EXAMPLE = "other.jsonl"  # of a test part of its own
# Of the docstrings that test, and of those that validate.
SHARE = 0.1
# Symbols that need no training to be counted.
PLAIN = ("characters", "words", "jamo", "bytes")


@dataclass(frozen=True)
class Part:
    """Documents and their summaries.

    Args:
        documents: texts.
        summaries: one of each; none where nobody wrote them.
        names: of each document.
        bodies: documents without what stands before them, where something does; else none.
    """

    documents: list[str]
    summaries: list[str]
    names: list[str]
    bodies: Sequence[str] = ()

    def __len__(self) -> int:
        return len(self.documents)

    def lowered(self) -> Part:
        """The texts in lower case."""
        texts = ([each.lower() for each in side] for side in (self.documents, self.summaries, self.bodies))
        documents, summaries, bodies = texts
        return Part(documents, summaries, self.names, bodies)

    def some(self, places: Sequence[int]) -> Part:
        """Some of them."""
        documents, summaries, names, bodies = (
            [each[place] for place in places] if each else []
            for each in (self.documents, self.summaries, self.names, self.bodies)
        )
        return Part(documents, summaries, names, bodies)


@dataclass(frozen=True)
class SummaryProblem:
    """What trains and what tests.

    Args:
        title: what the documents are.
        train: None where other documents are summarized by a network that is trained already.
        validation: documents of their own that validate; None: a share of those that train does.
        test: others.
        notes: one line for each rule and guess.
    """

    title: str
    train: Part | None
    validation: Part | None
    test: Part
    notes: tuple[str, ...]


def sample(chosen: Settings) -> SummaryProblem:
    """Docstrings of the Python that runs."""
    pairs = standard_library()
    train, validation, test = parts(pairs, SHARE)
    version = ".".join(map(str, sys.version_info[:3]))
    notes = (
        f"Pairs: {len(pairs):,} docstrings of Python {version}'s library, read and not imported; PSF licence; SHA-256 "
        f"{digest(pairs)[:16]}. Another version of Python carries others. A document is a definition's name in words, "
        "signature, class and module, and the docstring without its summary, which is its first line, or where that "
        "goes on, its first sentence.",
        f"Parts, of whole modules: {_told(train)} train, {_told(validation)} validate, {_told(test)} test.",
    )
    drawn, said = _drawn(_part(train), chosen)
    problem = SummaryProblem(TITLE, drawn, _part(validation), _part(test), (*notes, *said))
    return _ready(problem, chosen)


def own(data: str | Path, chosen: Settings) -> SummaryProblem:
    """A user's documents.

    Raises:
        ConfigError: the share is none.
        DataError, FileMissingError: whatever is wrong with them.
    """
    share = own_share(chosen.pairs.test, EXAMPLE)
    whole, notes = summarized(data, chosen)
    if share is None:
        test, said = summarized(chosen.pairs.test, chosen)
        train, how = whole, f"{len(test):,} of {chosen.pairs.test} test"
        notes = (*notes, *said)
    else:
        kept, held = drawn_share(range(len(whole)), share, chosen.model.seed)
        if not kept or not held:
            raise DataError(
                f"Each part needs a document: {len(kept)} train and {len(held)} test. Give more documents, or another "
                "test=."
            )
        train, test = whole.some(kept), whole.some(held)
        how = f"{len(test):,} test ({share:.3g} of them, drawn by seed {chosen.model.seed})"
    drawn, more = _drawn(train, chosen)
    sizes = f"Parts: {len(whole):,} documents, {len(train):,} train, {how}; validation is taken from the training part."
    return _ready(SummaryProblem(Path(data).name, drawn, None, test, (*notes, sizes, *more)), chosen)


def other(data: str | Path, chosen: Settings, scored: bool) -> SummaryProblem:
    """Documents for a network that is trained already.

    Args:
        data: a file or a folder; a .txt file is one document.
        chosen: settings of the run, which names the columns; of a folder it names none.
        scored: whether there must be summaries.

    Raises:
        DataError, FileMissingError: whatever is wrong with them.
    """
    columns = (None, None) if Path(data).is_dir() else (chosen.pairs.document or None, chosen.pairs.summary or None)
    found = read_documents(data, *columns, summarized=True) if scored else _alone(data, columns[0])
    return _ready(SummaryProblem(Path(data).name, None, None, _as_part(found), found.notes), chosen)


def _alone(data: str | Path, column: str | None) -> Documents:
    """Documents without summaries; a .txt file is one."""
    place = Path(data)
    if place.suffix.lower() == ".txt":
        return Documents([document_text(str(place))], None, [place.name], ())
    return read_documents(place, column, summarized=False)


def summarized(data: str | Path, chosen: Settings) -> tuple[Part, tuple[str, ...]]:
    """Documents with summaries, and what there is to say of them; errors as `read_documents`."""
    found = read_documents(data, chosen.pairs.document or None, chosen.pairs.summary or None)
    return _as_part(found), found.notes


def _as_part(found: Documents) -> Part:
    return Part(found.documents, found.summaries or [], found.names)


def _part(pairs: Sequence[Docstring]) -> Part:
    return Part(
        [each.document for each in pairs],
        [each.summary for each in pairs],
        [each.name for each in pairs],
        [each.body for each in pairs],
    )


def _told(pairs: Sequence[Docstring]) -> str:
    modules = len({each.module for each in pairs})
    return f"{len(pairs):,} of {modules} modules"


def _drawn(part: Part, chosen: Settings) -> tuple[Part, tuple[str, ...]]:
    """So many of the documents that train as the settings allow."""
    most, seed = chosen.pairs.most, chosen.model.seed
    if most is None or most >= len(part):
        return part, ()
    places = sorted(epoch_order(len(part), seed, 0)[:most].tolist())
    return part.some(places), (f"Of the training part {most:,} documents are used, drawn by seed {seed}.",)


def _ready(problem: SummaryProblem, chosen: Settings) -> SummaryProblem:
    """The problem in lower case where the settings ask for it, and what there is to say of that and of the limit."""
    train, validation, test = problem.train, problem.validation, problem.test
    notes = [*problem.notes]
    if chosen.pairs.lower:
        train, validation = (None if part is None else part.lowered() for part in (train, validation))
        test = test.lowered()
        notes.append("Texts are lower-cased; lower=false keeps them as they are.")
    every = [*(train.documents if train else []), *test.documents]
    return SummaryProblem(problem.title, train, validation, test, (*notes, *_cut(every, chosen.model)))


def _cut(documents: Sequence[str], model: Model) -> Iterator[str]:
    """How many documents are longer than what is read of them."""
    if model.symbols not in PLAIN:
        return
    splitter = Splitter(model.symbols)
    longer = sum(len(splitter.symbols(each)) > model.source_limit for each in documents)
    if longer:
        yield (
            f"Of {longer:,} of {len(documents):,} documents the first {model.source_limit:,} {model.symbols} are read, "
            "the rest is not: source_limit says how many."
        )
