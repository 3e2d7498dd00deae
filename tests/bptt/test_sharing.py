"""Rows shared out among ranks, and put together again."""

from __future__ import annotations

import pytest
import torch

import throughtime as tt
from throughtime.base.errors import NetworkError
from throughtime.bptt import Carry, Piece, map_nest, through_time
from throughtime.bptt.protocol import state_axis
from throughtime.bptt.sharing import joined, rows_of_carry, rows_of_piece, share
from throughtime.train.batches import after

T, B = 12, 5


def piece(lengths=(12, 4, 0, 7, 12)):
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(T, B, 2, generator=generator, dtype=torch.float64)
    weights = torch.rand(T, B, generator=generator)
    resets = torch.rand(T, B, generator=generator) < 0.1
    return Piece(x, x.sum(-1, keepdim=True), weights, torch.tensor(lengths), resets)


def network():
    torch.manual_seed(0)
    core = torch.nn.ModuleList([tt.LSTM(2, 4, zoneout=(0.2, 0.2)), tt.RNN(4, 3)])
    return tt.Network(None, core, torch.nn.Linear(3, 1)).double()


def squared(output, target):
    return (output - target).pow(2)


def updates(net, part, schedule, carry=None):
    arguments = {"weights": part.weights, "lengths": part.lengths, "resets": part.resets, "carry": carry}
    return through_time(net, squared, part.x, part.y, tt.TBPTT.parse(schedule), **arguments)


def equal(a, b):
    pairs = []
    map_nest(lambda left, right: pairs.append((left, right)), a, b)
    return all(torch.equal(*pair) for pair in pairs) and (a is None) == (b is None)


@pytest.mark.parametrize(("rows", "ranks", "sizes"), [(7, 3, [3, 2, 2]), (2, 4, [1, 1, 0, 0]), (4, 1, [4])])
def test_every_row_has_one_rank_and_ranks_are_as_equal_as_can_be(rows, ranks, sizes):
    parts = [share(rows, rank, ranks) for rank in range(ranks)]
    assert [len(part) for part in parts] == sizes
    assert [row for part in parts for row in part] == list(range(rows))


def test_a_part_of_a_piece_has_its_rows_and_all_steps():
    whole = piece()
    part = rows_of_piece(whole, range(1, 3))
    assert torch.equal(part.x, whole.x[:, 1:3])
    assert torch.equal(part.y, whole.y[:, 1:3])
    assert torch.equal(part.weights, whole.weights[:, 1:3])
    assert torch.equal(part.resets, whole.resets[:, 1:3])
    assert part.lengths.tolist() == [4, 0]
    assert rows_of_piece(whole, range(4, 5)).lengths is None  # it has every step
    plain = Piece({"a": whole.x}, (whole.y,))
    assert torch.equal(rows_of_piece(plain, range(2)).x["a"], whole.x[:, :2])


@pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")
def test_no_rows_are_one_row_without_steps():
    part = rows_of_piece(piece(), range(5, 5))
    assert part.x.shape == (T, 1, 2)
    assert part.lengths.tolist() == [0]
    assert list(updates(network(), part, "3,5")) == []


@pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")
@pytest.mark.parametrize("schedule", ["3,5", "2,7,reuse", "4,2", "3,3"])
@pytest.mark.parametrize("ranks", [2, 5, 7])
def test_parts_of_a_carry_make_the_carry_again(schedule, ranks):
    net, whole = network(), piece()
    run = updates(net, whole, schedule)
    carry = [next(run) for _ in range(2)][-1].carry
    axes = state_axis(net)
    parts = [rows_of_carry(carry, share(B, rank, ranks), axes) for rank in range(ranks)]
    sent = [Carry.from_tree(part.to_tree()) for part in parts]
    back = joined([part for rank, part in enumerate(sent) if share(B, rank, ranks)], axes)
    a, b = carry.to_tree(), back.to_tree()
    assert (a["position"], a["base"], a["seed"]) == (b["position"], b["base"], b["seed"])
    assert equal(a["steps"]["x"], b["steps"]["x"])
    assert [p[0] for p in a["points"]] == [p[0] for p in b["points"]]
    assert all(equal(p[1], q[1]) and torch.equal(p[2], q[2]) for p, q in zip(a["points"], b["points"], strict=True))
    if schedule.endswith("reuse"):
        assert equal(a["ring"]["arrays"], b["ring"]["arrays"])
    rest = after(whole, carry.position)
    expected, found = (list(updates(net, rest, schedule, each)) for each in (carry, back))
    assert len(found) == len(expected) > 0
    assert all(torch.equal(x.losses, y.losses) for x, y in zip(expected, found, strict=True))


@pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")
@pytest.mark.parametrize("schedule", ["3,5", "2,7,reuse"])
def test_a_part_goes_on_as_its_rows_would(schedule):
    net, whole = network(), piece()
    net.core[0].zoneout = (0.0, 0.0)  # masks are keyed by the row's number among all
    run = updates(net, whole, schedule)
    carry = [next(run) for _ in range(2)][-1].carry
    part = rows_of_carry(carry, range(3, 5), state_axis(net))
    expected = [update.losses[:, 3:] for update in run]
    rest = rows_of_piece(after(whole, carry.position), range(3, 5))
    found = [update.losses for update in updates(net, rest, schedule, part)]
    assert len(found) == len(expected) > 0
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b)


def test_a_state_of_unknown_rows_is_refused():
    with pytest.raises(NetworkError, match="shared out among ranks need the batch axis"):
        state_axis(torch.nn.Linear(2, 2))
