"""Drawings become files and pictures: every stroke, in the letters' colours, beside what the window saw."""

from __future__ import annotations

import io
from xml.etree import ElementTree as ET

import matplotlib.image
import numpy as np
import pytest

from tests.recipes.handwriting.made_up import drawings
from throughtime.recipes.handwriting import pictures
from throughtime.recipes.handwriting.drawing import Drawing

ONE, TWO, *_ = drawings(4)
POINT = Drawing(np.array([[3.0, 4, 1]]), "a", np.array([0]))


def kinds(svg):
    return [each.get("class") for each in ET.fromstring(svg).iter()]


def test_a_file_holds_every_stroke_inside_its_paper():
    root = ET.fromstring(pictures.as_svg(ONE, "ab"))
    strokes = [each for each in root.iter() if each.get("class") == "stroke"]
    assert len(strokes) == len(ONE.lines)
    places = np.array([pair.split() for each in strokes for pair in each.get("d")[1:].split(" L")], float)
    assert places.min() > 0
    assert (places.max(0) < [float(root.get("width")), float(root.get("height"))]).all()


def test_pixels_show_the_same_as_the_lines():
    shown = matplotlib.image.imread(io.BytesIO(pictures.as_png(ONE)))
    root = ET.fromstring(pictures.as_svg(ONE, "ab"))
    assert shown.shape[:2] == pytest.approx((float(root.get("height")), float(root.get("width"))), abs=1)
    dark = shown[..., 0] < 0.5
    assert 0.001 < dark.mean() < 0.5
    # The pen's line goes through every place that the lines name.
    for each in root.iter():
        if each.get("class") == "stroke":
            for pair in each.get("d")[1:].split(" L"):
                x, y = (round(float(number)) for number in pair.split())
                assert dark[y - 2 : y + 3, x - 2 : x + 3].any()


def test_a_point_alone_is_a_dot():
    assert kinds(pictures.as_svg(POINT, "a")).count("stroke") == 1
    assert "<circle" in pictures.as_svg(POINT, "a")
    assert (matplotlib.image.imread(io.BytesIO(pictures.as_png(POINT)))[..., 0] < 0.5).any()


def test_drawings_stand_in_rows_and_columns():
    svg = pictures.grid("What it writes", ["The network", "Held out"], [("ab", [ONE, TWO]), ("ca", [TWO, POINT])])
    found = kinds(svg)
    assert (found.count("heading"), found.count("label"), found.count("drawing")) == (2, 2, 4)
    assert found.count("stroke") == len(ONE.lines) + 2 * len(TWO.lines) + 1
    assert "<title>What it writes</title>" in svg
    assert "currentColor" in svg


def test_one_that_is_huge_makes_the_others_no_smaller():
    huge = Drawing(ONE.points * [1000, 1000, 1], "ab")
    alone = pictures.grid("x", [""], [("", [TWO]), ("", [ONE]), ("", [ONE])])
    beside = pictures.grid("x", [""], [("", [TWO]), ("", [ONE]), ("", [huge])])
    assert alone.split('class="drawing"')[1] == beside.split('class="drawing"')[1]


def test_the_window_is_drawn_letter_by_letter():
    drawing = Drawing(ONE.points, "a b", np.array([0] * (len(ONE) - 2) + [2, 3]))
    svg = pictures.looking(drawing, np.eye(4)[drawing.owners])
    for name in ("a", pictures.BLANK, "b", pictures.END):
        assert f">{name}<" in svg
    for label in ("letter of the phrase", "point, in the order"):
        assert label in svg
    assert 'aria-label="looking"' in svg


def test_pieces_of_letters_are_joined_where_the_pen_stays():
    line = Drawing(np.array([[1.0, 0, 0], [1, 0, 0], [1, 0, 0], [1, 0, 1]]), "ab", np.array([0, 0, 1, 1]))
    assert [(owner, each.tolist()) for owner, each in pictures._by_letter(line, line.owners)] == [
        (0, [[1, 0], [2, 0]]),
        (1, [[2, 0], [3, 0], [4, 0]]),
    ]
