"""One's own programs, with what they print or without.

    .csv .tsv .parquet      a column of programs, and one of outputs
    .jsonl .ndjson          an object a line, its keys as columns
    .txt                    programs alone: each ends with its line of print(...), or before a blank one; where there
                            is no print, each line is an equation

A program of the grammar is run by the evaluator: what it prints stands in for outputs that are not there, and where
they are there a difference is counted and said. What is not of the grammar is used as it stands, counted and said.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from throughtime.base.errors import DataError
from throughtime.data import read_table
from throughtime.data.files import read_text
from throughtime.data.tables import check_names
from throughtime.data.unicode_text import composed
from throughtime.recipes.execute.evaluator import output_of
from throughtime.recipes.execute.language import ProgramError

TABLES = (".csv", ".tsv", ".parquet")
_JSON_LINES, _BY_LINES, _TEXT = (".jsonl", ".ndjson"), (".csv", ".tsv"), ".txt"
_SEPARATORS = ("\t", ",", ";", "|")


@dataclass(frozen=True)
class Given:
    """Programs as they came.

    Args:
        programs: texts.
        outputs: of each; empty where nobody knows.
        notes: one line for each kind of thing that is to be said.
    """

    programs: list[str]
    outputs: list[str]
    notes: tuple[str, ...]


def read_pairs(path: str | Path, program: str, output: str, needed: bool = True) -> Given:
    """Read programs, and what they print.

    Args:
        path: a file, as the module says.
        program, output: names of the columns.
        needed: whether what each prints must be known.

    Raises:
        FileMissingError: there is no such file.
        DataError: whatever is wrong with it; outputs that are needed are not there, and a program is not of the
            grammar, so that nobody can run it.
    """
    place = Path(path)
    kind = Path(place.name.lower().removesuffix(".gz")).suffix
    if kind == _TEXT:
        return _with_outputs(programs_in(read_text(place, "file of programs")), None, str(path), needed)
    if kind not in (*TABLES, *_JSON_LINES):
        raise DataError(
            f"Programs are read from {', '.join((*TABLES, *_JSON_LINES, _TEXT))} files: {str(path)!r} ends in "
            f"{place.suffix!r}. Convert it."
        )
    columns = _columns(place, kind)
    check_names([program], list(columns))
    programs = _texts(columns, program, str(path))
    if program == output:
        raise DataError(f"A column has one place: {program!r} is named as program= and as output=. Name it once.")
    outputs = _texts(columns, output, str(path), blank=True) if output in columns else None
    return _with_outputs(programs, outputs, str(path), needed)


def programs_in(text: str) -> list[str]:
    """The programs of a text, one after the other.

    Raises:
        DataError: there is none.
    """
    lines = text.split("\n")
    each_line = not any(line.lstrip().startswith("print") for line in lines)
    programs, current = [], []
    for line in lines:
        if line.strip():
            current.append(line.strip())
        if current and (each_line or not line.strip() or line.lstrip().startswith("print")):
            programs.append("\n".join(current))
            current = []
    if current:
        programs.append("\n".join(current))
    if not programs:
        raise DataError("A file of programs holds one at least: there is none. Write print(...) at the end of each.")
    return programs


def _columns(path: Path, kind: str) -> Mapping[str, Sequence[Any]]:
    if kind in _BY_LINES:
        return _cells(read_text(path, "table"), str(path))
    if kind not in _JSON_LINES:
        return {column.name: column.to_list() for column in read_table(path)}
    lines = [line for line in read_text(path, "file of JSON lines").split("\n") if line.strip()]
    rows = [_object(line, number, path) for number, line in enumerate(lines, 1)]
    if not rows:
        raise DataError(f"A file of JSON lines needs an object on a line: {str(path)!r} holds none. Add data.")
    return {key: [row.get(key) for row in rows] for key in dict.fromkeys(key for row in rows for key in row)}


def _cells(text: str, name: str) -> dict[str, list[str]]:
    """Columns as the texts they are: as numbers, long outputs would lose digits."""
    separator = next((mark for mark in _SEPARATORS if mark in text.split("\n", 1)[0]), ",")
    try:
        header, *rows = [row for row in csv.reader(io.StringIO(text), delimiter=separator, strict=True) if row] or [[]]
    except csv.Error as error:
        raise DataError(
            f"Cells that hold quotes or line breaks are in quotes: {name!r} is not so ({error})."
        ) from error
    uneven = next((row for row, cells in enumerate(rows, 1) if len(cells) != len(header)), None)
    if not rows or uneven is not None:
        came = "it has no row" if uneven is None else f"row {uneven} has not"
        raise DataError(
            f"A table has a header, and rows with as many cells: of {name!r} {came}. Put cells that hold {separator!r} "
            "or a line break into quotes."
        )
    return dict(zip(header, map(list, zip(*rows, strict=True)), strict=True))


def _object(line: str, number: int, path: Path) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"Each line is one JSON object: line {number} of {str(path)!r} is none ({error}). Write one object a line."
        ) from error
    if not isinstance(found, dict):
        raise DataError(f"Each line is one JSON object: line {number} of {str(path)!r} is {type(found).__name__}.")
    return found


def _texts(columns: Mapping[str, Sequence[Any]], name: str, source: str, blank: bool = False) -> list[str]:
    """A column as texts; where `blank`, some may be so."""
    cells = ["" if cell is None else cell for cell in columns[name]]
    lost = [row for row, cell in enumerate(cells, 1) if str(cell).strip() == ""]
    if lost and not blank:
        raise DataError(
            f"Every row has its {name}: {len(lost):,} of {len(cells):,} rows of {source!r} have none, first row "
            f"{lost[0]}. Fill it in, or remove these rows."
        )
    wrong = next((cell for cell in cells if not isinstance(cell, str | int) or isinstance(cell, bool)), None)
    if wrong is not None:
        raise DataError(
            f"Programs and outputs are text or whole numbers: column {name!r} of {source!r} holds {wrong!r}. Write "
            "them as text, in quotes."
        )
    return [composed(str(cell), f"column {name!r} of {source!r}").strip() for cell in cells]


def _with_outputs(programs: list[str], outputs: list[str] | None, source: str, needed: bool) -> Given:
    """Run what can be run, fill in what is not given, and say what could not."""
    ran: list[str | None] = []
    problems: dict[int, ProgramError] = {}
    for row, text in enumerate(programs, 1):
        try:
            ran.append(output_of(text))
        except ProgramError as error:
            ran.append(None)
            problems[row] = error
    known = [given or own for given, own in zip(outputs or [""] * len(programs), ran, strict=True)]
    lost = [row for row, text in enumerate(known, 1) if text is None]
    if lost and needed:
        raise DataError(
            f"What a program prints is given, or it is of the grammar: program {lost[0]} of {source!r} is neither. "
            f"{problems[lost[0]]}"
        )
    notes = _unknown(ran, problems, "their outputs are open" if lost else "used as they stand")
    found = [] if lost else [text for text in known if text is not None]
    if outputs is not None:
        notes += [*_blank(outputs), *_different(ran, outputs)]
    return Given(programs, found, tuple(notes))


def _unknown(ran: Sequence[str | None], problems: Mapping[int, ProgramError], what: str) -> list[str]:
    if not problems:
        return [f"All {len(ran):,} programs are of the grammar, and were run by its evaluator."]
    first = min(problems)
    return [
        f"Not of the grammar, so that the evaluator cannot check them: {len(problems):,} of {len(ran):,} programs; "
        f"{what}. The first is number {first}: {problems[first]}"
    ]


def _blank(outputs: Sequence[str]) -> list[str]:
    count = sum(not each for each in outputs)
    return [f"Outputs that were blank are the evaluator's: {count:,} of {len(outputs):,}."] if count else []


def _different(ran: Sequence[str | None], outputs: Sequence[str]) -> list[str]:
    places = [
        at for at, (own, given) in enumerate(zip(ran, outputs, strict=True)) if given and own not in (None, given)
    ]
    if not places:
        return []
    first = places[0]
    return [
        f"Outputs that are not what the evaluator gives: {len(places):,} of {len(outputs):,}, first of program "
        f"{first + 1}, {outputs[first]!r} where it gives {ran[first]!r}; used as they stand."
    ]
