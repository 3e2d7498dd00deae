"""Networks counted exactly, drawn from their seed alone; training that learns, and stops when told."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch.nn import functional as F

from throughtime.base.errors import ConfigError
from throughtime.bptt import TBPTT, Update
from throughtime.recipes.lab.networks import (
    CELLS,
    Batch,
    accuracy,
    answers,
    build,
    cross_entropy,
    hidden_for,
    last_step,
    mean_loss,
    parameter_formula,
    parameters_counted,
    rows_of,
    squared_error,
    train,
)


def draw_signs(generator: torch.Generator) -> Batch:
    """Was the number before this one positive?"""
    x = torch.randn(6, 16, 1, generator=generator)
    y = torch.cat([torch.zeros(1, 16), (x[:-1, :, 0] > 0).float()]).long()
    return Batch(x, y)


@pytest.mark.parametrize("cell", CELLS)
def test_parameters_are_those_of_the_formula(cell):
    for C, K, H, W in itertools.product((1, 3), (1, 2), (1, 5), (1, 4)):
        assert parameters_counted(build(cell, C, K, H, W, 0)) == parameter_formula(cell, C, K, H, W)


@pytest.mark.parametrize("cell", CELLS)
def test_hidden_units_come_as_near_as_any(cell):
    for asked in (1, 300, 777):
        found = hidden_for(cell, 2, 2, 8, asked)
        misses = [abs(parameter_formula(cell, 2, 2, h, 8) - asked) for h in range(1, 200)]
        assert misses[found - 1] == min(misses)


def test_weights_come_from_the_seed_alone():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one, same, other = (build("LSTM", 1, 2, 3, 1, seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    weights = [net.core.weight_hh_l0 for net in (one, same, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    assert torch.equal(one.head.weight, same.head.weight)


def test_options_reach_the_layer():
    network = build("LSTM", 1, 2, 3, 1, 0, forget_bias=2.0, dtype=torch.float64)
    assert torch.equal(network.core.bias_ih_l0[3:6], torch.full((3,), 2.0, dtype=torch.float64))
    assert network.head.weight.dtype == torch.float64


def test_what_cannot_be_built_is_refused():
    with pytest.raises(ConfigError, match="`cell` is one of perceptron, RNN, LSTM: 'lstm' came"):
        build("lstm", 1, 1, 1, 1, 0)
    with pytest.raises(ConfigError, match="`outputs` is a whole number, at least 1: 0 came"):
        build("LSTM", 1, 0, 1, 1, 0)


@pytest.mark.parametrize("cell", CELLS)
def test_training_learns_and_repeats(cell):
    networks = [build(cell, 1, 2, 8, 2, 0) for _ in range(2)]
    test = draw_signs(torch.Generator().manual_seed(99))
    before = mean_loss(networks[0], cross_entropy, test)
    torch.manual_seed(3)
    state = torch.get_rng_state()
    done = [train(net, cross_entropy, draw_signs, batches=150, seed=1, learning_rate=0.02) for net in networks]
    assert torch.equal(torch.get_rng_state(), state)
    assert done[0].losses == done[1].losses
    assert len(done[0].losses) == 150
    assert 0 < done[0].seconds_at[0] < done[0].seconds_at[-1] == done[0].seconds
    assert mean_loss(networks[0], cross_entropy, test) < 0.6 * before
    assert accuracy(networks[0], test) > 0.85


def test_updates_follow_the_schedule_and_the_limit():
    def losses(**how: object) -> tuple[float, ...]:
        return train(build("RNN", 1, 2, 4, 1, 0), cross_entropy, draw_signs, batches=2, seed=1, **how).losses

    every, limited = losses(schedule=TBPTT(2, 4)), losses(schedule=TBPTT(2, 4), updates=4)
    assert len(every) == 6  # 6 steps, an update after each 2, in two batches
    assert every[:4] == limited
    assert losses(updates=0) == ()


def test_time_spent_watching_is_not_counted():
    now, seen = [0.0], []

    def clock() -> float:
        now[0] += 1
        return now[0]

    def watch(update: Update) -> None:
        seen.append(update.stop)
        now[0] += 100

    network = build("RNN", 1, 2, 4, 1, 0)
    done = train(network, cross_entropy, draw_signs, batches=1, seed=1, schedule=TBPTT(2, 4), watch=watch, clock=clock)
    assert seen == [2, 4, 6]
    assert done.seconds_at == (1.0, 2.0, 3.0)


def test_gradients_are_clipped(monkeypatch):
    clipped = []
    monkeypatch.setattr("throughtime.recipes.lab.networks.clip_grad_norm_", lambda _, norm: clipped.append(norm))
    train(build("RNN", 1, 2, 4, 1, 0), cross_entropy, draw_signs, batches=3, seed=1)
    assert clipped == [1.0] * 3


def test_only_answers_due_are_counted():
    x, y = torch.randn(4, 3, 1), torch.tensor([[0, 1, 0]]).expand(4, 3)
    weights = torch.zeros(4, 3)
    weights[3] = 1
    batch = Batch(x, y, weights, torch.tensor([4, 4, 2]))
    assert batch.due.nonzero().tolist() == [[3, 0], [3, 1]]
    network = build("LSTM", 1, 2, 3, 1, 0)
    output = answers(network, batch)
    assert not output.requires_grad
    expected = F.cross_entropy(output[3, :2], y[3, :2])
    assert mean_loss(network, cross_entropy, batch) == pytest.approx(float(expected))
    assert accuracy(network, batch) == float((output[3, :2].argmax(-1) == y[3, :2]).double().mean())
    assert network.training


def test_a_fixed_set_is_drawn_from_without_doubles():
    x = torch.arange(10.0)[None, :, None]
    batch = Batch(x, x, torch.ones(1, 10), torch.arange(10))
    drawn = rows_of(batch, 4)(torch.Generator().manual_seed(0))
    rows = drawn.lengths.tolist()
    assert len(set(rows)) == 4
    assert drawn.x[0, :, 0].tolist() == rows == drawn.y[0, :, 0].tolist()
    assert drawn.weights.shape == (1, 4)


def test_an_answer_is_due_at_the_last_step_alone():
    assert last_step(3, 2).tolist() == [[0, 0], [0, 0], [1, 1]]


def test_squared_error_averages_each_entry():
    assert squared_error(torch.tensor([[1.0, 3.0]]), torch.tensor([[0.0, 0.0]])).tolist() == [5.0]
