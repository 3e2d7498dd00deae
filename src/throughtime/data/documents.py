"""Documents with the short texts that people wrote of them, from tables, JSON lines or a folder.

    .csv .tsv .parquet      a column of documents and one of summaries (.csv.gz, .tsv.gz too)
    .jsonl .ndjson          an object a line, its keys as columns (.gz too)
    a folder                documents/NAME.txt with summaries/NAME.txt, or NAME.txt with NAME.summary.txt

Stated rules. Columns that are not named are the first of the usual names that is there, in the order of
`DOCUMENT_NAMES` and `SUMMARY_NAMES`. Files of a folder belong together by their name without its ending, case aside,
sub-folders included; the two folders may be called by any of `DOCUMENT_FOLDERS` and `SUMMARY_FOLDERS`. HTML entities
become the signs they stand for, texts Unicode's normal form C without outer blanks. What cannot be used is left out,
counted and named: lines that are no JSON object, files that are no UTF-8, what is no text, documents and summaries that
are blank or lack the other.
"""

from __future__ import annotations

import html
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from throughtime.base.errors import DataError
from throughtime.data.files import check_file, decoded, read_text
from throughtime.data.tables import check_names, read_table
from throughtime.data.unicode_text import composed

DOCUMENT_NAMES = (
    *("document", "documents", "article", "text", "body", "content", "story", "passage"),
    *("dialogue", "source", "input", "original"),
)
SUMMARY_NAMES = ("summary", "summaries", "highlights", "abstract", "headline", "title", "target", "output")
DOCUMENT_FOLDERS = ("documents", "articles", "texts", "stories", "sources", "news articles")
SUMMARY_FOLDERS = ("summaries", "highlights", "abstracts", "headlines", "titles", "targets")
_TABLES = (".csv", ".tsv", ".parquet")
_JSON_LINES = (".jsonl", ".ndjson")
# Behind the name of a file of a document, case aside.
_SUMMARY_ENDINGS = (".summary.txt", ".summary")
# So many of what was left out are named.
_SHOWN = 3
_WITHOUT_DOCUMENT, _WITHOUT_SUMMARY = (
    f"entries whose {what} is missing, blank or no text" for what in ("document", "summary")
)


@dataclass(frozen=True)
class Documents:
    """Documents and their summaries.

    Args:
        documents: texts.
        summaries: one of each; None where there are none.
        names: of each, such as "row 3" or its file's.
        notes: one line on the columns, and one for each kind of thing that was left out.
    """

    documents: list[str]
    summaries: list[str] | None
    names: list[str]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Entry:
    """What a file has of one document: its name, and two values that are texts where all is well."""

    name: str
    document: Any
    summary: Any


def read_documents(
    path: str | os.PathLike[str], document: str | None = None, summary: str | None = None, *, summarized: bool = True
) -> Documents:
    """Read documents and their summaries.

    Args:
        path: a file or a folder, as the module says.
        document: column of the documents; None: by the usual names.
        summary: column of the summaries; None: by the usual names.
        summarized: whether documents without a summary are left out; False: summaries are not looked for.

    Raises:
        FileMissingError: there is no such file or folder.
        DataError: another kind of file, no such columns, a folder without pairs, or no entry is left.
    """
    place = Path(path)
    if place.is_dir():
        named = [f"{key}={name}" for key, name in (("document", document), ("summary", summary)) if name]
        if named:
            raise DataError(f"A folder has no columns: {' and '.join(named)} came with {place}. Leave it out.")
        return _usable(place, list(_of_folder(place, summarized)), [], summarized)
    return _usable(place, *_of_file(place, document, summary, summarized), summarized)


def document_text(given: str) -> str:
    """One document: the text itself, or what the file holds whose path ends in .txt.

    Raises:
        FileMissingError: there is no such file.
        DataError: it is blank, no UTF-8, or half of a surrogate pair is in it.
    """
    text = read_text(Path(given), "document") if given.lower().endswith(".txt") else given
    found = composed(html.unescape(text)).replace("\r\n", "\n").strip()
    if not found:
        raise DataError("A document holds text: a blank one came. Write it, or name another file.")
    return found


def _of_file(
    place: Path, document: str | None, summary: str | None, summarized: bool
) -> tuple[list[_Entry], list[str]]:
    if not place.exists():
        check_file(place, "file of documents")
    kind = Path(place.stem if place.suffix.lower() == ".gz" else place.name).suffix.lower()
    if kind not in (*_TABLES, *_JSON_LINES):
        raise DataError(
            f"Documents are read from {', '.join((*_TABLES, *_JSON_LINES))} files or a folder: {str(place)!r} ends in "
            f"{place.suffix!r}. Convert it."
        )
    if kind in _JSON_LINES:
        names, rows, notes = _json_rows(place)
    else:
        frame = read_table(place)
        rows, notes = frame.to_dicts(), []
        names = [f"row {number}" for number in range(1, len(rows) + 1)]
    columns = list(dict.fromkeys(key for row in rows for key in row))
    first = _chosen(columns, document, DOCUMENT_NAMES, "documents", "document", place)
    said, second = f"Documents: column {first!r}", None
    if summarized:
        if first == summary:
            raise DataError(f"A column has one place: {summary!r} is named as document= and as summary=. Name it once.")
        others = [each for each in columns if each != first]
        second = _chosen(others, summary, SUMMARY_NAMES, "summaries", "summary", place)
        said += f"; summaries: column {second!r}"
    entries = [
        _Entry(name, row.get(first), None if second is None else row.get(second))
        for name, row in zip(names, rows, strict=True)
    ]
    return entries, [f"{said}.", *notes]


def _json_rows(place: Path) -> tuple[list[str], list[dict[str, Any]], list[str]]:
    """The objects of a file of JSON lines, their names, and a note on the other lines."""
    names, rows, broken = [], [], []
    for number, line in enumerate(read_text(place, "file of JSON lines").split("\n"), 1):
        if not line.strip():
            continue
        found = _json_object(line)
        if found is None:
            broken.append(f"line {number}")
        else:
            names.append(f"line {number}")
            rows.append(found)
    if not rows:
        raise DataError(f"A file of JSON lines needs an object on a line: {str(place)!r} holds none. Add data.")
    return names, rows, list(_left_out("lines that are no JSON object", broken, len(rows) + len(broken)))


def _json_object(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _chosen(
    columns: Sequence[str], name: str | None, usual: Sequence[str], what: str, setting: str, place: Path
) -> str:
    """The column that is named, or the first of the usual names that is there."""
    if name:
        check_names([name], columns)
        return name
    known = {column.strip().lower(): column for column in reversed(columns)}
    found = next((known[each] for each in usual if each in known), None)
    if found is None:
        raise DataError(
            f"The column of {what} is called {', '.join(usual)}, or named: {str(place)!r} has "
            f"{', '.join(columns)}. Name it with {setting}=."
        )
    return found


def _of_folder(place: Path, summarized: bool) -> Iterator[_Entry]:
    """The documents of a folder, each with its summary's file where there is one, and summaries that are alone."""
    documents, summaries = _files_of(place)
    if summarized and not documents.keys() & summaries.keys():
        raise DataError(
            "A folder of documents has documents/NAME.txt with summaries/NAME.txt, or NAME.txt with NAME.summary.txt: "
            f"{str(place)!r} has {len(documents):,} documents and {len(summaries):,} summaries, and no pair of one "
            "name."
        )
    if not documents:
        raise DataError(f"A folder of documents holds .txt files: {str(place)!r} has none. Name another folder.")
    for name in sorted(documents.keys() | summaries.keys() if summarized else documents.keys()):
        yield _Entry(name, _content(documents.get(name)), _content(summaries.get(name)))


def _files_of(place: Path) -> tuple[dict[str, Path], dict[str, Path]]:
    """Files of documents and of summaries, by the name that they share."""
    inside = {each.name.lower(): each for each in sorted(place.iterdir()) if each.is_dir()}
    first, second = (
        next((inside[name] for name in usual if name in inside), None) for usual in (DOCUMENT_FOLDERS, SUMMARY_FOLDERS)
    )
    if first and second:
        return _named(first), _named(second)
    documents, summaries = {}, {}
    for file in sorted(each for each in place.rglob("*") if each.is_file()):
        name = file.relative_to(place).as_posix().lower()
        ending = next((each for each in _SUMMARY_ENDINGS if name.endswith(each)), None)
        if ending:
            summaries[name.removesuffix(ending)] = file
        elif name.endswith(".txt"):
            documents[name.removesuffix(".txt")] = file
    return documents, summaries


def _named(folder: Path) -> dict[str, Path]:
    files = (each for each in sorted(folder.rglob("*")) if each.is_file() and each.suffix.lower() == ".txt")
    return {file.relative_to(folder).with_suffix("").as_posix().lower(): file for file in files}


def _content(file: Path | None) -> str | None:
    """The text of a file; None where there is none, or it is no UTF-8."""
    if file is None:
        return None
    try:
        return decoded(file.read_bytes(), str(file), "document")
    except DataError:
        return None


def _usable(place: Path, entries: Sequence[_Entry], notes: list[str], summarized: bool) -> Documents:
    """The entries that are whole; what is left out is told."""
    documents, summaries, names = [], [], []
    lacking: dict[str, list[str]] = {_WITHOUT_DOCUMENT: [], _WITHOUT_SUMMARY: []}
    for entry in entries:
        document, summary = _clean(entry.document), _clean(entry.summary)
        if not document:
            lacking[_WITHOUT_DOCUMENT].append(entry.name)
        elif summarized and not summary:
            lacking[_WITHOUT_SUMMARY].append(entry.name)
        else:
            documents.append(document)
            summaries.append(summary)
            names.append(entry.name)
    said = [note for what, who in lacking.items() for note in _left_out(what, who, len(entries))]
    if not documents:
        wanted = "a document and a summary" if summarized else "a document"
        raise DataError(f"An entry has {wanted}, texts that are not blank: {str(place)!r} has none. {' '.join(said)}")
    return Documents(documents, summaries if summarized else None, names, (*notes, *said))


def _clean(value: Any) -> str:
    """A text by the module's rules; empty where it is none."""
    if not isinstance(value, str):
        return ""
    try:
        return composed(html.unescape(value)).replace("\r\n", "\n").strip()
    except DataError:  # half of a surrogate pair
        return ""


def _left_out(what: str, names: Sequence[str], total: int) -> Iterator[str]:
    if names:
        shown = ", ".join(names[:_SHOWN]) + (", .." if len(names) > _SHOWN else "")
        yield f"Left out: {len(names):,} of {total:,} {what}: {shown}."
