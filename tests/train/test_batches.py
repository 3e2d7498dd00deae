from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from tests.train.jobs import Random
from throughtime.bptt import Piece
from throughtime.train.batches import after, non_finite, steps_of


def test_after_drops_the_first_steps_of_everything():
    piece = Random()[0, 0]
    nested = replace(piece, x={"a": piece.x, "b": (piece.x, None)}, lengths=[17, 5, 3, 0])
    rest = after(nested, 5)
    assert torch.equal(rest.x["b"][0], piece.x[5:])
    assert rest.x["b"][1] is None
    assert torch.equal(rest.y, piece.y[5:])
    assert torch.equal(rest.weights, piece.weights[5:])
    assert torch.equal(rest.resets, piece.resets[5:])
    assert rest.lengths.tolist() == [12, 0, 0, 0]
    assert rest.x["a"].data_ptr() == piece.x[5:].data_ptr()


def test_after_leaves_absent_masks_absent():
    rest = after(Piece(torch.ones(4, 1, 1), torch.ones(4, 1, 1)), 3)
    assert (rest.weights, rest.lengths, rest.resets) == (None, None, None)


def test_steps():
    assert steps_of(Random()[0, 0]) == 17


@pytest.mark.parametrize(("weights", "named"), [(None, ["x", "y"]), (torch.ones(2, 1), ["x"])])
def test_non_finite_numbers_are_found(weights, named):
    bad = torch.tensor([[[1.0]], [[math.nan]]])
    assert non_finite(Piece({"n": torch.ones(2, 1, dtype=torch.int64), "v": bad}, bad, weights)) == named
    assert non_finite(Piece(torch.ones(2, 1, 1), torch.ones(2, 1, 1))) == []
