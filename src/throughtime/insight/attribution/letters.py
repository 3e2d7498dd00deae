"""A sequence of letters, such as DNA, with a bar on each: upwards and blue what it adds, downwards and orange what it
takes.

Rows hold 60 letters, as sequence files do; each tenth position is numbered, from 1.
"""

from __future__ import annotations

import numpy as np

from throughtime.base.errors import ConfigError
from throughtime.insight.attribution.heading import (
    LEFT,
    QUIET,
    WIDTH,
    colour,
    draw_heading,
    forms_note,
    heading_height,
    title_of,
)
from throughtime.insight.attribution.result import SERIES, Attribution
from throughtime.insight.lettering import fitted, signed, visible
from throughtime.insight.svg import INK, SMALLEST_TEXT, Sheet

ROW = 60  # letters
# Pixels: of a letter's cell and its size, of the bars, from row to row.
_CELL, _SIZE, _BARS, _HEIGHT = 12.0, 12.0, 54.0, 100.0
_START = WIDTH - LEFT - ROW * _CELL  # a row's left edge
_MOST_ROWS = 40


def draw_letters_attribution(attribution: Attribution, *, title: str | None = None, page: bool = False) -> str:
    """Draw a sequence of letters with a bar on each.

    Args:
        attribution: of symbols of one sign each.
        title: the heading; None: what is explained.
        page: whether it is to stand in a page, light or dark; else it is a file's text, dark on white.

    Returns:
        SVG, 768 pixels wide. Of more than 2,400 letters the rest is left out, and that is written on it.

    Raises:
        ConfigError: the attribution is of numbers, or of longer symbols.
    """
    if attribution.kind == SERIES or any(len(each) > 1 for each in attribution.steps):
        came = "numbers" if attribution.kind == SERIES else "longer symbols"
        other = "draw_series_attribution" if attribution.kind == SERIES else "draw_text_attribution"
        raise ConfigError(f"Letters are drawn of symbols of one sign: an attribution of {came} came. Use {other}.")
    forms = [visible(each) for each in attribution.steps[: ROW * _MOST_ROWS]]
    notes = _notes(attribution, forms)
    top, rows = heading_height(notes), -(-len(forms) // ROW)
    sheet = Sheet(fitted(title or title_of(attribution), 10 * WIDTH, 1), WIDTH, top + rows * _HEIGHT + 4, page)
    draw_heading(sheet, attribution, title, float(np.abs(attribution.values).max()), notes)
    scale = _Scale(attribution)
    for row in range(rows):
        _draw_row(sheet, top + row * _HEIGHT, row, forms, attribution, scale)
    return sheet.to_svg()


class _Scale:
    """One for all rows: how high bars stand above and below their zero line."""

    def __init__(self, attribution: Attribution) -> None:
        self.above = max(float(attribution.values.max()), 0.0)
        below = max(float(-attribution.values.min()), 0.0)
        self.per_unit = _BARS / (self.above + below) if self.above + below > 0 else 0.0

    @property
    def zero(self) -> float:
        """Pixels from the bars' upper edge to the zero line."""
        return self.above * self.per_unit


def _notes(attribution: Attribution, forms: list[str]) -> list[str]:
    """What the bars mean, and what was left out."""
    note = (
        f"Bars up, blue: letters that add to it; down, orange: that take from it. Positions from {attribution.first}."
    )
    if len(forms) < len(attribution.steps):
        note += f" The first {len(forms):,} of {len(attribution.steps):,} are drawn."
    if any(place < len(forms) for place in attribution.unknown):
        note += " Dashed below: unknown to training."
    return [note, *forms_note("".join(forms))]


def _draw_row(sheet: Sheet, top: float, row: int, forms: list[str], attribution: Attribution, scale: _Scale) -> None:
    first, stop = row * ROW, min((row + 1) * ROW, len(forms))
    zero, letters = top + scale.zero, top + _BARS + 15
    with sheet.group("row", first=first):
        sheet.line([(_START, zero), (_START + (stop - first) * _CELL, zero)], stroke=INK, line=0.6, opacity=0.5)
        for place in range(first, stop):
            _draw_letter(sheet, zero, letters, place, forms[place], attribution, scale)
        for place in range(first, stop):
            number = place + attribution.first
            if number % 10 == 0 or place == first:
                _draw_number(sheet, letters, place - first, number)


def _draw_letter(
    sheet: Sheet, zero: float, letters: float, place: int, form: str, attribution: Attribution, scale: _Scale
) -> None:
    value, x = float(attribution.values[place]), _START + place % ROW * _CELL
    height = abs(value) * scale.per_unit
    with sheet.group("symbol", place=place, value=repr(value)):
        sheet.tip(f"{place + attribution.first}: {form} {signed(value)}")
        sheet.rect(x + 1, zero - (height if value > 0 else 0), _CELL - 2, height, fill=colour(value), kind="bar")
        sheet.text(x + _CELL / 2, letters, form, size=_SIZE, anchor="middle")
        if place in attribution.unknown:
            sheet.line([(x + 2, letters + 3), (x + _CELL - 2, letters + 3)], line=1, dash="2 2", kind="unknown")


def _draw_number(sheet: Sheet, letters: float, column: int, number: int) -> None:
    """A position below its letter; at the row's beginning it stands left of it."""
    if column == 0:
        sheet.text(_START - 5, letters, f"{number}", size=SMALLEST_TEXT, anchor="end", opacity=QUIET, kind="number")
    else:
        middle = _START + (column + 0.5) * _CELL
        sheet.text(middle, letters + 16, f"{number}", size=SMALLEST_TEXT, anchor="middle", opacity=QUIET, kind="number")
