"""The backward half of the slide: a lane for each update, under the columns of the steps it concerns.

bar       the window (w, u]: steps run again, then new ones; before it, hatched, new steps without gradient
arrow     errors, from u back to w                       dots      losses, full where injected, hollow where not
red       the cut at w, where w > 0                      green     the update at u
"""

from __future__ import annotations

from throughtime.insight.svg import FAINT, GREEN, ORANGE, PAPER, ROSE, Sheet
from throughtime.insight.unfolding.frame import (
    AGAIN_FILL,
    AXIS,
    CUT,
    GUIDE,
    INK_SOFT,
    LANES_CAPTION,
    LANES_TOP,
    NAMES_RIGHT,
    NEW_FILL,
    Frame,
)
from throughtime.insight.unfolding.numbers import LaneValues, Values
from throughtime.insight.unfolding.plan import Lane, Plan
from throughtime.insight.unfolding.words import place, typeset

# Lines of a hatched bar are this far apart.
_HATCH = 7.0
# From the last column to the gradients.
_BESIDE = 12.0


def draw_lanes(sheet: Sheet, plan: Plan, frame: Frame, values: Values | None) -> None:
    """Every update's backward pass."""
    then = "then changes W" if values is None else "W held still"
    caption = f"Backward: each update carries errors back over its window, {then}"
    sheet.text(frame.left, LANES_CAPTION, caption, size=13, bold=True)
    _draw_axis(sheet, frame)
    if values is not None:
        x = frame.right + _BESIDE
        sheet.text(x, AXIS, f"dL/d{values.weight}", size=11, fill=INK_SOFT, bold=True)
    for lane in plan.lanes:
        with sheet.group("lane", update=lane.number):
            _draw_bars(sheet, frame, lane)
            _draw_errors(sheet, frame, lane)
            _draw_dots(sheet, frame, lane)
            _name(sheet, frame, lane, len(plan.lanes))
            if values is not None:
                _write(sheet, frame, lane, values.lanes[lane.number - 1])


def _draw_axis(sheet: Sheet, frame: Frame) -> None:
    bottom = frame.lane(frame.lanes) + frame.pitch / 2
    for after in range(frame.steps + 1):
        x = frame.edge(after)
        sheet.line([(x, LANES_TOP - 4), (x, bottom)], stroke=GUIDE, line=1, kind="guide")
    sheet.text(NAMES_RIGHT, AXIS, "step t", size=12, anchor="end", fill=INK_SOFT)
    for step in range(1, frame.steps + 1):
        sheet.text(frame.centre(step), AXIS, str(step), size=12, anchor="middle", fill=INK_SOFT, kind="axis")


def _draw_bars(sheet: Sheet, frame: Frame, lane: Lane) -> None:
    for steps, kind, fill in ((lane.again, "again", AGAIN_FILL), (lane.new, "new", NEW_FILL)):
        if steps:
            sheet.rect(*_box(frame, lane, steps), fill=fill, kind=kind)
    if lane.without_gradient:
        x, y, width, height = _box(frame, lane, lane.without_gradient)
        sheet.rect(x, y, width, height, fill=PAPER, stroke=FAINT, kind="without-gradient")
        sheet.path(_hatching(x, y, width, height), stroke=FAINT, line=1, kind="hatch")


def _box(frame: Frame, lane: Lane, steps: range) -> tuple[float, float, float, float]:
    """x, y, width and height of a bar over steps."""
    x, y = frame.edge(steps.start - 1), frame.lane(lane.number) - frame.bar / 2
    return x, y, len(steps) * frame.width, frame.bar


def _hatching(x: float, y: float, width: float, height: float) -> str:
    """Lines rising to the right, cut off at the box's sides."""
    lines = []
    offset = _HATCH
    while offset < width + height:
        begin, end = max(0.0, offset - height), min(width, offset)
        lines.append(f"M{x + begin:.1f} {y + offset - begin:.1f} L{x + end:.1f} {y + offset - end:.1f}")
        offset += _HATCH
    return " ".join(lines)


def _track(frame: Frame, lane: Lane) -> float:
    """y of the arrow: the middle, or below the numbers."""
    y = frame.lane(lane.number)
    return y if not frame.with_values else y + frame.bar / 2 - _radius(frame)


def _draw_errors(sheet: Sheet, frame: Frame, lane: Lane) -> None:
    begin, end, y = frame.edge(lane.stop), frame.edge(lane.window_start), _track(frame, lane)
    half = frame.bar / 2
    middle = frame.lane(lane.number)
    line = 1.5 if frame.pitch < 24 else 2.0
    sheet.line([(begin, y), (end + 2, y)], stroke=ORANGE, line=line, arrow=True, kind="errors")
    if lane.window_start > 0:
        sheet.line([(end, middle - half - 1), (end, middle + half + 1)], stroke=CUT, line=3, kind="cut")
    sheet.line([(begin, middle - half - 1), (begin, middle + half + 1)], stroke=GREEN, line=4, kind="update")


def _draw_dots(sheet: Sheet, frame: Frame, lane: Lane) -> None:
    radius, y = _radius(frame), _track(frame, lane)
    for step in lane.injected:
        sheet.circle(frame.centre(step), y, radius, fill=ROSE, kind="injected")
    for step in lane.unused:
        sheet.circle(frame.centre(step), y, radius, fill=PAPER, stroke=ROSE, line=1.5, kind="unused")


def _radius(frame: Frame) -> float:
    return min(4.0, 0.15 * frame.pitch) if frame.with_values else min(5.0, 0.32 * frame.pitch)


def _name(sheet: Sheet, frame: Frame, lane: Lane, lanes: int) -> None:
    """The update's number, at every lane or, where lanes are low, at some."""
    every = 1 if frame.pitch >= 13 else 2
    if (lane.number - 1) % every and lane.number != lanes:
        return
    if lane.number == lanes and (lanes - 1) % every and every > 1:
        return
    y = frame.lane(lane.number)
    if frame.has_two_lines:
        sheet.text(NAMES_RIGHT, y - 2, f"update {lane.number}", size=12, anchor="end", kind="update-name")
        sheet.text(NAMES_RIGHT, y + 13, place(lane), size=11, anchor="end", fill=INK_SOFT, kind="place")
    else:
        sheet.text(NAMES_RIGHT, y + 4, f"update {lane.number}", size=11, anchor="end", kind="update-name")


def _write(sheet: Sheet, frame: Frame, lane: Lane, found: LaneValues) -> None:
    """dL/dh(t) above the arrow, below it dL/dc(t) where there is room, and the weight's gradient beside the lane."""
    rows = [("dh", found.dh)]
    if frame.has_two_numbers and found.dc:
        rows.append(("dc", found.dc))
    size = 12 if frame.has_two_lines else 11
    above = frame.lane(lane.number) - frame.bar / 2 + _first_baseline(frame, len(rows))
    for row, (kind, gradients) in enumerate(rows):
        for step, value in zip(lane.window, gradients, strict=True):
            words = typeset(value, frame.digits)
            sheet.text(frame.centre(step), above + 17 * row, words, size=size, anchor="middle", kind=kind)
    words = typeset(found.weight)
    y = frame.lane(lane.number) + 4
    sheet.text(frame.right + _BESIDE, y, words, size=size, bold=True, fill=GREEN, kind="gradient")


def _first_baseline(frame: Frame, rows: int) -> float:
    """Below the bar's top: the numbers stand in the middle of what the arrow leaves."""
    height = (12 if frame.has_two_lines else 11) * 0.73 + 17 * (rows - 1)
    return 0.5 * (frame.bar - 2 * _radius(frame) - height) + height - 17 * (rows - 1)
