"""history="reuse" against brute force with weights at rest (for every schedule: test_matrix.py), against a hand-written
backward pass with moving ones, and against itself under every way of cutting the same work."""

from __future__ import annotations

import copy
from itertools import pairwise

import pytest
import torch
from torch import nn

from tests.bptt.brute_force import brute_force, ragged_case
from tests.bptt.driving import EXACT, RULES, assert_equal, assert_same_updates, pieces_of, squared, step, take
from tests.bptt.networks import OfTorch, ours
from tests.bptt.test_engine import Initial
from throughtime import nn as tnn
from throughtime.base.errors import ConfigError, NetworkError
from throughtime.bptt import TBPTT, Piece, reuse, through_stream, through_time
from throughtime.kernels import choose
from throughtime.tasks.network import InputBeside

pytestmark = pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")

KERNELS = [
    pytest.param("cpu", marks=pytest.mark.skipif(choose("auto", set()) != "cpu", reason="no compiled library")),
    "oracle",
]
SCHEDULES = [(None, None), (1, None), (3, 1), (2, 5), (3, 3), (5, 2)]


def reusing(k1, k2, losses="newest") -> TBPTT:
    return TBPTT(k1, k2, losses=losses, history="reuse")


def networks(kernel: str) -> dict[str, nn.Module]:
    """In float64, with the same weights in every run."""
    torch.manual_seed(0)
    made = {
        "LSTM": ours(kernel=kernel),
        "two stacked": ours(layers=2, kernel=kernel),
        "layer norm and peepholes": ours(layer_norm=True, peephole=True, kernel=kernel),
        "projection, no head": tnn.Network(None, tnn.LSTM(2, 4, proj_size=2, kernel=kernel), None),
        "embedding, a list, head": tnn.Network(
            nn.Sequential(nn.Linear(2, 3), nn.Tanh()),
            [tnn.LSTM(3, 3, kernel=kernel), tnn.RNN(3, 3, layer_norm=True, kernel=kernel)],
            nn.Linear(3, 2),
        ),
        "input beside": tnn.Network(
            None,
            [InputBeside(tnn.LSTM(2, 3, kernel=kernel), 0.0), InputBeside(tnn.RNN(5, 2, kernel=kernel), 0.0)],
            nn.Linear(7, 2),
        ),
        "RNN": tnn.Network(None, tnn.RNN(2, 3, kernel=kernel), nn.Linear(3, 2)),
    }
    return {name: network.double() for name, network in made.items()}


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("name", networks("oracle"))
@pytest.mark.parametrize(("k1", "k2"), SCHEDULES)
def test_every_network_equals_brute_force(kernel, name, k1, k2):
    for parts in ({}, {"lengths": False, "resets": False, "weights": False}):
        network, case = networks(kernel)[name], ragged_case(7, seed=3, **parts)
        expected = brute_force(network, squared, case, k1, k2)
        assert_equal(take(network, case, reusing(k1, k2), memory="1MB"), expected)


@pytest.mark.parametrize("rule", RULES)
def test_a_learned_initial_state(rule):
    for n, k1, k2 in [(6, 6, 6), (6, 1, 6), (6, 2, 4), (6, 3, 3), (6, 4, 2), (5, 3, 4)]:
        network, initial = networks("auto")["LSTM"], Initial()
        case = ragged_case(n, seed=7)
        case.fresh = initial
        expected = brute_force(network, squared, case, k1, k2, rule, 0.0, list(initial.parameters()))
        assert_equal(take(network, case, reusing(k1, k2, rule), 0.0, list(initial.parameters())), expected)


@pytest.mark.parametrize("k", [1, 2, 4])
def test_equal_k_is_the_same_as_recompute_with_moving_weights(k):
    # A window of new steps alone: they ran with the weights that their backward pass reads.
    for network in networks("auto").values():
        case = ragged_case(8, seed=2)
        expected = take(copy.deepcopy(network), case, TBPTT(k, k), 0.1)
        assert_same_updates(take(network, case, reusing(k, k), 0.1), expected)


def test_moving_weights_meet_the_states_of_their_time():
    # Williams & Peng's gradient for a tanh layer by hand: h as it was computed, W as it is now.
    network = tnn.Network(None, tnn.RNN(2, 3, kernel="oracle"), None).double()
    torch.manual_seed(1)
    x, y = torch.randn(9, 2, 2, dtype=torch.float64), torch.randn(9, 2, 3, dtype=torch.float64)
    weights = [p.detach().clone() for p in network.parameters()]
    hs, expected = [torch.zeros(2, 3, dtype=torch.float64)], []
    for stop in range(2, 10, 2):
        W_ih, W_hh, b_ih, b_hh = weights
        for t in range(stop - 2, stop):
            hs.append(torch.tanh(x[t] @ W_ih.t() + hs[-1] @ W_hh.t() + b_ih + b_hh))
        found, dh = [torch.zeros_like(w) for w in weights], torch.zeros(2, 3, dtype=torch.float64)
        for t in range(stop - 1, max(0, stop - 5) - 1, -1):
            if t >= stop - 2:
                dh = dh + 2 * (hs[t + 1] - y[t]) / 3
            da = dh * (1 - hs[t + 1] ** 2)
            for total, part in zip(found, (da.t() @ x[t], da.t() @ hs[t], da.sum(0), da.sum(0)), strict=True):
                total += part
            dh = da @ W_hh
        expected.append(found)
        weights = [w - 0.1 * g for w, g in zip(weights, found, strict=True)]
    gradients = []
    for _ in through_time(network, squared, x[:8], y[:8], reusing(2, 5), normalise="sum"):
        gradients.append(step(list(network.parameters()), 0.1))
    torch.testing.assert_close(gradients, expected, **EXACT)


def test_an_embedding_moves_and_layers_read_what_they_read():
    # Of e = x E^T the layer's weights meet the e of its time; E gets the gradient that passes the layer.
    network = tnn.Network(nn.Linear(2, 2, bias=False), tnn.RNN(2, 3, bias=False, kernel="oracle"), None).double()
    torch.manual_seed(1)
    x, y = torch.randn(8, 2, 2, dtype=torch.float64), torch.randn(8, 2, 3, dtype=torch.float64)
    E, W_ih, W_hh = (p.detach().clone() for p in network.parameters())
    hs, es, expected = [torch.zeros(2, 3, dtype=torch.float64)], [], []
    for stop in range(2, 10, 2):
        for t in range(stop - 2, stop):
            es.append(x[t] @ E.t())
            hs.append(torch.tanh(es[t] @ W_ih.t() + hs[-1] @ W_hh.t()))
        found, dh = [torch.zeros_like(w) for w in (E, W_ih, W_hh)], torch.zeros(2, 3, dtype=torch.float64)
        for t in range(stop - 1, max(0, stop - 5) - 1, -1):
            if t >= stop - 2:
                dh = dh + 2 * (hs[t + 1] - y[t]) / 3
            da = dh * (1 - hs[t + 1] ** 2)
            for total, part in zip(found, ((da @ W_ih).t() @ x[t], da.t() @ es[t], da.t() @ hs[t]), strict=True):
                total += part
            dh = da @ W_hh
        expected.append(found)
        E, W_ih, W_hh = (w - 0.1 * g for w, g in zip((E, W_ih, W_hh), found, strict=True))
    gradients = []
    for _ in through_time(network, squared, x, y, reusing(2, 5), normalise="sum"):
        gradients.append(step(list(network.parameters()), 0.1))
    torch.testing.assert_close(gradients, expected, **EXACT)


@pytest.mark.skipif(choose("auto", set()) != "cpu", reason="no compiled library")
@pytest.mark.parametrize("name", networks("oracle"))
def test_the_kernels_agree_while_weights_move(name):
    case = ragged_case(9, seed=5)
    found = [take(networks(kernel)[name], case, reusing(2, 5), 0.1) for kernel in ("cpu", "oracle")]
    assert_same_updates(*found)


@pytest.mark.parametrize("name", ["LSTM", "embedding, a list, head"])
@pytest.mark.parametrize(("k1", "k2"), [(3, 1), (2, 5), (3, 3), (1, 4), (3, 9)])
@pytest.mark.parametrize("sizes", [[1] * 9, [4, 0, 5], [9]])
def test_pieces_of_any_size_give_the_same_updates(name, k1, k2, sizes):
    case, network = ragged_case(9, seed=2), networks("auto")[name]
    expected = take(copy.deepcopy(network), case, reusing(k1, k2), 0.1)
    found = []
    for update in through_stream(network, squared, pieces_of(case, sizes), reusing(k1, k2), normalise="sum"):
        found.append((update, step(list(network.parameters()), 0.1)))
    assert_same_updates(found, expected)


@pytest.mark.parametrize("name", ["two stacked", "embedding, a list, head"])
@pytest.mark.parametrize(("k1", "k2"), [(3, 1), (2, 5), (3, 5), (3, 3), (2, 9)])
@pytest.mark.parametrize("calls", [1, 2])
@pytest.mark.parametrize("through_tree", [False, True])
def test_calls_joined_by_a_carry_give_the_same_updates(name, k1, k2, calls, through_tree):
    n = 10
    case, network = ragged_case(n, seed=4), networks("auto")[name]
    expected = take(copy.deepcopy(network), case, reusing(k1, k2), 0.1)
    found, carry = [], None
    for start, stop in pairwise([0, *range(k1 * calls, n, k1 * calls), n]):
        piece = pieces_of(case, [start, stop - start])[1]
        masks = {"weights": piece.weights, "lengths": piece.lengths, "resets": piece.resets}
        updates = through_time(
            network, squared, piece.x, piece.y, reusing(k1, k2), carry=carry, normalise="sum", **masks
        )
        found += [(update, step(list(network.parameters()), 0.1)) for update in updates]
        carry = updates.carry
        if through_tree:
            carry = type(carry).from_tree(carry.to_tree())
    assert_same_updates(found, expected)


def test_a_carry_outlives_what_came_after_it():
    # The run goes on over the memory that an earlier carry looks at; twice from one carry is twice the same.
    case, network = ragged_case(12, seed=6, lengths=False), networks("auto")["two stacked"]
    masks = {"weights": case.weights, "resets": case.resets}
    twin, carry, expected = copy.deepcopy(network), None, []
    for update in through_time(twin, squared, case.x, case.y, reusing(2, 5), normalise="sum", **masks):
        expected.append((update, step(list(twin.parameters()), 0.0)))
        carry = update.carry if update.stop == 4 else carry
    rest = {"weights": case.weights[4:], "resets": case.resets[4:]}
    for _ in range(2):
        updates = through_time(
            network, squared, case.x[4:], case.y[4:], reusing(2, 5), carry=carry, normalise="sum", **rest
        )
        assert_same_updates([(u, step(list(network.parameters()), 0.0)) for u in updates], expected[2:])


@pytest.mark.parametrize("history", ["recompute", "reuse"])
def test_a_carry_of_either_history_or_of_an_evaluation_continues(history):
    case, network = ragged_case(12, seed=9, weights=False), networks("auto")["LSTM"]
    expected = take(copy.deepcopy(network), case, reusing(2, 5))
    first, second = pieces_of(case, [6, 6])
    for evaluated in (False, True):
        with torch.set_grad_enabled(not evaluated):
            schedule = TBPTT(2, 5, history=history)
            masks = {"lengths": first.lengths, "resets": first.resets}
            updates = through_time(network, squared, first.x, first.y, schedule, **masks)
            list(updates)
        network.zero_grad()
        masks = {"lengths": second.lengths, "resets": second.resets}
        updates = through_time(
            network, squared, second.x, second.y, reusing(2, 5), carry=updates.carry, normalise="sum", **masks
        )
        found = [(update, step(list(network.parameters()), 0.0)) for update in updates]
        assert_same_updates(found, [e for e in expected if e[0].start >= 6])


def test_a_row_that_pauses_and_goes_on():
    # Past its end in the middle piece, it goes on in the last without starting anew.
    network = networks("auto")["LSTM"]
    case = ragged_case(9, seed=1, lengths=False, resets=False, weights=False)
    pieces = [
        Piece(case.x[:3], case.y[:3]),
        Piece(case.x[3:6], case.y[3:6], lengths=[3, 1, 0]),
        Piece(case.x[6:], case.y[6:]),
    ]
    found = []
    for history in ("recompute", "reuse"):
        updates = through_stream(network, squared, pieces, TBPTT(2, 6, history=history), normalise="sum")
        found.append([(update, step(list(network.parameters()), 0.0)) for update in updates])
    assert_same_updates(*found)


@pytest.mark.parametrize("losses", RULES)
@pytest.mark.parametrize("through_tree", [False, True])
def test_rows_that_are_all_empty_for_longer_than_a_window(losses, through_tree):
    # Nothing at first, something, nothing again, and something at last; each call's carry goes on.
    network = networks("auto")["two stacked"]
    case = ragged_case(30, seed=3, lengths=False, resets=False, weights=False)
    lengths = [[0, 0, 0]] * 3 + [[3, 2, 0]] + [[0, 0, 0]] * 3 + [[3, 3, 1]] * 3
    found = []
    for history in ("recompute", "reuse"):
        carry, updates = None, []
        for place in range(0, 10, 2):
            pieces = [
                Piece(case.x[3 * k : 3 * k + 3], case.y[3 * k : 3 * k + 3], lengths=lengths[k])
                for k in (place, place + 1)
            ]
            schedule = TBPTT(3, 5, losses=losses, history=history)
            made = through_stream(network, squared, pieces, schedule, normalise="sum", carry=carry)
            updates += [(update, step(list(network.parameters()), 0.0)) for update in made]
            carry = made.carry
            carry = type(carry).from_tree(carry.to_tree()) if through_tree else carry
        found.append(updates)
    assert len(found[0]) >= 3
    assert_same_updates(*found)


def test_random_masks_are_those_of_recompute():
    network = ours(hidden=6, layers=2, dropout=0.4, recurrent_dropout=0.3, zoneout=(0.2, 0.2), weight_drop=0.2).double()
    case, found = ragged_case(8, seed=11), []
    for history in ("recompute", "reuse"):
        torch.manual_seed(5)
        found.append(take(network, case, TBPTT(2, 5, history=history)))
    assert_same_updates(*found)


def test_each_step_runs_once_and_the_head_only_where_a_loss_is(monkeypatch):
    network, case = networks("auto")["LSTM"], ragged_case(12, lengths=False, resets=False, weights=False)
    ran, scored = [], []

    def counting(layer, x, *rest, **named):
        ran.append(len(x))
        return record(layer, x, *rest, **named)

    record = reuse.record
    monkeypatch.setattr(reuse, "record", counting)
    network.head.register_forward_hook(lambda module, given, output: scored.append(len(given[0])))
    take(network, case, reusing(2, 8))
    assert sum(ran) == sum(scored) == 12


def test_what_cannot_be_reused_is_refused():
    x = torch.zeros(4, 1, 2)

    def run(network, schedule, **named):
        list(through_time(network, squared, x, x, schedule, **named))

    with pytest.raises(NetworkError, match="can of a tt.Network: OfTorch came"):
        run(OfTorch(), reusing(2, 4))
    with pytest.raises(NetworkError, match="LSTM does not tell what it computed"):
        run(tnn.Network(None, nn.LSTM(2, 2), None), reusing(2, 4))
    with pytest.raises(NetworkError, match="torch's kernel keeps its gates to itself"):
        run(tnn.Network(None, tnn.LSTM(2, 2, kernel="torch"), None), reusing(2, 4))
    with pytest.raises(NetworkError, match="bidirectional LSTM reads later steps"):
        run(tnn.Network(None, tnn.LSTM(2, 1, bidirectional=True), None), reusing(4, 4))


@pytest.mark.parametrize("shape", [(0, 2), (5, 0)])
def test_without_steps_or_rows_there_is_no_update(shape):
    network = tnn.Network(None, tnn.LSTM(2, 2), None)
    assert list(through_time(network, squared, torch.zeros(*shape, 2), torch.zeros(*shape, 2), reusing(2, 4))) == []


def test_a_network_that_does_more_than_its_parts_is_refused():
    class Residual(tnn.Network):
        def forward(self, x, state=None, **rows):
            y, state = super().forward(x, state, **rows)
            return x + y, state

    x = torch.zeros(4, 1, 2)
    hooked = tnn.Network(None, tnn.LSTM(2, 2), None)
    hooked.core.register_forward_hook(lambda module, given, out: out)
    random = tnn.Network(nn.Dropout(0.5), tnn.LSTM(2, 2), None)
    for network, why in [
        (Residual(None, tnn.LSTM(2, 2), None), "Residual with a forward of its own"),
        (hooked, "LSTM with forward hooks"),
        (random, "the embedding again in each window, and it draws random numbers"),
    ]:
        with pytest.raises(NetworkError, match=why):
            list(through_time(network, squared, x, x, reusing(2, 4)))
    random.eval()
    assert len(list(through_time(random, squared, x, x, reusing(2, 4)))) == 2


@pytest.mark.parametrize("kernel", KERNELS)
def test_under_autocast_layers_keep_their_own_precision(kernel):
    torch.manual_seed(0)
    network = tnn.Network(None, tnn.LSTM(2, 4, layer_norm=True, kernel=kernel), nn.Linear(4, 2))
    x, y, found = torch.randn(12, 3, 2), torch.randn(12, 3, 2), []
    for history in ("recompute", "reuse"):
        schedule = TBPTT(3, 6, history=history)
        for _ in through_time(
            network, squared, x, y, schedule, autocast=lambda: torch.autocast("cpu", dtype=torch.bfloat16)
        ):
            pass
        found.append(step(list(network.core.parameters()), 0.0))
        network.zero_grad()
    torch.testing.assert_close(*found, rtol=1e-4, atol=1e-5)


def test_a_bounded_ring_goes_on_from_a_checkpoint_that_holds_no_step():
    case, network = ragged_case(8, seed=4, lengths=False, resets=False, weights=False), networks("auto")["LSTM"]
    first, second = pieces_of(case, [4, 4])
    updates = through_time(network, squared, first.x, first.y, reusing(2, 2), memory="1MB")
    list(updates)
    carry = type(updates.carry).from_tree(updates.carry.to_tree())
    made = list(through_time(network, squared, second.x, second.y, reusing(2, 2), carry=carry, memory="1MB"))
    assert len(made) == 2


def test_memory_bounds_what_is_kept():
    network, x = tnn.Network(None, tnn.LSTM(2, 2), None), torch.zeros(40, 3, 2)
    with pytest.raises(ConfigError, match="with k2 = n all of them"):
        through_time(network, squared, x, x, reusing(2, None))
    list(through_time(network, squared, x, x, reusing(2, None), memory="1 MB"))
    with pytest.raises(ConfigError, match="do not fit 4,000"):
        list(through_time(network, squared, x, x, reusing(2, None), memory=4000))
    with pytest.raises(ConfigError, match='text like "512MB"'):
        through_time(network, squared, x, x, reusing(2, 4), memory="much")
