"""Which drawings train and which test, and which of them a network that reads phrases can use."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.recipes.handwriting.made_up import drawings
from throughtime.base.errors import ConfigError, DataError
from throughtime.recipes.handwriting.drawing import Drawing
from throughtime.recipes.handwriting.problem import make_problem, others, sample
from throughtime.recipes.handwriting.reading import Found
from throughtime.recipes.handwriting.settings import Collection

MANY = drawings(20)


def bare(some):
    return tuple(Drawing(each.points) for each in some)


def problem(parts, seed=0, forms=(), **settings):
    return make_problem("made up", Found(parts, forms, ("a note",)), Collection(**settings), seed)


def test_a_share_tests():
    found = problem({"train": MANY})
    assert (len(found.train), len(found.test), found.valid, found.phrased) == (18, 2, (), True)
    assert found.points == sum(map(len, found.test))
    assert found.notes[0] == "a note"
    assert "18 drawings of" in found.notes[1]
    assert "0.1 of them, drawn by seed 0" in found.notes[1]


def test_the_seed_draws_them():
    phrases = {tuple(each.phrase for each in problem({"train": MANY}, seed).test) for seed in range(5)}
    assert len(phrases) > 1


def test_lines_of_one_form_stay_together():
    forms = tuple(f"form {place // 4}" for place in range(20))
    for seed in range(5):
        found = problem({"train": MANY}, seed, forms, test="0.4")
        places = [next(k for k, other in enumerate(MANY) if other is each) for each in found.test]
        assert len(places) == 8
        assert len({place // 4 for place in places}) == 2
    assert "0.4 of 5 forms" in found.notes[1]


def test_parts_of_their_own_are_used():
    found = problem({"train": bare(MANY[:10]), "valid": bare(MANY[10:13]), "test": bare(MANY[13:])})
    assert (len(found.train), len(found.valid), len(found.test), found.phrased) == (10, 3, 7, False)
    assert "3 drawings of" in found.notes[1]
    assert "the data's own parts" in found.notes[1]
    assert "reads no phrases" in found.notes[2]


def test_a_test_part_may_lie_elsewhere():
    other = Found({"train": MANY[15:]}, (), ("Skipped: one.",))
    found = make_problem("made up", Found({"train": MANY[:15]}), Collection(test="other/"), 0, other)
    assert (len(found.train), len(found.test)) == (15, 5)
    assert found.notes[0] == "Skipped: one."
    assert "of other/" in found.notes[1]


def test_drawings_without_a_phrase_are_left_out_and_counted():
    found = problem({"train": (*MANY[:9], *bare(MANY[9:12])), "test": MANY[12:]})
    assert (found.phrased, len(found.train)) == (True, 9)
    assert "Left out: 3 drawings of the train part whose phrase" in found.notes[1]
    unread = problem({"train": (*MANY[:9], *bare(MANY[9:12])), "test": MANY[12:]}, conditioned="false")
    assert (unread.phrased, len(unread.train)) == (False, 12)


def test_letters_that_training_lacks_are_left_out_of_the_other_parts():
    new = replace(MANY[0], phrase="abzy")
    found = problem({"train": MANY[:10], "valid": (*MANY[10:12], new), "test": (*MANY[12:], new)})
    assert (len(found.valid), len(found.test)) == (2, 8)
    assert "1 drawings of the valid part with letters that no training phrase has, 'y', 'z'" in found.notes[1]
    assert "1 drawings of the test part" in found.notes[-1]
    with pytest.raises(DataError, match="every test phrase has others, 'y', 'z'"):
        problem({"train": MANY[:10], "test": (new,)})


def test_the_sample_is_said_to_be_made_up():
    pytest.importorskip("HersheyFonts", reason="Hershey-Fonts, whose strokes the sample is of, is not installed")
    found = sample(Collection(phrases=30))
    assert (len(found.train), len(found.test), found.phrased) == (27, 3, True)
    assert "made up by a generator" in found.notes[0]
    assert not sample(Collection(phrases=30, conditioned="false")).phrased
    with pytest.raises(ConfigError, match=r"a share tests: test=other.npz came"):
        sample(Collection(test="other.npz"))


def test_of_others_the_test_part_is_scored_or_all(tmp_path):
    parted = others(tmp_path / "x", Found({"train": MANY[:5], "test": MANY[5:6]}), phrased=False)
    assert parted.test == MANY[5:6]
    assert "the test part is scored" in parted.notes[0]
    found = Found({"train": (*MANY[:3], *bare(MANY[3:5]), MANY[5])})
    assert len(others(tmp_path / "x", found, phrased=False).test) == 6
    read = others(tmp_path / "x", found, phrased=True)
    assert (read.title, len(read.test), read.train) == ("x", 4, ())
    assert "2 drawings whose phrase" in read.notes[0]
    with pytest.raises(DataError, match="has no phrases"):
        others(tmp_path / "x", Found({"train": bare(MANY)}), phrased=True)


@pytest.mark.parametrize(
    ("parts", "settings", "error", "message"),
    [
        ({"train": MANY}, {"test": "1.5"}, ConfigError, "test=1.5 came"),
        ({"train": MANY[:3]}, {"test": "0.1"}, DataError, "and 0 drawings of 0 points test"),
        ({"test": MANY}, {}, DataError, "the part 'train' of data that have parts: .* has test"),
        ({"train": bare(MANY)}, {"conditioned": "true"}, ConfigError, "conditioned=true came, and a part has none"),
    ],
)
def test_parts_that_cannot_be_are_refused(parts, settings, error, message):
    with pytest.raises(error, match=message):
        problem(parts, **settings)
