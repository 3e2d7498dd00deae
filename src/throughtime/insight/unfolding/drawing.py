"""The slide: folded loop, unfolded graph, one lane for each update, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from throughtime.insight.svg import FAINT, GREEN, INK, ORANGE, PAPER, ROSE, Sheet
from throughtime.insight.unfolding import words
from throughtime.insight.unfolding.frame import (
    AGAIN_FILL,
    CUT,
    FACTS,
    GUIDE,
    INK_SOFT,
    LANES_CAPTION,
    MARGIN,
    NEW_FILL,
    NOTES,
    SUBTITLE,
    TITLE,
    Frame,
    frame,
)
from throughtime.insight.unfolding.graph import draw_folded, draw_unfolded
from throughtime.insight.unfolding.lanes import draw_lanes
from throughtime.insight.unfolding.memory import Memory
from throughtime.insight.unfolding.numbers import Values
from throughtime.insight.unfolding.plan import Plan

_LEGEND_LETTERS = 17
# Where the three columns of facts begin.
_FACTS_AT = (MARGIN, 640.0, 950.0)


def to_svg(plan: Plan, memory: Memory, values: Values | None, notes: list[str]) -> str:
    """The slide of 1280 by 720 pixels, as an SVG file's text.

    Args:
        plan: what is drawn.
        memory: bytes kept.
        values: numbers to write on it, or None.
        notes: printed at the foot.

    Raises:
        ConfigError: more steps than can be read.
    """
    place = frame(plan.steps, len(plan.lanes), values is not None)
    sheet = Sheet(words.title(plan))
    sheet.text(MARGIN, TITLE, words.title(plan), size=22, bold=True, kind="title")
    sheet.text(MARGIN, SUBTITLE, words.subtitle(plan), size=14, fill=INK_SOFT, kind="subtitle")
    draw_folded(sheet, plan)
    draw_unfolded(sheet, plan, place, values)
    draw_lanes(sheet, plan, place, values)
    _draw_legend(sheet, plan, place, values)
    _draw_facts(sheet, plan, memory)
    if notes:
        sheet.text(MARGIN, NOTES, " ".join(notes), size=11, fill=INK_SOFT, italic=True, kind="notes")
    return sheet.to_svg()


def _draw_legend(sheet: Sheet, plan: Plan, place: Frame, values: Values | None) -> None:
    """The signs that occur, and no others."""
    y = LANES_CAPTION
    sheet.text(MARGIN, y, "Reading the lanes", size=13, bold=True)
    y += 24
    for kind, meaning in _signs(plan, place, values):
        lines = wrap(meaning, _LEGEND_LETTERS)
        _draw_sign(sheet, kind, MARGIN + 14, y + 7.5 * (len(lines) - 1))
        for row, line in enumerate(lines):
            sheet.text(MARGIN + 40, y + 4 + 15 * row, line, size=12, fill=INK_SOFT, kind="legend")
        y += 15 * len(lines) + 8


def _signs(plan: Plan, place: Frame, values: Values | None) -> Iterator[tuple[str, str]]:
    lanes = plan.lanes
    yield "new", "new steps"
    if any(lane.again for lane in lanes):
        yield "again", "steps run again"
    if any(lane.without_gradient for lane in lanes):
        yield "without-gradient", "forward only, no gradient"
    yield "injected", "loss injected"
    if any(lane.unused for lane in lanes):
        yield "unused", "loss reported, not injected"
    yield "errors", "errors flow back"
    if any(lane.window_start for lane in lanes):
        yield "cut", "cut: the state there is a constant"
    yield "update", "W is updated" if values is None else "W would be updated here"
    if values is not None:
        below = ", below dL/dc(t)" if place.has_two_numbers and values.c else ""
        yield "dh", f"dL/dh(t){below}"


def _draw_sign(sheet: Sheet, kind: str, x: float, y: float) -> None:
    if kind in ("new", "again"):
        sheet.rect(x - 14, y - 6, 28, 12, fill={"new": NEW_FILL, "again": AGAIN_FILL}[kind])
    elif kind == "without-gradient":
        sheet.rect(x - 14, y - 6, 28, 12, stroke=FAINT)
        sheet.path(
            " ".join(f"M{x + at} {y + 6} l12 -12" for at in (-14, -7, 0)) + f" M{x + 7} {y + 6} l7 -7", stroke=FAINT
        )
    elif kind == "injected":
        sheet.circle(x, y, 5, fill=ROSE)
    elif kind == "unused":
        sheet.circle(x, y, 5, fill=PAPER, stroke=ROSE, line=1.5)
    elif kind == "errors":
        sheet.line([(x + 14, y), (x - 14, y)], stroke=ORANGE, line=2, arrow=True)
    elif kind == "dh":
        sheet.text(x, y + 4, "0.12", size=11, anchor="middle")
    else:
        sheet.line([(x, y - 8), (x, y + 8)], stroke={"cut": CUT, "update": GREEN}[kind], line=3 if kind == "cut" else 4)


def _draw_facts(sheet: Sheet, plan: Plan, memory: Memory) -> None:
    sheet.line([(MARGIN, FACTS - 18), (1252, FACTS - 18)], stroke=GUIDE, line=1)
    columns = (
        ("Kept between forward and backward", words.kept(plan, memory)),
        ("Work", words.work(plan)),
        ("Losses", words.losses(plan)),
    )
    for x, (head, lines) in zip(_FACTS_AT, columns, strict=True):
        sheet.text(x, FACTS, head, size=13, bold=True, fill=INK)
        for row, line in enumerate(lines, start=1):
            sheet.text(x, FACTS + 16 * row, line, size=12.5, fill=INK_SOFT, kind="fact")
