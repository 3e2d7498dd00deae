"""A text whose letters are coloured by what a unit did as it read them: its internal state, or one of its gates.

One letter a cell, so that lines align in any font; the text is drawn once for each track. What has no form of its own
gets one: the end of a line, a tab, a control character.

Source: the way of looking is that of Karpathy, Johnson & Fei-Fei, Visualizing and Understanding Recurrent Networks,
2015.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from throughtime.base.errors import ConfigError, ShapeError
from throughtime.insight.lettering import FORMLESS, FORMS, fitted, shown, visible
from throughtime.insight.svg import BLUE, FAINT, HEIGHT, INK, ORANGE, QUIET, SMALLEST_TEXT, WIDTH, Sheet

# Pixels. With 96 letters a line and three tracks, seven lines of text fit a slide.
_LEFT, _CELL, _LETTER, _LINE, _HEADING, _TOP = 40.0, 12.5, 12.0, 22.0, 28.0, 88.0
_MOST_COLUMNS = int((WIDTH - 2 * _LEFT) / _CELL)
# Lines drawn of a track: more are read by nobody, and a file of megabytes opens slowly.
_MOST_LINES = 60
# The strongest colour still leaves the letter on it readable.
_STRONGEST = 0.8
_LEGEND = 150.0


@dataclass(frozen=True)
class Track:
    """What one reading of the text is coloured by.

    Args:
        name: the heading, such as "unit 17: internal state, tanh c".
        values: one for each symbol; nan stays white.
        low, high: ends of the colours. Where 0 lies between them, values below 0 are orange, those above it blue.
    """

    name: str
    values: Sequence[float]
    low: float = -1.0
    high: float = 1.0


@dataclass(frozen=True)
class _Spot:
    """A symbol on the grid: which one, what is drawn for it, its line, its column."""

    place: int
    form: str
    line: int
    column: int


def gates_over_text(
    symbols: Sequence[str],
    tracks: Sequence[Track],
    *,
    title: str = "What units follow as they read",
    columns: int = 96,
    page: bool = False,
) -> str:
    """Draw a text once for each track, its letters coloured by the track's values.

    Args:
        symbols: the text, or its letters, bytes or subwords in order.
        tracks: at least one.
        title: the heading.
        columns: letters a line, 1 .. 96; a line also ends where the text's does.
        page: whether it is to stand in a page, in the colour of its text; else it is a file.

    Returns:
        The text of an SVG file, 1280 pixels wide and at least 720 high. Of a text of more than 60 lines the rest is
        left out, and that is written on it.

    Raises:
        ShapeError: no tracks, no symbols, or a track that has not one value for each symbol.
        ConfigError: columns or a track's ends are out of range.
    """
    _check(symbols, tracks, columns)
    spots = list(_laid_out(symbols, columns))
    lines = spots[-1].line + 1
    track_height = _HEADING + lines * _LINE + 18
    sheet = Sheet(title, WIDTH, max(0.0 if page else HEIGHT, _TOP + track_height * len(tracks) + 30), page=page)
    sheet.text(_LEFT, 44, fitted(title, WIDTH - 2 * _LEFT, 24, bold=True), size=24, bold=True, kind="title")
    sheet.text(_LEFT, 66, _explained(symbols, spots), size=12, fill=QUIET, kind="note")
    for number, track in enumerate(tracks):
        _draw_track(sheet, _TOP + number * track_height, track, spots)
    return sheet.to_svg()


def _check(symbols: Sequence[str], tracks: Sequence[Track], columns: int) -> None:
    if not len(symbols) or not tracks:
        raise ShapeError(
            f"A drawing of a text needs symbols and tracks: {len(symbols)} and {len(tracks)} came. Pass some of both."
        )
    for track in tracks:
        if len(track.values) != len(symbols):
            raise ShapeError(
                f"A track has one value for each symbol: {track.name!r} has {len(track.values)} for {len(symbols)}. "
                "Cut the longer one."
            )
        if not -math.inf < track.low < track.high < math.inf:
            raise ConfigError(
                f"A track's colours go from `low` up to `high`: {track.name!r} has {track.low} and {track.high}. "
                "Swap or part them."
            )
    if not 1 <= columns <= _MOST_COLUMNS:
        raise ConfigError(f"`columns` is 1 .. {_MOST_COLUMNS}, as many letters as fit: {columns} came. Choose such.")


def _laid_out(symbols: Sequence[str], columns: int) -> Iterator[_Spot]:
    """Where each symbol stands; those on lines past the last that is drawn are left out."""
    line = column = 0
    for place, symbol in enumerate(symbols):
        form = visible(symbol)[:columns]
        if column and column + len(form) > columns:
            line, column = line + 1, 0
        if line >= _MOST_LINES:
            return
        yield _Spot(place, form, line, column)
        column += len(form)
        if symbol.endswith("\n"):
            line, column = line + 1, 0


def _explained(symbols: Sequence[str], spots: Sequence[_Spot]) -> str:
    """What the drawn forms mean, where they occur, and what was left out."""
    drawn = "".join(spot.form for spot in spots)
    meanings = {"↵": "end of a line", "⇥": "tab", FORMLESS: "control character"}
    parts = [f"{form} {meaning}" for form, meaning in meanings.items() if form in drawn]
    if len(spots) < len(symbols):
        parts.append(f"the first {len(spots):,} of {len(symbols):,} symbols are drawn")
    sentence = "; ".join(["each letter is coloured by the unit's value just after reading it", *parts])
    return sentence[0].upper() + sentence[1:] + "."


def _draw_track(sheet: Sheet, top: float, track: Track, spots: Sequence[_Spot]) -> None:
    with sheet.group("track", name=track.name):
        room = WIDTH - 2 * _LEFT - _LEGEND - 120
        sheet.text(_LEFT, top + 16, fitted(track.name, room, 14, bold=True), size=14, bold=True)
        _draw_legend(sheet, top + 5, track)
        for spot in spots:
            _draw_symbol(sheet, top + _HEADING, spot, track)


def _draw_symbol(sheet: Sheet, top: float, spot: _Spot, track: Track) -> None:
    value = float(track.values[spot.place])
    x, y = _LEFT + spot.column * _CELL, top + spot.line * _LINE
    with sheet.group("symbol", place=spot.place, value=repr(value)):
        sheet.rect(x, y, _CELL * len(spot.form), _LINE - 3, fill=_colour(value, track))
        for number, letter in enumerate(spot.form):
            if letter != " ":
                middle = x + (number + 0.5) * _CELL
                colour = QUIET if letter in (*FORMS.values(), FORMLESS) else INK
                sheet.text(middle, y + 14, letter, size=_LETTER, anchor="middle", fill=colour)


def _draw_legend(sheet: Sheet, y: float, track: Track) -> None:
    """A bar of the colours from low to high, on the right."""
    right, pieces = WIDTH - _LEFT - 46, 30
    left = right - _LEGEND
    for piece in range(pieces):
        value = track.low + (track.high - track.low) * (piece + 0.5) / pieces
        sheet.rect(left + piece * _LEGEND / pieces, y, _LEGEND / pieces + 0.3, 12, fill=_colour(value, track))
    sheet.rect(left, y, _LEGEND, 12, stroke=FAINT, line=0.6, kind="legend")
    sheet.text(left - 6, y + 10, shown(track.low), size=SMALLEST_TEXT, anchor="end", fill=FAINT)
    sheet.text(right + 6, y + 10, shown(track.high), size=SMALLEST_TEXT, fill=FAINT)


def _colour(value: float, track: Track) -> str:
    """White at 0, or at `low` where 0 is not inside; the stronger the further."""
    if math.isnan(value):
        return "#ffffff"
    zero = 0.0 if track.low < 0 < track.high else track.low
    value = min(max(value, track.low), track.high)
    reach = max(track.high - zero, zero - track.low)  # one for both sides, so that equal sizes have equal strengths
    share = min(abs(value - zero) / reach, 1.0)
    return _mixed(ORANGE if value < zero else BLUE, share * _STRONGEST)


def _mixed(colour: str, share: float) -> str:
    """So much of a colour on white."""
    parts = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return "#" + "".join(f"{round(255 + share * (part - 255)):02x}" for part in parts)
