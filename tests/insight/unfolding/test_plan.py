"""The plan against the definition, and its counts against a network that counts its own steps."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import throughtime as tt
from tests.insight.unfolding.schedule import defined, every_schedule
from throughtime.base.errors import ConfigError
from throughtime.insight.unfolding.plan import plan


@pytest.mark.parametrize("rule", ["newest", "window", "cut"])
def test_lanes_are_those_of_the_definition(rule):
    for n, k1, k2 in every_schedule(8):
        lanes = plan("lstm", n, tt.TBPTT(k1, k2, losses=rule)).lanes
        assert [
            (*map(set, (lane.new, lane.again, lane.without_gradient, lane.injected, lane.unused)), lane.stop)
            for lane in lanes
        ] == [(*map(set, lane[:5]), lane.update) for lane in defined(n, k1, k2, rule)], (n, k1, k2)
        assert [(lane.stop, lane.window_start) for lane in lanes] == [x.errors for x in defined(n, k1, k2, rule)]


@pytest.mark.parametrize("rule", ["newest", "window", "cut"])
def test_injections_are_counted_one_by_one(rule):
    for n, k1, k2 in every_schedule(8):
        lanes = defined(n, k1, k2, rule)
        expected = [sum(t in lane.injected for lane in lanes) for t in range(1, n + 1)]
        assert plan("rnn", n, tt.TBPTT(k1, k2, losses=rule)).injections() == expected


class Counting(nn.Module):
    """An Elman cell in torch that counts the steps it runs forward, and those it runs backward."""

    state_axis = 0

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(0.5))
        self.forward_steps = self.backward_steps = 0

    def forward(self, x, state=None):
        state = x.new_zeros(x.shape[1], 1) if state is None else state
        outputs = []
        for step in x:
            state = torch.tanh(step + self.weight * state)
            self.forward_steps += 1
            if state.requires_grad:
                state.register_hook(self._count)
            outputs.append(state)
        return torch.stack(outputs), state

    def _count(self, gradient):
        self.backward_steps += 1


@pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")  # of k2 < k1
def test_steps_run_are_those_the_engine_runs():
    for n, k1, k2 in every_schedule(6):
        network, x = Counting(), torch.zeros(n, 1, 1)
        for _ in tt.through_time(network, lambda y, target: (y - target).square(), x, x + 1, tt.TBPTT(k1, k2)):
            pass
        planned = plan("rnn", n, tt.TBPTT(k1, k2))
        ran = network.forward_steps, network.backward_steps
        assert (planned.forward_steps, planned.backward_steps) == ran, (n, k1, k2)


def test_k_beyond_n_is_n():
    planned = plan("lstm", 4, tt.TBPTT(50, 70))
    assert (planned.k1, planned.k2, len(planned.lanes)) == (4, 4, 1)


@pytest.mark.parametrize("steps", [0, -3, 100_001])
def test_steps_out_of_range_are_refused(steps):
    with pytest.raises(ConfigError, match=r"1 to 100,000 steps: .* came. Write for example --steps 12"):
        plan("lstm", steps, tt.TBPTT())


def test_an_unknown_cell_is_refused():
    with pytest.raises(ConfigError, match="lstm or rnn: 'gru' came"):
        plan("gru", 3, tt.TBPTT())
