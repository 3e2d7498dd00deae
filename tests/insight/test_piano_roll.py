"""A piano roll shows every tone where it sounds, what was given in its own colour, and names of octaves."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from throughtime.base.errors import ShapeError
from throughtime.insight.piano_roll import PlayedPiece, draw_piano_rolls
from throughtime.insight.svg import BLUE, ORANGE, WIDTH

SVG = "{http://www.w3.org/2000/svg}"
PIECE = PlayedPiece("made up", [(0.0, 1.0, 60), (1.0, 2.0, 64), (3.0, 1.0, 72)], 4.0, given=1.0)


def of_kind(svg, kind):
    return [each for each in ET.fromstring(svg).iter() if each.get("class") == kind]


def test_tones_stand_where_they_sound():
    svg = draw_piano_rolls([PIECE], title="Music")
    given, tones = of_kind(svg, "given"), of_kind(svg, "tone")
    assert (len(given), len(tones)) == (1, 2)
    assert (given[0].get("fill"), tones[0].get("fill")) == (ORANGE, BLUE)
    x = [float(each.get("x")) for each in (*given, *tones)]
    assert x[1] - x[0] == pytest.approx((x[2] - x[0]) / 3, abs=0.02)
    widths = [float(each.get("width")) for each in (*given, *tones)]
    assert widths[1] > 1.9 * widths[0]
    y = [float(each.get("y")) for each in (*given, *tones)]
    assert y[0] - y[1] == pytest.approx((y[0] - y[2]) / 3)  # 4 and 12 semitones up


def test_octaves_and_bars_are_named():
    svg = draw_piano_rolls([PlayedPiece("made up", PIECE.tones, 40.0)], title="Music")
    assert [each.text for each in of_kind(svg, "pitch")] == ["C4", "C5"]
    assert [each.text for each in of_kind(svg, "time")] == [str(4 * bar) for bar in range(11)]
    assert "Orange" not in svg


def test_pieces_share_their_scales():
    svg = draw_piano_rolls([PIECE, PlayedPiece("longer", [(0.0, 1.0, 60)], 8.0)], title="Music")
    first, second = of_kind(svg, "piece")
    assert (first.get("data-name"), second.get("data-name")) == ("made up", "longer")
    assert first[0].get("width") == second[0].get("width")
    assert len(of_kind(svg, "panel")) == 2


def test_on_a_page_it_is_narrower_and_without_paper():
    file, element = (ET.fromstring(draw_piano_rolls([PIECE], title="Music", page=page)) for page in (False, True))
    assert float(file.get("width")) == WIDTH
    assert float(element.get("width")) < WIDTH
    assert "paper" in [each.get("class") for each in file]
    assert "paper" not in [each.get("class") for each in element]


def test_all_stays_on_the_sheet():
    wide = PlayedPiece("wide", [(0.0, 100.0, 21), (99.5, 0.5, 108)], 100.0)
    for page in (False, True):
        root = ET.fromstring(draw_piano_rolls([wide], title="Music", page=page))
        for each in root.iter(f"{SVG}rect"):
            assert float(each.get("x")) + float(each.get("width")) <= float(root.get("width"))
            assert float(each.get("y")) + float(each.get("height")) <= float(root.get("height"))
        assert max(float(each.get("y")) for each in root.iter(f"{SVG}text")) < float(root.get("height"))


def test_silence_is_refused():
    with pytest.raises(ShapeError, match="needs a tone: 1 pieces"):
        draw_piano_rolls([PlayedPiece("silent", [], 4.0)], title="Music")
