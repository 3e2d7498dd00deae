"""Pieces of music drawn as piano rolls, one above the other: time to the right, pitch upwards, a bar for each tone.

What was given to go on from has a colour of its own. Octaves are named at their C, and lines stand where bars of four
quarter notes begin.

Dimensions: N tones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from throughtime.base.errors import ShapeError
from throughtime.data.midi import pitch_name
from throughtime.insight.lettering import fitted
from throughtime.insight.svg import BLUE, FAINT, ORANGE, PALE, QUIET, SMALLEST_TEXT, WIDTH, Sheet

# Pixels. A semitone's row shows that tones next to each other are two.
_LEFT, _RIGHT, _TOP, _HEADING, _ROW, _AXIS = 48.0, 20.0, 84.0, 30.0, 7.0, 40.0
# Of a drawing in a page: its column's, so that it stands there unscaled and can be read.
_PAGE_WIDTH = 800.0
# Semitones drawn above and below the tones, and in all: an octave at least.
_MARGIN, _LEAST_ROWS = 2, 12
_BAR = 4.0  # quarter notes
# Between tones of one key that follow each other at once.
_GAP = 0.8
# Bars that carry a number, at most: more would run into each other.
_MOST_NUMBERS = 16


@dataclass(frozen=True)
class PlayedPiece:
    """A piece to be drawn.

    Args:
        name: the heading, such as "goes on by itself".
        tones: [N] start and duration in quarter notes, and pitch as MIDI counts (60 is the C in the middle).
        quarters: length of the piece.
        given: quarter notes at its beginning that were given; tones that begin there have a colour of their own.
    """

    name: str
    tones: Sequence[tuple[float, float, int]]
    quarters: float
    given: float = 0.0


def draw_piano_rolls(pieces: Sequence[PlayedPiece], *, title: str, page: bool = False) -> str:
    """Draw pieces one above the other, on the same scale of time and pitch.

    Args:
        pieces: at least one; one of them has a tone.
        title: the heading.
        page: whether it is to stand in a page, in the colour of its text; else it is a file.

    Returns:
        The text of an SVG file, 1280 pixels wide; of a page's element, 800.

    Raises:
        ShapeError: no pieces, or none with a tone.
    """
    pitches = [pitch for piece in pieces for _, _, pitch in piece.tones]
    if not pitches:
        raise ShapeError(f"A drawing of music needs a tone: {len(pieces)} pieces without one came. Pass some.")
    low, high = _pitches_shown(min(pitches), max(pitches))
    quarters, width = max(piece.quarters for piece in pieces), _PAGE_WIDTH if page else WIDTH
    height, room = _HEADING + (high - low + 1) * _ROW + _AXIS, width - _LEFT - _RIGHT
    sheet = Sheet(title, width, _TOP + height * len(pieces), page=page)
    sheet.text(_LEFT, 44, fitted(title, room, 24, bold=True), size=24, bold=True, kind="title")
    sheet.text(_LEFT, 66, _explained(pieces), size=12, fill=QUIET, kind="note")
    for place, piece in enumerate(pieces):
        _Panel(sheet, _TOP + place * height + _HEADING, room, low, high, quarters).draw(piece)
    return sheet.to_svg()


def _pitches_shown(low: int, high: int) -> tuple[int, int]:
    """Lowest and highest pitch that get a row."""
    low, high = low - _MARGIN, high + _MARGIN
    return low, max(high, low + _LEAST_ROWS - 1)


def _explained(pieces: Sequence[PlayedPiece]) -> str:
    given = " Orange: what was given; blue: what follows." if any(piece.given for piece in pieces) else ""
    return f"Quarter notes to the right, a line at each bar; C4 is the middle C.{given}"


@dataclass(frozen=True)
class _Panel:
    """Where a piece is drawn: its upper edge and width, the pitches at its ends, and the quarter notes that fill it."""

    sheet: Sheet
    top: float
    width: float
    low: int
    high: int
    quarters: float

    def draw(self, piece: PlayedPiece) -> None:
        """Heading, octaves, bars and tones."""
        self.sheet.text(_LEFT, self.top - 10, fitted(piece.name, self.width, 14, bold=True), size=14, bold=True)
        self._draw_grid()
        with self.sheet.group("piece", name=piece.name):
            for start, duration, pitch in piece.tones:
                self._draw_tone(start, duration, pitch, start < piece.given)

    def _draw_grid(self) -> None:
        bottom = self._y(self.low) + _ROW
        self.sheet.rect(_LEFT, self.top, self._x(self.quarters) - _LEFT, bottom - self.top, fill=PALE, kind="panel")
        for pitch in range(self.low, self.high + 1):
            if pitch % 12 == 0:
                y = self._y(pitch) + _ROW
                self.sheet.line([(_LEFT, y), (self._x(self.quarters), y)], stroke=FAINT, line=0.6, kind="octave")
                self.sheet.text(_LEFT - 8, y, pitch_name(pitch), size=12, anchor="end", fill=QUIET, kind="pitch")
        bars = int(self.quarters / _BAR) + 1
        every = -(-bars // _MOST_NUMBERS)
        for bar in range(bars):
            x = self._x(bar * _BAR)
            self.sheet.line([(x, self.top), (x, bottom)], stroke=FAINT, line=0.4, kind="bar")
            if bar % every == 0:
                number = f"{bar * _BAR:g}"
                self.sheet.text(x, bottom + 16, number, size=SMALLEST_TEXT, anchor="middle", fill=QUIET, kind="time")

    def _draw_tone(self, start: float, duration: float, pitch: int, given: bool) -> None:
        width = max(self._x(start + duration) - self._x(start) - _GAP, _GAP)
        colour, kind = (ORANGE, "given") if given else (BLUE, "tone")
        self.sheet.rect(self._x(start), self._y(pitch), width, _ROW - _GAP, fill=colour, radius=1.5, kind=kind)

    def _x(self, quarters: float) -> float:
        return _LEFT + self.width * quarters / max(self.quarters, 1.0)

    def _y(self, pitch: int) -> float:
        """The upper edge of a pitch's row."""
        return self.top + (self.high - pitch) * _ROW
