"""The engine against brute-force autograd, and against itself under every way of cutting the same work."""

from __future__ import annotations

import copy
from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from tests.bptt.brute_force import Case, brute_force, ragged_case
from tests.bptt.driving import EXACT, RULES, assert_equal, assert_same_updates, pieces_of, squared, step, take
from tests.bptt.networks import OfTorch, all_networks, ours
from throughtime.bptt import TBPTT, Piece, through_stream, through_time

# Rows that end or are unlabelled are the point here; what the user is told of them is tested in test_through.py.
pytestmark = pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")


def schedules(longest: int):
    return [(n, k1, k2) for n in range(1, longest + 1) for k1 in range(1, n + 1) for k2 in range(1, n + 1)]


def both(network, case, k1, k2, rule, learning_rate=0.0, extra=()):
    twin = copy.deepcopy(network)
    expected = brute_force(twin, squared, case, k1, k2, rule, learning_rate, list(extra))
    return take(network, case, TBPTT(k1, k2, losses=rule), learning_rate, extra), expected


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("longest", [8])
def test_every_schedule_equals_brute_force(rule, longest):
    for n, k1, k2 in schedules(longest):
        assert_equal(*both(all_networks()["torch.nn.LSTM"], ragged_case(n, seed=k1 + 10 * k2), k1, k2, rule))


@pytest.mark.parametrize("name", all_networks())
@pytest.mark.parametrize(("k1", "k2"), [(None, None), (1, None), (3, 1), (2, 5), (3, 3), (5, 2)])
@pytest.mark.parametrize("rule", RULES)
def test_every_network_equals_brute_force_with_moving_weights(name, k1, k2, rule):
    # Between updates the weights move, so a state recorded with the wrong weights is seen.
    assert_equal(*both(all_networks()[name], ragged_case(7, seed=3), k1, k2, rule, learning_rate=0.1))


@pytest.mark.parametrize("absent", [["lengths"], ["resets"], ["weights"], ["lengths", "resets", "weights"]])
@pytest.mark.parametrize(("k1", "k2"), [(None, None), (1, None), (3, 1), (2, 5), (3, 3), (5, 2)])
def test_without_some_of_the_parts(absent, k1, k2):
    parts = dict.fromkeys(absent, False)
    for name in ("torch.nn.LSTM", "tt.Network of tt.LSTM"):
        assert_equal(*both(all_networks()[name], ragged_case(7, seed=5, **parts), k1, k2, "newest", 0.1))


class Initial(nn.Module):
    """A learned initial state: different for each row and start."""

    def __init__(self) -> None:
        super().__init__()
        self.h = nn.Parameter(torch.linspace(-1, 1, 9, dtype=torch.float64).reshape(3, 3))

    def forward(self, rows: Tensor, step: int):
        h = self.h[rows].unsqueeze(0)
        return torch.sin(h + step), h * (1 + step)


@pytest.mark.parametrize("name", ["torch.nn.LSTM", "tt.Network of tt.LSTM"])
@pytest.mark.parametrize("rule", RULES)
def test_a_learned_initial_state(name, rule):
    for n, k1, k2 in [(6, 6, 6), (6, 1, 6), (6, 2, 4), (6, 3, 3), (6, 4, 2), (5, 3, 4)]:
        network, initial = all_networks()[name], Initial()
        case = ragged_case(n, seed=7)
        case.fresh = initial
        twin, twin_initial = copy.deepcopy(network), copy.deepcopy(initial)
        twin_case = copy.copy(case)
        twin_case.fresh = twin_initial
        expected = brute_force(twin, squared, twin_case, k1, k2, rule, 0.1, list(twin_initial.parameters()))
        found = take(network, case, TBPTT(k1, k2, losses=rule), 0.1, list(initial.parameters()))
        assert_equal(found, expected)


@pytest.mark.parametrize("k1", range(1, 9))
def test_updates_add_up_to_the_full_gradient(k1):
    network, case = all_networks()["torch.nn.LSTM"], ragged_case(8, seed=1)
    ((_, full),) = take(network, case, TBPTT())
    parts = [gradients for _, gradients in take(network, case, TBPTT(k1, None))]
    torch.testing.assert_close([sum(g) for g in zip(*parts, strict=True)], full, **EXACT)


@pytest.mark.parametrize("k", [1, 2, 4])
def test_equal_k_is_detach_and_continue(k):
    # n is a multiple of k: a ragged last window would reach back k steps, further than the last cut.
    network, case = OfTorch().double(), ragged_case(8, lengths=False, resets=False, weights=False)
    twin = copy.deepcopy(network)
    optimizer = torch.optim.SGD(twin.parameters(), 0.1)
    state, expected = None, []
    for start in range(0, 8, k):
        output, state = twin(case.x[start : start + k], state)
        state = tuple(s.detach() for s in state)
        squared(output, case.y[start : start + k]).mean().backward()
        expected.append([p.grad.clone() for p in twin.parameters()])
        optimizer.step()
        optimizer.zero_grad()
    found = take(network, case, TBPTT(k, k), 0.1, normalise="mean")
    torch.testing.assert_close([g for _, g in found], expected, **EXACT)
    torch.testing.assert_close(found[-1][0].state, state, **EXACT)


@pytest.mark.parametrize("name", ["torch.nn.LSTM", "tt.Network of tt.LSTM", "a user's module"])
@pytest.mark.parametrize(("k1", "k2"), [(None, None), (1, None), (3, 1), (2, 5), (3, 3), (5, 2), (1, 1)])
@pytest.mark.parametrize("sizes", [[1] * 9, [4, 0, 5], [2, 6, 1], [9], [8, 1]])
def test_pieces_of_any_size_give_the_same_updates(name, k1, k2, sizes):
    case, network = ragged_case(9, seed=2), all_networks()[name]
    expected = take(copy.deepcopy(network), case, TBPTT(k1, k2), 0.1)
    found = []
    for update in through_stream(network, squared, pieces_of(case, sizes), TBPTT(k1, k2), normalise="sum"):
        found.append((update, step(list(network.parameters()), 0.1)))
    assert_same_updates(found, expected)


@pytest.mark.parametrize("name", ["torch.nn.LSTM", "tt.Network of tt.LSTM"])
@pytest.mark.parametrize(("k1", "k2"), [(1, None), (3, 1), (2, 5), (3, 5), (3, 3), (2, 3), (1, 1), (3, 9)])
@pytest.mark.parametrize("calls", [1, 2, 3])
@pytest.mark.parametrize("through_tree", [False, True])
@pytest.mark.parametrize("n", [11, 10])
def test_calls_joined_by_a_carry_give_the_same_updates(name, k1, k2, calls, through_tree, n):
    case, network = ragged_case(n, seed=4), all_networks()[name]
    schedule = TBPTT(k1, k2)
    expected = take(copy.deepcopy(network), case, schedule, 0.1)
    found, carry = [], None
    stops = [*range(k1 * calls, n, k1 * calls), n]
    for start, stop in pairwise([0, *stops]):
        piece = pieces_of(case, [start, stop - start])[1]
        updates = through_time(
            network,
            squared,
            piece.x,
            piece.y,
            schedule,
            weights=piece.weights,
            lengths=piece.lengths,
            resets=piece.resets,
            carry=carry,
            normalise="sum",
        )
        for update in updates:
            found.append((update, step(list(network.parameters()), 0.1)))
        carry = updates.carry
        if through_tree:
            carry = type(carry).from_tree(carry.to_tree())
    assert_same_updates(found, expected)


@pytest.mark.parametrize(("k1", "k2"), [(1, None), (3, 1), (2, 5), (3, 3)])
@pytest.mark.parametrize("after", [1, 2])
def test_a_carry_taken_at_a_break_continues(k1, k2, after):
    case, network = ragged_case(11, seed=6, weights=False), all_networks()["tt.Network of tt.LSTM"]
    expected = take(copy.deepcopy(network), case, TBPTT(k1, k2), 0.1)
    found = []
    for update in through_time(network, squared, case.x, case.y, TBPTT(k1, k2), **case.arguments(), normalise="sum"):
        found.append((update, step(list(network.parameters()), 0.1)))
        if len(found) == after:
            break
    carry = found[-1][0].carry
    piece = pieces_of(case, [carry.position, 11 - carry.position])[1]
    for update in through_time(
        network,
        squared,
        piece.x,
        piece.y,
        TBPTT(k1, k2),
        lengths=piece.lengths,
        resets=piece.resets,
        carry=carry,
        normalise="sum",
    ):
        found.append((update, step(list(network.parameters()), 0.1)))
    assert_same_updates(found, expected)


@pytest.mark.parametrize("name", ["torch.nn.LSTM", "tt.Network of tt.LSTM"])
@pytest.mark.parametrize(("k1", "k2"), [(None, None), (1, None), (3, 1), (2, 5), (3, 3), (5, 2)])
def test_evaluation_runs_each_step_once(name, k1, k2):
    case, network = ragged_case(9, seed=8), all_networks()[name]
    ((reference, _),) = take(copy.deepcopy(network), case, TBPTT())
    steps_run = []
    network.register_forward_hook(lambda module, args, output: steps_run.append(len(args[0])))
    with torch.no_grad():
        updates = through_time(network, squared, case.x, case.y, TBPTT(k1, k2), **case.arguments(), normalise="sum")
        losses, total, counted = [], 0.0, 0.0
        for update in updates:
            losses.append(update.losses)
            total, counted = total + float(update.loss), counted + update.counted
    assert sum(steps_run) == 9
    assert all(p.grad is None for p in network.parameters())
    assert total == pytest.approx(float(reference.loss), rel=1e-12)
    assert counted == pytest.approx(reference.counted, rel=1e-12)
    torch.testing.assert_close(updates.state, reference.state, **EXACT)


@pytest.mark.parametrize(("k1", "k2"), [(3, 1), (2, 5), (3, 3), (2, 3)])
def test_training_continues_from_an_evaluation(k1, k2):
    case, network = ragged_case(12, seed=9, weights=False), all_networks()["tt.Network of tt.LSTM"]
    expected = take(copy.deepcopy(network), case, TBPTT(k1, k2))
    first, second = pieces_of(case, [6, 6])
    with torch.no_grad():
        masks = {"lengths": first.lengths, "resets": first.resets}
        updates = through_time(network, squared, first.x, first.y, TBPTT(k1, k2), **masks)
        list(updates)
    found = []
    for update in through_time(
        network,
        squared,
        second.x,
        second.y,
        TBPTT(k1, k2),
        lengths=second.lengths,
        resets=second.resets,
        carry=updates.carry,
        normalise="sum",
    ):
        found.append((update, step(list(network.parameters()), 0.0)))
    assert_same_updates(found, [e for e in expected if e[0].start >= 6])


def test_overlapping_windows_see_the_same_masks():
    # With dropout, k2 >= n and frozen weights the updates add up to the full gradient only if the masks agree.
    network = ours(hidden=6, layers=2, dropout=0.4, recurrent_dropout=0.3, zoneout=(0.2, 0.2), weight_drop=0.2).double()
    case = ragged_case(8, seed=11)
    torch.manual_seed(5)
    ((_, full),) = take(network, case, TBPTT())
    torch.manual_seed(5)
    parts = [gradients for _, gradients in take(network, case, TBPTT(3, None))]
    torch.testing.assert_close([sum(g) for g in zip(*parts, strict=True)], full, **EXACT)
    torch.manual_seed(6)
    ((_, other),) = take(network, case, TBPTT())
    assert not torch.allclose(full[0], other[0])


@pytest.mark.parametrize("schedule", ["1,1", "2,5", "3,3", "5,2", "1,n"])
def test_masks_do_not_depend_on_the_schedule(schedule):
    # Frozen weights: the same step of the same sequence sees the same mask, after resets too.
    network = ours(hidden=6, layers=2, dropout=0.4, recurrent_dropout=0.3, zoneout=(0.2, 0.2)).double()
    case = ragged_case(8, seed=11, weights=False)
    torch.manual_seed(5)
    ((whole, _),) = take(network, case, TBPTT())
    torch.manual_seed(5)
    losses = torch.cat([update.losses for update, _ in take(network, case, TBPTT.parse(schedule))])
    torch.testing.assert_close(losses, whole.losses, **EXACT)


def test_a_carry_keeps_the_masks():
    network = ours(hidden=6, recurrent_dropout=0.3).double()
    case = ragged_case(8, seed=11, weights=False, lengths=False, resets=False)
    torch.manual_seed(5)
    expected = take(network, case, TBPTT(2, 3))
    torch.manual_seed(5)
    first, second = pieces_of(case, [4, 4])
    updates = through_time(network, squared, first.x, first.y, TBPTT(2, 3), normalise="sum")
    found = [(update, step(list(network.parameters()), 0.0)) for update in updates]
    torch.manual_seed(6)
    carry = type(updates.carry).from_tree(updates.carry.to_tree())
    updates = through_time(network, squared, second.x, second.y, TBPTT(2, 3), carry=carry, normalise="sum")
    found += [(update, step(list(network.parameters()), 0.0)) for update in updates]
    assert_same_updates(found, expected)


def test_rows_are_replaced_in_a_stream():
    # Row 1 ends in the first piece, is empty in the second and begins anew in the third.
    network = all_networks()["torch.nn.LSTM"]
    g = torch.Generator().manual_seed(0)
    x, y = (torch.randn(12, 2, 2, generator=g, dtype=torch.float64) for _ in range(2))
    resets = torch.zeros(4, 2, dtype=torch.bool)
    resets[0, 1] = True
    pieces = [
        Piece(x[:4], y[:4], lengths=[4, 2]),
        Piece(x[4:8], y[4:8], lengths=[4, 0]),
        Piece(x[8:], y[8:], resets=resets),
    ]
    apart = Case(x[8:, 1:], y[8:, 1:])
    for k1, k2 in [(3, 5), (4, 4), (5, 2), (12, 12)]:
        for kind in ("torch.nn.LSTM", "tt.Network of tt.LSTM"):
            network = all_networks()[kind]
            losses = torch.cat([u.losses for u in through_stream(network, squared, pieces, TBPTT(k1, k2))])
            ((alone, _),) = take(network, apart, TBPTT())
            torch.testing.assert_close(losses[8:, 1:], alone.losses, **EXACT)
            assert float(losses[2:8, 1].abs().max()) == 0


@pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")
@pytest.mark.parametrize(("schedule", "steps"), [("1,n", 19 + 20), ("3,n", 18 + 20), ("n,n", 20), ("5,5", 20)])
def test_steps_before_a_label_run_once(schedule, steps):
    """Where the window is everything so far and no weight has moved, only new steps run; then all, with gradient."""
    ran = []

    class Counting(torch.nn.LSTM):
        def forward(self, x, state=None):
            ran.append(len(x))
            return super().forward(x, state)

    network, x, weights = Counting(2, 3).double(), torch.randn(20, 2, 2).double(), torch.zeros(20, 2)
    weights[-1] = 1
    updates = list(through_time(network, squared, x, x.new_zeros(20, 2, 3), TBPTT.parse(schedule), weights=weights))
    assert [update.stop for update in updates] == [20]
    assert sum(ran) == steps


@pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")
def test_steps_after_an_update_run_again_with_the_new_weights():
    network, x, weights = torch.nn.LSTM(2, 3).double(), torch.randn(12, 2, 2).double(), torch.zeros(12, 2)
    weights[3] = 1
    updates = through_time(network, squared, x, x.new_zeros(12, 2, 3), TBPTT(2, None), weights=weights)
    next(updates)
    with torch.no_grad():
        for p in network.parameters():
            p.mul_(0.5)
    assert list(updates) == []
    torch.testing.assert_close(updates.state, network(x)[1])
