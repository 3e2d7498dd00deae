"""Pieces from files: MIDI in folders or alone, or frames of pitches as JSON.

    a folder          its .mid and .midi files, also those in folders below, in the order of their paths; parts of
                      their own where it has folders train and test, and perhaps valid
    .mid .midi        one piece
    .json .json.gz    [[[60, 64], ...], ...]: of each piece the pitches of each frame; or such lists by part, as
                      {"train": .., "valid": .., "test": ..}

A MIDI file that is broken, or has no note for a piano, is left out and named. So are notes that a piano has no key for,
and the quarter notes of silence before the first note.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from throughtime.base.errors import DataError
from throughtime.data.files import check_file, read_text
from throughtime.data.midi import KEYS, LOWEST, Music, from_roll, off_piano, parse_midi, read_midi

MIDI = (".mid", ".midi")
TRAIN, VALID, TEST = PARTS = ("train", "valid", "test")
# Files that a note names; a folder of thousands may have hundreds that are broken.
NAMED = 10
SHAPE = 'a list of pieces, each a list of frames, each a list of pitches; or such lists by "train", "valid" and "test"'


@dataclass(frozen=True)
class Found:
    """Pieces, and how they were read.

    Args:
        parts: by name those of each part; under "train" alone where the data have none of their own.
        notes: one line for each thing left out.
    """

    parts: Mapping[str, tuple[Music, ...]]
    notes: tuple[str, ...]

    @property
    def everything(self) -> tuple[Music, ...]:
        """The pieces of all parts."""
        return tuple(piece for name in PARTS for piece in self.parts.get(name, ()))


def read_pieces(path: str | Path, frames: int) -> Found:
    """A user's music.

    Args:
        path: a folder or a file.
        frames: of a quarter note, that a file of pitches is taken to have.

    Raises:
        ConfigError: MIDI without the package mido.
        DataError, FileMissingError: whatever is wrong with it.
    """
    place = Path(path)
    if place.is_dir():
        return _read_folder(place)
    check_file(place, "collection of music")
    if place.suffix.lower() in MIDI:
        return _gathered({TRAIN: [place]}, place.parent)
    return _read_json(place, frames)


def read_primer(path: str | Path) -> Music:
    """A MIDI file to go on from.

    Raises:
        ConfigError: the package mido is not installed.
        DataError, FileMissingError: it is broken, or has a note that a piano has no key for.
    """
    music = read_midi(path, "primer, a MIDI file,")
    if wrong := off_piano(music):
        raise DataError(
            f"A primer's pitches are those of a piano, {LOWEST} .. {LOWEST + KEYS - 1}: {path} has "
            f"{', '.join(map(str, wrong))}. Transpose it."
        )
    return _begun(music)


def _read_folder(folder: Path) -> Found:
    files = [each for each in sorted(folder.rglob("*")) if each.suffix.lower() in MIDI and each.is_file()]
    # As a run's digest of the folder has it: what begins with a point is somebody else's.
    seen = [each for each in files if not any(part.startswith(".") for part in each.relative_to(folder).parts)]
    if not seen:
        raise DataError(f"A folder of music holds {' or '.join(MIDI)} files: {folder} has none. Name another folder.")
    by_part = {name: [each for each in seen if each.relative_to(folder).parts[0] == name] for name in PARTS}
    has_parts = by_part[TRAIN] and by_part[TEST] and sum(map(len, by_part.values())) == len(seen)
    return _gathered(by_part if has_parts else {TRAIN: seen}, folder)


def _gathered(files: Mapping[str, Sequence[Path]], folder: Path) -> Found:
    """The pieces in MIDI files, those that cannot be read named.

    Raises:
        DataError: none of them can; the first one's reason.
    """
    parts: dict[str, tuple[Music, ...]] = {}
    skipped: list[tuple[Path, DataError]] = []
    lost = 0
    for name, paths in files.items():
        pieces = []
        for path in paths:
            try:
                piece, off = _on_piano(parse_midi(path.read_bytes(), str(path)), str(path))
            except DataError as error:
                skipped.append((path, error))
            else:
                pieces.append(piece)
                lost += off
        parts[name] = tuple(pieces)
    if not any(parts.values()):
        raise skipped[0][1]
    return Found(parts, tuple(_said([path.relative_to(folder) for path, _ in skipped], skipped, lost)))


def _said(names: Sequence[Path], skipped: Sequence[tuple[Path, DataError]], lost: int) -> Iterator[str]:
    if names:
        shown = ", ".join(map(str, names[:NAMED])) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
        yield f"Skipped: {len(names)} files that cannot be read, {shown}. The first: {skipped[0][1]}"
    if lost:
        yield f"Left out: {lost:,} notes that a piano has no key for."


def _on_piano(music: Music, name: str) -> tuple[Music, int]:
    """A piece without the silence before it and notes that a piano lacks, and how many those were."""
    kept = tuple(note for note in music.notes if LOWEST <= note.pitch < LOWEST + KEYS)
    if not kept:
        raise DataError(f"A piece has a note that a piano has a key for: {name} has none. Leave it out.")
    return _begun(replace(music, notes=kept)), len(music.notes) - len(kept)


def _begun(music: Music) -> Music:
    """Without the whole quarter notes of silence before the first note."""
    silence = math.floor(music.notes[0].start)
    notes = tuple(replace(note, start=note.start - silence) for note in music.notes)
    return replace(music, notes=notes, quarters=music.quarters - silence)


def _read_json(path: Path, frames: int) -> Found:
    try:
        content = json.loads(read_text(path, "file of pitches"))
    except (ValueError, RecursionError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(
            f"Music is .mid or .midi, a folder of such, or JSON: {path} is none ({error}). Name another file."
        ) from error
    by_part = {TRAIN: content} if isinstance(content, list) else content
    if not isinstance(by_part, dict) or not by_part or set(by_part) - set(PARTS):
        came = ", ".join(map(repr, by_part)) if isinstance(by_part, dict) else type(by_part).__name__
        raise DataError(f"JSON of music is {SHAPE}: {came or 'nothing'} came in {path}. Write it so.")
    parts, lost = {}, 0
    for name, pieces in by_part.items():
        rolls = [
            _roll(piece, f"{path}, {name}, piece {place} (from 0)") for place, piece in enumerate(_list(pieces, path))
        ]
        parts[name] = tuple(from_roll(roll, frames) for roll, _ in rolls)
        lost += sum(off for _, off in rolls)
    if not any(parts.values()):
        raise DataError(f"JSON of music holds a piece at least: {path} has none.")
    return Found(parts, tuple(_said([], [], lost)))


def _roll(piece: Any, name: str) -> tuple[Any, int]:
    """A piece's frames [T, 88], and how many of its notes a piano lacks."""
    frames = _list(piece, name)
    if not frames:
        raise DataError(f"A piece holds a frame at least: {name} is empty. Leave it out.")
    roll, lost = np.zeros((len(frames), KEYS), bool), 0
    for place, frame in enumerate(frames):
        for pitch in _list(frame, name):
            if isinstance(pitch, bool) or not isinstance(pitch, int) or not 0 <= pitch < 128:
                raise DataError(
                    f"A pitch is a whole number, 0 .. 127: {name} has {pitch!r} in frame {place}. Correct it."
                )
            key = pitch - LOWEST
            if 0 <= key < KEYS:
                roll[place, key] = True
            else:
                lost += 1
    return roll, lost


def _list(value: Any, name: str | Path) -> list[Any]:
    if not isinstance(value, list):
        raise DataError(f"JSON of music is {SHAPE}: {name} has {type(value).__name__} for a list. Write it so.")
    return value
