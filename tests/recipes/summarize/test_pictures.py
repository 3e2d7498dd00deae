"""What is looked at is shaded, what is copied is marked, and nothing of a text becomes part of the page."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np

from throughtime.insight.svg import BLUE
from throughtime.recipes.summarize.pictures import MOST_READ, Look, beside, looking, marked

SVG = "{http://www.w3.org/2000/svg}"


def drawn(look):
    root = ET.fromstring(looking(look, "Looks"))
    return root, [each for each in root.iter(f"{SVG}g") if each.get("class") == "step"]


def test_each_symbol_has_its_document():
    weights = np.array([[0.9, 0.1, 0.0], [0.0, 0.0, 1.0]])
    _, steps = drawn(Look(["비가", "왔다", "<b>"], ["비", "<b>"], weights, np.array([0.2, 0.8])))
    assert [(each.get("data-word"), each.get("data-copied")) for each in steps] == [("비", "false"), ("<b>", "true")]
    shades = [[float(each.get("opacity")) for each in step.iter(f"{SVG}rect")] for step in steps]
    assert len(shades[0]) == 2
    assert shades[0][0] > shades[0][1]
    assert len(shades[1]) == 1
    assert all(each.get("fill") == BLUE for step in steps for each in step.iter(f"{SVG}rect"))
    assert [each.text for each in steps[0].iter(f"{SVG}text")] == ["비", "비가", "왔다", "<b>"]


def test_without_copying_nothing_is_marked():
    _, steps = drawn(Look(["a"], ["a"], np.ones((1, 1)), None))
    assert steps[0].get("data-copied") == "false"
    assert not list(steps[0].iter(f"{SVG}path"))


def test_long_documents_fit():
    words = [f"word{n}" for n in range(200)]
    root, steps = drawn(Look(words, ["a"] * 30, np.full((30, 200), 1 / 200), np.zeros(30)))
    texts = list(steps[0].iter(f"{SVG}text"))
    assert len(texts) == MOST_READ + 1
    assert max(float(each.get("x")) for each in root.iter(f"{SVG}text")) < float(root.get("width"))
    assert max(float(each.get("y")) for each in root.iter(f"{SVG}text")) < float(root.get("height"))


def test_words_of_the_document_are_marked():
    assert marked("Return the <log10>!", "def log10(x): return") == "<u>Return</u> the &lt;<u>log10</u>&gt;!"
    assert marked("서울에 눈", "서울에 비가") == "<u>서울에</u> 눈"


def test_texts_are_no_html():
    page = beside(["<script>" + "x" * 1000], [[("network", "<b>")]])
    assert "<script>" not in page
    assert "<b>" not in page
    assert "x …" in page
