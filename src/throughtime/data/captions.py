"""Images with the sentences that describe them, from the files such sets come in.

    .json                COCO captions: "images" with "id" and "file_name", "annotations" with "image_id" and "caption"
    .csv .tsv .parquet   columns "image" and "sentence" ("file", "file_name" and "caption" are known too)
    others               Flickr8k's tokens: name.jpg#0<TAB>sentence on each line
    a folder             one such file, and the images

Stated rules. Images lie beside the file, or in the folders there; a name is looked up as it stands, then as the name of
a file in any of these folders. Sentences of one image follow each other in the order of the file, and are brought to
Unicode's normal form C. What cannot be used is left out, counted and named: images that are not there, images without a
sentence, sentences that are blank or belong to no image.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from throughtime.base.errors import DataError
from throughtime.data.files import check_file, read_text
from throughtime.data.images import ENDINGS, image_files
from throughtime.data.tables import read_table
from throughtime.data.unicode_text import composed

IMAGE_NAMES = ("image", "file", "file_name", "filename", "path")
SENTENCE_NAMES = ("sentence", "caption", "text", "comment")
TABLES = (".csv", ".tsv", ".parquet")
_KINDS = (".json", *TABLES, ".token", ".tokens", ".txt")
# So many of what was left out are named.
_SHOWN = 3


@dataclass(frozen=True)
class Described:
    """Images and their sentences.

    Args:
        images: files.
        sentences: of each image, one at least.
        notes: one line for each kind of thing that was left out.
    """

    images: list[Path]
    sentences: list[list[str]]
    notes: tuple[str, ...]


def caption_file(folder: str | os.PathLike[str]) -> Path | None:
    """The one file of sentences that lies in a folder; None where there is none.

    Raises:
        DataError: there are several.
    """
    found = sorted(each for each in Path(folder).iterdir() if each.is_file() and each.suffix.lower() in _KINDS)
    if len(found) > 1:
        raise DataError(
            f"A folder of described images holds one file of sentences: {str(folder)!r} has "
            f"{', '.join(each.name for each in found)}. Name the file itself."
        )
    return found[0] if found else None


def read_captions(path: str | os.PathLike[str]) -> Described:
    """Read images and their sentences.

    Args:
        path: a file or a folder, as the module says.

    Raises:
        FileMissingError: there is no such file or folder.
        DataError: the file is of none of these kinds, or no image is left.
    """
    place = Path(path)
    if place.is_dir():
        inside = caption_file(place)
        if inside is None:
            raise DataError(
                f"A folder of described images holds a file of sentences ({', '.join(_KINDS)}): {str(path)!r} has none."
            )
        place = inside
    check_file(place, "file of sentences")
    names, pairs = _reader(place)
    return _described(place, names, pairs)


def _reader(place: Path) -> tuple[list[str], Iterable[tuple[str | None, str]]]:
    """Names of images that the file lists, and (image, sentence), None where a sentence belongs to no image."""
    kind = place.suffix.lower()
    if kind == ".json":
        return _coco(place)
    if kind in TABLES:
        return [], _rows(place)
    return [], _tokens(place)


def _coco(place: Path) -> tuple[list[str], list[tuple[str | None, str]]]:
    try:
        found = json.loads(read_text(place, "COCO file"))
        names = {image["id"]: str(image["file_name"]) for image in found["images"]}
        pairs = [(names.get(each["image_id"]), str(each["caption"])) for each in found["annotations"]]
    except (ValueError, RecursionError) as error:
        raise DataError(f"A COCO file is JSON: {str(place)!r} is not ({error}). Fetch it again.") from error
    except (KeyError, TypeError) as error:
        raise DataError(
            f'COCO captions have "images" with "id" and "file_name", and "annotations" with "image_id" and "caption": '
            f"{str(place)!r} lacks {error}. Take the file of captions."
        ) from error
    return list(names.values()), pairs


def _rows(place: Path) -> Iterator[tuple[str | None, str]]:
    columns = {column.name: column.to_list() for column in read_table(place)}
    image, sentence = (_column(columns, names, place) for names in (IMAGE_NAMES, SENTENCE_NAMES))
    for name, text in zip(columns[image], columns[sentence], strict=True):
        yield (None if name is None else str(name).strip()), "" if text is None else str(text)


def _column(columns: dict[str, Any], names: tuple[str, ...], place: Path) -> str:
    found = [column for column in columns if column.strip().lower() in names]
    if len(found) != 1:
        raise DataError(
            f"A table of described images has one column {names[0]!r} (or {', '.join(names[1:])}): {str(place)!r} has "
            f"{', '.join(columns)}. Rename one."
        )
    return found[0]


def _tokens(place: Path) -> Iterator[tuple[str | None, str]]:
    for number, line in enumerate(read_text(place, "file of sentences").splitlines(), 1):
        if not line.strip():
            continue
        name, tab, text = line.partition("\t")
        if not tab:
            raise DataError(
                f"Flickr8k's lines are name.jpg#0<TAB>sentence: line {number} of {str(place)!r} has no tab. Put one in."
            )
        yield name.rsplit("#", 1)[0].strip(), text


def _described(place: Path, names: list[str], pairs: Iterable[tuple[str | None, str]]) -> Described:
    sentences: dict[str, list[str]] = {name: [] for name in names}
    blank, alone = [], []
    for name, text in pairs:
        said = composed(text, repr(str(place))).strip()
        if not name:
            alone.append(said)
        elif not said:
            blank.append(name)
        else:
            sentences.setdefault(name, []).append(said)
    files = _Files(place.parent)
    there = {name: files.find(name) for name in sentences}
    used = [name for name in sentences if sentences[name] and there[name]]
    notes = [
        _left_out("sentences that are blank, of", blank),
        _left_out("sentences that belong to no image:", alone),
        _left_out("images without a sentence:", [name for name in sentences if not sentences[name]]),
        _left_out("images that are not there:", [n for n in sentences if sentences[n] and not there[n]]),
    ]
    if not used:
        raise DataError(
            f"Described images lie beside their sentences: of {len(sentences)} that {str(place)!r} names none is there "
            f"with a sentence. Put {place.name} into the folder of the images."
        )
    images = [file for file in map(there.get, used) if file is not None]
    return Described(images, [sentences[name] for name in used], tuple(note for note in notes if note))


class _Files:
    """Image files of a folder, found by a path from there or by their names."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            self._by_name = {file.name: file for file in reversed(image_files(folder))}
        except DataError:  # a message that tells of the sentences says more
            self._by_name = {}

    def find(self, name: str) -> Path | None:
        """The file; None where there is none."""
        path = self._folder / name
        if path.suffix.lower() in ENDINGS and path.is_file():
            return path
        return self._by_name.get(Path(name).name)


def _left_out(what: str, names: list[str]) -> str:
    if not names:
        return ""
    shown = ", ".join(map(repr, names[:_SHOWN])) + (", .." if len(names) > _SHOWN else "")
    return f"Left out: {len(names):,} {what} {shown}."
