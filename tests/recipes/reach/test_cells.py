"""The study's networks have the spectrum they are named for, and its task the answer it shows."""

from __future__ import annotations

import pytest
import torch

from throughtime.recipes.reach.cells import (
    CELLS,
    CHRONO,
    RADII,
    at_rest,
    layer_of,
    recall,
    recurrent_weights,
    spectral_radius,
    steps_until_overflow,
)


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
def test_cells_are_what_their_names_say(cell):
    network, again = cell.build(3), cell.build(3)
    assert torch.equal(recurrent_weights(network), recurrent_weights(again))
    assert not torch.equal(recurrent_weights(network), recurrent_weights(cell.build(4)))
    if cell.radius is not None:
        assert spectral_radius(recurrent_weights(network)) == pytest.approx(cell.radius, rel=1e-5)
    elif cell.kind == "RNN":
        # torch draws from U(-1/sqrt(H), 1/sqrt(H)), whose circle of eigenvalues has radius 1/sqrt(3).
        assert 0.4 < spectral_radius(recurrent_weights(network)) < 0.8
    else:
        assert layer_of(network).forget_bias == cell.forget_bias
    assert cell.leaf == {"RNN": "h", "LSTM": "c"}[cell.kind]


def test_every_initialisation_of_the_issue_is_there():
    assert [cell.radius for cell in CELLS if cell.radius is not None] == list(RADII)
    assert [cell.forget_bias for cell in CELLS if cell.kind == "LSTM"] == [None, 1.0, 2.0, CHRONO]


def test_spectral_radius_of_a_known_matrix():
    turn = torch.tensor([[0.0, -2.0], [2.0, 0.0]])
    assert spectral_radius(turn) == pytest.approx(2.0)


def test_at_rest_an_rnn_stays_at_0():
    network = at_rest(next(cell for cell in CELLS if cell.radius == 1.5).build(0))
    h, _ = layer_of(network)(torch.zeros(50, 1, 2))
    assert not h.any()


def test_the_bit_is_shown_first_and_asked_for_last():
    batch = recall(7, 100)(torch.Generator().manual_seed(0))
    assert batch.x.shape == (7, 100, 2)
    assert torch.equal(batch.x[0, :, 0], 2.0 * batch.y[-1] - 1.0)
    assert torch.equal(batch.due, torch.tensor([[False]] * 6 + [[True]]).expand(7, 100))
    assert torch.equal(batch.x[..., 1], batch.due.float())
    assert 0.3 < float(batch.y[0].float().mean()) < 0.7
    # What comes between says nothing of the bit.
    assert abs(float((batch.x[1:, :, 0] * batch.x[0, :, 0]).mean())) < 0.1


def test_relu_overflows_when_growth_says_so():
    # A unit grows by 1.5 a step: 1.5^219 passes float32's largest number.
    assert 200 < steps_until_overflow(1.5, 300, 0) < 235
    assert steps_until_overflow(0.9, 300, 0) is None
