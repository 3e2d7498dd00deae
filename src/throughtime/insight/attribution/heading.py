"""What every drawing of an attribution has in common: its width, its colours, and the words above it.

Blue adds to the answer, orange takes from it, stronger the more. Colours are laid over the paper by opacity, so that
they show on a light page and on a dark one.
"""

from __future__ import annotations

from collections.abc import Sequence

from throughtime.insight.attribution.result import Attribution
from throughtime.insight.lettering import FORMLESS, FORMS, fitted, shown, signed, width_of
from throughtime.insight.svg import BLUE, INK, ORANGE, SMALLEST_TEXT, Sheet

# Pixels: a page's column shows it unscaled.
WIDTH, LEFT = 768.0, 12.0
# Of the strongest colour: letters on it still read, dark ones on white as well as white ones on black.
STRONGEST = 0.65
# Opacity of words that explain.
QUIET = 0.75
_LEGEND, _LINE = 120.0, 15.0
_MEANINGS = {FORMS["\n"]: "end of a line", FORMS["\t"]: "tab", FORMLESS: "sign without a form"}


def colour(value: float) -> str:
    """Of a value's sign."""
    return ORANGE if value < 0 else BLUE


def strength(value: float, reach: float) -> float:
    """Opacity of a value's colour, where `reach` has the strongest."""
    return STRONGEST * min(abs(value) / reach, 1.0) if reach > 0 and value == value else 0.0


def heading_height(notes: Sequence[str]) -> float:
    """Pixels that `draw_heading` takes."""
    return 44.0 + _LINE * len(notes) + 8


def draw_heading(sheet: Sheet, attribution: Attribution, title: str | None, reach: float, notes: Sequence[str]) -> None:
    """Title, legend and notes, at the sheet's top.

    Args:
        sheet: to draw on.
        attribution: what is drawn.
        title: the heading; None: `title_of` the attribution.
        reach: the size that has the strongest colour.
        notes: below, a line each.
    """
    room = WIDTH - 2 * LEFT - _LEGEND - 130
    words, chance = (title, "") if title else (_subject(attribution), _chance(attribution))
    words = fitted(words, room - width_of(chance, 14, bold=True), 14, bold=True)
    sheet.text(LEFT, 20, words + chance, size=14, bold=True, kind="title")
    _draw_legend(sheet, 9, reach)
    for row, words in enumerate((result_of(attribution), *notes)):
        line = fitted(words, WIDTH - 2 * LEFT, SMALLEST_TEXT)
        sheet.text(LEFT, 40 + _LINE * row, line, size=SMALLEST_TEXT, opacity=QUIET, kind="note")


def title_of(attribution: Attribution) -> str:
    """What was explained, of which sequence, and how probable it is."""
    return _subject(attribution) + _chance(attribution)


def result_of(attribution: Attribution) -> str:
    """Start, what the steps add, and answer, with the gap."""
    total, gap = float(attribution.values.sum()), attribution.gap
    parts = f"{shown(attribution.start)} at the baseline, {signed(total)} by the steps = {shown(attribution.answer)}"
    beside = f" (missed by {shown(abs(gap))})" if shown(abs(gap)) != "0" else ""
    return f"{parts}{beside}. Baseline: {attribution.baseline}."


def forms_note(drawn: str) -> list[str]:
    """What the drawn forms stand for, a sentence if any occurs."""
    found = [f"{form} {meaning}" for form, meaning in _MEANINGS.items() if form in drawn]
    return [f"{'; '.join(found)}."] if found else []


def _subject(attribution: Attribution) -> str:
    named = f"{attribution.name}: " if attribution.name else ""
    return named + attribution.subject[0].upper() + attribution.subject[1:]


def _chance(attribution: Attribution) -> str:
    """Never cut off: it follows however much of the subject there is room for."""
    return "" if attribution.probability is None else f" (probability {attribution.probability:.3g})"


def _draw_legend(sheet: Sheet, y: float, reach: float) -> None:
    """A bar of the colours from the strongest orange to the strongest blue, on the right."""
    right, pieces = WIDTH - LEFT - 56, 24
    left = right - _LEGEND
    with sheet.group("legend"):
        for piece in range(pieces):
            share = 2 * (piece + 0.5) / pieces - 1
            x = left + piece * _LEGEND / pieces
            sheet.rect(x, y, _LEGEND / pieces, 12, fill=colour(share), opacity=strength(share, 1.0))
        sheet.line([(left + _LEGEND / 2, y - 1), (left + _LEGEND / 2, y + 13)], stroke=INK, line=0.8, opacity=QUIET)
        sheet.text(left - 6, y + 10, shown(-reach), size=SMALLEST_TEXT, anchor="end", opacity=QUIET)
        sheet.text(right + 6, y + 10, signed(reach), size=SMALLEST_TEXT, opacity=QUIET)
