"""Pairs as numbers: both sides, reversal, a limit, and a source's own symbols while they are copied."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from throughtime.base.errors import DataError, ShapeError
from throughtime.tasks.pair_intake import PairEncoding, as_pairs, as_texts, longest

SOURCES, TARGETS = ["the cat sat", "the dog"], ["le chat", "le chien"]


def encoding(sources=SOURCES, targets=TARGETS, kind="words", **how):
    return PairEncoding.fit(
        sources, targets, (kind, kind), **({"copying": False, "reverse": False, "limit": None} | how)
    )


def test_each_side_has_its_own_symbols():
    ours = encoding()
    pair = ours.encode("the cat", "le chien")
    assert ours.source.vocabulary.decode(pair.source) == ["the", "cat"]
    assert pair.target[0] == pair.target[-1] == ours.target.end
    assert ours.decode(pair.target, "the cat") == "le chien"
    assert pair.places is None
    assert longest([pair, ours.encode("the", "le")]) == 2


def test_a_source_is_read_backwards_up_to_a_limit():
    ours = encoding(reverse=True, limit=2)
    assert ours.symbols("the cat sat") == ["cat", "the"]
    assert ours.source.vocabulary.decode(ours.encode("the cat sat").source) == ["cat", "the"]


def test_what_the_vocabulary_lacks_has_numbers_of_its_own():
    ours = encoding(copying=True)
    assert ours.source is ours.target
    V = ours.target.size
    pair = ours.encode("the yak the emu yak", "le yak emu gnu")
    assert pair.places.tolist()[1::2] == [V, V + 1]
    assert pair.places[4] == V
    assert pair.source.tolist()[1::2] == [0, 0]
    assert pair.target.tolist()[2:] == [V, V + 1, 0, ours.target.end]
    assert ours.decode(pair.target[:4], "the yak the emu yak") == "le yak emu"
    assert ours.words([V + 1, pair.target[1], V], "the yak the emu yak") == ["emu", "le", "yak"]
    backwards = encoding(copying=True, reverse=True)
    assert backwards.encode("the yak", "yak").places.tolist() == [V, backwards.encode("the").source[0]]
    assert backwards.encode("the yak", "yak").target[1] == V


def test_lists_of_symbols_and_bytes_are_copied_too():
    ours = encoding([("a", "b")], [("b",)], copying=True)
    assert ours.decode(ours.encode(["a", "z"], ["z", "a"]).target, ["a", "z"]) == ["z", "a"]
    of_bytes = encoding(["ab"], ["b"], "bytes", copying=True)
    assert of_bytes.decode(of_bytes.encode("axb", "xa").target, "axb") == "xa"


@pytest.mark.parametrize("copying", [False, True])
def test_a_dict_gives_it_back(copying):
    ours = encoding(copying=copying, reverse=True, limit=2)
    again = PairEncoding.from_dict(ours.to_dict())
    for one, other in zip(
        vars(ours.encode("the yak", "le yak")).values(), vars(again.encode("the yak", "le yak")).values(), strict=True
    ):
        np.testing.assert_array_equal(one, other)
    assert (again.source is again.target) == copying


def test_series_of_texts_are_lists_of_them():
    ours, theirs = as_pairs(pd.Series(SOURCES), pd.Series(TARGETS))
    assert (ours, theirs) == (SOURCES, TARGETS)
    assert as_texts([["a"], ("b",)], "Sources") == [("a",), ("b",)]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("a text", "Sources are a list.*str came"),
        ([], "none came"),
        (["a", ""], "1 of 2 are empty, the first is number 1"),
        ([["a"], []], "1 of 2 are empty, the first is number 1"),
        (["a", ["b"]], "texts and lists came"),
        ({"a", "b"}, "in the order of their pairs: set came"),
        ([["a"], [1]], r"a symbol of number 1 \(from 0\) is int"),
        ([1, 2], r"number 0 \(from 0\) is int"),
    ],
)
def test_sources_are_checked(given, message):
    with pytest.raises(DataError, match=message):
        as_pairs(given, TARGETS)


def test_pairs_are_checked():
    with pytest.raises(ShapeError, match="2 sources and 1 targets came"):
        as_pairs(SOURCES, TARGETS[:1])
    with pytest.raises(DataError, match="no targets came"):
        as_pairs(SOURCES, None)
    with pytest.raises(DataError, match="texts and lists of symbols came"):
        encoding(SOURCES, [("a",)], copying=True)
