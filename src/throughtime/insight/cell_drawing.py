"""The memory cell as it is taught, with the numbers of one unit at one step, as an SVG of 1280 x 720 pixels.

    c(t-1) --x------+--------------- c(t)         internal state, from left to right
             |      |          |
             |   i x g        tanh
             f    |   |        x ------ h(t)
          forget input cand.   output             each gate: what x, h and the bias put in, their sum, how open it is

Below lies a strip with the unit's gates and internal state over the steps around. Every number is in the file twice:
as it is read, rounded, and exactly, in the `data-value` of the group of class `number` around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from throughtime.insight.cell import GATES, Cell
from throughtime.insight.lettering import fitted, shown, signed, width_of
from throughtime.insight.strip import Curve, Panel, draw_strip
from throughtime.insight.svg import BLUE, GREEN, INK, ORANGE, PALE, PAPER, QUIET, ROSE, SMALLEST_TEXT, VIOLET, Sheet

COLOURS = {"f": BLUE, "i": GREEN, "g": ROSE, "o": ORANGE}
_EDGE = "#cfd6de"
# Pixels: the line of the internal state, the cards of the gates, the line that brings x and h to them.
_STATE_Y, _CARD_TOP, _CARD_HEIGHT, _CARD_WIDTH, _BUS_Y = 141.0, 258.0, 176.0, 172.0, 456.0
_CARD_LEFT = {"f": 276.0, "i": 466.0, "g": 656.0, "o": 846.0}
_LEFT, _LEFT_WIDTH = 24.0, 212.0
_RIGHT, _RIGHT_WIDTH = 1116.0, 140.0
_OUT_X, _OUT_Y = 1058.0, 214.0
_PRODUCT_Y = 202.0
_MOST_INPUTS = 8
_WORDS = {
    "f": ("forget gate f", "share of c(t−1) that is kept"),
    "i": ("input gate i", "share of g that is let in"),
    "g": ("candidate g", "what could be stored"),
    "o": ("output gate o", "share of tanh c(t) let out"),
}


def draw_cell(
    cell: Cell,
    *,
    title: str = "",
    note: str = "",
    inputs: Sequence[str] | None = None,
    times: Sequence[str] | None = None,
    series: tuple[str, Sequence[float]] | None = None,
) -> str:
    """Draw a memory cell at one step, with all its numbers.

    Args:
        cell: of `cell_at`.
        title: the heading; "" names the step.
        note: a sentence below it, such as what the loss is.
        inputs: names of the C inputs; None: x1, x2, ...
        times: names of the T steps that the cell was seen over; None: 1 .. T.
        series: name and T values of what is drawn above the gates; None draws nothing there.

    Returns:
        The text of an SVG file.
    """
    times = [str(step + 1) for step in range(len(cell.gates.c))] if times is None else times
    title = title or f"A memory cell at step {times[cell.step]}"
    sheet = Sheet(title)
    sheet.text(_LEFT, 40, fitted(title, 1232, 24, bold=True), size=24, bold=True, kind="title")
    where = f"Layer {cell.layer + 1} of {cell.layers}, unit {cell.unit + 1} of {cell.units:,}, chosen: {cell.chosen}."
    sheet.text(_LEFT, 64, fitted(f"{where} {note}", 1232, 13), size=13, fill=QUIET, kind="where")
    with sheet.group("cell", unit=cell.unit, layer=cell.layer, step=cell.step):
        _draw_frame(sheet)
        _draw_wires(sheet)
        _draw_entrances(sheet, cell, inputs or [f"x{place + 1}" for place in range(len(cell.x))])
        _draw_state(sheet, cell)
        for place, gate in enumerate(GATES):
            _draw_gate(sheet, cell, gate, place)
        _draw_exits(sheet, cell)
        _draw_reading(sheet, cell)
    draw_strip(sheet, 500, _panels(cell, series), times, cell.step)
    return sheet.to_svg()


def _panels(cell: Cell, series: tuple[str, Sequence[float]] | None) -> list[Panel]:
    names = {"f": "forget f", "i": "input i", "o": "output o"}
    gates = [Curve(names[gate], cell.over_steps(gate), COLOURS[gate], f"over-{gate}") for gate in "fio"]
    state = Curve("internal state c", cell.over_steps("c"), INK, "over-c")
    heights = (46.0, 70.0, 46.0)
    panels = [Panel(gates, heights[1], 0.0, 1.0), Panel([state], heights[2])]
    return [Panel([Curve(*series, QUIET, "series")], heights[0]), *panels] if series else panels


def _number(sheet: Sheet, name: str, value: float, x: float, y: float, words: str = "{}", **style: Any) -> None:
    """A number of the cell, findable by its name."""
    with sheet.group("number", name=name, value=repr(value)):
        sheet.text(x, y, words.format(shown(value)), **style)


def _draw_frame(sheet: Sheet) -> None:
    sheet.rect(256, 88, 840, 384, fill=PALE, stroke=_EDGE, line=1.2, radius=14, kind="frame")
    sheet.text(272, 110, "memory cell", size=13, bold=True, fill=QUIET)


def _centre(gate: str) -> float:
    return _CARD_LEFT[gate] + _CARD_WIDTH / 2


def _draw_wires(sheet: Sheet) -> None:
    """All lines first, so that nothing written is crossed by one."""
    plus = (_centre("i") + _centre("g")) / 2
    state = partial(sheet.line, stroke=INK, line=3.0, arrow=True)
    state([(_LEFT + _LEFT_WIDTH, _STATE_Y), (_centre("f") - 15, _STATE_Y)])
    state([(_centre("f") + 13, _STATE_Y), (plus - 15, _STATE_Y)])
    state([(plus + 13, _STATE_Y), (_RIGHT - 2, _STATE_Y)])
    sheet.line([(_OUT_X, _STATE_Y), (_OUT_X, _OUT_Y - 15)], arrow=True, line=2)
    sheet.line([(_OUT_X + 13, _OUT_Y), (_RIGHT - 2, _OUT_Y)], arrow=True, line=2)
    sheet.line([(_centre("f"), _CARD_TOP), (_centre("f"), _STATE_Y + 15)], stroke=COLOURS["f"], line=2, arrow=True)
    for gate, side in (("i", -15), ("g", 15)):
        corner = (_centre(gate), _PRODUCT_Y)
        points = [(_centre(gate), _CARD_TOP), corner, (plus + side, _PRODUCT_Y)]
        sheet.line(points, stroke=COLOURS[gate], line=2, arrow=True)
    sheet.line([(plus, _PRODUCT_Y - 13), (plus, _STATE_Y + 15)], line=2, arrow=True)
    points = [(_centre("o"), _CARD_TOP), (_centre("o"), _OUT_Y), (_OUT_X - 15, _OUT_Y)]
    sheet.line(points, stroke=COLOURS["o"], line=2, arrow=True)
    _draw_bus(sheet)
    for x, y, sign in (
        (_centre("f"), _STATE_Y, "×"),
        (plus, _STATE_Y, "+"),
        (plus, _PRODUCT_Y, "×"),
        (_OUT_X, _OUT_Y, "×"),
    ):
        sheet.circle(x, y, 13, fill=PAPER, stroke=INK, line=1.6)
        sheet.text(x, y + 6, sign, size=18, anchor="middle", bold=True)


def _draw_bus(sheet: Sheet) -> None:
    """x(t) and h(t-1), side by side, to every gate."""
    edge = _LEFT + _LEFT_WIDTH
    sheet.line([(edge, 300), (edge + 10, 300), (edge + 10, _BUS_Y)], stroke=QUIET)
    sheet.line([(edge, _BUS_Y), (_centre("o"), _BUS_Y)], stroke=QUIET)
    for gate in GATES:
        sheet.line([(_centre(gate), _BUS_Y), (_centre(gate), _CARD_TOP + _CARD_HEIGHT + 2)], stroke=QUIET, arrow=True)


def _draw_entrances(sheet: Sheet, cell: Cell, names: Sequence[str]) -> None:
    """On the left, what comes in: c(t-1), x(t), h(t-1)."""
    _box(sheet, _LEFT, 106, _LEFT_WIDTH, 70)
    sheet.text(_LEFT + 12, 126, "internal state c(t−1)", size=13, bold=True)
    _number(sheet, "c_before", cell.c_before, _LEFT + 12, 148, size=18, bold=True)
    if cell.gradient_before is not None:
        right = _LEFT + _LEFT_WIDTH - 12
        _draw_term(sheet, "slope_c_before", "dL/dc(t−1)", cell.gradient_before, _LEFT + 12, right, 166, VIOLET)
    _box(sheet, _LEFT, 192, _LEFT_WIDTH, 196)
    sheet.text(_LEFT + 12, 213, "this step's input x(t)", size=13, bold=True)
    _draw_inputs(sheet, cell, names)
    sheet.text(_LEFT + 12, 378, "enters by the input weights W_ih", size=SMALLEST_TEXT, fill=QUIET)
    _box(sheet, _LEFT, 404, _LEFT_WIDTH, 68)
    sheet.text(_LEFT + 12, 425, "last step's output h(t−1)", size=13, bold=True)
    units = "1 unit" if cell.units == 1 else f"{cell.units:,} units"
    sheet.text(_LEFT + 12, 443, f"of all {units}" if cell.units > 1 else units, size=SMALLEST_TEXT, fill=QUIET)
    sheet.text(_LEFT + 12, 460, "enters by recurrent weights W_hh", size=SMALLEST_TEXT, fill=QUIET)


def _draw_inputs(sheet: Sheet, cell: Cell, names: Sequence[str]) -> None:
    """The inputs that move the unit's gates most, with their values."""
    moved = cell.by_input.abs().sum(0)
    order = [int(place) for place in moved.argsort(descending=True, stable=True)]
    shown_ones = order if len(order) <= _MOST_INPUTS else order[: _MOST_INPUTS - 1]
    left, right = _LEFT + 12, _LEFT + _LEFT_WIDTH - 12
    for row, place in enumerate(shown_ones):
        y = 236 + 17 * row
        with sheet.group("input", place=place, name=names[place], value=repr(float(cell.x[place]))):
            value = signed(float(cell.x[place]))
            room = right - left - width_of(value, SMALLEST_TEXT) - 6
            sheet.text(left, y, fitted(names[place], room, SMALLEST_TEXT), size=SMALLEST_TEXT)
            sheet.text(right, y, value, size=SMALLEST_TEXT, anchor="end")
    rest = len(order) - len(shown_ones)
    if rest:
        y = 236 + 17 * len(shown_ones)
        sheet.text(left, y, f"and {rest:,} that move it less", size=SMALLEST_TEXT, fill=QUIET)


def _draw_state(sheet: Sheet, cell: Cell) -> None:
    """Products and sums on the way from c(t-1) to h(t)."""
    plus = (_centre("i") + _centre("g")) / 2
    middle = (_centre("f") + plus) / 2
    _number(sheet, "kept", cell.kept, middle, _STATE_Y - 12, "f · c(t−1) = {}", size=13, anchor="middle")
    _number(sheet, "added", cell.added, plus + 12, (_PRODUCT_Y + _STATE_Y) / 2 + 5, "i · g = {}", size=13)
    words = "c(t) = f · c(t−1) + i · g"
    sheet.text((plus + _OUT_X) / 2, _STATE_Y - 12, words, size=13, anchor="middle", fill=QUIET)
    sheet.rect(_OUT_X - 23, 165, 46, 21, fill=PAPER, stroke=INK, line=1.4, radius=10)
    sheet.text(_OUT_X, 180, "tanh", size=12, anchor="middle", bold=True)
    _number(sheet, "squashed", cell.squashed, _OUT_X - 32, 180, "tanh c(t) = {}", size=13, anchor="end")


def _draw_gate(sheet: Sheet, cell: Cell, gate: str, place: int) -> None:
    """A gate's card: how open it is, what opens it, what the loss owes to it."""
    left, top, colour, value = _CARD_LEFT[gate], _CARD_TOP, COLOURS[gate], cell.value(gate)
    right = left + _CARD_WIDTH - 12
    name, meaning = _WORDS[gate]
    with sheet.group("gate", name=gate):
        sheet.rect(left, top, _CARD_WIDTH, _CARD_HEIGHT, fill=PAPER, stroke=colour, line=2, radius=8, kind="card")
        sheet.text(left + 12, top + 21, name, size=13, bold=True, fill=colour)
        _number(sheet, gate, value, right, top + 21, size=13, bold=True, anchor="end", fill=colour)
        _draw_gauge(sheet, gate, value, left + 12, top + 29)
        sheet.text(left + 12, top + 55, meaning, size=SMALLEST_TEXT, fill=QUIET)
        y = top + 75
        terms = {"W_ih · x(t)": ("from_x", cell.from_x), "W_hh · h(t−1)": ("from_h", cell.from_h)}
        if cell.from_c.any():
            terms[f"peephole · {'c(t)' if gate == 'o' else 'c(t−1)'}"] = ("from_c", cell.from_c)
        terms["bias"] = ("bias", cell.bias)
        pitch = 16 if len(terms) == 3 else 14
        for words, (kind, values) in terms.items():
            _draw_term(sheet, f"{kind}_{gate}", words, float(values[place]), left + 12, right, y)
            y += pitch
        sheet.line([(left + 12, y - 11), (right, y - 11)], stroke=_EDGE, line=1)
        squash = "tanh" if gate == "g" else "σ"
        _draw_term(sheet, f"sum_{gate}", "their sum a", float(cell.sums[place]), left + 12, right, y + 3)
        sheet.text(left + 12, y + 3 + pitch, f"{gate} = {squash}(a)", size=SMALLEST_TEXT)
        _number(sheet, gate, value, right, y + 3 + pitch, size=SMALLEST_TEXT, anchor="end")
        slope = cell.gradient(gate)
        if slope is not None:
            _draw_term(sheet, f"slope_{gate}", f"dL/d{gate}", slope, left + 12, right, top + 167, VIOLET)


def _draw_term(
    sheet: Sheet, name: str, words: str, value: float, left: float, right: float, y: float, colour: str = INK
) -> None:
    sheet.text(left, y, words, size=SMALLEST_TEXT, fill=colour)
    with sheet.group("number", name=name, value=repr(value)):
        sheet.text(right, y, signed(value), size=SMALLEST_TEXT, anchor="end", fill=colour)


def _draw_gauge(sheet: Sheet, gate: str, value: float, x: float, y: float) -> None:
    """A bar filled as far as the gate is open; the candidate's goes from the middle, -1 on the left, 1 on the right."""
    width, height = _CARD_WIDTH - 24, 11.0
    sheet.rect(x, y, width, height, fill="#e6eaef", radius=3, kind="gauge")
    value = min(max(value, -1.0), 1.0) if value == value else 0.0
    if gate != "g":
        sheet.rect(x, y, width * max(value, 0.0), height, fill=COLOURS[gate], radius=3, kind="fill")
        return
    middle = x + width / 2
    start = middle + min(value, 0.0) * width / 2
    sheet.rect(start, y, abs(value) * width / 2, height, fill=COLOURS[gate], kind="fill")
    sheet.line([(middle, y - 2), (middle, y + height + 2)], stroke=INK, line=1)


def _draw_exits(sheet: Sheet, cell: Cell) -> None:
    """On the right, what the cell hands on: its internal state to the next step, its output to whoever reads it."""
    for top, name, words in ((106.0, "c", "state c(t)"), (190.0, "h", "output h(t)")):
        _box(sheet, _RIGHT, top, _RIGHT_WIDTH, 70)
        sheet.text(_RIGHT + 12, top + 20, words, size=13, bold=True)
        _number(sheet, name, cell.value(name), _RIGHT + 12, top + 42, size=18, bold=True)
        slope = cell.gradient(name)
        if slope is not None:
            right = _RIGHT + _RIGHT_WIDTH - 12
            _draw_term(sheet, f"slope_{name}", f"dL/d{name}", slope, _RIGHT + 12, right, top + 60, VIOLET)


def _draw_reading(sheet: Sheet, cell: Cell) -> None:
    """How to read the drawing, below the exits."""
    lines = [
        "bars: how open a gate",
        "is, from 0 to 1; that",
        "of g from −1 to 1",
        "σ(a) = 1 / (1 + e^−a)",
        "h(t) = o · tanh c(t)",
    ]
    sheet.text(_RIGHT, 288, "How to read it", size=12, bold=True)
    for row, words in enumerate(lines, start=1):
        sheet.text(_RIGHT, 288 + 17 * row, words, size=SMALLEST_TEXT, fill=QUIET)
    if cell.loss is not None:
        top = 288 + 17 * (len(lines) + 1) + 10
        for row, words in enumerate(("dL/d…: how the loss L", "moves with each; here")):
            sheet.text(_RIGHT, top + 17 * row, words, size=SMALLEST_TEXT, fill=VIOLET)
        _number(sheet, "loss", cell.loss, _RIGHT, top + 34, "L = {}", size=SMALLEST_TEXT, fill=VIOLET)


def _box(sheet: Sheet, x: float, y: float, width: float, height: float) -> None:
    sheet.rect(x, y, width, height, fill=PAPER, stroke=_EDGE, line=1.2, radius=8, kind="box")
