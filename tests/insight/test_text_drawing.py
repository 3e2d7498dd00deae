"""A text drawn letter by letter: every symbol has its value's colour, and reads, whatever it is."""

from __future__ import annotations

import math
from xml.etree import ElementTree as ET

import pytest

from tests.insight.drawn import SVG, labels, of_kind, outside, overlapping, smallest_text
from throughtime.base.errors import ConfigError, ShapeError
from throughtime.insight import Track, gates_over_text
from throughtime.insight.svg import HEIGHT

TEXT = 'A "quoted" word.\n\tAnd WWWW\x07 @@mm%% more.\n'


def values(count):
    return [math.sin(place / 3) for place in range(count)]


def symbols_of(svg):
    """Per track its symbols: place, value, colour of the cell, what is written in it."""
    return [
        [
            (int(each.get("data-place")), float(each.get("data-value")), each[0].get("fill"),
             "".join(text.text for text in each.iter(f"{SVG}text")))
            for each in track
            if each.get("class") == "symbol"
        ]
        for track in of_kind(svg, "track")
    ]  # fmt: skip


def test_every_symbol_is_there_with_its_value():
    svg = gates_over_text(TEXT, [Track("c", values(len(TEXT))), Track("f", [0.5] * len(TEXT), 0, 1)])
    for track, wanted in zip(symbols_of(svg), (values(len(TEXT)), [0.5] * len(TEXT)), strict=True):
        assert [place for place, *_ in track] == list(range(len(TEXT)))
        assert [value for _, value, *_ in track] == wanted
        written = "".join(letters or " " for *_, letters in track)
        assert written == TEXT.replace("\n", "↵").replace("\t", "⇥").replace("\x07", "\ufffd")


def test_colours_say_sign_and_size():
    wanted = {-1.0: "#e19b55", -0.5: "#f0cdaa", 0.0: "#ffffff", 1.0: "#629bd0", 7.0: "#629bd0", math.nan: "#ffffff"}
    svg = gates_over_text("abcdef", [Track("c", list(wanted))])
    ((*symbols,),) = symbols_of(svg)
    assert [colour for _, _, colour, _ in symbols] == list(wanted.values())


def test_equal_sizes_have_equal_strengths_on_both_sides():
    svg = gates_over_text("ab", [Track("c", [-1.0, 1.0], -4.0, 1.0)])
    ((first, second),) = symbols_of(svg)
    strength = [
        255 - min(int(colour[place : place + 2], 16) for place in (1, 3, 5)) for colour in (first[2], second[2])
    ]
    # A quarter of the strongest orange and blue, whose own weakest parts differ.
    assert strength == [round(0.2 * (255 - 0x2B)), round(0.2 * (255 - 0x3B))]


def test_lines_break_at_the_texts_ends_and_at_the_columns():
    svg = gates_over_text("ab\ncdefg", [Track("c", [0.0] * 8)], columns=3)
    places = [(float(each[0].get("x")), float(each[0].get("y"))) for each in of_kind(svg, "symbol")]
    lefts, tops = (sorted(set(part)) for part in zip(*places, strict=True))
    assert [(lefts.index(x), tops.index(y)) for x, y in places] == [
        *((0, 0), (1, 0), (2, 0)),
        *((0, 1), (1, 1), (2, 1)),
        *((0, 2), (1, 2)),
    ]


def test_words_take_as_many_places_as_they_have_letters():
    svg = gates_over_text(["for", " ", "ever\n"], [Track("c", [0.1, 0.2, 0.3])], columns=7)
    widths = [float(each[0].get("width")) for each in of_kind(svg, "symbol")]
    assert [round(width / widths[1]) for width in widths] == [3, 1, 5]


@pytest.mark.parametrize(
    "text",
    [TEXT, " ", "\n\n\n", "W" * 500, "@%mW" * 60, "\x00\x1b\x7f\ud800", "x" * 20_000, "line\n" * 3_000],
    ids=["plain", "blank", "empty lines", "wide", "widest", "controls", "long", "many lines"],
)
def test_any_text_reads(text):
    tracks = [Track("unit 1, " + "a long heading " * 12, values(len(text))), Track("f", [0.2] * len(text), 0, 1)]
    svg = gates_over_text(text, tracks[: 1 if len(text) > 500 else 2])
    ET.fromstring(svg.encode())
    assert outside(svg) == []
    assert smallest_text(svg) >= 11
    if len(text) < 1000:
        assert overlapping(svg) == []
    assert len(svg) < 2_500_000


def test_what_is_left_out_is_said():
    words = [box.words for box in labels(gates_over_text("x" * 20_000, [Track("c", [0.0] * 20_000)]))]
    assert any("the first 5,760 of 20,000 symbols are drawn" in each for each in words)
    words = [box.words for box in labels(gates_over_text("ab\t\n", [Track("c", [0.0] * 4)]))]
    note = "Each letter is coloured by the unit's value just after reading it; ↵ end of a line; ⇥ tab."
    assert note in words


def test_three_tracks_of_seven_lines_fit_a_slide():
    text = ("x" * 70 + "\n") * 7
    svg = gates_over_text(text, [Track(name, [0.0] * len(text)) for name in "fio"])
    assert ET.fromstring(svg).get("height") == "720"


@pytest.mark.parametrize(
    ("symbols", "tracks", "columns", "error", "match"),
    [
        ("", [Track("c", [])], 96, ShapeError, "needs symbols and tracks: 0 and 1 came"),
        ("a", [], 96, ShapeError, "1 and 0 came"),
        ("ab", [Track("c", [1.0])], 96, ShapeError, "one value for each symbol: 'c' has 1 for 2"),
        ("a", [Track("c", [1.0], 1.0, 1.0)], 96, ConfigError, "go from `low` up to `high`"),
        ("a", [Track("c", [1.0])], 0, ConfigError, "`columns` is 1 .. 96"),
        ("a", [Track("c", [1.0])], 97, ConfigError, "97 came"),
    ],
)
def test_what_cannot_be_drawn_is_named(symbols, tracks, columns, error, match):
    with pytest.raises(error, match=match):
        gates_over_text(symbols, tracks, columns=columns)


def test_in_a_page_it_has_the_pages_colour_and_no_paper():
    svg = gates_over_text("ab", [Track("c", [0.5, -0.5])], page=True)
    root = ET.fromstring(svg)
    assert 'class="paper"' not in svg
    assert "currentColor" in svg
    assert float(root.get("height")) < HEIGHT
