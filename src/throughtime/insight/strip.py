"""A strip under the drawing of a memory cell: the series, the cell's gates and its internal state over the steps.

Panels lie one below the other on one axis of steps; the step that is drawn above is marked in all of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from throughtime.insight.lettering import fitted, shown, width_of
from throughtime.insight.svg import FAINT, INK, PALE, SMALLEST_TEXT, Sheet

# Pixels from the sheet's left edge to the axis of steps, its width, and from there to the names.
_LEFT, _WIDTH, _GAP, _NAMES = 112.0, 1016.0, 14.0, 116.0


@dataclass(frozen=True)
class Curve:
    """One line of a panel.

    Args:
        name: written beside it.
        values: one for each step; nan leaves a gap.
        colour: of line and name.
        kind: its class in the file.
    """

    name: str
    values: Sequence[float]
    colour: str
    kind: str


@dataclass(frozen=True)
class Panel:
    """Curves on one scale.

    Args:
        curves: at least one.
        height: pixels.
        low, high: ends of the scale; None takes the curves' own.
    """

    curves: Sequence[Curve]
    height: float
    low: float | None = None
    high: float | None = None

    def span(self) -> tuple[float, float]:
        """Lower and upper end; apart even where nothing varies."""
        values = [value for curve in self.curves for value in curve.values if math.isfinite(value)] or [0.0]
        low = min(values) if self.low is None else self.low
        high = max(values) if self.high is None else self.high
        return (low, high) if high > low else (low - 0.5, low + 0.5)


def draw_strip(sheet: Sheet, top: float, panels: Sequence[Panel], times: Sequence[str], place: int) -> None:
    """Draw panels over steps.

    Args:
        sheet: to draw on.
        top: pixels from the sheet's upper edge.
        panels: from above.
        times: what each of the T steps is called.
        place: of the step to be marked, 0 .. T - 1.
    """
    y = top
    with sheet.group("strip", place=place, steps=len(times)):
        for panel in panels:
            _draw_panel(sheet, y, panel, len(times))
            y += panel.height + _GAP
        bottom = y - _GAP
        mark = _across(place, len(times))
        sheet.line([(mark, top - 4), (mark, bottom + 4)], stroke=INK, line=1.2, dash="4 3", kind="mark")
        _draw_times(sheet, bottom + 18, times, place)


def _across(step: int, steps: int) -> float:
    return _LEFT + _WIDTH * (step / (steps - 1) if steps > 1 else 0.5)


def _draw_panel(sheet: Sheet, top: float, panel: Panel, steps: int) -> None:
    low, high = panel.span()
    bottom = top + panel.height
    sheet.rect(_LEFT, top, _WIDTH, panel.height, fill=PALE, kind="panel")
    if low < 0 < high:
        zero = bottom - panel.height * (0 - low) / (high - low)
        sheet.line([(_LEFT, zero), (_LEFT + _WIDTH, zero)], stroke=FAINT, line=0.6)
    for value, y in ((high, top + 9), (low, bottom)):
        sheet.text(_LEFT - 8, y, shown(value), size=SMALLEST_TEXT, anchor="end", fill=FAINT)
    for number, curve in enumerate(panel.curves):
        d = _path(curve.values, lambda value: bottom - panel.height * (value - low) / (high - low), steps)
        with sheet.group("curve", name=curve.kind):
            sheet.path(d, stroke=curve.colour, line=1.6, kind=curve.kind)
        middle = top + panel.height / 2 + 4 + 16 * (number - (len(panel.curves) - 1) / 2)
        name = fitted(curve.name, _NAMES, 12, bold=True)
        sheet.text(_LEFT + _WIDTH + 12, middle, name, size=12, bold=True, fill=curve.colour)


def _path(values: Sequence[float], height: Callable[[float], float], steps: int) -> str:
    """A line through the values that are there; a lone one is a short stroke."""
    runs: list[list[tuple[float, float]]] = [[]]
    for step, value in enumerate(values):
        if math.isfinite(value):
            runs[-1].append((_across(step, steps), height(value)))
        elif runs[-1]:
            runs.append([])
    drawn = [run if len(run) > 1 else [(run[0][0] - 2, run[0][1]), (run[0][0] + 2, run[0][1])] for run in runs if run]
    return " ".join("M" + " L".join(f"{x:.2f} {y:.2f}" for x, y in run) for run in drawn) or "M0 0"


def _draw_times(sheet: Sheet, y: float, times: Sequence[str], place: int) -> None:
    """The marked step's name below its line; the first and last step's where there is room beside it."""
    words = fitted(f"t = {times[place]}", 300, 12, bold=True)
    half = width_of(words, 12, bold=True) / 2
    centre = min(max(_across(place, len(times)), _LEFT + half), _LEFT + _WIDTH - half)
    sheet.text(centre, y, words, size=12, anchor="middle", bold=True, kind="marked")
    first, last = (fitted(times[end], 200, SMALLEST_TEXT) for end in (0, -1))
    if _LEFT + width_of(first, SMALLEST_TEXT) + 12 < centre - half:
        sheet.text(_LEFT, y, first, size=SMALLEST_TEXT, fill=FAINT)
    if _LEFT + _WIDTH - width_of(last, SMALLEST_TEXT) - 12 > centre + half:
        sheet.text(_LEFT + _WIDTH, y, last, size=SMALLEST_TEXT, anchor="end", fill=FAINT)
