"""What is drawn stands in the file, well-formed, where it was put."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from tests.insight.drawn import labels, of_kind, outside, overlapping, smallest_text
from throughtime.insight.svg import Sheet


def test_shapes_stand_where_they_were_put():
    sheet = Sheet("a test")
    with sheet.group("lane", start=3):
        sheet.rect(10, 20, 30, 40, kind="box")
        sheet.circle(5, 6, 7, kind="dot")
        sheet.line([(1, 2), (3, 4.5)], arrow=True, stroke="#123456", kind="edge")
    svg = sheet.to_svg()
    (box,), (dot,), (edge,), (lane,) = (of_kind(svg, kind) for kind in ("box", "dot", "edge", "lane"))
    assert [box.get(name) for name in ("x", "y", "width", "height")] == ["10", "20", "30", "40"]
    assert (dot.get("cx"), dot.get("cy"), dot.get("r")) == ("5", "6", "7")
    assert edge.get("d") == "M1 2 L3 4.5"
    assert edge.get("marker-end") == "url(#head-123456)"
    assert 'id="head-123456"' in svg
    assert lane.get("data-start") == "3"
    assert {child.get("class") for child in lane} == {"box", "dot", "edge"}


def test_text_is_escaped():
    sheet = Sheet("a < b & c")
    sheet.text(10, 20, "x < y & z")
    root = ET.fromstring(sheet.to_svg())
    assert [element.text for element in root.iter() if element.tag.endswith(("title", "text"))] == [
        "a < b & c",
        "x < y & z",
    ]


@pytest.mark.parametrize(("anchor", "left"), [("start", 101), ("middle", 52), ("end", 4.2)])
def test_room_of_a_label(anchor, left):
    sheet = Sheet("")
    sheet.text(100, 50, "H" * 13, size=10, anchor=anchor)
    (box,) = labels(sheet.to_svg())
    # In DejaVu Sans an H is 7.52 pixels wide at 10 pixels, about 1 of them before the ink, and 7.3 high.
    assert box.left == pytest.approx(left, abs=1.5)
    assert box.right - box.left == pytest.approx(13 * 7.52, abs=2.5)
    assert (box.top, box.bottom) == pytest.approx((42.7, 50), abs=0.5)


def test_overlaps_and_what_falls_off_are_found():
    sheet = Sheet("", 200, 100)
    sheet.text(10, 50, "under", size=14)
    sheet.text(20, 52, "over", size=12)
    sheet.text(10, 80, "free", size=11)
    sheet.text(190, 90, "too far", size=11)
    svg = sheet.to_svg()
    assert overlapping(svg) == [("under", "over")]
    assert outside(svg) == ["too far"]
    assert smallest_text(svg) == 11


def test_an_image_is_kept_in_the_file():
    sheet = Sheet("pixels", 40, 30)
    sheet.image(1, 2, 20, 10, "data:image/png;base64,AAAA", kind="photo")
    (image,) = (each for each in ET.fromstring(sheet.to_svg()).iter() if each.get("class") == "photo")
    assert {key: image.get(key) for key in ("x", "y", "width", "height", "href")} == {
        "x": "1",
        "y": "2",
        "width": "20",
        "height": "10",
        "href": "data:image/png;base64,AAAA",
    }
