"""Histograms and copies by hand, and a table that sets the network's music beside held-out music."""

from __future__ import annotations

import numpy as np
import pytest

from tests.recipes.music.made_up import tune
from throughtime.data.midi import Music, Note
from throughtime.recipes.music.judging import (
    DURATION_NAMES,
    Improvisation,
    copied,
    distance,
    improvised,
    judged,
    known,
    note_durations,
    pitch_classes,
)
from throughtime.recipes.music.kinds import kind_of
from throughtime.recipes.music.problem import make_problem
from throughtime.recipes.music.reading import Found
from throughtime.recipes.music.settings import Collection, Writing
from throughtime.tasks import SequenceGenerator

MUSIC = Music((Note(0.0, 1.0, 60), Note(0.0, 0.3, 72), Note(1.0, 2.7, 64), Note(3.0, 9.0, 64)), 12.0)


def test_pitch_classes_are_shares_of_time():
    shares = pitch_classes([MUSIC])
    assert shares[[0, 4]] == pytest.approx([1.3 / 13, 11.7 / 13])
    assert shares.sum() == pytest.approx(1)
    assert not pitch_classes([Music((), 4.0)]).any()


def test_durations_are_shares_of_notes():
    found = {name: share for name, share in zip(DURATION_NAMES, note_durations([MUSIC]), strict=True) if share}
    assert found == {"1/2": 0.25, "1": 0.25, "3": 0.25, "longer": 0.25}


def test_thirds_of_a_quarter_note_do_not_slip_by_rounding():
    music = Music((Note(1 / 3, 1 / 3 + 1 / 3 + 1 / 3, 60),), 2.0)
    assert note_durations([music])[DURATION_NAMES.index("1")] == 1


def test_the_distance_is_the_total_variation():
    assert distance(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == 1
    assert distance(np.array([0.5, 0.5]), np.array([0.25, 0.75])) == 0.25


def test_copies_are_runs_of_one_training_piece():
    kind = kind_of("melody", 1)
    train = [("60:1", "62:1", "64:1"), ("65:1", "67:1")]
    # 62, 64, 65 crosses from one piece to the next, and is no copy.
    assert copied(kind, [("62:1", "64:1", "65:1", "70:1")], train) == (0.75, 2)
    assert copied(kind, [], train) == (None, None)
    assert copied(kind, [("62:1",)], []) == (None, None)


@pytest.mark.parametrize("name", ["rolls", "melody"])
def test_music_that_is_the_same_is_no_further_away(name):
    kind = kind_of(name, 1)
    pieces = Found({"train": tuple(tune(up) for up in range(4)), "test": tuple(tune(up) for up in (0, 0, 1))}, ())
    problem = make_problem("made up", kind, pieces, Collection(), 0)
    steps, flat = kind.encode(tune(0)), kind.encode(Music((Note(0.0, 16.0, 61),), 16.0))
    found = judged(problem, [Improvisation(steps[:4], flat, steps[4:], 90.0)], 0.8)
    assert found.table.column("music") == ["network, temperature 0.8", "held-out music"]
    ours, theirs = found.table.column("pitch classes, distance")
    assert ours > theirs
    assert found.table.column(f"longest copy, {kind.step}s") == [0, len(steps) - 4]
    assert found.table.column(f"{kind.step}s that training has") == [0.0, 1.0]
    assert list(found.durations) == ["network", "2 held-out pieces"]
    assert "2 other held-out pieces" in found.table.notes[0]


def test_silence_is_no_distance_away():
    kind = kind_of("rolls", 1)
    pieces = Found({"train": (tune(),), "test": (tune(), tune(1))}, ())
    problem = make_problem("made up", kind, pieces, Collection(), 0)
    steps = kind.encode(tune())
    found = judged(problem, [Improvisation(steps[:4], np.zeros_like(steps), steps[4:], 90.0)], 1.0)
    assert found.table.column("pitch classes, distance")[0] is None
    assert found.table.column("durations, distance")[1] is not None


@pytest.mark.parametrize("name", ["rolls", "melody"])
def test_half_of_a_piece_is_given_at_most(name):
    kind = kind_of(name, 1)
    pieces = Found({"train": tuple(tune(up) for up in range(4)), "test": (tune(times=1), tune(1))}, ())
    problem = make_problem("made up", kind, pieces, Collection(), 0)
    emission = kind.emission("keys")
    model = SequenceGenerator(emission=emission, hidden_size=4, epochs=1, validation=None, progress=False)
    (found,) = improvised(problem, model.fit(problem.read["train"]), Writing(length=5, primer=99))
    assert (len(found.primer), len(found.theirs)) == (4, 4)
    assert len(found.ours) <= 5


def test_symbols_that_training_never_showed_are_not_given():
    model = SequenceGenerator(hidden_size=4, epochs=1, validation=None, progress=False)
    model.fit([("60:1", "62:1", "60:1")] * 4)
    assert known(("60:1", "99:9", "62:1"), model) == ("60:1", "62:1")
    assert known((), model) == ()
