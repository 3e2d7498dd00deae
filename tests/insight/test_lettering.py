"""Numbers and names on a drawing stay short, true and within their room."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.insight.drawn import labels, read_back
from throughtime.insight.lettering import by_power, fitted, shown, signed, width_of
from throughtime.insight.svg import Sheet


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.0, "0"),
        (0.5, "0.500"),
        (-12.3456, "−12.35"),
        (432.1, "432.1"),
        (1e-9, "1.00e−9"),
        (-1e6, "−1.00e6"),
        (1e-300, "1.00e−300"),
        (math.nan, "–"),
        (-math.inf, "−∞"),
    ],
)
def test_numbers_are_short(value, words):
    assert shown(value) == words
    assert signed(value) == ("+" + words if value > 0 else words)


@pytest.mark.parametrize(
    ("value", "digits", "words"), [(4.2e-15, 0, "4e-15"), (-1e6, 2, "-1.00e6"), (0.0, 1, "0.0e0"), (math.inf, 2, "inf")]
)
def test_powers_of_ten_are_short(value, digits, words):
    assert by_power(value, digits) == words


@given(st.floats(-1e307, 1e307))
def test_what_is_shown_is_the_number_rounded(value):
    # Three digits after the point from 0.001 to 10, three figures elsewhere: half a unit of the last one off at most.
    assert read_back(signed(value)) == pytest.approx(value, rel=5.01e-3, abs=5.01e-4 if 1e-3 <= abs(value) < 10 else 0)


@pytest.mark.parametrize("words", ["temp_max", "WWWWWWWWWWWW", "a" * 300, "año, größe, σ", "tab\tand\nline", "", "x"])
@pytest.mark.parametrize("bold", [False, True])
def test_a_name_stays_in_its_room(words, bold):
    kept = fitted(words, 80, 12, bold)
    sheet = Sheet("names")
    sheet.text(0, 20, kept, size=12, bold=bold)
    (box,) = labels(sheet.to_svg())
    assert box.right <= 80
    assert kept.endswith("…") or kept == " ".join(words.split())
    assert width_of(kept, 12, bold) <= 80


def test_a_name_that_fits_is_whole():
    assert fitted("temp_max", 80, 12) == "temp_max"
