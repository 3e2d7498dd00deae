"""The reader reads a font it never saw, and letters are cut where the window moved on."""

import itertools

import numpy as np
import pytest

from throughtime.base.errors import DataError
from throughtime.recipes.handwriting.hershey import letters_of, write
from throughtime.recipes.handwriting.reader import (
    CELLS,
    DIRECTIONS,
    JOINED,
    LEAST,
    SHARPNESS,
    Reader,
    lead_of,
    owners_of,
    picture,
)

LETTERS = "abeghinostw"


@pytest.fixture(scope="module")
def reader():
    return Reader.learn(LETTERS, fonts=("futuram", "timesr", "rowmant"))


def test_reads_a_font_it_never_saw(reader):
    draws = np.random.default_rng(3)
    found = [
        reader.read_back(*write(word, "futural", draws), word) for word in ("within", "best", "a ghost", "sing") * 3
    ]
    assert sum(each.right for each in found) > 0.85 * sum(each.letters for each in found)
    assert found[2].letters == 6
    assert found[2].read[1] == " "


def test_a_letter_without_points_is_not_read(reader):
    points, owners = write("in", "futural", np.random.default_rng(0))
    found = reader.read_back(points[owners == 0], owners[owners == 0], "in")
    assert found.read[1] == "?"
    assert found.letters == 2
    assert found.right <= 1


def test_the_same_seed_reads_the_same():
    first, again = (Reader.learn("no", fonts=("futuram",), seed=5) for _ in range(2))
    lines = [letters_of(*write(letter, "timesr", np.random.default_rng(0)))[0] for letter in "nonno"]
    np.testing.assert_array_equal(
        *(model.model.predict_proba(np.stack([picture(each) for each in lines])) for model in (first, again))
    )


def test_ink_lies_in_the_layer_of_its_direction():
    across, down = (picture([np.array(line, float)]) for line in ([[0, 0], [9, 0]], [[0, 0], [0, 9]]))
    across, down = (each.reshape(DIRECTIONS, -1).sum(1) for each in (across, down))
    assert across.argmax() == 0
    assert down.argmax() == 2
    assert across[2] == down[0] == 0


def test_a_picture_knows_neither_place_nor_size():
    lines = letters_of(*write("g", "futural", np.random.default_rng(0)))[0]
    moved = [5 * line + [100, -3] for line in lines]
    np.testing.assert_allclose(picture(lines), picture(moved), atol=1e-6)


def test_a_dot_is_a_picture():
    found = picture([np.zeros((1, 2))])
    assert found.shape == (DIRECTIONS * CELLS * CELLS,)
    assert np.isfinite(found).all()


def brute(window, lifts, places, lead):
    """The best of all ways to hand points to letters in their order."""
    share = window / window.sum(1, keepdims=True)
    seen = np.stack([share[max(0, t - lead) : t + 1].mean(0) for t in range(len(share))])

    def worth(owners):
        steps = np.diff(owners)
        if owners[0] or (steps < 0).any() or (steps > 1).any():
            return -np.inf
        joined = np.log(JOINED) * ((steps == 1) & ~lifts[:-1]).sum()
        chosen = seen[np.arange(len(seen)), [places[k] for k in owners]]
        return SHARPNESS * np.log(np.maximum(chosen, LEAST)).sum() + joined

    ways = [np.array(way) for way in itertools.product(range(len(places)), repeat=len(window))]
    return [places[k] for k in max((way for way in ways if way[-1] == len(places) - 1), key=worth)]


@pytest.mark.parametrize("seed", range(6))
def test_points_are_handed_out_as_well_as_can_be(seed):
    draws, phrase = np.random.default_rng(seed), "a bc"
    window, lifts = draws.random((7, 5)) ** 4, draws.random(7) < 0.4
    for lead in (0, 2):
        np.testing.assert_array_equal(owners_of(window, lifts, phrase, lead), brute(window, lifts, [0, 2, 3], lead))


def test_the_lead_is_found():
    owners, phrase = np.repeat([0, 1, 2, 3], [9, 12, 8, 10]), "abcd"
    for lead in (0, 4):
        ahead = np.concatenate([owners[lead:], np.full(lead, 4)])
        lifts = np.zeros(len(owners), bool)
        found = lead_of([np.eye(5)[ahead]], [lifts], [phrase], [owners])
        assert abs(found - 2 * lead) <= 1  # a mean over so many is late by half of them


def test_fewer_points_than_letters():
    assert owners_of(np.ones((2, 6)), np.ones(2, bool), "abcde", 3).tolist() == [0, 1]


def test_what_cannot_be_read_is_refused():
    with pytest.raises(DataError, match="two letters apart"):
        Reader.learn("a")
    with pytest.raises(DataError, match="a letter at least"):
        owners_of(np.ones((3, 3)), np.zeros(3, bool), "  ", 0)
