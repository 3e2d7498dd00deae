"""The composer's chorales keep the rules that it states."""

from __future__ import annotations

import numpy as np
import pytest

from throughtime.base.errors import ConfigError
from throughtime.data.midi import KEYS, off_piano, to_roll
from throughtime.recipes.music.composer import PHRASES, compose

PIECES = compose(30, seed=3)


def chords(music):
    """[chords, 4] the tones where a quarter note begins, sounding voices from the lowest."""
    roll = to_roll(music, 2)[::2]
    return [np.flatnonzero(frame) for frame in roll]


def test_the_same_seed_composes_the_same():
    assert compose(3, seed=3) == PIECES[:3]
    assert compose(3, seed=4) != PIECES[:3]


def test_four_voices_sound_and_do_not_cross():
    for music in PIECES:
        assert {len(chord) for chord in chords(music)} == {4}
        assert off_piano(music) == []
        assert to_roll(music, 2).shape[1] == KEYS


def test_lengths_vary_by_whole_phrases():
    lengths = {music.quarters for music in PIECES}
    assert lengths <= {8.0 * phrases for phrases in range(PHRASES[0], PHRASES[1] + 1)}
    assert len(lengths) > 1


def test_a_piece_begins_and_ends_with_its_tonic():
    for music in PIECES:
        first, last = chords(music)[0], chords(music)[-1]
        assert {int(key) % 12 for key in first} == {int(key) % 12 for key in last}
        assert len({int(key) % 12 for key in last}) == 3


def test_voices_move_little():
    soprano = [[int(chord[-1]) for chord in chords(music)] for music in PIECES]
    moves = np.concatenate([np.abs(np.diff(line)) for line in soprano])
    assert moves.mean() < 3
    assert moves.max() <= 12


@pytest.mark.parametrize(("pieces", "seed"), [(0, 0), (1, -1), (1.5, 0)])
def test_numbers_are_checked(pieces, seed):
    with pytest.raises(ConfigError):
        compose(pieces, seed)
