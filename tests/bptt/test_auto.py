"""The window that `TBPTT.auto` chooses, where the lag of what matters is known."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

import throughtime as tt
from tests.bptt.driving import squared
from throughtime.base.errors import ConfigError, DataError
from throughtime.bptt.auto import ladder, truncation_bias

LAG = 6


class Delay(nn.Module):
    """A line of numbers: what comes in goes out `lag` steps later, times a weight; the weight is applied on entry."""

    state_axis = 0

    def __init__(self, lag: int) -> None:
        super().__init__()
        self.lag, self.weight = lag, nn.Parameter(torch.ones(1, dtype=torch.float64))

    def forward(self, x: Tensor, state=None):
        line = x.new_zeros(x.shape[1], self.lag) if state is None else state
        outputs = []
        for step in x:
            outputs.append(line[:, :1])
            line = torch.cat([line[:, 1:], self.weight * step], 1)
        return torch.stack(outputs), line


def delayed(steps: int, rows: int = 3) -> tt.Piece:
    x = torch.randn(steps, rows, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return tt.Piece(x, torch.zeros_like(x))


def test_a_pure_delay_needs_its_lag_and_one_step_more():
    # The weight is met once for each loss, `lag` steps before it: a shorter window holds nothing of the gradient.
    windows = list(range(1, 13))
    found = truncation_bias(Delay(LAG), squared, delayed(40), windows)
    assert found.bias == tuple(1.0 if window <= LAG else 0.0 for window in windows)
    assert found.shortest(0.3) == LAG + 1
    assert found.losses == 8 * 3


def test_the_bias_is_that_of_each_loss_by_itself():
    # Against one gradient for each loss and window, without signs: equal in the mean over signs, so over many.
    torch.manual_seed(0)
    network = tt.Network(None, tt.RNN(1, 4), nn.Linear(4, 1)).double()
    piece, windows = delayed(9, rows=1), [1, 3, 9]
    found = truncation_bias(network, squared, piece, windows, places=1)
    parameters = list(network.parameters())

    def gradient(window: int) -> Tensor:
        with torch.no_grad():
            state = network(piece.x[: 9 - window], None)[1] if window < 9 else None
        output = network(piece.x[9 - window :], state)[0][-1]
        return torch.cat([g.flatten() for g in torch.autograd.grad(squared(output, piece.y[-1]).sum(), parameters)])

    whole = gradient(9)
    expected = [float((gradient(window) - whole).norm() / whole.norm()) for window in windows]
    assert found.bias == pytest.approx(expected, rel=1e-10)


def test_rows_count_one_by_one():
    # Two rows of opposite gradient: their sum is 0, the mean square is not.
    piece = tt.Piece(
        torch.ones(20, 2, 1, dtype=torch.float64), torch.tensor([0.0, 2.0]).double().expand(20, 2)[..., None]
    )
    assert truncation_bias(Delay(LAG), squared, piece, [1, 10]).bias == (1.0, 0.0)


def test_auto_says_why(capsys):
    schedule = tt.TBPTT.auto(Delay(LAG), squared, delayed(40), say=print)
    said = capsys.readouterr().out
    assert schedule.k1 == schedule.k2
    assert LAG < schedule.k2 <= 1.5 * LAG
    assert f"TBPTT({schedule}): Windows of {schedule.k2} steps hold the gradient of 24 losses, measured over 20" in said
    assert tt.TBPTT.auto(Delay(LAG), squared, delayed(40), k1=2).k1 == 2


def test_what_reaches_as_far_as_was_measured_is_said():
    said = []
    assert tt.TBPTT.auto(Delay(30), squared, delayed(60), longest=32, say=said.append).k2 == 32
    assert "the network may reach further" in said[0]


def test_nothing_is_changed():
    network = tt.Network(None, tt.LSTM(1, 3, 2, dropout=0.5), nn.Linear(3, 1)).double()
    torch.manual_seed(3)
    drawn = torch.rand(1)
    torch.manual_seed(3)
    first = tt.TBPTT.auto(network, squared, delayed(30))
    assert torch.equal(torch.rand(1), drawn)
    assert all(p.grad is None for p in network.parameters())
    assert network.training
    assert tt.TBPTT.auto(network, squared, delayed(30)) == first


def test_losses_at_the_end_alone():
    piece = delayed(40)
    weights = torch.zeros(40, 3)
    weights[-1] = 1
    found = truncation_bias(Delay(LAG), squared, tt.Piece(piece.x, piece.y, weights), [1, 8, 40])
    assert found.bias == (1.0, 0.0, 0.0)
    assert found.losses == 3


@pytest.mark.parametrize("longest", [1, 2, 3, 10, 400])
def test_the_ladder(longest):
    steps = ladder(longest)
    assert steps[0] == 1
    assert steps[-1] == longest
    assert all(a < b <= max(a + 1, 1.6 * a) for a, b in pairwise(steps))


def test_refusals():
    piece = delayed(20)
    with pytest.raises(ConfigError, match="`tolerance` lies between 0 and 1: 2 came"):
        tt.TBPTT.auto(Delay(3), squared, piece, tolerance=2)
    with pytest.raises(ConfigError, match="`longest` is a number of steps, 1 .. 20: 21 came"):
        tt.TBPTT.auto(Delay(3), squared, piece, longest=21)
    with pytest.raises(DataError, match="no step of the data has a loss"):
        tt.TBPTT.auto(Delay(3), squared, tt.Piece(piece.x, piece.y, torch.zeros(20, 3)))
    with pytest.raises(DataError, match="losses are 0 or not finite"):
        tt.TBPTT.auto(Delay(3).requires_grad_(False), squared, piece)
