"""A figure of a page takes the page's colour; a file is dark on white and stands alone."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from throughtime.insight.svg import INK, PAPER, Sheet
from throughtime.recipes.figure import as_element, as_file, colours, legend_above


def draw(figure) -> None:
    axes = figure.subplots()
    axes.plot([0, 1], [1, 2], label="a & b")
    axes.set_xlabel("step")
    legend_above(axes, 1)


def test_an_element_takes_the_pages_colour():
    svg = as_element(draw, 2.0, "test")
    assert svg.startswith('<svg viewBox="0 0 576 144" role="img" aria-label="test">')
    assert "currentColor" in svg
    assert 'id="test-' in svg
    assert "xlink" not in svg


def test_a_narrower_figure_takes_its_part_of_a_column():
    assert 'style="max-width: 50%">' in as_element(draw, 2.0, "test", width=4.0).split("\n")[0]
    assert "max-width" not in as_element(draw, 2.0, "test")


def test_a_file_stands_alone():
    svg = as_file(as_element(draw, 2.0, "test", width=4.0))
    root = ET.fromstring(svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.get("viewBox") == "0 0 288 144"
    assert root[0].get("fill") == PAPER
    assert INK in svg
    assert "currentColor" not in svg


def test_a_drawing_that_names_its_kind_becomes_a_file_too():
    root = ET.fromstring(as_file(Sheet("a drawing", page=True).to_svg()))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root[0].get("fill") == PAPER


def test_a_figure_is_the_same_each_time():
    assert as_element(draw, 2.0, "test") == as_element(draw, 2.0, "test")


def test_colours_begin_anew_when_they_run_out():
    assert len(set(colours(5))) == 5
    assert colours(7)[5:] == colours(2)
