"""What the network draws is counted as held-out drawings are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.recipes.handwriting.made_up import drawings, found
from throughtime.recipes.handwriting import reader as reading_back
from throughtime.recipes.handwriting.judging import ENOUGH, JUDGED, LAG, enough, judged, measured_lag, written
from throughtime.recipes.handwriting.methods import fit_network
from throughtime.recipes.handwriting.problem import make_problem, sample
from throughtime.recipes.handwriting.reader import owners_of
from throughtime.recipes.handwriting.settings import Collection, Model, Writing

QUICK = Model(hidden_size=8, epochs=2, batch_size=8, learning_rate=0.01, validation=0.2)


def problem(conditioned):
    parts = found(train=drawings(30), test=drawings(JUDGED + 4, seed=1))
    return make_problem("made up", parts, Collection(conditioned=conditioned), 0)


@pytest.fixture(scope="module")
def reader():
    return fit_network(problem("true"), QUICK, "n,n")


@pytest.fixture(scope="module")
def unread():
    return fit_network(problem("false"), QUICK, "n,n")


def test_figures_are_by_letter_of_the_same_phrases(reader):
    asked = problem("true")
    made = judged(asked, reader, Writing(points=9), "futural")
    assert [each.phrase for each in made.ours] == [each.phrase for each in made.theirs]
    assert len(made.ours) == JUDGED
    letters = sum(len(each.phrase) for each in made.theirs)
    assert made.table.column("a letter.points")[1] == sum(map(len, made.theirs)) / letters
    assert made.table.column("a letter.strokes")[1] == 1  # each of these letters is one stroke
    ours = made.table.rows[0]
    assert ours[0] == "network, bias 1"
    assert ours[-1] == sum(len(each) < 9 for each in made.ours) / JUDGED
    assert all(len(each.owners) == len(each) for each in made.ours)
    assert max(max(each.owners) for each in made.ours) <= 4
    # These letters are none of a font's; what reads fonts makes of true ones what it can.
    assert all(0 <= share <= 1 for share in made.table.column("letters read back"))
    assert "other fonts" in made.table.notes[1]


def test_the_sample_is_read_by_what_never_saw_its_font(monkeypatch):
    monkeypatch.setattr(reading_back, "EACH", 6)  # it reads less well, and learns in a second
    pytest.importorskip("HersheyFonts", reason="Hershey-Fonts, whose strokes the sample is of, is not installed")
    asked = sample(Collection(phrases=80, font="timesr", variation=0.5))
    made = judged(asked, fit_network(asked, QUICK, "n,n"), Writing(points=30), "timesr")
    assert "timesr," not in made.table.notes[1]
    ours, theirs = made.table.column("letters read back")
    assert theirs > 0.5 > ours
    (said,) = made.said
    assert f"{ours:.3f} as the network writes the phrases of 8 test drawings, {theirs:.3f} as they are drawn" in said


def test_letters_are_read_where_it_is_known_whose_points_are_which(reader):
    asked = problem("true")
    bare = replace(asked, test=tuple(replace(each, owners=None) for each in asked.test))
    made = judged(bare, reader, Writing(points=9), "x")
    assert "letters read back" not in [each.name for each in made.table.columns]
    assert made.said == ()


def test_without_phrases_figures_are_by_drawing(unread):
    made = judged(problem("false"), unread, Writing(points=5, bias=0.5), "futural")
    assert made.table.column("drawings") == ["network, bias 0.5", "held-out drawings"]
    assert made.table.column("a drawing.points")[0] <= 5
    assert all(each.owners is None for each in made.ours)


def test_the_same_seed_writes_the_same(reader):
    one, again, other = (written(reader, "abc", 0.0, 12, seed) for seed in (1, 1, 2))
    assert one.points.tolist() == again.points.tolist() != other.points.tolist()


def test_a_phrase_may_take_what_its_letters_took(reader, unread):
    assert enough(reader, "abcd", None) > enough(reader, "a", None)
    assert enough(reader, "abcd", 7) == 7
    assert enough(unread, "", None) == ENOUGH


class Reading:
    """A network whose window sees each letter so many points after its first one."""

    def __init__(self, late):
        self.late = late
        self.owners = {each.points.tobytes(): each.owners for each in problem("true").train}

    def reading(self, points, phrase):
        owners, window = self.owners[points.tobytes()], np.zeros((len(points), len(phrase) + 1))
        for place in range(len(phrase)):
            window[min(len(points) - 1, np.flatnonzero(owners == place)[0] + self.late), place] = 1.0
        return window


@pytest.mark.parametrize("late", [-1, 0, 1])
def test_the_lag_is_measured_where_letters_are_known(late):
    asked = problem("true")
    lag, model = measured_lag(asked, Reading(late)), Reading(late)
    found = [
        owners_of(model.reading(each.points, each.phrase), each.points[:, 2] > 0, each.phrase, lag)
        for each in asked.train
    ]
    right = np.concatenate(found) == np.concatenate([each.owners for each in asked.train])
    assert right.mean() > 0.95
    bare = replace(asked, train=tuple(replace(each, owners=None) for each in asked.train))
    assert measured_lag(bare, model) == LAG
