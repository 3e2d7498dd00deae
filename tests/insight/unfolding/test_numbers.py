"""The printed numbers against the engine, and against plain autograd through cells written out here."""

from __future__ import annotations

import pytest
import torch

import throughtime as tt
from tests.insight.unfolding.schedule import defined
from throughtime.insight.unfolding.numbers import tiny_data, tiny_network, values
from throughtime.insight.unfolding.plan import plan

SCHEDULES = [(6, 6, 6), (6, 2, 4), (6, 3, 3), (6, 1, 6), (6, 4, 1), (7, 5, 2), (5, 2, 1), (1, 1, 1)]
# One and the same arithmetic in float64, in another order.
CLOSE = {"rtol": 1e-12, "atol": 1e-12}


@pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")  # of k2 < k1
@pytest.mark.parametrize("rule", ["newest", "window", "cut"])
@pytest.mark.parametrize("cell", ["lstm", "rnn"])
@pytest.mark.parametrize(("n", "k1", "k2"), SCHEDULES)
def test_weight_gradients_and_losses_are_those_of_through_time(cell, n, k1, k2, rule):
    schedule = tt.TBPTT(k1, k2, losses=rule)
    found = values(plan(cell, n, schedule), seed=3)
    network, (x, y) = tiny_network(cell, 3), tiny_data(n, 3)
    updates = 0
    for update, lane in zip(
        tt.through_time(network, lambda out, target: (out - target).square(), x, y, schedule), found.lanes, strict=True
    ):
        for name, parameter in network.named_parameters():
            expected = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
            torch.testing.assert_close(
                torch.tensor(lane.gradients[name], dtype=torch.float64), expected.flatten(), **CLOSE
            )
        row = {"lstm": 2, "rnn": 0}[cell]  # the candidate's weight of h; gates come as i f g o
        assert lane.weight == pytest.approx(network.core.weight_hh_l0.grad[row].item(), rel=1e-12, abs=1e-12)
        assert lane.loss == pytest.approx(update.loss.item(), rel=1e-12)
        network.zero_grad()
        updates += 1
    assert updates == len(found.lanes) > 0


def written_out(network, x, state):
    """One step of the cell in plain torch: the state after it, each a leaf of its own in the graph."""
    core = network.core
    a = core.weight_ih_l0 @ x + core.bias_ih_l0 + core.weight_hh_l0 @ state[0] + core.bias_hh_l0
    if len(a) == 1:
        return (torch.tanh(a),)
    i, f, g, o = a
    c = torch.sigmoid(f) * state[1] + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


@pytest.mark.parametrize("cell", ["lstm", "rnn"])
@pytest.mark.parametrize(("n", "k1", "k2"), SCHEDULES)
def test_states_and_their_gradients_are_autograds(cell, n, k1, k2):
    found = values(plan(cell, n, tt.TBPTT(k1, k2)), seed=1)
    network, (x, target) = tiny_network(cell, 1), tiny_data(n, 1)
    parts = {"lstm": 2, "rnn": 1}[cell]
    states = [tuple(torch.zeros(1, dtype=torch.float64) for _ in range(parts))]
    for t in range(n):
        states.append(tuple(part.detach() for part in written_out(network, x[t, 0], states[-1])))
    for printed, part in zip((found.h, found.c), range(parts), strict=False):
        torch.testing.assert_close(
            torch.tensor(printed, dtype=torch.float64), torch.cat([s[part] for s in states[1:]]), **CLOSE
        )
    for lane, printed in zip(defined(n, k1, k2, "newest"), found.lanes, strict=True):
        u, w = lane.errors
        chain = [states[w]]
        for t in range(w, u):
            chain.append(written_out(network, x[t, 0], chain[-1]))
        outputs = [network.head(state[0]) for state in chain[1:]]
        loss = sum((outputs[t - w - 1] - target[t - 1, 0]).square() for t in lane.injected) / len(lane.injected)
        for numbers, part in ((printed.dh, 0), (printed.dc, 1))[:parts]:
            leaves = [state[part] for state in chain[1:]]
            expected = torch.autograd.grad(loss, leaves, retain_graph=True, materialize_grads=True, allow_unused=True)
            torch.testing.assert_close(torch.tensor(numbers, dtype=torch.float64), torch.cat(expected), **CLOSE)


def test_outputs_and_losses_belong_to_the_states():
    found = values(plan("lstm", 5, tt.TBPTT(2, 3)), seed=2)
    network = tiny_network("lstm", 2)
    y = [network.head.weight.item() * h + network.head.bias.item() for h in found.h]
    assert found.y == pytest.approx(y, rel=1e-12)
    assert found.loss == pytest.approx([(a - b) ** 2 for a, b in zip(y, found.target, strict=True)], rel=1e-12)


def test_the_seed_decides_and_the_callers_random_numbers_stay():
    torch.manual_seed(5)
    before = torch.rand(1)
    torch.manual_seed(5)
    one = values(plan("rnn", 3, tt.TBPTT()), seed=0)
    assert torch.equal(torch.rand(1), before)
    assert one == values(plan("rnn", 3, tt.TBPTT()), seed=0)
    assert one != values(plan("rnn", 3, tt.TBPTT()), seed=1)


def test_the_rnn_has_no_cell_state():
    found = values(plan("rnn", 3, tt.TBPTT()), seed=0)
    assert (found.c, found.lanes[0].dc) == ([], [])
