"""Strokes for a phrase: learned from pairs, written anew, and read along."""

from __future__ import annotations

import numpy as np
import pytest

import throughtime as tt
from throughtime.base.errors import ConfigError, DataError
from throughtime.tasks import SequenceGenerator
from throughtime.tasks.phrase_network import as_letters

# How each letter is drawn: moves that no other letter has.
SHAPES = {"a": [(4, 0), (0, 4)], "b": [(-4, 0), (0, 4), (0, 4)], "c": [(4, 4)]}


def drawn(phrase, draws):
    moves = [move for letter in phrase for move in SHAPES[letter]]
    lifts = [place == len(SHAPES[letter]) - 1 for letter in phrase for place in range(len(SHAPES[letter]))]
    points = np.array(moves) + draws.normal(0, 0.1, (len(moves), 2))
    return np.concatenate([points, np.array(lifts, float)[:, None]], 1)


def corpus(count=300, seed=0):
    draws = np.random.default_rng(seed)
    phrases = ["".join(draws.choice(list("abc"), int(draws.integers(2, 5)))) for _ in range(count)]
    return [drawn(phrase, draws) for phrase in phrases], phrases


@pytest.fixture(scope="module")
def model():
    settings = {"hidden_size": 40, "epochs": 60, "batch_size": 16, "learning_rate": 0.01, "progress": False}
    return SequenceGenerator(emission="strokes", patience=None, **settings).fit(*corpus())


def letters_in(points):
    """The phrase that strokes write; None where a stroke is no letter's."""
    found, stroke = "", []
    for x, y, lifts in points:
        stroke.append((x, y))
        if lifts:
            fits = [
                letter
                for letter, shape in SHAPES.items()
                if len(shape) == len(stroke) and np.abs(np.array(shape) - stroke).max() < 1
            ]
            if len(fits) != 1:
                return None
            found, stroke = found + fits[0], []
    return found


def test_it_writes_phrases_that_it_never_saw(model):
    seen = set(corpus()[1])
    new = [phrase for phrase in ("abcab", "ccbaa", "babca", "aabbc", "cabac") if phrase not in seen]
    assert len(new) == 5
    written = [letters_in(model.generate(40, phrase, bias=2.0)) for phrase in new]
    assert sum(a == b for a, b in zip(written, new, strict=True)) >= 4, written


def test_the_right_phrase_is_likelier(model):
    strokes, phrases = corpus(40, seed=8)
    right = model.score(strokes, phrases)
    wrong = model.score(strokes, [phrase[::-1].translate(str.maketrans("abc", "bca")) for phrase in phrases])
    assert right < wrong - 1


def test_the_window_reads_along(model):
    phrase = "bacb"
    points = drawn(phrase, np.random.default_rng(4))
    seen = model.reading(points, phrase)
    assert seen.shape == (len(points), 5)
    owners = [place for place, letter in enumerate(phrase) for _ in SHAPES[letter]]
    # A point is told while its letter is looked at, or the next one's beginning already.
    assert np.mean(np.abs(seen.argmax(1) - owners) <= 1) > 0.8


def test_it_is_the_same_from_a_file(model, tmp_path):
    model.save(tmp_path / "phrases.safetensors")
    again = tt.load(tmp_path / "phrases.safetensors")
    assert np.array_equal(again.generate(40, "abc", seed=3), model.generate(40, "abc", seed=3))
    assert again.score(*corpus(10, seed=2)) == model.score(*corpus(10, seed=2))


def test_letters_stand_in_rows_with_an_end():
    letters = as_letters(["ba", "b"], "ab")
    assert letters.tolist() == [
        [[0, 1, 0], [1, 0, 0], [0, 0, 1]],
        [[0, 1, 0], [0, 0, 1], [0, 0, 0]],
    ]


@pytest.mark.parametrize("seed", range(5))
def test_a_letter_of_one_phrase_trains_wherever_the_seed_puts_it(seed):
    strokes, phrases = corpus(12)
    rare = [*phrases[:-1], "abz"]
    settings = {"hidden_size": 4, "epochs": 1, "batch_size": 4, "validation": 0.5, "seed": seed, "progress": False}
    model = SequenceGenerator(emission="strokes", **settings).fit(strokes, rare)
    assert model.design_.letters == "abcz"
    alone = {**settings, "validation": None}
    assert SequenceGenerator(emission="strokes", **alone).fit(strokes, rare).design_.letters == "abcz"
    own = {**settings, "validation": (strokes[:2], ["aby", "a"])}
    with pytest.raises(DataError, match="'y' came"):
        SequenceGenerator(emission="strokes", **own).fit(strokes, rare)


def test_bad_input_is_refused(model):
    strokes, phrases = corpus(4)
    with pytest.raises(DataError, match="'x' came"):
        model.generate(5, "axb")
    for prompt in ("", None, strokes[0]):
        with pytest.raises(DataError, match="is a phrase"):
            model.generate(5, prompt)
    untrained = SequenceGenerator(emission="strokes", progress=False)
    with pytest.raises(DataError, match="3 phrases came with 4"):
        untrained.fit(strokes, phrases[:3])
    with pytest.raises(DataError, match="letter at least"):
        untrained.fit(strokes, [*phrases[:3], ""])
    with pytest.raises(DataError, match="list of phrases"):
        untrained.fit(strokes, "abcd")
    with pytest.raises(DataError, match="pair"):
        SequenceGenerator(emission="strokes", validation=strokes, progress=False).fit(strokes, phrases)
    with pytest.raises(ConfigError, match="window"):
        SequenceGenerator(emission="strokes", cell="rnn", progress=False).fit(strokes, phrases)
    with pytest.raises(ConfigError, match="only `bias`"):
        model.generate(5, "ab", temperature=0.5)
    with pytest.raises(DataError, match="list of phrases"):
        model.score(strokes)
    plain = SequenceGenerator(emission="strokes", hidden_size=8, epochs=1, progress=False).fit(strokes)
    with pytest.raises(ConfigError, match="fitted with phrases"):
        plain.reading(strokes[0], "ab")
