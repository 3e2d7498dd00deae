"""A sheet of characters: each with a colour, printed in Unicode or, where that cannot be written, in ASCII.

Signs are named; `UNICODE` and `ASCII` say how each looks, one character wide in both.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import TextIO

UNICODE = {
    "new": "\u2501",
    "again": "\u2500",
    "without-gradient": "\u2591",
    "injected": "\u25cf",
    "unused": "\u25cb",
    "errors": "\u25c0",
    "cut": "\u2573",
    "begin": "\u251c",
    "update": "\u25a0",
    "up": "\u25b2",
    "right": "\u25b6",
    "left": "\u25c0",
    "across": "\u2500",
    "down": "\u2502",
    "top-left": "\u250c",
    "top-right": "\u2510",
    "bottom-left": "\u2514",
    "bottom-right": "\u2518",
    "rail": "\u2550",
    "joint": "\u2567",
    "gap": "\u2026",
}
ASCII = {
    "new": "=",
    "again": "-",
    "without-gradient": ":",
    "injected": "*",
    "unused": "o",
    "errors": "<",
    "cut": "X",
    "begin": "|",
    "update": "U",
    "up": "^",
    "right": ">",
    "left": "<",
    "across": "-",
    "down": "|",
    "top-left": "+",
    "top-right": "+",
    "bottom-left": "+",
    "bottom-right": "+",
    "rail": "=",
    "joint": "^",
    "gap": ".",
}
# The eight colours every terminal has.
_COLOURS = {"blue": "34", "violet": "35", "rose": "31", "orange": "33", "green": "32", "soft": "2", "bold": "1"}
# Where the output is no terminal: wide enough for most, narrow enough for a mail.
_WIDTH = 100


@dataclass(frozen=True, slots=True)
class Look:
    """How a drawing may look.

    Args:
        width: characters in a line.
        colour: whether escape codes may be printed.
        unicode: whether more than ASCII may be.
    """

    width: int = _WIDTH
    colour: bool = False
    unicode: bool = True


def look_of(stream: TextIO) -> Look:
    """What a stream can show: colour in a terminal that is not dumb and where NO_COLOR is unset or empty."""
    colour = stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return Look(shutil.get_terminal_size((_WIDTH, 24)).columns, colour, _can_write(stream, "".join(UNICODE.values())))


def _can_write(stream: TextIO, words: str) -> bool:
    try:
        words.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


class Canvas:
    """Rows of characters, grown as they are written.

    Args:
        look: how they may look.
    """

    def __init__(self, look: Look) -> None:
        self._look = look
        self._signs = UNICODE if look.unicode else ASCII
        self._rows: list[dict[int, tuple[str, str]]] = []

    @property
    def height(self) -> int:
        """Rows so far."""
        return len(self._rows)

    def sign(self, row: int, column: int, name: str, colour: str = "") -> None:
        """One named sign."""
        self.write(row, column, self._signs[name], colour)

    def signs(self, row: int, columns: range, name: str, colour: str = "") -> None:
        """The same sign in several columns."""
        self.write(row, columns.start, self._signs[name] * len(columns), colour)

    def write(self, row: int, column: int, words: str, colour: str = "") -> None:
        """Words from a column on; what was there before is written over."""
        while len(self._rows) <= row:
            self._rows.append({})
        for at, letter in enumerate(words, start=column):
            self._rows[row][at] = letter, colour

    def to_text(self) -> str:
        """All rows."""
        return "\n".join(self._line(row) for row in self._rows)

    def _line(self, row: dict[int, tuple[str, str]]) -> str:
        line, last = [], ""
        for column in range(max(row, default=-1) + 1):
            letter, colour = row.get(column, (" ", ""))
            if self._look.colour and colour != last:
                line.append(("\033[0m" if last else "") + _escape(colour))
                last = colour
            line.append(letter)
        return "".join(line).rstrip() + ("\033[0m" if last else "")


def _escape(colour: str) -> str:
    return f"\033[{_COLOURS[colour]}m" if colour else ""
