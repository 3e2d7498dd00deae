"""What a network reads of a piece, and how what it writes becomes one: rolls of frames, or the highest line as symbols.

    rolls     [T, 88] which keys are down in each frame
    melody    "67:2", a pitch and the frames it lasts, "r:2" a rest; where a higher note begins, it takes over

Dimensions: T frames.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from throughtime.data.midi import LOWEST, Music, Note, Roll, from_roll, pitch_name, span, to_roll
from throughtime.recipes.music.settings import MELODY
from throughtime.tasks.generator_options import SYMBOLS

REST = "r"
SILENCE = "silence"


@dataclass(frozen=True)
class Kind(ABC):
    """A way to read pieces.

    Args:
        frames: of a quarter note.
    """

    frames: int

    @property
    @abstractmethod
    def step(self) -> str:
        """What is told from those before it, in a word."""

    @abstractmethod
    def emission(self, rolls: str) -> str:
        """As `SequenceGenerator` takes it, where that of rolls is given."""

    @abstractmethod
    def encode(self, music: Music) -> Any:
        """What the network reads of a piece: a sequence of steps."""

    @abstractmethod
    def decode(self, steps: Any, tempo: float) -> Music:
        """The piece that such a sequence is."""

    @abstractmethod
    def joined(self, first: Any, second: Any) -> Any:
        """One sequence after the other."""

    @abstractmethod
    def words(self, steps: Any) -> list[str]:
        """What people read of such a sequence, one after the other; what is held over frames once."""

    @abstractmethod
    def keys(self, steps: Any) -> list[Any]:
        """The steps as things that can be compared and counted."""


class Rolls(Kind):
    """Frames of keys."""

    @property
    def step(self) -> str:
        """See `Kind.step`."""
        return "frame"

    def emission(self, rolls: str) -> str:
        """See `Kind.emission`."""
        return rolls

    def encode(self, music: Music) -> Roll:
        """[T, 88]; see `Kind.encode`."""
        return to_roll(music, self.frames)

    def decode(self, steps: Roll, tempo: float) -> Music:
        """See `Kind.decode`."""
        return from_roll(steps, self.frames, tempo)

    def joined(self, first: Roll, second: Roll) -> Roll:
        """See `Kind.joined`."""
        return np.concatenate([first, second])

    def words(self, steps: Roll) -> list[str]:
        """Chords with the frames they last: "C3 E4 G4:2"."""
        held = [(name, len(list(same))) for name, same in groupby(map(_chord, steps))]
        return [f"{name}:{count}" for name, count in held]

    def keys(self, steps: Roll) -> list[bytes]:
        """See `Kind.keys`."""
        return [frame.tobytes() for frame in steps]


class Melody(Kind):
    """The highest line."""

    @property
    def step(self) -> str:
        """See `Kind.step`."""
        return "symbol"

    def emission(self, rolls: str) -> str:
        """See `Kind.emission`."""
        del rolls
        return SYMBOLS

    def encode(self, music: Music) -> tuple[str, ...]:
        """See `Kind.encode`."""
        notes = sorted(music.notes, key=lambda note: (note.pitch, note.start))
        spans = [span(note, self.frames) for note in notes]
        steps = max([round(music.quarters * self.frames), *(end for _, end in spans)], default=0)
        line = np.full(steps, -1)
        for place, (start, end) in enumerate(spans):
            line[start:end] = place  # the higher ones come later
        held = [(int(place), len(list(same))) for place, same in groupby(line.tolist())]
        return tuple(f"{REST if place < 0 else notes[place].pitch}:{count}" for place, count in held)

    def decode(self, steps: Sequence[str], tempo: float) -> Music:
        """See `Kind.decode`."""
        notes, now = [], 0
        for pitch, count in map(_parted, steps):
            if pitch is not None:
                notes.append(Note(now / self.frames, count / self.frames, pitch))
            now += count
        return Music(tuple(notes), now / self.frames, tempo)

    def joined(self, first: Sequence[str], second: Sequence[str]) -> tuple[str, ...]:
        """See `Kind.joined`."""
        return (*first, *second)

    def words(self, steps: Sequence[str]) -> list[str]:
        """Notes with the frames they last: "G4:2"."""
        parted = map(_parted, steps)
        return [f"{SILENCE if pitch is None else pitch_name(pitch)}:{count}" for pitch, count in parted]

    def keys(self, steps: Sequence[str]) -> list[str]:
        """See `Kind.keys`."""
        return list(steps)


def kind_of(name: str, frames: int) -> Kind:
    """The kind of a setting's name, "rolls" or "melody"."""
    return Melody(frames) if name == MELODY else Rolls(frames)


def _chord(frame: Roll) -> str:
    return " ".join(pitch_name(LOWEST + int(key)) for key in np.flatnonzero(frame)) or SILENCE


def _parted(symbol: str) -> tuple[int | None, int]:
    """Pitch, None of a rest, and frames."""
    pitch, _, count = symbol.partition(":")
    return (None if pitch == REST else int(pitch)), int(count)
