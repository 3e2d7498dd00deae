"""The strip of series, gates and state: its curves are the values, its mark is at the step."""

from __future__ import annotations

import math
import re

import pytest

from tests.insight.drawn import SVG, labels, of_kind, outside, overlapping
from throughtime.insight.strip import Curve, Panel, draw_strip
from throughtime.insight.svg import BLUE, Sheet


def drawn(panels, times, place):
    sheet = Sheet("strip")
    draw_strip(sheet, 500, panels, times, place)
    return sheet.to_svg()


def points(svg, kind):
    (path,) = of_kind(svg, kind)
    return [tuple(map(float, pair)) for pair in re.findall(r"([-\d.]+) ([-\d.]+)", path.get("d"))]


def test_a_curve_is_its_values():
    values = [0.0, 0.25, 1.0, 0.5]
    svg = drawn([Panel([Curve("gate", values, BLUE, "gate")], 100, 0.0, 1.0)], list("abcd"), 2)
    found = points(svg, "gate")
    assert [y for _, y in found] == [600.0, 575.0, 500.0, 550.0]
    (mark,) = of_kind(svg, "mark")
    assert float(re.match(r"M([\d.]+) ", mark.get("d"))[1]) == found[2][0]
    assert [box.words for box in labels(svg) if box.words.startswith("t = ")] == ["t = c"]


def test_missing_values_leave_a_gap():
    svg = drawn([Panel([Curve("x", [1.0, 2.0, math.nan, 3.0], BLUE, "x")], 50)], list("abcd"), 0)
    (path,) = of_kind(svg, "x")
    assert path.get("d").count("M") == 2


@pytest.mark.parametrize("steps", [1, 2, 91])
@pytest.mark.parametrize("where", [0, 0.5, 1])
@pytest.mark.parametrize("name", ["2015-06-01", "2015-06-01 23:00:00.250000", "7"])
def test_times_keep_clear_of_each_other(steps, where, name):
    place = round(where * (steps - 1))
    panel = Panel([Curve("a very long name of a column", [5.0] * steps, BLUE, "x")], 50)
    svg = drawn([panel], [name] * steps, place)
    assert overlapping(svg) == []
    assert outside(svg) == []


def test_nothing_known_is_no_line():
    svg = drawn([Panel([Curve("x", [math.nan, math.nan], BLUE, "x")], 50)], ["1", "2"], 0)
    assert of_kind(svg, "x")[0].tag == f"{SVG}path"
