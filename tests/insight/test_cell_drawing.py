"""The numbers on the drawing are the cell's and obey its equations; nothing overlaps, whatever the cell holds."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

import throughtime as tt
from tests.insight.drawn import SVG, labels, of_kind, outside, overlapping, read_back, smallest_text
from throughtime.insight import cell_at, draw_cell
from throughtime.insight.cell_drawing import COLOURS


def exact(svg):
    """Every number of the drawing by its name, as the file holds it; those drawn twice must agree."""
    found = {}
    for group in of_kind(svg, "number"):
        value = float(group.get("data-value"))
        assert found.setdefault(group.get("data-name"), value) == value
    return found


def read(svg):
    """Every number as it is read."""
    groups = of_kind(svg, "number")
    return {group.get("data-name"): read_back(group.find(f"{SVG}text").text.split("= ")[-1]) for group in groups}


def a_cell(options=None, inputs=5, units=6, steps=40, step=30, loss=True, scale=1.0, **more):
    layer, head = tt.LSTM(inputs, units, **(options or {})), nn.Linear(units, 1)
    x = torch.randn(steps, inputs) * scale
    return cell_at(layer, x, step, loss=(lambda y: head(y[step]).square().sum()) if loss else None, **more)


@pytest.mark.parametrize("options", [{}, {"peephole": True}, {"bias": False}])
@pytest.mark.parametrize("unit", [0, 3])
def test_the_numbers_obey_the_cells_equations(options, unit):
    cell = a_cell(options, unit=unit)
    n = exact(draw_cell(cell))
    near = {"rel": 1e-5, "abs": 1e-6}  # the cell is float32
    for gate in "ifgo":
        terms = [n[f"{term}_{gate}"] for term in ("from_x", "from_h", "bias")] + [n.get(f"from_c_{gate}", 0.0)]
        assert sum(terms) == pytest.approx(n[f"sum_{gate}"], **near)
        a = n[f"sum_{gate}"]
        assert n[gate] == pytest.approx(math.tanh(a) if gate == "g" else 1 / (1 + math.exp(-a)), **near)
    assert n["kept"] == pytest.approx(n["f"] * n["c_before"], **near)
    assert n["added"] == pytest.approx(n["i"] * n["g"], **near)
    assert n["c"] == pytest.approx(n["kept"] + n["added"], **near)
    assert n["squashed"] == pytest.approx(math.tanh(n["c"]), **near)
    assert n["h"] == pytest.approx(n["o"] * n["squashed"], **near)


def test_the_numbers_are_those_of_inspect():
    layer, head, x = tt.LSTM(5, 6), nn.Linear(6, 1), torch.randn(40, 5)

    def loss(y):
        return head(y[30]).square().sum()

    cell, seen = cell_at(layer, x, 30, loss=loss), tt.inspect(layer, x[:, None], loss)
    n = exact(draw_cell(cell))
    for name in "ifgoch":
        assert n[name] == float(getattr(seen.layer(0), name)[30, 0, cell.unit])
        assert n[f"slope_{name}"] == float(getattr(seen.gradients[0], name)[30, 0, cell.unit])
    assert n["c_before"] == float(seen.layer(0).c[29, 0, cell.unit])
    assert n["loss"] == seen.loss


def test_what_is_read_is_what_is_meant():
    svg = draw_cell(a_cell())
    n, shown = exact(svg), read(svg)
    assert set(n) == set(shown)
    assert len(n) == 6 + 4 * 4 + 4 + 7 + 1  # states and products, terms, gates, slopes, the loss
    for name, value in n.items():
        assert shown[name] == pytest.approx(value, rel=5.01e-3, abs=5.01e-4)


def test_a_gate_is_filled_as_far_as_it_is_open():
    cell = a_cell()
    cards = {card.get("data-name"): card for card in of_kind(draw_cell(cell), "gate")}
    assert set(cards) == set("ifgo")
    for gate, card in cards.items():
        whole, fill = (next(part for part in card.iter() if part.get("class") == kind) for kind in ("gauge", "fill"))
        share = float(fill.get("width")) / float(whole.get("width"))
        assert share == pytest.approx(abs(cell.value(gate)) / (2 if gate == "g" else 1), abs=1e-3)
        assert fill.get("fill") == COLOURS[gate]


def test_the_strip_is_the_units_gates_over_the_steps():
    cell = a_cell()
    svg = draw_cell(cell, series=("temp_max", list(range(40))), times=[f"day {step}" for step in range(40)])
    (strip,) = of_kind(svg, "strip")
    assert (strip.get("data-place"), strip.get("data-steps")) == ("30", "40")
    assert [curve.get("data-name") for curve in of_kind(svg, "curve")] == [
        *("series", "over-f", "over-i", "over-o", "over-c")
    ]
    (path,) = of_kind(svg, "over-f")
    heights = [float(pair.split()[1]) for pair in path.get("d")[1:].split(" L")]
    top, height = next((float(panel.get("y")), float(panel.get("height"))) for panel in of_kind(svg, "panel")[1:2])
    for y, value in zip(heights, cell.over_steps("f"), strict=True):
        assert y == pytest.approx(top + height * (1 - value), abs=0.01)


def test_the_inputs_that_move_the_unit_most_are_named():
    cell = a_cell(inputs=12)
    names = [f"column {place}" for place in range(12)]
    named = of_kind(draw_cell(cell, inputs=names), "input")
    order = cell.by_input.abs().sum(0).argsort(descending=True)
    assert [int(group.get("data-place")) for group in named] == order[:7].tolist()
    assert [float(group.get("data-value")) for group in named] == [float(cell.x[place]) for place in order[:7]]
    assert any("and 5 that move it less" in box.words for box in labels(draw_cell(cell, inputs=names)))


def _extreme(kind):
    cell = a_cell({"peephole": True}, scale=1e-9 if kind == "tiny" else 1e6 if kind == "huge" else 1.0)
    if kind == "negative":
        cell.gates.c.neg_().mul_(1e6)
    return cell


LONG = "a_column_whose_name_goes_on_WWWWWWWWWWWWWWWWWWWWWW"


@pytest.mark.parametrize(
    "svg",
    [
        lambda: draw_cell(a_cell()),
        lambda: draw_cell(a_cell(loss=False, step=0)),
        lambda: draw_cell(a_cell(steps=1, step=0, units=1, inputs=1)),
        lambda: draw_cell(a_cell({"num_layers": 3}, layer=2, units=1500), title="T" * 300, note="why " * 90),
        lambda: draw_cell(a_cell(inputs=300), inputs=[LONG] * 300, series=(LONG, [math.nan] * 40), times=[LONG] * 40),
        lambda: draw_cell(_extreme("tiny"), series=("s", [1e-9] * 40)),
        lambda: draw_cell(_extreme("huge"), series=("s", [-1.234567e6 * place for place in range(40)])),
        lambda: draw_cell(_extreme("negative"), series=("s", [-1e6] * 40)),
        lambda: draw_cell(a_cell(steps=2, step=1, inputs=8)),
    ],
    ids=["plain", "first", "one", "deep", "long names", "tiny", "huge", "negative", "eight inputs"],
)
def test_every_label_has_its_room(svg):
    svg = svg()
    assert overlapping(svg) == []
    assert outside(svg) == []
    assert smallest_text(svg) >= 11


@pytest.mark.parametrize("kind", ["tiny", "huge"])
def test_labels_stay_inside_their_cards_and_boxes(kind):
    svg = draw_cell(_extreme(kind), inputs=[LONG] * 5)
    frames = [
        tuple(float(each.get(key)) for key in ("x", "y", "width", "height"))
        for each in (*of_kind(svg, "card"), *of_kind(svg, "box"))
    ]
    for box in labels(svg):
        for x, y, width, height in frames:
            apart = box.right < x or box.left > x + width or box.bottom < y or box.top > y + height
            inside = box.left >= x and box.right <= x + width and box.top >= y and box.bottom <= y + height
            assert apart or inside, box


def test_the_lectures_words_are_on_it():
    words = " | ".join(box.words for box in labels(draw_cell(a_cell())))
    for term in ("memory cell", "input weights", "recurrent weights", "internal state", "forget gate", "input gate"):
        assert term in words
    assert "output gate" in words
    assert "largest |h · dL/dh|" in words
