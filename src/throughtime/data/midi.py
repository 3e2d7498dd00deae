"""Music in and out: MIDI files as notes in quarter notes, and piano rolls of frames on a grid.

    notes       start and duration in quarter notes, pitch 0 .. 127; a file's drums (channel 10) are left out
    roll        [T, 88] whether each key of a piano, A0 (21) .. C8 (108), is down; `frames` of them a quarter note

A roll cannot tell a key that is struck again from one that is held: held frames are one note. Roll to file to roll
gives the same roll, silence at its end included. Of a file's tempos the first is kept; times are in quarter notes
whatever the tempo does.

Dimensions: T frames, K = 88 keys.

Source: The MIDI Association, Standard MIDI Files 1.0 (RP-001).
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from throughtime.base.errors import ConfigError, DataError
from throughtime.data.files import check_file

Roll = NDArray[np.bool_]
LOWEST, KEYS = 21, 88
TEMPO = 120.0  # quarter notes a minute, where a file names none
NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
DRUMS = 9  # channel 10, counted from 0
# Ticks of a quarter note that are written: every usual grid divides them, and others are met by rounding.
TICKS = 480
LOUDNESS = 80
# Hours of music: one event with a broken time would otherwise ask for a roll without end.
MOST_QUARTERS = 20_000
# A file holds the length of a quarter note in three bytes of microseconds.
SLOWEST, FASTEST = 4.0, 1000.0
NO_MIDO = (
    "MIDI is read and written with the package mido, which is not installed here. Install it: "
    "pip install 'throughtime[midi]'"
)


@dataclass(frozen=True)
class Note:
    """A tone.

    Args:
        start: quarter notes from the beginning.
        duration: quarter notes.
        pitch: as MIDI counts, 60 is the C in the middle.
    """

    start: float
    duration: float
    pitch: int

    @property
    def end(self) -> float:
        """Quarter notes from the beginning."""
        return self.start + self.duration


@dataclass(frozen=True)
class Music:
    """A piece.

    Args:
        notes: in order of start, then of pitch.
        quarters: its length in quarter notes, silence at its end included.
        tempo: quarter notes a minute.
    """

    notes: tuple[Note, ...]
    quarters: float
    tempo: float = TEMPO


def pitch_name(pitch: int) -> str:
    """C4 of 60, and so on."""
    return f"{NAMES[pitch % 12]}{pitch // 12 - 1}"


def read_midi(path: str | Path, what: str = "MIDI file") -> Music:
    """The piece in a MIDI file.

    Args:
        path: of the file.
        what: it is, for messages.

    Raises:
        FileMissingError: there is no such file.
        ConfigError, DataError: as `parse_midi`.
    """
    place = Path(path)
    check_file(place, what)
    return parse_midi(place.read_bytes(), str(place))


def parse_midi(content: bytes, name: str) -> Music:
    """The piece that a MIDI file's bytes hold, all its tracks at once.

    Args:
        content: of the file.
        name: of the file, for messages.

    Raises:
        ConfigError: the package mido is not installed.
        DataError: it is no MIDI file, broken, of another kind of time, or has no note.
    """
    mido = _mido()
    if not content.startswith(b"MThd"):
        raise DataError(f"A MIDI file begins with MThd: {name} does not. Export it as MIDI, or leave it out.")
    try:
        file = mido.MidiFile(file=io.BytesIO(content))
    except Exception as error:  # mido leaves what is broken to whatever stumbles over it
        reason = str(error) or "it ends too early"
        raise DataError(
            f"A MIDI file is whole: {name} is broken ({reason}). Export it anew, or leave it out."
        ) from error
    if file.type == 2 or file.ticks_per_beat <= 0:
        raise DataError(
            f"A MIDI file holds one piece, timed in quarter notes: {name} is of type {file.type} with "
            f"{file.ticks_per_beat} ticks each. Export it as type 0 or 1."
        )
    return _music_of(file, name)


def midi_bytes(music: Music) -> bytes:
    """A MIDI file of one track that holds the piece.

    Raises:
        ConfigError: the package mido is not installed, or the tempo is out of range.
    """
    mido = _mido()
    if not SLOWEST <= music.tempo <= FASTEST:
        raise ConfigError(
            f"A tempo is {SLOWEST:g} .. {FASTEST:g} quarter notes a minute: {music.tempo:g} came. Choose one between."
        )
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(music.tempo))])
    before = 0
    for tick, kind, pitch in _events(music):
        track.append(mido.Message(kind, note=pitch, velocity=LOUDNESS, time=tick - before))
        before = tick
    track.append(mido.MetaMessage("end_of_track", time=max(0, round(music.quarters * TICKS) - before)))
    sink = io.BytesIO()
    mido.MidiFile(type=0, ticks_per_beat=TICKS, tracks=[track]).save(file=sink)
    return sink.getvalue()


def off_piano(music: Music) -> list[int]:
    """Pitches that a piano has no key for, each once, rising."""
    return sorted({note.pitch for note in music.notes if not LOWEST <= note.pitch < LOWEST + KEYS})


def to_roll(music: Music, frames: int) -> Roll:
    """Which keys are down in each frame, [T, 88]; what a piano has no key for is left out.

    Args:
        music: starts and ends are moved to the nearest frame; every note is one at least.
        frames: of a quarter note, 1 or more.
    """
    spans = [(*span(note, frames), note.pitch - LOWEST) for note in music.notes]
    steps = max([round(music.quarters * frames), *(end for _, end, _ in spans)], default=0)
    roll = np.zeros((steps, KEYS), bool)
    for start, end, key in spans:
        if 0 <= key < KEYS:
            roll[start:end, key] = True
    return roll


def span(note: Note, frames: int) -> tuple[int, int]:
    """The first frame of a note, and the first after it."""
    start = round(note.start * frames)
    return start, max(start + 1, round(note.end * frames))


def from_roll(roll: Roll, frames: int, tempo: float = TEMPO) -> Music:
    """The piece that a roll shows: a key that is down over frames is one note.

    Args:
        roll: [T, 88].
        frames: of a quarter note.
        tempo: quarter notes a minute.
    """
    edge = np.zeros((1, KEYS), np.int8)
    change = np.diff(roll.astype(np.int8), axis=0, prepend=edge, append=edge).T  # [K, T + 1]
    keys, starts = np.nonzero(change == 1)
    ends = np.nonzero(change == -1)[1]  # key by key, as the starts are
    notes = [
        Note(int(start) / frames, int(end - start) / frames, LOWEST + int(key))
        for key, start, end in zip(keys, starts, ends, strict=True)
    ]
    return Music(ordered(notes), len(roll) / frames, tempo)


def ordered(notes: Sequence[Note]) -> tuple[Note, ...]:
    """Notes in order of start, then of pitch."""
    return tuple(sorted(notes, key=lambda note: (note.start, note.pitch, note.duration)))


def _mido() -> ModuleType:
    try:
        import mido
    except ImportError:
        raise ConfigError(NO_MIDO) from None
    return mido


def _music_of(file: Any, name: str) -> Music:
    """The notes of all tracks, on one line of time."""
    notes, ends, tempos = [], [0], []
    for track in file.tracks:
        timed = list(_timed(track))
        ends.append(timed[-1][0] if timed else 0)
        tempos += [(tick, message.tempo) for tick, message in timed if message.type == "set_tempo" and message.tempo]
        notes += list(_notes_of(timed, ends[-1], file.ticks_per_beat))
    quarters = max(ends) / file.ticks_per_beat
    if not notes:
        raise DataError(f"A MIDI file has a note at least, drums left out: {name} has none. Leave it out.")
    if quarters > MOST_QUARTERS:
        raise DataError(
            f"A MIDI file is {MOST_QUARTERS:,} quarter notes long at most: {name} says {quarters:,.0f}. Cut it, or "
            "leave it out."
        )
    # Whole microseconds make 89.99996 of 90.
    tempo = round(60e6 / min(tempos, key=lambda each: each[0])[1], 2) if tempos else TEMPO
    return Music(ordered(notes), quarters, min(max(tempo, SLOWEST), FASTEST))


def _timed(track: Any) -> Iterator[tuple[int, Any]]:
    """Messages of a track with their ticks from its beginning."""
    tick = 0
    for message in track:
        tick += message.time
        yield tick, message


def _notes_of(timed: Sequence[tuple[int, Any]], end: int, ticks: int) -> Iterator[Note]:
    """A track's notes; one that nothing ends is held to the track's end, and one struck again ends there."""
    down: dict[tuple[int, int], int] = {}
    for tick, message in timed:
        if message.type not in ("note_on", "note_off") or message.channel == DRUMS:
            continue
        key = message.channel, message.note
        if key in down:
            yield _note(down.pop(key), tick, key[1], ticks)
        if message.type == "note_on" and message.velocity:
            down[key] = tick
    for (_, pitch), start in down.items():
        yield _note(start, end, pitch, ticks)


def _note(start: int, end: int, pitch: int, ticks: int) -> Note:
    return Note(start / ticks, (end - start) / ticks, pitch)


def _events(music: Music) -> list[tuple[int, str, int]]:
    """Tick, kind and pitch of what a file says, in order: at one tick keys go up before others go down."""
    found = []
    for pitch in {note.pitch for note in music.notes}:
        for start, end in _strokes([note for note in music.notes if note.pitch == pitch]):
            found += [(start, "note_on", pitch), (end, "note_off", pitch)]
    return sorted(found, key=lambda event: (event[0], event[1] == "note_on", event[2]))


def _strokes(notes: Sequence[Note]) -> list[tuple[int, int]]:
    """First tick and end of a key's strokes: one that comes while it is down begins anew, and both ends are waited for.

    Two voices may share a key, and a file has one.
    """
    strokes: list[tuple[int, int]] = []
    for note in ordered(notes):
        start, end = round(note.start * TICKS), round(note.end * TICKS)
        if strokes and strokes[-1][1] > start:
            first, held = strokes.pop()
            strokes += [(first, start)] if first < start else []
            end = max(end, held)
        strokes.append((start, max(end, start + 1)))
    return strokes
