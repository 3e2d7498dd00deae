"""States that are worked out when asked for are those of the moment they were put off."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tests.bptt.networks import OfTorch, ours
from throughtime.bptt import TBPTT, through_time

# k2 < k1 is what makes many ends; that it trains on fewer steps is told, and tested elsewhere.
pytestmark = pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")

X = torch.linspace(-1, 1, 36, dtype=torch.float64).reshape(6, 3, 2)


class Dropping(OfTorch):
    """Draws from torch's own generator in training."""

    def forward(self, x, state=None):
        return super().forward(nn.functional.dropout(x, 0.5, self.training), state)


def run(network):
    (update,) = through_time(network, lambda o, t: (o - t).pow(2), X, X, TBPTT(6, 4))
    return update.carry


def test_a_short_call_begins_where_the_weights_were_then():
    network = OfTorch().double()
    carry = run(network)
    assert sorted(carry.points_at_hand) == [6]
    assert sorted(carry.points) == [3, 4, 5, 6]
    with torch.no_grad():
        _, expected = network(X[2:3], network(X[:2], None)[1])
        for p in network.parameters():
            p.add_(1)
    torch.testing.assert_close(carry.points[3].state, expected, rtol=1e-12, atol=1e-12)


def test_asking_leaves_everything_as_it_was():
    network = Dropping().double()
    carry = run(network)
    network.eval()
    weights = [p.detach().clone() for p in network.parameters()]
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    carry.to_tree()
    torch.testing.assert_close(torch.rand(2), expected)
    assert not network.training
    assert not network.layer.training
    torch.testing.assert_close(list(network.parameters()), weights)


def test_nothing_is_run_for_a_call_that_is_not_continued():
    network, steps = OfTorch().double(), []
    network.register_forward_hook(lambda module, args, output: steps.append(len(args[0])))
    run(network)
    assert steps == [2, 4]


def test_the_network_runs_in_the_mode_it_had_then():
    network = ours(hidden=6, zoneout=(0.4, 0.4)).double()
    torch.manual_seed(1)
    at_once = run(network).points[3].state
    torch.manual_seed(1)
    carry = run(network)
    network.eval()
    torch.testing.assert_close(carry.points[3].state, at_once)


def test_what_a_callable_reads_at_a_reset_is_of_then():
    network, learned = OfTorch().double(), torch.zeros(1, 3, 3, dtype=torch.float64)
    resets = torch.zeros(6, 3, dtype=torch.bool)
    resets[2] = True

    def fresh(rows, step):
        return learned[:, rows], learned[:, rows]

    (update,) = through_time(network, lambda o, t: (o - t).pow(2), X, X, TBPTT(6, 4), state=fresh, resets=resets)
    learned += 1
    _, expected = network(X[2:3], None)
    torch.testing.assert_close(update.carry.points[3].state, expected)


@pytest.mark.parametrize("k1", [5, None])
def test_an_evaluation_with_a_short_window_can_be_gone_on_from(k1):
    network = OfTorch().double()
    with torch.no_grad():
        evaluation = through_time(network, lambda o, t: (o - t).pow(2), X[:5], X[:5], TBPTT(k1, 2))
        list(evaluation)
        _, expected = network(X[:4], None)
    assert 4 not in evaluation.carry.points_at_hand
    torch.testing.assert_close(evaluation.carry.points[4].state, expected)
