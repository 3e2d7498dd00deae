"""The sample is the same each time, is said to be made up, and tests words that never train."""

from __future__ import annotations

import numpy as np
import pytest

from throughtime.base.errors import ConfigError
from throughtime.recipes.handwriting import hershey
from throughtime.recipes.handwriting.sample import LONGEST, WORDS, sample, words
from throughtime.recipes.handwriting.settings import Collection

pytest.importorskip("HersheyFonts", reason="Hershey-Fonts, whose strokes the sample is of, is not installed")
SMALL = Collection(phrases=60, test="0.2")


def test_words_are_of_the_letters_of_the_alphabet():
    found = words()
    assert found == sorted(set(found))
    assert {len(word) for word in found} == set(range(WORDS[0], WORDS[1] + 1))
    assert set("".join(found)) == set("abcdefghijklmnopqrstuvwxyz")


def test_words_that_test_never_train():
    train, test, notes = sample(SMALL, 0.2)
    assert (len(train), len(test)) == (48, 12)
    known, new = ({word for each in part for word in each.phrase.split()} for part in (train, test))
    assert not known & new
    assert max(len(each.phrase) for each in train) <= LONGEST
    assert any(" " in each.phrase for each in train)
    assert "made up by a generator" in notes[0]


def test_it_is_the_same_each_time():
    (one, *_), (again, *_) = sample(SMALL, 0.2), sample(SMALL, 0.2)
    assert all(np.array_equal(a.points, b.points) and a.phrase == b.phrase for a, b in zip(one, again, strict=True))
    for each in one:
        assert len(each.owners) == len(each.points)
        assert all(not each.phrase[owner].isspace() for owner in each.owners)


def test_hands_vary_as_much_as_is_asked():
    steady, *_ = sample(Collection(phrases=60, variation=0), 0.2)
    (first, second), *_ = [[each for each in steady if each.phrase.startswith(letter)][:2] for letter in "s"]
    count = int((first.owners == 0).sum())
    np.testing.assert_allclose(first.points[1:count], second.points[1:count], atol=1e-9)
    wild, *_ = sample(Collection(phrases=60, variation=10), 0.2)  # every letter joined to the next
    assert np.mean([len(each.lines) for each in wild]) < np.mean([len(each.lines) for each in steady])


def test_another_font_writes_another_hand():
    one, other = sample(SMALL, 0.2)[0], sample(Collection(phrases=60, test="0.2", font="scripts"), 0.2)[0]
    assert one[0].phrase == other[0].phrase
    assert sum(map(len, one)) < sum(map(len, other))


@pytest.mark.parametrize(
    ("collection", "message"),
    [
        (Collection(font="markers"), "has the letters a to z: markers lacks"),
        (Collection(font="hand"), "'hand' came"),
        (Collection(phrases=2), "phrases=2 and test=0.1 came"),
        (Collection(phrases=1), "phrases=1 and test=0.1 came"),
    ],
)
def test_samples_that_cannot_be_are_refused(collection, message):
    with pytest.raises(ConfigError, match=message):
        sample(collection, 0.1)


def test_without_the_fonts_it_says_how_to_get_them(monkeypatch):
    hershey.glyph.cache_clear()
    hershey._loaded.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "HersheyFonts", None)
    with pytest.raises(ConfigError, match=r"throughtime\[handwriting\]"):
        sample(SMALL, 0.2)
