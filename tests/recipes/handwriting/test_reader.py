"""The reader reads a font it never saw, and letters are cut where the window moved on."""

import numpy as np
import pytest

from throughtime.base.errors import DataError
from throughtime.recipes.handwriting.hershey import letters_of, write
from throughtime.recipes.handwriting.reader import (
    CELLS,
    DIRECTIONS,
    FONTS,
    NEAR,
    Reader,
    fonts_beside,
    lag_of,
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


@pytest.mark.parametrize(
    ("font", "left_out"),
    [
        ("futural", ()),
        ("rowmand", ("futuram", "rowmand")),
        ("music", ("timesi",)),
        ("timesrb", ("rowmant", "timesrb")),
    ],
)
def test_a_font_under_another_name_is_not_seen(font, left_out):
    assert fonts_beside(font) == tuple(each for each in FONTS if each not in left_out)


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


def test_letters_begin_where_the_window_sees_most_of_them():
    window = np.zeros((9, 5))
    window[[0, 4, 7], [0, 2, 3]] = 1  # of "a bc"; its blank is nobody's
    down, lifting = np.zeros(9, bool), np.arange(9) == 4
    assert owners_of(window, down, "a bc", 0).tolist() == [0, 0, 0, 0, 2, 2, 2, 3, 3]
    assert owners_of(window, down, "a bc", -1).tolist() == [0, 0, 0, 2, 2, 2, 3, 3, 3]
    # The pen lifts after point 4: point 5 is near to where both are seen.
    assert owners_of(window, lifting, "a bc", 0).tolist() == [0, 0, 0, 0, 0, 3, 3, 3, 3]
    assert owners_of(window, np.arange(9) == 3, "a bc", -2).tolist() == [0, 0, 0, 0, 3, 3, 3, 3, 3]
    assert owners_of(window, np.arange(9) == 0, "a bc", 0).tolist() == [0, 0, 0, 0, 2, 2, 2, 3, 3]


def test_letters_begin_in_their_order():
    window = np.zeros((6, 4))
    window[[0, 4, 2], [0, 1, 2]] = 1  # it saw most of the third before the second
    assert owners_of(window, np.zeros(6, bool), "abc", 0).tolist() == [0, 0, 0, 0, 2, 2]


@pytest.mark.parametrize("late", [-2, 0, 3])
def test_the_lag_is_that_of_known_drawings(late):
    draws, windows, drawings = np.random.default_rng(0), [], []
    for phrase in ("within", "best", "a ghost"):
        points, owners = write(phrase, "futural", draws)
        begins = np.flatnonzero(np.diff(owners, prepend=-1))
        window = np.zeros((len(points), len(phrase) + 1))
        window[np.clip(begins - late, 0, len(points) - 1), owners[begins]] = 1
        windows.append(window)
        drawings.append((points[:, 2] > 0, phrase, owners))
    lifts, phrases, known = zip(*drawings, strict=True)
    found = lag_of(windows, lifts, phrases, known)
    handed = [owners_of(*each, found) for each in zip(windows, lifts, phrases, strict=True)]
    assert np.mean(np.concatenate(handed) == np.concatenate(known)) > 0.97
    assert abs(found - late) <= NEAR


def test_what_cannot_be_read_is_refused():
    with pytest.raises(DataError, match="two letters apart"):
        Reader.learn("a")
    with pytest.raises(DataError, match="a letter at least"):
        owners_of(np.ones((3, 3)), np.zeros(3, bool), "  ", 0)
