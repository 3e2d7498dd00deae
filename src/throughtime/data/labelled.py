"""Texts with a label each, from tables, JSON lines, or a folder of files per class.

    .csv .tsv .parquet      a column of texts and a column of labels (.csv.gz, .tsv.gz too)
    .jsonl .ndjson          an object a line, its keys as columns (.gz too)
    a folder                one sub-folder of .txt files per class, named after it; other files are passed over

Stated rules. Texts and text labels are brought to Unicode's normal form C, so that one spelling has one writing, and
lose outer blanks. A text or a label that is not there, or blank, is refused, never dropped: predictions are to stand
beside the rows they were made for. What says "missing" in a table is in `tables.py`; in JSON it is null or no such key.
Columns that are not named are guessed where that is clear, and the guess is said once. Rows count from 1 below the
header, in JSON lines from the first object.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from throughtime.base.errors import DataError, say_once
from throughtime.data.files import check_file, decoded, read_text
from throughtime.data.tables import check_names, read_table
from throughtime.data.unicode_text import composed

TEXT_NAMES = ("text", "texts", "sentence", "sequence", "seq", "review", "tweet", "comment", "message", "content", "dna")
LABEL_NAMES = ("label", "labels", "class", "category", "target", "sentiment", "y")

Columns = Mapping[str, Sequence[Any]]
FilePath = str | os.PathLike[str]
_TABLES = (".csv", ".tsv", ".parquet")
_JSON_LINES = (".jsonl", ".ndjson")
_SHOWN_ROWS = 5


def read_labelled(path: FilePath, sequence: str | None = None, label: str | None = None) -> tuple[list[str], list[Any]]:
    """Read texts and their labels.

    Args:
        path: of a table, a file of JSON lines, or a folder, as the module says; UTF-8.
        sequence: column of the texts; None: the only column of text, or the one whose name says so.
        label: column of the labels, all text, all numbers or all true and false; None: the only other column, or the
            one whose name says so.

    Returns:
        The texts, and as many labels: text, int, float or bool; of a folder, in the order of classes and file names.

    Raises:
        FileMissingError: there is no such file or folder.
        DataError: not UTF-8, unknown kind of file, no such column, columns that cannot be guessed, texts or labels that
            are missing or of the wrong kind, a folder without classes or texts.
    """
    place = Path(path)
    if place.is_dir():
        _check_no_columns(place, sequence, label)
        return _class_folders(place)
    columns = _columns(place)
    sequence, label = _choose(columns, sequence, label, str(path))
    return _texts(columns, sequence, str(path)), _labels(columns, label, str(path))


def read_texts(path: FilePath, sequence: str | None = None) -> list[str]:
    """Read texts without labels, to predict them.

    Args:
        path: as for `read_labelled`; also a folder of .txt files, and a .txt file (.txt.gz too) with one text a line.
        sequence: column of the texts; None: the only column of text, or the one whose name says so.

    Returns:
        The texts, those of a folder in the order of file names, or of classes and file names.

    Raises:
        FileMissingError: there is no such file or folder.
        DataError: as `read_labelled`, labels aside.
    """
    place = Path(path)
    if place.is_dir():
        _check_no_columns(place, sequence, None)
        files = _text_files(place)
        return [_file_text(file) for file in files] if files else _class_folders(place)[0]
    if _kind(place) == ".txt":
        _check_no_columns(place, sequence, None)
        lines = read_text(place, "text file").rstrip().split("\n")
        return _texts({"line": lines}, "line", str(path))
    columns = _columns(place)
    if sequence is None:
        sequence = _guess(_text_columns(columns), TEXT_NAMES)
        if sequence is None:
            raise DataError(_unclear("texts", "sequence=", columns, str(path)))
        _say_guess(str(path), columns, f"texts from column {sequence!r}")
    check_names([sequence], list(columns))
    return _texts(columns, sequence, str(path))


def _kind(path: Path) -> str:
    return Path(path.stem if path.suffix.lower() == ".gz" else path.name).suffix.lower()


def _columns(path: Path) -> Columns:
    if not path.exists():
        check_file(path, "file of texts")
    if _kind(path) not in (*_TABLES, *_JSON_LINES):
        raise DataError(
            f"Texts are read from {', '.join((*_TABLES, *_JSON_LINES))} files or a folder: {str(path)!r} ends in "
            f"{path.suffix!r}. Convert it."
        )
    if _kind(path) in _JSON_LINES:
        return _json_columns(read_text(path, "file of JSON lines"), str(path))
    return {column.name: column.to_list() for column in read_table(path)}


def _json_columns(text: str, name: str) -> Columns:
    rows = [_json_object(line, f"line {n} of {name!r}") for n, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not rows:
        raise DataError(f"A file of JSON lines needs an object on a line: {name!r} holds none. Add data.")
    return {key: [row.get(key) for row in rows] for key in dict.fromkeys(key for row in rows for key in row)}


def _json_object(line: str, where: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"Each line is one JSON object: {where} is none ({error}). Write one object a line, without line breaks "
            "in it."
        ) from error
    if not isinstance(found, dict):
        raise DataError(f'Each line is one JSON object: {where} is {type(found).__name__}. Write {{"text": ...}}.')
    return found


def _choose(columns: Columns, sequence: str | None, label: str | None, name: str) -> tuple[str, str]:
    """The two columns: those named, and guesses for the rest."""
    check_names([one for one in (sequence, label) if one is not None], list(columns))
    if sequence is not None and sequence == label:
        raise DataError(f"Texts and labels are two columns: {sequence!r} was named for both. Name another one.")
    text, kind = sequence, label
    if kind is None:
        kind = _guess([c for c in columns if c != text], LABEL_NAMES, alone=False)
    if text is None:
        text = _guess([c for c in _text_columns(columns) if c != kind], TEXT_NAMES)
    if text is not None and kind is None:
        kind = _guess([c for c in columns if c != text], LABEL_NAMES)
    if text is None and kind is None and len(columns) == len(_text_columns(columns)) == 2:
        text, kind = _by_repetition(columns)
    if text is None:
        raise DataError(_unclear("texts", "sequence=", columns, name))
    if kind is None:
        raise DataError(_unclear("labels", "label=", columns, name))
    if sequence is None or label is None:
        _say_guess(name, columns, f"texts from column {text!r}, labels from column {kind!r}")
    return text, kind


def _guess(candidates: Sequence[str], names: Sequence[str], alone: bool = True) -> str | None:
    """The only one whose name says so, else, where `alone` is enough, the only one there is."""
    named = [candidate for candidate in candidates if candidate.strip().lower() in names]
    if len(named) == 1:
        return named[0]
    return candidates[0] if alone and len(candidates) == 1 else None


def _by_repetition(columns: Columns) -> tuple[str | None, str | None]:
    """Of two columns of text, labels are the one that mostly repeats itself, if the other one mostly does not."""
    repeats = [name for name, cells in columns.items() if 2 * len(set(cells)) <= len(cells)]
    if len(repeats) != 1:
        return None, None
    return next(name for name in columns if name != repeats[0]), repeats[0]


def _text_columns(columns: Columns) -> list[str]:
    def of_text(cells: Sequence[Any]) -> bool:
        there = [cell for cell in cells if cell is not None]
        return bool(there) and all(isinstance(cell, str) for cell in there)

    return [name for name, cells in columns.items() if of_text(cells)]


def _unclear(what: str, argument: str, columns: Columns, name: str) -> str:
    texts = ", ".join(map(repr, _text_columns(columns))) or "none"
    return (
        f"The column of the {what} is named or clear: {name!r} has {', '.join(map(repr, columns))}, of text {texts}. "
        f"Name it with {argument}."
    )


def _say_guess(name: str, columns: Columns, guess: str) -> None:
    if len(columns) > 1:
        say_once(f"{name} {guess}", f"{name!r}: {guess}, guessed from {', '.join(map(repr, columns))}.")


def _texts(columns: Columns, name: str, source: str) -> list[str]:
    cells = columns[name]
    wrong = next((cell for cell in cells if not isinstance(cell, str | None)), None)
    if wrong is not None:
        raise DataError(
            f"Texts are text: column {name!r} of {source!r} holds {type(wrong).__name__}, such as {wrong!r}. Name the "
            "column of the texts with sequence=."
        )
    texts = [_cell(cell or "", row, name, source) for row, cell in enumerate(cells, 1)]
    _refuse_missing([not text for text in texts], "text", name, source)
    return texts


def _cell(cell: str, row: int, name: str, source: str) -> str:
    return composed(cell, f"row {row} of column {name!r} of {source!r}").strip()


def _labels(columns: Columns, name: str, source: str) -> list[Any]:
    labels = [
        _cell(cell, row, name, source) if isinstance(cell, str) else cell for row, cell in enumerate(columns[name], 1)
    ]
    _refuse_missing([label is None or label == "" or label != label for label in labels], "label", name, source)
    kinds = sorted({type(label).__name__ for label in labels})
    if kinds not in (["bool"], ["float"], ["int"], ["float", "int"], ["str"]):
        raise DataError(
            f"Labels are all text, all numbers or all true and false: column {name!r} of {source!r} holds "
            f"{', '.join(kinds)}. Name the column of the labels with label=."
        )
    return labels


def _refuse_missing(missing: list[bool], what: str, name: str, source: str) -> None:
    rows = [str(row) for row, lacks in enumerate(missing, 1) if lacks]
    if rows:
        more = ", ..." if len(rows) > _SHOWN_ROWS else ""
        raise DataError(
            f"Every row has its {what}: that of {len(rows):,} of {len(missing):,} rows is missing or blank in "
            f"column {name!r} of {source!r}, first in row {', '.join(rows[:_SHOWN_ROWS])}{more}. Fill it in, or "
            "remove these rows."
        )


def _check_no_columns(path: Path, sequence: str | None, label: str | None) -> None:
    named = [f"{key}={name!r}" for key, name in (("sequence", sequence), ("label", label)) if name is not None]
    if named:
        kind = "folder" if path.is_dir() else ".txt file"
        raise DataError(f"A {kind} has no columns: {' and '.join(named)} came with {str(path)!r}. Leave it out.")


def _class_folders(path: Path) -> tuple[list[str], list[Any]]:
    folders = sorted(one for one in path.iterdir() if one.is_dir() and not one.name.startswith("."))
    if not folders:
        raise DataError(
            f"A folder of texts has one sub-folder of .txt files per class: {str(path)!r} has no sub-folder. Make one "
            "for each class."
        )
    texts: list[str] = []
    labels: list[Any] = []
    for folder in folders:
        files = _text_files(folder)
        if not files:
            raise DataError(f"Each class has a .txt file at least: {str(folder)!r} holds none. Add some or remove it.")
        texts += [_file_text(file) for file in files]
        labels += [composed(folder.name, f"the name of {str(folder)!r}")] * len(files)
    return texts, labels


def _text_files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.is_file() and file.suffix.lower() == ".txt")


def _file_text(file: Path) -> str:
    text = decoded(file.read_bytes(), str(file), "text file").replace("\r\n", "\n")
    text = composed(text, repr(str(file))).strip()
    if not text:
        raise DataError(f"Each file holds a text: {str(file)!r} is empty or blank. Write it or remove the file.")
    return text
