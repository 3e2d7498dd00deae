"""A series' variables over its steps, each step shaded by what it adds to the answer: blue for it, orange against it.

One panel for each variable, those that matter most first; all panels have one scale of colours. Where there are more
steps than can be told apart, neighbours share a stripe, which shows their sum.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from throughtime.base.checks import Checks
from throughtime.base.errors import ConfigError
from throughtime.insight.attribution.heading import (
    LEFT,
    QUIET,
    WIDTH,
    colour,
    draw_heading,
    heading_height,
    strength,
    title_of,
)
from throughtime.insight.attribution.result import SERIES, Attribution
from throughtime.insight.lettering import fitted, shown, signed, width_of
from throughtime.insight.svg import INK, SMALLEST_TEXT, Sheet

Floats = NDArray[np.float64]
MOST_PANELS = 8
# Pixels: from the left edge to the panels, their width; a panel with a curve, one without; the name above each.
_START, _WIDTH, _CURVE, _HEAT, _NAME, _GAP = 68.0, WIDTH - 68.0 - LEFT, 70.0, 20.0, 16.0, 8.0
# As many as are two pixels wide and more.
_MOST_STRIPES = 300


def draw_series_attribution(
    attribution: Attribution, *, title: str | None = None, page: bool = False, most_panels: int = MOST_PANELS
) -> str:
    """Draw each variable's curve, its steps shaded by what they add.

    Args:
        attribution: of numbers.
        title: the heading; None: what is explained.
        page: whether it is to stand in a page, light or dark; else it is a file's text, dark on white.
        most_panels: of more variables only so many are drawn, those with most attribution; 1 or more.

    Returns:
        SVG, 768 pixels wide. What is left out is written on it.

    Raises:
        ConfigError: the attribution is of symbols, or `most_panels` is out of range.
    """
    checks = Checks()
    most_panels = checks.whole("most_panels", most_panels)
    checks.report("The drawing of an attribution")
    if attribution.kind != SERIES:
        raise ConfigError("Curves are drawn of numbers: an attribution of symbols came. Use draw_text_attribution.")
    panels = np.argsort(-np.abs(attribution.values).sum(0), kind="stable")[:most_panels].tolist()
    stripes = _summed(attribution.values)
    notes = _notes(attribution, panels, len(stripes))
    tops, bottom = _places(attribution, panels, heading_height(notes))
    sheet = Sheet(fitted(title or title_of(attribution), 10 * WIDTH, 1), WIDTH, bottom + 24, page)
    reach = float(np.abs(stripes[:, panels]).max())
    draw_heading(sheet, attribution, title, reach, notes)
    for panel, top in zip(panels, tops, strict=True):
        _draw_panel(sheet, top, attribution, panel, stripes[:, panel], reach)
    _draw_ends(sheet, bottom + 8, attribution)
    return sheet.to_svg()


def _summed(values: Floats) -> Floats:
    """Values [T, C] of neighbours added up where there are too many, [stripes, C]."""
    each = -(-len(values) // _MOST_STRIPES)
    return np.add.reduceat(values, np.arange(0, len(values), each), axis=0)


def _notes(attribution: Attribution, panels: list[int], stripes: int) -> list[str]:
    """What the shades mean, and what was left out."""
    note = "Blue steps add to it, orange ones take from it."
    total, count = len(attribution.steps), len(attribution.variables)
    if stripes < total:
        note += f" A stripe is the sum of {-(-total // _MOST_STRIPES)} steps."
    if len(panels) < count:
        left = np.delete(attribution.values, panels, axis=1).sum()
        more = f"The {len(panels)} variables of {count} that matter most; the others add {signed(float(left))}."
        return [note, more]
    return [note]


def _has_curve(attribution: Attribution, panel: int) -> bool:
    return attribution.read is not None and bool(np.isfinite(attribution.read[:, panel]).any())


def _places(attribution: Attribution, panels: list[int], top: float) -> tuple[list[float], float]:
    """Where each panel begins, and where the last ends."""
    tops = []
    for panel in panels:
        tops.append(top + _NAME)
        top += _NAME + (_CURVE if _has_curve(attribution, panel) else _HEAT) + _GAP
    return tops, top - _GAP


def _draw_panel(sheet: Sheet, top: float, attribution: Attribution, panel: int, stripes: Floats, reach: float) -> None:
    name, total = attribution.variables[panel], float(attribution.values[:, panel].sum())
    curve = _has_curve(attribution, panel)
    height = _CURVE if curve else _HEAT
    with sheet.group("panel", variable=panel):
        words = signed(total)
        room = _WIDTH - width_of(words, 12, bold=True) - 20
        sheet.text(_START, top - 4, fitted(name, room, 12, bold=True), size=12, bold=True, kind="name")
        sheet.text(_START + _WIDTH, top - 4, words, size=12, anchor="end", opacity=QUIET, kind="total")
        _draw_stripes(sheet, top, height, attribution, stripes, reach)
        sheet.rect(_START, top, _WIDTH, height, stroke=INK, line=0.5, opacity=0.4, kind="frame")
        if curve and attribution.read is not None:
            _draw_curve(sheet, top, attribution.read[:, panel])


def _draw_stripes(
    sheet: Sheet, top: float, height: float, attribution: Attribution, stripes: Floats, reach: float
) -> None:
    steps = len(attribution.steps)
    each = -(-steps // _MOST_STRIPES)
    for number, value in enumerate(stripes.tolist()):
        first, last = number * each, min((number + 1) * each, steps) - 1
        with sheet.group("stripe", place=first, value=repr(value)):
            until = f" .. {attribution.steps[last]}" if last > first else ""
            sheet.tip(fitted(f"{attribution.steps[first]}{until}: {signed(value)}", WIDTH, SMALLEST_TEXT))
            left, right = (_START + _WIDTH * place / steps for place in (first, last + 1))
            sheet.rect(left, top, right - left, height, fill=colour(value), opacity=strength(value, reach))


def _draw_curve(sheet: Sheet, top: float, read: Floats) -> None:
    """The values over the middles of their stripes, with a gap where one is missing."""
    seen = read[np.isfinite(read)]
    low, high = float(seen.min()), float(seen.max())
    span = (low, high) if high > low else (low - 0.5, high + 0.5)
    width = _WIDTH / len(read)

    def at(place: int) -> tuple[float, float]:
        share = (read[place] - span[0]) / (span[1] - span[0])
        return _START + (place + 0.5) * width, top + _CURVE - 5 - (_CURVE - 10) * float(share)

    for run in _runs(np.isfinite(read)):
        points = [at(place) for place in run]
        if len(points) == 1:
            points = [(points[0][0] - 1, points[0][1]), (points[0][0] + 1, points[0][1])]
        sheet.line(points, stroke=INK, line=1.3, kind="curve")
    for value, y in ((span[1], top + 11), (span[0], top + _CURVE - 2)):
        sheet.text(_START - 6, y, shown(value), size=SMALLEST_TEXT, anchor="end", opacity=QUIET)


def _runs(there: NDArray[np.bool_]) -> list[range]:
    """Stretches of steps whose value is there."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], there, [False]]).astype(int)))
    return [range(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]


def _draw_ends(sheet: Sheet, y: float, attribution: Attribution) -> None:
    """The first and the last step's names, below."""
    first, last = (fitted(attribution.steps[end], _WIDTH / 2 - 10, SMALLEST_TEXT) for end in (0, -1))
    sheet.text(_START, y + 6, first, size=SMALLEST_TEXT, opacity=QUIET, kind="end")
    if len(attribution.steps) > 1:
        sheet.text(_START + _WIDTH, y + 6, last, size=SMALLEST_TEXT, anchor="end", opacity=QUIET, kind="end")
