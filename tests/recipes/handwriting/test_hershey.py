"""Phrases from stroke fonts: the same for a seed, letters told apart, hands that differ."""

from __future__ import annotations

import numpy as np
import pytest

from throughtime.base.errors import ConfigError, DataError
from throughtime.recipes.handwriting.hershey import Variation, glyph, letters_of, write

STEADY = Variation(slant=0, size=0, width=0, rise=0, gap=0, swell=0, jitter=0, joined=0)


def hand(text, seed=0, font="futural", variation=None):
    return write(text, font, np.random.default_rng(seed), variation)


def test_a_steady_hand_writes_the_font():
    written = hand("lo l", variation=STEADY)
    letters = letters_of(*written)
    assert list(letters) == [0, 1, 3]
    for place, letter in ((0, "l"), (1, "o"), (3, "l")):
        wanted, found = glyph("futural", letter).strokes, letters[place]
        assert len(found) == len(wanted)
        for line, stroke in zip(found, wanted, strict=True):
            shift = line[0] - stroke[0]
            np.testing.assert_allclose(line, stroke + shift, atol=1e-9)
            assert shift[1] == pytest.approx(letters[0][0][0][1] - glyph("futural", "l").strokes[0][0][1])
    start = {place: lines[0][0, 0] for place, lines in letters.items()}
    assert start[0] < start[1] < start[3]


def test_the_same_seed_writes_the_same_and_another_does_not():
    one, again, other = hand("seed"), hand("seed"), hand("seed", 1)
    assert np.array_equal(one.points, again.points)
    assert not np.array_equal(one.points, other.points)
    assert set(one.points[:, 2]) <= {0.0, 1.0}
    assert one.points[-1, 2] == 1


def test_letters_are_joined_within_words_alone():
    always = Variation(joined=1)
    written = hand("ll ll", variation=always)
    ends = [int(written.owners[place]) for place in np.flatnonzero(written.points[:, 2])]
    assert ends == [1, 4]
    assert len(letters_of(*written)) == 4


def test_slant_leans_a_phrase():
    up = np.array([0.0, -20.0])
    leaning = [letters_of(*hand("l", seed, variation=Variation(jitter=0, slant=0.5)))[0][0] for seed in range(40)]
    tops = np.array([line[np.argmin(line[:, 1])] - line[np.argmax(line[:, 1])] for line in leaning])
    assert np.std(tops[:, 0]) > 5
    assert abs(np.median(tops[:, 1]) - up[1]) < 4


def test_what_a_font_lacks_is_refused():
    with pytest.raises(DataError, match="'ß' came"):
        hand("groß")
    with pytest.raises(DataError, match="a letter at least"):
        hand("  ")
    with pytest.raises(ConfigError, match="'hand' came"):
        hand("a", font="hand")
