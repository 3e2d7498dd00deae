"""A text whose words are coloured by what each adds to the answer: blue for it, orange against it.

Words stand in the order in which they were read, from left to right and line below line, whatever their script; one
wider than a line is cut. The end of a line is drawn, and ends the line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from throughtime.base.errors import ConfigError
from throughtime.insight.attribution.heading import (
    LEFT,
    WIDTH,
    colour,
    draw_heading,
    forms_note,
    heading_height,
    strength,
    title_of,
)
from throughtime.insight.attribution.result import SERIES, Attribution
from throughtime.insight.lettering import fitted, signed, visible, width_of
from throughtime.insight.svg import INK, Sheet

# Pixels: of a letter, of a line, beside a word, and between words.
_SIZE, _LINE, _BESIDE, _GAP = 14.0, 25.0, 3.0, 3.0
# More are read by nobody, and a page of megabytes opens slowly.
_MOST_LINES = 60


@dataclass(frozen=True)
class _Spot:
    """A symbol on the sheet: which one, what is drawn for it, and where, below the heading."""

    place: int
    form: str
    x: float
    y: float
    width: float
    radius: float


def draw_text_attribution(attribution: Attribution, *, title: str | None = None, page: bool = False) -> str:
    """Draw the words of a text, coloured by what they add.

    Args:
        attribution: of symbols.
        title: the heading; None: what is explained.
        page: whether it is to stand in a page, light or dark; else it is a file's text, dark on white.

    Returns:
        SVG, 768 pixels wide. Of a text of more than 60 lines the rest is left out, and that is written on it.

    Raises:
        ConfigError: the attribution is of numbers.
    """
    if attribution.kind == SERIES:
        raise ConfigError("Words are drawn of symbols: an attribution of numbers came. Use draw_series_attribution.")
    # Words stand apart; letters and pieces of words stand as they did in the text.
    gap = 0.0 if any(len(each) == 1 and each.isspace() for each in attribution.steps) else _GAP
    spots = list(_laid_out(attribution.steps, gap))
    notes = _notes(attribution, spots)
    top = heading_height(notes)
    sheet = Sheet(fitted(title or title_of(attribution), 10 * WIDTH, 1), WIDTH, top + spots[-1].y + _LINE + 8, page)
    reach = float(np.abs(attribution.values).max())
    draw_heading(sheet, attribution, title, reach, notes)
    for spot in spots:
        _draw_symbol(sheet, top, spot, attribution, reach)
    return sheet.to_svg()


def _laid_out(steps: Sequence[str], gap: float) -> Iterator[_Spot]:
    """Where each symbol stands; those on lines past the last that is drawn are left out."""
    room, beside = WIDTH - 2 * LEFT, _BESIDE if gap else 0.0
    x = line = 0.0
    for place, symbol in enumerate(steps):
        form = visible(symbol) if symbol.strip(" ") else " " * max(len(symbol), 1)
        form = form if width_of(form, _SIZE) + 2 * beside <= room else fitted(form, room - 2 * beside, _SIZE)
        width = width_of(form, _SIZE) + 2 * beside
        if x and x + width > room:
            x, line = 0.0, line + 1
        if line >= _MOST_LINES:
            return
        yield _Spot(place, form, LEFT + x, line * _LINE, width, beside)
        x += width + gap
        if symbol.endswith("\n"):
            x, line = 0.0, line + 1


def _notes(attribution: Attribution, spots: Sequence[_Spot]) -> list[str]:
    """What the colours and forms mean, and what was left out."""
    total = len(attribution.steps)
    notes = ["Blue words add to it, orange ones take from it."]
    if len(spots) < total:
        notes[0] += f" The first {len(spots):,} of {total:,} symbols are drawn."
    if any(place < len(spots) for place in attribution.unknown):
        notes[0] += " Dashed below: unknown to training."
    return notes + forms_note("".join(spot.form for spot in spots))


def _draw_symbol(sheet: Sheet, top: float, spot: _Spot, attribution: Attribution, reach: float) -> None:
    value, y = float(attribution.values[spot.place]), top + spot.y
    with sheet.group("symbol", place=spot.place, value=repr(value)):
        sheet.tip(f"{spot.place + attribution.first}: {spot.form} {signed(value)}")
        shade, opacity = colour(value), strength(value, reach)
        sheet.rect(spot.x, y, spot.width, _LINE - 4, radius=spot.radius, fill=shade, opacity=opacity)
        middle = spot.x + spot.width / 2
        if spot.form.strip():
            sheet.text(middle, y + 15, spot.form, size=_SIZE, anchor="middle")
        if spot.place in attribution.unknown:
            below = [(spot.x + 2, y + 19), (spot.x + spot.width - 2, y + 19)]
            sheet.line(below, stroke=INK, line=1, dash="2 2", kind="unknown")
