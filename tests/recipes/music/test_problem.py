"""Which pieces train and which test."""

from __future__ import annotations

import pytest

from tests.recipes.music.made_up import tune
from throughtime.base.errors import ConfigError, DataError
from throughtime.data.midi import Music, Note
from throughtime.recipes.music.kinds import Rolls
from throughtime.recipes.music.problem import PIECES, STRETCH, make_problem, sample, stretches
from throughtime.recipes.music.reading import Found
from throughtime.recipes.music.settings import Collection

MANY = tuple(tune(up) for up in range(10))


def problem(parts, seed=0):
    return make_problem("made up", Rolls(2), Found(parts, ("a note",)), Collection(), seed)


def test_a_share_of_the_pieces_tests():
    found = problem({"train": MANY})
    assert (len(found.train), len(found.test), found.valid) == (9, 1, ())
    assert set(found.train) | set(found.test) == set(MANY)
    assert found.notes[0] == "a note"
    assert "9 pieces of 144 quarter notes train, 1 pieces of 16 quarter notes test (0.1 of them" in found.notes[1]
    assert found.steps == 32
    assert len(found.read["train"]) == 9


def test_the_seed_draws_them():
    drawn = {problem({"train": MANY}, seed=seed).test for seed in range(5)}
    assert len(drawn) > 1
    assert problem({"train": MANY}, seed=3).test == problem({"train": MANY}, seed=3).test


def test_parts_of_their_own_are_used():
    found = problem({"train": MANY[:5], "valid": MANY[5:7], "test": MANY[7:]})
    assert (found.train, found.valid, found.test) == (MANY[:5], MANY[5:7], MANY[7:])
    assert "2 pieces of 32 quarter notes validate" in found.notes[-1]


def test_a_test_part_may_lie_elsewhere():
    other = Found({"train": MANY[8:]}, ("Skipped: one.",))
    found = make_problem("made up", Rolls(2), Found({"train": MANY[:8]}, ()), Collection(test="other/"), 0, other)
    assert (found.train, found.test) == (MANY[:8], MANY[8:])
    assert found.notes[0] == "Skipped: one."
    assert "of other/" in found.notes[-1]


def test_of_one_piece_the_end_tests():
    found = problem({"train": (tune(times=16),)})
    assert {piece.quarters for piece in (*found.train, *found.test)} == {float(STRETCH)}
    assert (len(found.train), len(found.test)) == (3, 1)
    assert "the last 0.1 of one piece" in found.notes[-1]


def test_notes_over_a_cut_are_in_both_stretches():
    first, second = stretches(Music((Note(1.0, 4.0, 60),), 6.0), 4)
    assert first == Music((Note(1.0, 3.0, 60),), 4.0)
    assert second == Music((Note(0.0, 1.0, 60),), 2.0)


def test_the_sample_is_said_to_be_made_up():
    found = sample()
    assert len(found.everything) == PIECES
    assert "nobody wrote" in found.notes[0]


@pytest.mark.parametrize(
    ("parts", "settings", "error", "message"),
    [
        ({"train": MANY}, {"test": "1.5"}, ConfigError, "test=1.5 came"),
        ({"train": MANY[:3]}, {"test": "0.1"}, DataError, "3 pieces of 48 quarter notes train and 0 pieces"),
        ({"test": MANY}, {}, DataError, "0 pieces of 0 quarter notes train"),
        ({"train": (tune(),)}, {}, DataError, "0 pieces of 0 quarter notes train and 1 pieces"),
    ],
)
def test_parts_that_cannot_be_are_refused(parts, settings, error, message):
    with pytest.raises(error, match=message):
        make_problem("made up", Rolls(2), Found(parts, ()), Collection(**settings), 0)
