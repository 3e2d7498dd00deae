"""A piece becomes what a network reads, and that a piece again."""

from __future__ import annotations

import numpy as np
import pytest

from tests.recipes.music.made_up import tune
from throughtime.data.midi import Music, Note
from throughtime.recipes.music.kinds import Melody, Rolls, kind_of


def test_the_kinds_have_names():
    assert isinstance(kind_of("rolls", 4), Rolls)
    assert isinstance(kind_of("melody", 4), Melody)
    assert kind_of("melody", 3).frames == 3


def test_a_roll_becomes_the_piece_again():
    kind = Rolls(2)
    steps = kind.encode(tune())
    assert steps.shape == (32, 88)
    np.testing.assert_array_equal(kind.encode(kind.decode(steps, 90.0)), steps)
    assert kind.decode(steps, 70.0).tempo == 70.0


def test_the_highest_line_has_pitches_durations_and_rests():
    music = Music((Note(0.0, 4.0, 48), Note(1.0, 1.0, 60), Note(1.5, 1.0, 64), Note(5.0, 0.5, 72)), 6.0)
    assert Melody(2).encode(music) == ("48:2", "60:1", "64:2", "48:3", "r:2", "72:1", "r:1")


def test_a_note_that_is_struck_again_is_two():
    struck = Music((Note(0.0, 1.0, 60), Note(1.0, 1.0, 60)), 2.0)
    assert Melody(1).encode(struck) == ("60:1", "60:1")
    assert Melody(1).encode(Music((Note(0.0, 2.0, 60),), 2.0)) == ("60:2",)


def test_a_melody_becomes_the_piece_again():
    kind, symbols = Melody(4), ("60:4", "r:2", "64:2", "r:4")
    music = kind.decode(symbols, 100.0)
    assert music == Music((Note(0.0, 1.0, 60), Note(1.5, 0.5, 64)), 3.0, 100.0)
    assert kind.encode(music) == symbols


@pytest.mark.parametrize(("kind", "words"), [(Rolls(1), ["C3 C4:2", "silence:1"]), (Melody(1), ["C4:2", "silence:1"])])
def test_people_read_names(kind, words):
    music = Music((Note(0.0, 2.0, 48), Note(0.0, 2.0, 60)), 3.0)
    assert kind.words(kind.encode(music)) == words


@pytest.mark.parametrize("kind", [Rolls(2), Melody(2)])
def test_steps_can_be_joined_and_compared(kind):
    steps = kind.encode(tune())
    both = kind.joined(steps[:5], steps[5:])
    assert kind.keys(both) == kind.keys(steps)
    assert len(set(kind.keys(steps))) < len(steps)
    assert kind.step == ("frame" if isinstance(kind, Rolls) else "symbol")
    assert kind.emission("keys") == ("keys" if isinstance(kind, Rolls) else "categorical")
