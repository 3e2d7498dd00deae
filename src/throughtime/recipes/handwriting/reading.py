"""Drawings from files: sketch-rnn's archives, which have parts of their own, or lines of IAM-OnDB with what they say.

    .npz         arrays train, valid and test, each sequence [T, 3]: dx, dy, and 1 where the pen lifts
    .xml         one line; its phrase is what a .txt of its name beside it says
    a folder     all .xml files below it, only those below a folder lineStrokes where it has one; the phrase of
                 FORM-07.xml is the seventh line after "CSR:" in a FORM.txt of the folder, where nothing is beside it

A file of a folder that is broken is left out and named.

Source of the forms: Liwicki & Bunke 2005, IAM-OnDB.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from throughtime.base.errors import DataError
from throughtime.data.files import read_text
from throughtime.data.strokes import PARTS, read_line, read_strokes
from throughtime.recipes.handwriting.drawing import Drawing
from throughtime.tasks.strokes import as_strokes

TRAIN, VALID, TEST = PARTS
# Files that a note names; a folder of thousands may have hundreds that are broken.
NAMED = 10
LINES, TEXT_BEGINS = "lineStrokes", "CSR:"


@dataclass(frozen=True)
class Found:
    """Drawings, and how they were read.

    Args:
        parts: by name those of each part; under "train" alone where the data have none of their own.
        forms: of the drawings under "train", where they have no parts, what each was written on; those of one form
            train or test together. Empty where that is not known.
        notes: one line for each thing left out.
    """

    parts: Mapping[str, tuple[Drawing, ...]]
    forms: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def everything(self) -> tuple[Drawing, ...]:
        """The drawings of all parts."""
        return tuple(each for name in PARTS for each in self.parts.get(name, ()))


def read_drawings(path: str | Path) -> Found:
    """A user's drawings.

    Raises:
        DataError, FileMissingError: whatever is wrong with them.
    """
    place = Path(path)
    if place.is_dir():
        return _read_folder(place)
    parts, _ = read_strokes(place)
    if "" in parts:
        (points,) = as_strokes(parts[""], place.name)
        return Found({TRAIN: (Drawing(points, _phrase_of(place, {})),)})
    return Found({name: tuple(map(Drawing, as_strokes(some, f"{place.name}, {name}"))) for name, some in parts.items()})


def _read_folder(folder: Path) -> Found:
    files = [each for each in sorted(folder.rglob("*")) if each.suffix.lower() == ".xml" and _is_seen(each, folder)]
    files = [each for each in files if LINES in each.relative_to(folder).parts] or files
    if not files:
        raise DataError(f"A folder of handwriting holds .xml files: {folder} has none. Name another folder.")
    texts = {each.stem: each for each in folder.rglob("*.txt") if _is_seen(each, folder)}
    drawings, forms = [], []
    skipped: list[tuple[Path, DataError]] = []
    for file in files:
        try:
            (points,) = as_strokes([read_line(file)], str(file))
            drawings.append(Drawing(points, _phrase_of(file, texts)))
        except DataError as error:
            skipped.append((file.relative_to(folder), error))
        else:
            forms.append(_form_of(file)[0])
    if not drawings:
        raise DataError(f"None of the {len(files)} files in {folder} can be read. The first: {skipped[0][1]}")
    return Found({TRAIN: tuple(drawings)}, tuple(forms), tuple(_said(skipped)))


def _is_seen(file: Path, folder: Path) -> bool:
    """As a run's digest of the folder has it: what begins with a point is somebody else's."""
    return file.is_file() and not any(part.startswith(".") for part in file.relative_to(folder).parts)


def _form_of(file: Path) -> tuple[str, int]:
    """A line's form, and which of its lines it is, from 1; 0 of a file that is no numbered one."""
    found = re.fullmatch(r"(.+)-(\d\d+)", file.stem)
    return (found[1], int(found[2])) if found else (file.stem, 0)


def _phrase_of(file: Path, texts: Mapping[str, Path]) -> str:
    """What a line says; empty where nobody wrote it down."""
    form, number = _form_of(file)
    beside = file.with_suffix(".txt")
    if beside.is_file():
        return _as_phrase(read_text(beside, "phrase"))
    if form not in texts or not number:
        return ""
    _, begins, said = read_text(texts[form], "transcription").partition(TEXT_BEGINS)
    lines = [line for line in said.splitlines() if line.strip()]
    return _as_phrase(lines[number - 1]) if begins and number <= len(lines) else ""


def _as_phrase(text: str) -> str:
    """On one line, with one blank between words."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def _said(skipped: Sequence[tuple[Path, DataError]]) -> Iterator[str]:
    if skipped:
        more = f" and {len(skipped) - NAMED} more" if len(skipped) > NAMED else ""
        shown = ", ".join(str(file) for file, _ in skipped[:NAMED]) + more
        yield f"Skipped: {len(skipped)} files that cannot be read, {shown}. The first: {skipped[0][1]}"
