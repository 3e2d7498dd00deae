"""The forward half of the slide: the folded loop, and beside it the unfolded graph without cycles.

y(t)             l(t)
 |                |
cell <-- u      y(t)     u(t) is h(t), with c(t) in an LSTM
 |                |
x(t)     u(t-1) -> cell(t) -> u(t)      one rail of weights W, read by every copy
                  |
                x(t)
"""

from __future__ import annotations

from throughtime.insight.svg import BLUE, INK, PAPER, ROSE, VIOLET, Sheet
from throughtime.insight.unfolding.frame import (
    CAPTION,
    CELL_BOTTOM,
    CELL_FILL,
    CELL_TOP,
    INPUT,
    LOSS,
    NAMES_RIGHT,
    OUTPUT,
    RAIL,
    Frame,
)
from throughtime.insight.unfolding.numbers import Values
from throughtime.insight.unfolding.plan import Plan
from throughtime.insight.unfolding.words import CELL_NAMES, typeset

_MIDDLE = (CELL_TOP + CELL_BOTTOM) / 2
# State arrows: one of h, or c above h.
STATES = {"rnn": (("h", _MIDDLE),), "lstm": (("c", _MIDDLE - 11), ("h", _MIDDLE + 11))}
# The folded loop's box.
_FOLDED, _FOLDED_HALF = 88.0, 38.0


def draw_folded(sheet: Sheet, plan: Plan) -> None:
    """The network as a loop."""
    left, right = _FOLDED - _FOLDED_HALF, _FOLDED + _FOLDED_HALF
    states = STATES[plan.cell]
    with sheet.group("folded"):
        sheet.text(28, CAPTION, "Folded: one cell, one loop", size=13, bold=True)
        _upward(sheet, _FOLDED, OUTPUT, CELL_TOP)
        _upward(sheet, _FOLDED, CELL_BOTTOM, INPUT)
        sheet.line([(left + 12, RAIL), (left + 12, CELL_BOTTOM)], stroke=VIOLET, line=2)
        sheet.line([(left, RAIL), (left + 24, RAIL)], stroke=VIOLET, line=3)
        sheet.text(left - 6, RAIL + 4, "W", size=12, anchor="end", fill=VIOLET, bold=True)
        sheet.rect(left, CELL_TOP, 2 * _FOLDED_HALF, CELL_BOTTOM - CELL_TOP, fill=CELL_FILL, stroke=BLUE, radius=6)
        sheet.text(_FOLDED, _MIDDLE + 5, CELL_NAMES[plan.cell], size=14, anchor="middle", bold=True)
        sheet.text(_FOLDED, OUTPUT, "y(t)", size=12, anchor="middle")
        sheet.text(_FOLDED, INPUT, "x(t)", size=12, anchor="middle")
        far = right + (44 if len(states) > 1 else 36)
        sheet.path(
            f"M{right} {_MIDDLE - 17} C{far} {_MIDDLE - 34} {far} {_MIDDLE + 34} {right + 3} {_MIDDLE + 17}",
            stroke=BLUE,
            line=2,
            arrow=True,
            kind="loop",
        )
        sheet.text(right + 42, _MIDDLE - 2, "u(t\u22121)", size=12, fill=BLUE)
        sheet.text(right + 42, _MIDDLE + 14, {"lstm": "= h, c", "rnn": "= h"}[plan.cell], size=12, fill=BLUE)


def draw_unfolded(sheet: Sheet, plan: Plan, frame: Frame, values: Values | None) -> None:
    """One copy of the cell for each step."""
    with sheet.group("unfolded"):
        caption = "Unfolded: the same cell copied for each step, a graph without cycles"
        sheet.text(frame.left, CAPTION, caption, size=13, bold=True)
        _name_rows(sheet, plan)
        _draw_states(sheet, plan, frame)
        _draw_rail(sheet, frame)
        for step in range(1, plan.steps + 1):
            _draw_copy(sheet, frame, step)
            _write_copy(sheet, plan, frame, step, values)


def _name_rows(sheet: Sheet, plan: Plan) -> None:
    states = STATES[plan.cell]
    rows = [("loss l(t)", LOSS, ROSE), ("output y(t)", OUTPUT, INK), ("weights W:", RAIL - 1, VIOLET)]
    rows += [("one set for all", RAIL + 13, VIOLET), ("input x(t)", INPUT, INK)]
    rows += [(f"state {name}(t)", y + 4, BLUE) for name, y in states]
    for words, y, colour in rows:
        sheet.text(NAMES_RIGHT, y, words, size=12, anchor="end", fill=colour, kind="row")


def _draw_states(sheet: Sheet, plan: Plan, frame: Frame) -> None:
    """Arrows u(t-1) -> u(t); into the first copy from the initial state, which is 0."""
    half = frame.cell_width / 2
    for _, y in STATES[plan.cell]:
        for step in range(1, plan.steps + 1):
            begin = frame.centre(step - 1) + half if step > 1 else frame.left - 14
            end = frame.centre(step) - half
            sheet.line([(begin, y), (end, y)], stroke=BLUE, line=1.5, arrow=True, kind="state")


def _draw_rail(sheet: Sheet, frame: Frame) -> None:
    half = 0.36 * frame.cell_width
    ends = (frame.left - 14, RAIL), (frame.centre(frame.steps) - half + 8, RAIL)
    sheet.line(ends, stroke=VIOLET, line=3, kind="rail")
    for step in range(1, frame.steps + 1):
        x = frame.centre(step) - half
        sheet.line([(x, RAIL), (x, CELL_BOTTOM)], stroke=VIOLET, line=2, kind="weights")
        sheet.circle(x, RAIL, 3, fill=VIOLET)


def _draw_copy(sheet: Sheet, frame: Frame, step: int) -> None:
    x, width = frame.centre(step), frame.cell_width
    height = CELL_BOTTOM - CELL_TOP
    sheet.rect(
        x - width / 2,
        CELL_TOP,
        width,
        height,
        fill=CELL_FILL,
        stroke=BLUE,
        line=1.5,
        radius=min(6, width / 5),
        kind="cell",
    )
    sheet.line([(x, INPUT - 16), (x, CELL_BOTTOM + 3)], stroke=PAPER, line=6)  # the rail passes below
    _upward(sheet, x, CELL_BOTTOM, INPUT, kind="input")
    _upward(sheet, x, OUTPUT, CELL_TOP, kind="output")
    _upward(sheet, x, LOSS, OUTPUT - 14, stroke=ROSE, kind="loss")


def _upward(sheet: Sheet, x: float, top: float, bottom: float, stroke: str = INK, kind: str = "") -> None:
    """An arrow from a label or box at `bottom` to one at `top`, clear of both."""
    begin = bottom - (12 if bottom == INPUT else 0)
    end = top + (0 if top == CELL_BOTTOM else 5)
    sheet.line([(x, begin), (x, end)], stroke=stroke, line=1.5, arrow=True, kind=kind)


def _write_copy(sheet: Sheet, plan: Plan, frame: Frame, step: int, values: Values | None) -> None:
    x = frame.centre(step)
    if values is not None:
        rows = [(values.loss, LOSS, ROSE), (values.y, OUTPUT, INK), (values.x, INPUT, INK)]
        rows += [(getattr(values, name), y + 4, INK) for name, y in STATES[plan.cell]]
        for numbers, y, colour in rows:
            words = typeset(numbers[step - 1], frame.digits)
            sheet.text(x, y, words, size=_size(frame), anchor="middle", fill=colour, kind="value")
    elif frame.has_symbols:
        for name, y, colour in (("l", LOSS, ROSE), ("y", OUTPUT, INK), ("x", INPUT, INK), ("u", _MIDDLE + 4, BLUE)):
            sheet.text(x, y, f"{name}({step})", size=_size(frame), anchor="middle", fill=colour, kind="symbol")
    else:
        _mark_copy(sheet, x)


def _mark_copy(sheet: Sheet, x: float) -> None:
    """Where columns are narrow: letters, whose step the axis below tells."""
    for name, y, colour in (("l", LOSS, ROSE), ("y", OUTPUT, INK), ("x", INPUT, INK), ("u", _MIDDLE + 4, BLUE)):
        sheet.text(x, y, name, size=12, anchor="middle", fill=colour, kind="symbol")


def _size(frame: Frame) -> float:
    return 13.0 if frame.width >= 80 else 12.0 if frame.width >= 60 else 11.0
