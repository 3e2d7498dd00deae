"""Steps and bytes are counted exactly: by formulas of their own, and byte by byte."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from throughtime.bptt import TBPTT, through_time
from throughtime.recipes.lab.networks import build, squared_error
from throughtime.recipes.lab.tbptt_cost import bytes_of, cost
from throughtime.recipes.lab.tbptt_runs import ROWS, network
from throughtime.recipes.lab.tbptt_task import Batch, draw


def drawn(steps: int) -> Batch:
    """A stream with an answer due at every step, so that every window is an update."""
    batch = draw(steps, ROWS, torch.Generator().manual_seed(0))
    return Batch(batch.x, batch.y)


def steps_run(n: int, k1: int, k2: int) -> tuple[int, int, int]:
    """Updates, steps forward, steps backward, summed by hand."""
    stops = [min((j + 1) * k1, n) for j in range(-(-n // k1))]
    backward = sum(min(stop, k2) for stop in stops)
    skipped = sum(max(0, stop - j * k1 - k2) for j, stop in enumerate(stops))
    return len(stops), backward + skipped, backward


@pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")
@pytest.mark.parametrize("n", [1, 12, 25])
@pytest.mark.parametrize("k1", [1, 5, 25])
@pytest.mark.parametrize("k2", [1, 4, 10, 25])
def test_steps_are_those_of_the_formula(n, k1, k2):
    found = cost(network(0), drawn(n), TBPTT(k1, k2))
    assert (found.updates, found.forward, found.backward) == steps_run(n, k1, k2)


def test_one_update_after_each_step_runs_half_the_square():
    assert cost(network(0), drawn(30), TBPTT(1, None)).forward == 30 * 31 // 2


def test_memory_of_bptt_grows_by_the_same_bytes_for_each_step():
    kept = [cost(network(0), drawn(n), TBPTT()).kept_bytes for n in (40, 80, 120, 160)]
    growth = [b - a for a, b in pairwise(kept)]
    # The kernel rounds its workspace up to whole pages.
    assert max(growth) - min(growth) <= 8192
    assert growth[0] > 40 * ROWS * 24 * 6 * 4  # four gates, c and h of H = 24, in float32


def test_memory_of_truncation_stays_where_it_is():
    kept = [cost(network(0), drawn(n), TBPTT(20, 20)).kept_bytes for n in (40, 80, 400)]
    assert kept[0] == kept[1] == kept[2]
    # k2 decides; where k1 < k2 the window runs in two pieces, each with the kernel's workspace of its own.
    assert cost(network(0), drawn(80), TBPTT(5, 20)).kept_bytes == pytest.approx(kept[0], rel=0.1)
    assert cost(network(0), drawn(80), TBPTT(20, 40)).kept_bytes > 1.9 * kept[0]


def test_the_oracle_keeps_what_its_formula_says():
    """Its layer keeps C + 7 H numbers a step and row; head and loss keep the same whatever the layer."""
    extra = []
    for hidden in (8, 16):
        net = build("LSTM", 2, 1, hidden, 1, 0, kernel="oracle")
        kept = [cost(net, drawn(n), TBPTT()).kept_bytes for n in (20, 40)]
        extra.append((kept[1] - kept[0]) / (20 * ROWS * 4) - 7 * hidden)
    assert extra[0] == pytest.approx(extra[1], abs=16)


def test_counting_changes_nothing():
    net, batch = network(0), drawn(12)
    before = [p.clone() for p in net.parameters()]
    cost(net, batch, TBPTT(3, 5))
    assert all(p.grad is None and torch.equal(p, old) for p, old in zip(net.parameters(), before, strict=True))
    assert not net.core._forward_hooks
    for _ in through_time(net, squared_error, batch.x, batch.y, TBPTT(3, 5)):
        pass
    assert all(p.grad is not None for p in net.parameters())


def test_shared_bytes_count_once():
    a, b = torch.zeros(10), torch.zeros(3, dtype=torch.float64)
    assert bytes_of([a]) == 40
    assert bytes_of([a, a, a[2:5], a.view(2, 5).t()]) == 40
    assert bytes_of([a[:4], a[2:6]]) == 24
    assert bytes_of([a, b, torch.zeros(0)]) == 64
    assert bytes_of([]) == 0
