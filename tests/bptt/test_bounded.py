"""`memory=`: gradients of bounded windows equal those of whole ones; what is kept keeps to the bound."""

from __future__ import annotations

import copy
import gc

import pytest
import torch
from torch import nn

import throughtime as tt
from tests.bptt.brute_force import ragged_case
from tests.bptt.driving import EXACT, RULES, assert_same_updates, squared, take
from tests.bptt.networks import all_networks, ours
from tests.bptt.test_engine import Initial
from throughtime.base.errors import ConfigError, NetworkError
from throughtime.bptt import TBPTT, through_time
from throughtime.bptt.bounded import PROBED, BoundedEngine
from throughtime.bptt.memory import Cost, plan

pytestmark = pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")

SCHEDULES = [(None, None), (12, None), (40, 25), (8, 40), (30, 30)]


@pytest.fixture
def plans(monkeypatch) -> list:
    """The plans that engines made."""
    made, inner = [], BoundedEngine.memory_plan

    def noting(engine, window):
        made.append(inner(engine, window))
        return made[-1]

    monkeypatch.setattr(BoundedEngine, "memory_plan", noting)
    return made


@pytest.mark.parametrize("name", all_networks())
@pytest.mark.parametrize(("k1", "k2"), SCHEDULES)
def test_gradients_are_those_of_whole_windows(name, k1, k2, plans):
    network, case = all_networks()[name], ragged_case(60, seed=3)
    expected = take(copy.deepcopy(network), case, TBPTT(k1, k2), 0.1)
    take(copy.deepcopy(network), case, TBPTT(k1, k2), memory="1GB")
    whole = max(plan.kept for plan in plans)
    for share in (0.2, 0.6):
        plans.clear()
        budget = int(share * whole)
        found = take(copy.deepcopy(network), case, TBPTT(k1, k2), 0.1, memory=budget)
        assert_same_updates(found, expected)
        assert all(plan.kept <= budget for plan in plans)
        assert any(plan.kind != "whole" for plan in plans)


@pytest.mark.parametrize("rule", RULES)
def test_a_learned_initial_state(rule):
    for k1, k2 in SCHEDULES:
        network, initial, case = ours().double(), Initial(), ragged_case(60, seed=7)
        case.fresh = initial
        extra = list(initial.parameters())
        expected = take(network, case, TBPTT(k1, k2, losses=rule), extra=extra)
        found = take(network, case, TBPTT(k1, k2, losses=rule), extra=extra, memory=8_000)
        assert_same_updates(found, expected)


@pytest.mark.parametrize("budget", [20_000, 40_000])
def test_the_same_seed_gives_the_same_and_the_generator_goes_on(budget):
    # torch's dropout draws from its generator, ours from a key; both must meet the same masks when steps run again.
    network = tt.Network(
        nn.Sequential(nn.Linear(2, 4), nn.Dropout(0.4)), tt.LSTM(4, 3, zoneout=(0.2, 0.1)), nn.Dropout(0.2)
    ).double()
    case = ragged_case(200, seed=11, outputs=3)
    torch.manual_seed(5)
    # What is drawn depends on how a run is cut, so the reference is cut alike: nothing is kept beyond the bound.
    first = take(network, case, TBPTT(), memory=budget)
    after = torch.rand(3)
    torch.manual_seed(5)
    again = take(network, case, TBPTT(), memory=budget)
    assert_same_updates(again, first)
    torch.testing.assert_close(torch.rand(3), after)


def test_dropout_is_the_same_in_both_passes():
    # The states stored on the way and those met on the way back are one and the same run.
    network = tt.Network(nn.Dropout(0.5), tt.LSTM(2, 3), nn.Linear(3, 2)).double()
    case, seen = ragged_case(400, seed=1, lengths=False, resets=False, weights=False), {}
    network.embed.register_forward_hook(
        lambda module, given, out: seen.setdefault(float(given[0].sum()), []).append(out)
    )
    torch.manual_seed(3)
    take(network, case, TBPTT(), memory=40_000)
    probes = {1, PROBED // 2, PROBED}  # steps that ran to be measured
    repeated = [found for found in seen.values() if len(found) > 1 and len(found[0]) not in probes]
    assert len(repeated) > 3
    for outputs in repeated:
        for output in outputs[1:]:
            torch.testing.assert_close(output, outputs[0], **EXACT)


def test_a_scaler_scales_once():
    network, case = ours().double(), ragged_case(20, seed=2)
    expected = take(network, case, TBPTT())
    scaled = take(network, case, TBPTT(), memory=9_000, backward=lambda loss: (64 * loss).backward())
    torch.testing.assert_close(scaled[0][1], [64 * g for g in expected[0][1]], **EXACT)


def test_a_label_at_the_end_reaches_back_through_all_segments():
    network, case = ours().double(), ragged_case(50, lengths=False, resets=False, weights=False)
    case.weights = torch.zeros(50, 3)
    case.weights[-1] = 1
    assert_same_updates(take(network, case, TBPTT(), memory=9_000), take(network, case, TBPTT()))


def test_what_is_kept_is_what_was_said():
    # Peak of live tensors' bytes on the way back, counted by autograd's own hooks, beside the plan.
    network, x = tt.Network(None, tt.LSTM(4, 8, 2), nn.Linear(8, 1)), torch.randn(400, 2, 4)
    for budget in (40_000, 100_000, 10**9):
        promised = tt.memory_plan(network, squared, x, x[..., :1], memory=budget)
        assert promised.kept <= budget
        live, peak = {}, [0]

        def pack(tensor, live=live, peak=peak):
            storage = tensor.untyped_storage()
            live[storage.data_ptr()] = storage.nbytes()
            peak[0] = max(peak[0], sum(live.values()))
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            backward = lambda loss, live=live: (loss.backward(), live.clear())  # noqa: E731
            list(through_time(network, squared, x, x[..., :1], TBPTT(), memory=budget, backward=backward))
        parameters = sum(p.untyped_storage().nbytes() for p in network.parameters())
        given = 2 * x.untyped_storage().nbytes()
        assert peak[0] <= promised.kept + parameters + given


def test_the_plan_in_words():
    network, x = tt.Network(None, tt.LSTM(4, 8), None), torch.randn(1000, 2, 4)
    y = torch.zeros(1000, 2, 8)
    whole = tt.memory_plan(network, squared, x, y)
    assert (whole.kind, whole.again, whole.budget) == ("whole", 0, None)
    assert str(whole).startswith("1,000 steps back: all of it kept; ")
    bounded = tt.memory_plan(network, squared, x, y, memory=whole.kept // 20)
    assert bounded.kind == "segments"
    assert 900 <= bounded.again < 1000
    assert "steps run again" in str(bounded)
    assert tt.memory_plan(network, squared, x, y, TBPTT(10, 40)).steps == 40
    assert all(p.grad is None for p in network.parameters())


def test_too_little_memory_is_refused():
    network, x = tt.Network(None, tt.LSTM(4, 8), None), torch.randn(100, 2, 4)
    with pytest.raises(ConfigError, match="must hold a step and two states"):
        list(through_time(network, squared, x, torch.zeros(100, 2, 8), TBPTT(), memory=100))


def test_nothing_to_train_is_said():
    network, x = tt.Network(None, tt.LSTM(4, 8), None).requires_grad_(False), torch.randn(300, 2, 4)
    with pytest.raises(NetworkError, match="no parameter that requires a gradient"):
        list(through_time(network, squared, x, torch.zeros(300, 2, 8), TBPTT(), memory=30_000))


def test_plans_take_what_costs_least():
    cost = Cost(step=100, lean=40, fixed=50, state=10)
    assert plan(1000, cost, 10**6).kind == "whole"
    assert plan(1000, cost, 50_000).kind == "states"
    few = plan(1000, cost, 20_000)
    assert few.kind == "segments"
    assert few.again < 1000
    least = plan(1000, cost, 50 + 100 + 20)
    assert (least.segment, least.places) == (1, 0)
    assert least.again == 1000 * 999 // 2


def test_one_window_of_a_stream(plans):
    network, x = ours(), torch.randn(64, 2, 2)
    list(through_time(network, squared, x, x, TBPTT(8, 32), memory="1MB"))
    assert {plan.kind for plan in plans} == {"whole"}


def test_layers_that_read_backwards_go_back_whole_or_not_at_all():
    network = tt.Network(None, tt.LSTM(2, 3, bidirectional=True), nn.Linear(6, 2)).double()
    case = ragged_case(100, seed=1, lengths=False, resets=False, weights=False)
    expected = take(copy.deepcopy(network), case, TBPTT())
    assert_same_updates(take(copy.deepcopy(network), case, TBPTT(), memory="1GB"), expected)
    with pytest.raises(ConfigError, match="reads backwards cannot go back in segments"):
        take(network, case, TBPTT(), memory=20_000)
    with pytest.raises(NetworkError, match="cannot be split in time"):
        tt.memory_plan(network, squared, case.x, case.y, TBPTT(10, 20))


def test_complex_states_carry_gradients_between_segments(plans):
    class Rotating(nn.Module):
        state_axis = 0

        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.tensor(0.9 + 0.3j, dtype=torch.complex128))

        def forward(self, x, state=None):
            state = x.new_zeros(x.shape[1]).to(torch.complex128) if state is None else state
            outputs = []
            for now in x[..., 0]:
                state = self.weight * state + now
                outputs.append(state.real)
            return torch.stack(outputs)[..., None], state

    x, found = torch.randn(300, 2, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(0)), []
    for memory in (None, 5_000):
        network = Rotating()
        list(through_time(network, squared, x, torch.zeros_like(x), TBPTT(), memory=memory))
        found.append(network.weight.grad)
    assert plans[0].kind == "segments"
    torch.testing.assert_close(*found, **EXACT)


def test_drawing_that_begins_later_is_drawn_again_alike():
    network = tt.Network(nn.Dropout(0.5), tt.LSTM(2, 3), nn.Linear(3, 2)).double()
    case, seen = ragged_case(800, seed=1, lengths=False, resets=False, weights=False), {}
    network.embed.register_forward_hook(lambda m, given, out: seen.setdefault(float(given[0].sum()), []).append(out))
    network.embed.eval()
    for update in through_time(network, squared, case.x, case.y, TBPTT(400, 400), memory=40_000):
        network.embed.train()
        if update.stop == 400:
            seen.clear()
    repeated = [found for found in seen.values() if len(found) > 1]
    assert len(repeated) > 3
    assert any(bool((output == 0).any()) for found in repeated for output in found)
    for outputs in repeated:
        torch.testing.assert_close(outputs[-1], outputs[-2], **EXACT)


def test_an_empty_sequence_and_a_short_first_window_are_planned():
    network, x = tt.Network(None, tt.LSTM(2, 3), nn.Linear(3, 2)), torch.randn(50, 2, 2)
    assert str(tt.memory_plan(network, squared, x[:0], x[:0])).startswith("0 steps back")
    list(through_time(network, squared, x, x, TBPTT(1, 30), memory="1MB"))
    with pytest.raises(ConfigError, match="A memory plan is that of windows that run again"):
        tt.memory_plan(network, squared, x, x, TBPTT(2, 4, history="reuse"))


def test_the_loss_keeps_its_dtype_where_a_segment_has_none():
    network, x = tt.Network(None, tt.LSTM(2, 3), nn.Linear(3, 2)), torch.randn(200, 2, 2)
    weights = torch.zeros(200, 2)
    weights[-1] = 1
    (update,) = through_time(network, squared, x, x, TBPTT(), weights=weights, memory=9_000)
    assert update.loss.dtype == torch.float32


def test_a_plan_moves_no_buffer():
    class Counting(nn.Module):
        def __init__(self):
            super().__init__()
            self.core = tt.LSTM(2, 3)
            self.register_buffer("calls", torch.zeros(()))

        def forward(self, x, state):
            self.calls += 1
            return self.core(x, state)

    network = Counting()
    x = torch.randn(50, 2, 2)
    tt.memory_plan(network, lambda output, target: output - target, x, torch.zeros(50, 2, 3), memory="100kB")
    assert network.calls == 0


@pytest.mark.parametrize("memory", ["1GB", 8_000])
def test_nothing_is_kept_behind_an_update(memory):
    # A saved output that a hook gives back as it is holds its own node, and collectors of Python do not see that.
    alive = []
    for _ in range(3):  # what is measured of a network is measured once
        network = tt.Network(nn.Sequential(nn.Linear(2, 4), nn.Tanh()), tt.LSTM(4, 3), nn.Sigmoid()).double()
        take(network, ragged_case(60, seed=3, outputs=3), TBPTT(), memory=memory)
        del network
        gc.collect()
        alive.append(sum(type(each) is torch.Tensor for each in gc.get_objects()))
    assert alive[2] == alive[1]
