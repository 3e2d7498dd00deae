"""Drawings of attributions: every step with its value, readable, whatever was read, for files and for pages."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from tests.insight.drawn import SVG, labels, of_kind, outside, overlapping
from throughtime.base.errors import ConfigError, ShapeError
from throughtime.insight import (
    Attribution,
    draw_attribution,
    draw_letters_attribution,
    draw_series_attribution,
    draw_text_attribution,
)
from throughtime.insight.attribution.result import kind_of

HOSTILE = ("<b>", "&amp;", "영화", "정말", "\x07", "a\ud800", "\n", "W" * 300, "naïve", "]]>")


def made(steps, kind=None, **changes):
    steps = tuple(steps)
    parts = {"values": np.sin(np.arange(len(steps)) + 1.0), "subject": "log-odds of 'a' & <b>", "answer": 1.0}
    parts |= {"start": 0.0, "baseline": "nothing", "gap": 0.001, "points": 16} | changes
    return Attribution(kind or kind_of(steps), steps, **parts)


def series(steps=50, variables=3, **changes):
    draws = np.random.default_rng(0)
    values, read = draws.normal(size=(2, steps, variables))
    read[3:4] = np.nan
    names = tuple(f"<{place}> & co" for place in range(variables))
    times = [f"2020-01-{place}" for place in range(steps)]
    return made(times, "series", **({"values": values, "read": read, "variables": names} | changes))


CASES = {
    "words": made(["a", "fine", "film"] * 40, unknown=(1,)),
    "hostile": made(HOSTILE),
    "many words": made(["word"] * 3000),
    "characters": made("한 글자씩 읽은 글.\n", "text"),
    "dna 60": made("ACGT" * 15),
    "dna 251": made(("ACGT" * 63)[:251], unknown=(7,)),
    "dna 600": made("ACGT" * 150),
    "long dna": made("ACGT" * 1000),
    "no sizes": made("ACGT", values=np.zeros(4)),
    "series": series(),
    "long series": series(steps=2001, variables=12),
    "one step": series(steps=1, variables=1, read=None),
}


@pytest.mark.parametrize("page", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_any_attribution_reads(case, page):
    svg = draw_attribution(CASES[case], page=page)
    ET.fromstring(svg.encode())
    assert outside(svg) == []
    if len(svg) < 200_000 and case != "hostile":
        assert overlapping(svg) == []
    assert len(svg) < 2_500_000
    assert ("currentColor" in svg) == page
    assert bool(of_kind(svg, "paper")) != page
    assert page != ("#1c2430" in svg)


@pytest.mark.parametrize("case", ["words", "hostile", "dna 251", "dna 600"])
def test_every_symbol_has_its_value_and_the_colour_of_its_sign(case):
    attribution = CASES[case]
    symbols = of_kind(draw_attribution(attribution), "symbol")
    assert [float(each.get("data-value")) for each in symbols] == attribution.values.tolist()
    fills = [each.find(f"{SVG}rect").get("fill") for each in symbols]
    assert fills == ["#d9822b" if value < 0 else "#3b82c4" for value in attribution.values]


def test_bars_are_as_high_as_values_are_large():
    attribution = CASES["dna 60"]
    bars = [float(each.get("height")) for each in of_kind(draw_attribution(attribution), "bar")]
    np.testing.assert_allclose(bars, np.abs(attribution.values) * 54 / np.ptp(attribution.values), atol=0.01)


def test_panels_go_by_size_and_stripes_add_up():
    attribution = CASES["long series"]
    svg = draw_series_attribution(attribution, most_panels=4)
    panels = of_kind(svg, "panel")
    sizes = np.abs(attribution.values).sum(0)
    assert [int(each.get("data-variable")) for each in panels] == np.argsort(-sizes)[:4].tolist()
    stripes = [float(each.get("data-value")) for each in panels[0] if each.get("class") == "stripe"]
    assert len(stripes) == 286
    assert sum(stripes) == pytest.approx(attribution.values[:, int(panels[0].get("data-variable"))].sum())
    assert any("the others add" in box.words for box in labels(svg))


def test_what_is_left_out_is_said():
    for case, words in (("many words", "of 3,000 symbols are drawn"), ("long dna", "The first 2,400 of 4,000")):
        assert any(words in box.words for box in labels(draw_attribution(CASES[case])))


def test_the_strongest_come_first():
    found = series().strongest(4)
    sizes = np.sort(np.abs(series().values).ravel())[::-1]
    np.testing.assert_allclose([abs(each.value) for each in found], sizes[:4])
    assert found[0].share == pytest.approx(sizes[0] / sizes.sum())
    assert series().values[found[0].place].max() == pytest.approx(found[0].value) or found[0].value < 0
    assert made("AC").strongest()[0].step == "C"


def test_what_cannot_be_drawn_is_named():
    with pytest.raises(ConfigError, match="Use draw_text_attribution"):
        draw_letters_attribution(CASES["words"])
    with pytest.raises(ConfigError, match="Use draw_series_attribution"):
        draw_letters_attribution(series())
    with pytest.raises(ConfigError, match="Use draw_series_attribution"):
        draw_text_attribution(series())
    with pytest.raises(ConfigError, match="Use draw_text_attribution"):
        draw_series_attribution(CASES["words"])
    with pytest.raises(ShapeError, match="a value for each step"):
        made("ACGT", values=np.zeros(3))
    with pytest.raises(ConfigError, match="`kind` is one of"):
        made("ACGT", "word")


@pytest.mark.parametrize("case", ["dna 60", "words", "series"])
def test_the_probability_is_drawn_however_long_the_subject(case):
    long = replace(CASES[case], subject="log-odds of " + "a very long name of a class " * 20, probability=0.931)
    (title,) = of_kind(draw_attribution(long), "title")
    assert "…" in title.text
    assert title.text.endswith("(probability 0.931)")
