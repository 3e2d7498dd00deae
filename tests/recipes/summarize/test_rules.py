"""Beginnings of documents, and the nearest one, in any script."""

from __future__ import annotations

import pytest

from throughtime.recipes.summarize.rules import first_sentence, first_words, nearest, usual_words


def test_the_usual_length_is_the_median():
    assert usual_words(["one", "one two three", "one, two!"]) == 2
    assert usual_words(["서울에 비가 온다"]) == 3
    assert usual_words(["..."]) == 1


@pytest.mark.parametrize(
    ("text", "count", "wanted"),
    [
        ("The cat_sat, then (it) slept.", 3, "The cat_sat"),
        ("서울에 비가 많이 내렸다.", 2, "서울에 비가"),
        ("too short", 5, "too short"),
        ("...", 2, ""),
    ],
)
def test_first_words(text, count, wanted):
    assert first_words(text, count) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("One is 1.5 high. Two is not.", "One is 1.5 high."),
        (" No stop here", "No stop here"),
        ("A line\nand another.", "A line"),
        ("비가 왔다. 그쳤다.", "비가 왔다."),
        ("雨が降った。止んだ。", "雨が降った。"),
    ],
)
def test_first_sentence(text, wanted):
    assert first_sentence(text) == wanted


def test_the_nearest_document_tells():
    known = ["cats sleep all day", "dogs bark at night", "비가 내렸다"]
    said = ["on cats", "on dogs", "비"]
    asked = ["a dog will bark at night", "어제 비가 내렸다", "cats"]
    assert nearest(known, said, asked) == ["on dogs", "비", "on cats"]
