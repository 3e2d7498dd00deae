"""The picture in characters: the same graph and lanes, a column of characters for each step.

A column is an odd number of characters wide, its sign in the middle; the first holds the cut at w, the last the update
at u. A sequence too wide for the terminal is drawn in blocks, one below the other; of a long one the middle is left
out.
"""

from __future__ import annotations

from collections.abc import Iterator

from throughtime.insight.unfolding import words
from throughtime.insight.unfolding.canvas import ASCII, UNICODE, Canvas, Look
from throughtime.insight.unfolding.columns import Block, blocks
from throughtime.insight.unfolding.memory import Memory
from throughtime.insight.unfolding.numbers import Values
from throughtime.insight.unfolding.plan import Lane, Plan

# Of a long sequence this many updates are shown at each end.
_LANES_AT_ENDS = 5
_STATES = {"lstm": ("c", "h"), "rnn": ("h",)}


def to_text(plan: Plan, memory: Memory, values: Values | None, notes: list[str], look: Look) -> str:
    """The picture as lines of text.

    Args:
        plan: what is drawn.
        memory: bytes kept.
        values: numbers to write in, or None.
        notes: printed at the end.
        look: width, colour, and whether Unicode may be printed.
    """
    heading = "\n".join(_filled(line, look.width) for line in (words.title(plan), words.subtitle(plan)))
    parts = [heading, _folded(plan, look)]
    shown = blocks(plan, look.width, values is not None)
    parts += [_block(plan, block, values, look) for block in shown]
    parts += [_left_out(plan, block, look) for block in shown if block.has_gap]
    parts += [_legend(plan, values, look), _gradients(values, look), _facts(plan, memory, notes, look)]
    return "\n\n".join(part for part in parts if part)


def _folded(plan: Plan, look: Look) -> str:
    """The network as a loop."""
    canvas, name = Canvas(look), words.CELL_NAMES[plan.cell]
    canvas.write(0, 0, "folded", "bold")
    canvas.write(0, 13, "y(t)")
    canvas.sign(1, 15, "up")
    for row, ends in ((2, ("top-left", "top-right")), (5, ("bottom-left", "bottom-right"))):
        canvas.signs(row, range(12, 19), "across", "blue")
        canvas.sign(row, 11, ends[0], "blue")
        canvas.sign(row, 19, ends[1], "blue")
    for row in (3, 4):
        canvas.sign(row, 11, "down", "blue")
        canvas.sign(row, 19, "down", "blue")
    canvas.write(3, 15 - len(name) // 2, name, "bold")
    for row, head, corner in ((3, "left", "top-right"), (4, "across", "bottom-right")):
        canvas.sign(row, 20, head, "blue")
        canvas.sign(row, 21, "across", "blue")
        canvas.sign(row, 22, corner, "blue")
    canvas.write(3, 24, "u(t-1)", "blue")
    canvas.write(4, 24, {"lstm": "= h, c", "rnn": "= h"}[plan.cell], "blue")
    canvas.write(4, 3, "W", "violet")
    canvas.signs(4, range(5, 11), "rail", "violet")
    canvas.sign(6, 15, "up")
    canvas.write(7, 13, "x(t)")
    return canvas.to_text()


def _block(plan: Plan, block: Block, values: Values | None, look: Look) -> str:
    canvas = Canvas(look)
    _draw_graph(canvas, plan, block, values)
    for lane in _shown_lanes(plan, block):
        if lane is None:
            canvas.sign(canvas.height, 0, "gap", "soft")
        else:
            _draw_lane(canvas, block, lane, values)
    return canvas.to_text()


def _draw_graph(canvas: Canvas, plan: Plan, block: Block, values: Values | None) -> None:
    """Rows from the losses down to the inputs, one copy of the cell in each column."""
    names = _STATES[plan.cell]
    rows = ["step", "loss", "", "output", "", "", *(f"state {name}" for name in names), "", "weights W", "input"]
    rows += [] if values is None else ["target"]
    colours = {"loss": "rose", "weights W": "violet"} | {f"state {name}": "blue" for name in names}
    for row, name in enumerate(rows):
        canvas.write(row, 0, name, "bold" if name == "step" else colours.get(name, ""))
    for step, at in block.columns:
        if step is None:
            for row in range(len(rows)):
                canvas.sign(row, at + block.width // 2, "gap", "soft")
        else:
            _draw_copy(canvas, plan, block, step, at, values)
    canvas.write(len(rows), 0, "")


def _draw_copy(canvas: Canvas, plan: Plan, block: Block, step: int, at: int, values: Values | None) -> None:
    names = _STATES[plan.cell]
    middle, left, right = at + block.width // 2, at + 1, at + block.width - 2
    top, bottom = 5, 6 + len(names)
    _centre(canvas, 0, middle, str(step), "bold")
    _centre(canvas, 1, middle, _sign_or_number("l", values, "loss", step, block), "rose")
    canvas.sign(2, middle, "up", "rose")
    _centre(canvas, 3, middle, _sign_or_number("y", values, "y", step, block))
    canvas.sign(4, middle, "up")
    for row, corners in ((top, ("top-left", "top-right")), (bottom, ("bottom-left", "bottom-right"))):
        canvas.signs(row, range(left + 1, right), "across", "blue")
        canvas.sign(row, left, corners[0], "blue")
        canvas.sign(row, right, corners[1], "blue")
    for row, name in enumerate(names, start=top + 1):
        canvas.sign(row, at, "right", "blue")
        canvas.sign(row, left, "down", "blue")
        canvas.sign(row, right, "down", "blue")
        if step < plan.steps:
            canvas.sign(row, right + 1, "across", "blue")
        _centre(canvas, row, middle, _sign_or_number(name, values, name, step, block), "blue")
    canvas.signs(bottom + 1, range(at, at + block.width), "rail", "violet")
    canvas.sign(bottom + 1, left, "joint", "violet")
    canvas.sign(bottom + 1, middle, "up")
    _centre(canvas, bottom + 2, middle, _sign_or_number("x", values, "x", step, block))
    if values is not None:
        _centre(canvas, bottom + 3, middle, words.number(values.target[step - 1], block.digits))


def _sign_or_number(sign: str, values: Values | None, kind: str, step: int, block: Block) -> str:
    return sign if values is None else words.number(getattr(values, kind)[step - 1], block.digits)


def _centre(canvas: Canvas, row: int, middle: int, text: str, colour: str = "") -> None:
    canvas.write(row, middle - len(text) // 2, text, colour)


def _shown_lanes(plan: Plan, block: Block) -> Iterator[Lane | None]:
    """The updates that concern the block's steps; None where some of many are left out."""
    steps = [step for step, _ in block.columns if step is not None]
    lanes = [lane for lane in plan.lanes if any(min(lane.start, lane.window_start) < t <= lane.stop for t in steps)]
    if not block.has_gap:
        yield from lanes
        return
    ends = lanes if len(lanes) <= 2 * _LANES_AT_ENDS else lanes[:_LANES_AT_ENDS] + lanes[-_LANES_AT_ENDS:]
    last = 0
    for lane in ends:
        if lane.number > last + 1:
            yield None
        yield lane
        last = lane.number


def _draw_lane(canvas: Canvas, block: Block, lane: Lane, values: Values | None) -> None:
    row = canvas.height
    canvas.write(row, 0, f"update {lane.number}")
    for step, at in block.columns:
        if step is None:
            _draw_gap(canvas, row, block, lane, at)
        else:
            _draw_step(canvas, row, block, lane, step, at)
    if block.has_gap:
        canvas.write(row + 1, 0, f"  {words.place(lane)}", "soft")
    if values is not None:
        found = values.lanes[lane.number - 1]
        for name, gradients in (("dL/dh", found.dh), ("dL/dc", found.dc)):
            if gradients:
                _write_gradients(canvas, block, lane, name, gradients)


def _draw_step(canvas: Canvas, row: int, block: Block, lane: Lane, step: int, at: int) -> None:
    cells = range(at, at + block.width)
    for steps, sign, colour in (
        (lane.without_gradient, "without-gradient", "soft"),
        (lane.again, "again", "orange"),
        (lane.new, "new", "orange"),
    ):
        if step in steps:
            canvas.signs(row, cells, sign, colour)
    if step == lane.window.start:
        cut = lane.window_start > 0
        canvas.sign(row, at, "cut" if cut else "begin", "rose" if cut else "orange")
        canvas.sign(row, at + 1, "errors", "orange")
    for steps, sign in ((lane.injected, "injected"), (lane.unused, "unused")):
        if step in steps:
            canvas.sign(row, at + block.width // 2, sign, "rose")
    if step == lane.stop:
        canvas.sign(row, at + block.width - 1, "update", "green")


def _draw_gap(canvas: Canvas, row: int, block: Block, lane: Lane, at: int) -> None:
    begin, end = block.gap
    if min(lane.start, lane.window_start) < end and lane.stop >= begin:
        canvas.signs(row, range(at + 1, at + block.width - 1), "gap", "soft")


def _write_gradients(canvas: Canvas, block: Block, lane: Lane, name: str, gradients: list[float]) -> None:
    row = canvas.height
    canvas.write(row, 2, name, "soft")
    for step, at in block.columns:
        if step is not None and step in lane.window:
            number = words.number(gradients[step - lane.window.start], block.digits)
            _centre(canvas, row, at + block.width // 2, number)


def _left_out(plan: Plan, block: Block, look: Look) -> str:
    begin, end = block.gap
    shown = sum(lane is not None for lane in _shown_lanes(plan, block))
    hidden = len(plan.lanes) - shown
    updates = f" and {words.counted(hidden, 'update')}" if hidden else ""
    return _filled(
        f"Left out: steps {begin:,} to {end:,}{updates}. Every figure below is of all {plan.steps:,} steps.", look.width
    )


def _legend(plan: Plan, values: Values | None, look: Look) -> str:
    """The signs that occur."""
    signs = UNICODE if look.unicode else ASCII
    lanes = plan.lanes
    meanings = [
        ("new", "new steps", True),
        ("again", "earlier steps, run again", any(lane.again for lane in lanes)),
        ("without-gradient", "forward only, no gradient", any(lane.without_gradient for lane in lanes)),
        ("injected", "loss injected", True),
        ("unused", "loss reported, not injected", any(lane.unused for lane in lanes)),
        ("errors", "errors flow back", True),
        ("cut", "cut: state there a constant", any(lane.window_start for lane in lanes)),
        ("update", "W updated" if values is None else "W would be updated here", True),
    ]
    entries = [f"{signs[sign]} {meaning}" for sign, meaning, occurs in meanings if occurs]
    lines = [entries[0]]
    for entry in entries[1:]:
        if len(lines[-1]) + 3 + len(entry) <= look.width:
            lines[-1] += f"   {entry}"
        else:
            lines.append(entry)
    return "\n".join(lines)


def _gradients(values: Values | None, look: Look) -> str:
    """Each update's gradient of one recurrent weight."""
    if values is None:
        return ""
    found = (f"update {j} {words.number(lane.weight)}" for j, lane in enumerate(values.lanes, start=1))
    return _filled(f"dL/d{values.weight}: {', '.join(found)}.", look.width)


def _facts(plan: Plan, memory: Memory, notes: list[str], look: Look) -> str:
    facts = (words.kept(plan, memory), words.work(plan), words.losses(plan), notes)
    return "\n".join(_filled(" ".join(lines), look.width) for lines in facts if lines)


def _filled(text: str, width: int) -> str:
    return "\n".join(words.broken(text, width))
