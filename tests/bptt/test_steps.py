"""Pieces are checked, joined and dropped."""

import pytest
import torch

from throughtime.base.errors import DataError, DtypeError, ShapeError
from throughtime.bptt.steps import Feed, Piece, check


def piece(count: int, rows: int = 2, start: int = 0, **kwargs) -> Piece:
    x = torch.arange(start, start + count).float().reshape(-1, 1, 1).expand(count, rows, 1)
    return Piece(x, x.squeeze(2), **kwargs)


def test_plain_steps_need_no_masks():
    steps = check(piece(3, lengths=[3, 3], resets=torch.zeros(3, 2, dtype=torch.bool)))
    assert steps.valid is None
    assert steps.resets is None
    assert steps.weights is None


def test_a_reset_past_a_rows_end_is_nothing():
    resets = torch.tensor([[0, 0], [1, 1]], dtype=torch.bool)
    assert check(piece(2, lengths=[2, 1], resets=resets)).resets.tolist() == [[False, False], [True, False]]


def test_slices_cross_pieces():
    feed = Feed([piece(2, start=0), piece(3, start=2, lengths=[3, 1]), piece(2, start=5)])
    assert feed.read_to(3) == 5
    assert not feed.exhausted
    assert feed.read_to(None) == 7
    middle = feed.slice(1, 6)
    assert middle.x[:, 0, 0].tolist() == [1, 2, 3, 4, 5]
    assert middle.valid[:, 1].tolist() == [True, True, False, False, True]
    feed.drop_before(5)
    assert feed.base == 5
    assert feed.slice(5, 7).x[:, 0, 0].tolist() == [5, 6]


def test_reading_goes_no_further_than_asked():
    read = []

    def pieces():
        for i in range(5):
            read.append(i)
            yield piece(2, start=2 * i)

    feed = Feed(pieces())
    feed.read_to(3)
    assert read == [0, 1]


@pytest.mark.parametrize(
    ("kwargs", "error", "match"),
    [
        ({"lengths": [3]}, ShapeError, r"`lengths` needs one number per row, \[2\]"),
        ({"lengths": [4, 1]}, DataError, "between 0 and the 3 steps"),
        ({"lengths": [-1, 1]}, DataError, "between 0 and the 3 steps"),
        ({"lengths": [1.5, 1.0]}, DtypeError, "whole numbers"),
        ({"resets": torch.zeros(2, 2, dtype=torch.bool)}, ShapeError, "`resets` needs one flag"),
        ({"resets": torch.zeros(3, 2)}, DtypeError, "`resets` is a bool tensor"),
        ({"weights": torch.ones(3)}, ShapeError, "`weights` needs one number"),
        ({"weights": -torch.ones(3, 2)}, DataError, "finite and not negative"),
        ({"weights": torch.full((3, 2), float("nan"))}, DataError, "finite and not negative"),
        ({"weights": [1.0]}, DtypeError, "`weights` is a tensor"),
    ],
)
def test_masks_are_checked(kwargs, error, match):
    with pytest.raises(error, match=match):
        check(piece(3, **kwargs))


@pytest.mark.parametrize(
    ("x", "y", "match"),
    [
        (torch.zeros(3), torch.zeros(3, 2), "`x` needs time as axis 0"),
        (torch.zeros(3, 2, 1), torch.zeros(4, 2), "y needs the steps and rows of x"),
        ((torch.zeros(3, 2), torch.zeros(2, 2)), torch.zeros(3, 2), "All tensors of `x` share"),
        (None, torch.zeros(3, 2), "no tensor came"),
    ],
)
def test_x_and_y_are_checked(x, y, match):
    with pytest.raises(ShapeError, match=match):
        check(Piece(x, y))


def test_pieces_that_do_not_follow_are_refused():
    feed = Feed([piece(2), piece(2, rows=3)])
    with pytest.raises(ShapeError, match="Pieces that follow each other need the same rows"):
        feed.read_to(None)
    feed = Feed([piece(2), Piece((torch.zeros(2, 2, 1),), torch.zeros(2, 2))])
    with pytest.raises(ShapeError, match="same nest of tensors in `x`"):
        feed.read_to(None)
