from __future__ import annotations

from collections import Counter

import pytest

from throughtime.base.errors import ConfigError
from throughtime.recipes.labelling.synthetic_dna import CODING, STOPS, synthetic_dna


@pytest.fixture(scope="module")
def made():
    return synthetic_dna(300, 90, seed=1)


def of(made, coding):
    return [sequence for sequence, label in zip(*made, strict=True) if (label == CODING) == coding]


def frames_without_stop(sequence):
    return [
        frame for frame in range(3) if not any(sequence[p : p + 3] in STOPS for p in range(frame, len(sequence) - 2, 3))
    ]


def test_as_many_of_each_of_one_length_from_a_seed(made):
    assert Counter(made[1]) == {"coding": 300, "non-coding": 300}
    assert {len(sequence) for sequence in made[0]} == {90}
    assert set("".join(made[0])) == set("ACGT")
    assert synthetic_dna(300, 90, seed=1) == made != synthetic_dna(300, 90, seed=2)


def test_coding_windows_have_a_frame_without_stops_and_others_mostly_none(made):
    assert all(frames_without_stop(sequence) for sequence in of(made, True))
    assert sum(bool(frames_without_stop(sequence)) for sequence in of(made, False)) < 280


@pytest.mark.parametrize("size", [1, 2])
def test_letters_and_pairs_are_as_frequent_in_both(made, size):
    def shares(sequences):
        counts = Counter(sequence[place : place + size] for sequence in sequences for place in range(91 - size))
        return {run: count / sum(counts.values()) for run, count in counts.items()}

    coding, other = shares(of(made, True)), shares(of(made, False))
    # 27,000 letters of each: a share p is known to about sqrt(p / 27,000), and letters near each other are alike.
    assert all(abs(coding[run] - other[run]) < 0.015 for run in coding)


def test_arguments():
    with pytest.raises(ConfigError, match="`count` is a whole number"):
        synthetic_dna(0)
    with pytest.raises(ConfigError, match="`length` is a whole number, at least 3"):
        synthetic_dna(5, 2)
