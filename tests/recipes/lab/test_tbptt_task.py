"""Every answer depends on one number, LEAST to MOST steps back, and on no other."""

from __future__ import annotations

import pytest
import torch

from throughtime.bptt import TBPTT
from throughtime.recipes.lab.networks import Batch
from throughtime.recipes.lab.tbptt_runs import network
from throughtime.recipes.lab.tbptt_task import LEAST, MOST, VARIANCE, draw, in_reach, lags_of, skill


def drawn(steps: int = 200, rows: int = 8, seed: int = 0) -> Batch:
    return draw(steps, rows, torch.Generator().manual_seed(seed))


def test_answers_are_the_last_marked_numbers():
    batch = drawn()
    values, marks = batch.x.unbind(-1)
    seen = set()
    for row in range(8):
        last = None
        for step in range(200):
            last = step if marks[step, row] else last
            due = last is not None and step - last >= LEAST
            assert bool(batch.weights[step, row]) == due
            if due:
                seen.add(step - last)
                assert batch.y[step, row, 0] == values[last, row]
    assert seen == set(range(LEAST, MOST + 1))


def test_an_answer_changes_with_the_number_at_its_lag_alone():
    batch = drawn()
    marks = batch.x[..., 1]
    step = int(batch.due[:, 0].nonzero()[-1])
    cause = step - int(lags_of(marks)[step, 0])
    for other in range(200):
        # What the rule of the task gives after one number has changed.
        values = batch.x[..., 0].clone()
        values[other, 0] += 0.5
        at = torch.arange(200)[:, None] - lags_of(marks).clamp(min=0)
        changed = float(values.gather(0, at)[step, 0]) != float(batch.y[step, 0, 0])
        assert changed == (other == cause)
    assert LEAST <= step - cause <= MOST


def test_marks_and_numbers_are_drawn_as_said():
    batch = drawn(2_000, 50)
    values, marks = batch.x.unbind(-1)
    assert float(values.abs().max()) < 1
    assert float(values.square().mean()) == pytest.approx(VARIANCE, rel=0.02)
    first = marks.argmax(0)
    assert set(first.tolist()) <= set(range(LEAST + 1))
    apart = torch.cat([row.nonzero()[:, 0].diff() for row in marks.t()])
    assert set(apart.tolist()) == set(range(LEAST + 1, MOST + 2))
    assert torch.equal(batch.x, drawn(2_000, 50).x)
    assert not torch.equal(batch.x, drawn(2_000, 50, 1).x)


@pytest.mark.parametrize("steps", [1, LEAST, LEAST + 1, 21, 22])
def test_short_sequences_are_drawn_too(steps):
    batch = drawn(steps)
    assert batch.x.shape == (steps, 8, 2)
    assert batch.y.shape == (steps, 8, 1)


def test_skill_is_the_share_of_the_variance():
    test = drawn(400, 64)
    net = network(0)
    for p in net.parameters():
        torch.nn.init.zeros_(p)
    assert skill(net, test) == pytest.approx(0, abs=0.03)
    with torch.no_grad():
        net.head.bias.fill_(1.0)
    # A constant answer of 1 errs by 1 more than the variance.
    assert skill(net, test) == pytest.approx(-1 / VARIANCE, rel=0.1)


@pytest.mark.parametrize("schedule", [TBPTT(1, 10), TBPTT(20, 10), TBPTT(10, 10), TBPTT(5, 1)])
def test_no_cause_lies_in_a_window_of_least_steps(schedule):
    assert in_reach(schedule, drawn()) == 0


@pytest.mark.parametrize("schedule", [TBPTT(), TBPTT(1, MOST + 1), TBPTT(20, MOST + 20)])
def test_all_causes_lie_in_windows_that_span_them(schedule):
    assert in_reach(schedule, drawn()) == 1


def test_reach_is_counted_answer_by_answer():
    batch = drawn(60)
    lags = lags_of(batch.x[..., 1])
    within = sum(
        lags[t, b] <= t % 15 for t in range(60) for b in range(8) if batch.due[t, b]
    )  # step t is the (t % 15)th of its window
    assert in_reach(TBPTT(15, 15), batch) == pytest.approx(float(within) / int(batch.due.sum()))
