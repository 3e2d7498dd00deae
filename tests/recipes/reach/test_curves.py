"""A drawing of reach shows where a curve becomes 0 and where it overflows, and nothing runs over the edge."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree as ET

from throughtime.recipes.figure import as_file
from throughtime.recipes.reach.curves import Curve, Mark, Panel, draw_curves

FALLING = Curve("falling", (0, 1, 2, 3), (1.0, 1e-20, 0.0, 0.0))
RISING = Curve("rising", (0, 1, 2, 3), (1.0, 1e20, math.inf, math.nan))
LEVEL = Curve("level", (0, 1, 2, 3), (1.0, 1.1, 0.9, 1.0), family="other")


def edges(svg: str) -> list[str]:
    return re.findall(r'id="reach-edge-([^"]*)"', svg)


def labels(svg: str) -> list[str]:
    return [text.text for text in ET.fromstring(as_file(svg)).iter("{http://www.w3.org/2000/svg}text")]


def test_zero_and_infinity_stand_at_the_edges():
    svg = draw_curves((Panel("both", (FALLING, RISING)), Panel("none", (LEVEL,))), "reach")
    assert edges(svg) == ["0-0-zero-2", "0-1-inf-2"]
    found = labels(svg)
    assert {"0", "inf", "1", "both", "none", "falling", "rising", "level"} <= set(found)
    assert found.count("falling") == 1  # one legend for all panels


def test_without_them_the_edges_have_no_names():
    svg = draw_curves((Panel("level", (LEVEL,)),), "reach")
    assert not edges(svg)
    # The axis along the lags has a 0, the other one none; neither has an infinity.
    assert labels(svg).count("0") == 1
    assert "inf" not in labels(svg)


def test_nan_alone_is_drawn_as_overflow():
    curve = Curve("broken", (0, 10), (1.0, math.nan))
    assert edges(draw_curves((Panel("broken", (curve,)),), "reach")) == ["0-0-inf-10"]


def test_all_zero_and_one_lag_can_be_drawn():
    assert edges(draw_curves((Panel("dead", (Curve("dead", (0, 1), (0.0, 0.0)),)),), "reach")) == ["0-0-zero-0"]
    assert "one" in labels(draw_curves((Panel("one", (Curve("h", (0,), (1.0,)),)),), "reach"))


def test_a_mark_and_the_loss_of_digits_are_named():
    small = Curve("small", (0, 100), (1.0, 1e-44))
    found = labels(draw_curves((Panel("small", (small,)), Panel("small too", (small,))), "reach", Mark(49, "k2 = 50")))
    assert found.count("k2 = 50") == 2
    assert found.count("float32 loses digits") == 1
    assert "float32 loses digits" not in labels(draw_curves((Panel("level", (LEVEL,)),), "reach"))


def test_a_figure_is_the_same_each_time():
    panels = (Panel("both", (FALLING, RISING)),)
    assert draw_curves(panels, "reach") == draw_curves(panels, "reach")
