"""Integrated gradients: exact where they have a closed form, complete everywhere, and nothing of the network moves."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import throughtime as tt
from throughtime.base.errors import ConfigError, DivergedError, DtypeError, NetworkError, Notice, ShapeError
from throughtime.insight.attribution import integrated
from throughtime.insight.attribution.integrated import frozen, integrated_gradients
from throughtime.nn import WindowPerceptron
from throughtime.nn.embedding import SymbolEmbedding
from throughtime.nn.whole_pool import WholePool


def first(last):
    return last[:, 0]


def numbers(core, width, seed=0):
    torch.manual_seed(seed)
    return tt.Network(None, core(), nn.Linear(width, 2)).double()


CORES = {
    "lstm": (lambda: tt.LSTM(3, 5, num_layers=2, dropout=0.5), 5),
    "rnn": (lambda: tt.RNN(3, 5), 5),
    "perceptron": (lambda: WindowPerceptron(3, 4, 6), 6),
    "both ways": (lambda: [tt.LSTM(3, 4, bidirectional=True), WholePool(("last", "max", "mean"), 8)], 24),
}


@pytest.mark.parametrize("core", CORES)
def test_values_add_up_to_the_difference(core):
    network, x = numbers(*CORES[core]), torch.randn(9, 3, dtype=torch.float64)
    found = integrated_gradients(network, x, first, tolerance=1e-4)
    network.eval()
    with torch.no_grad():
        ends = [float(network(z[:, None])[0][-1, 0, 0]) for z in (torch.zeros_like(x), x)]
    assert (found.start, found.answer) == pytest.approx(ends, rel=1e-12)
    assert found.complete
    assert found.values.shape == (9, 3)
    assert float(found.values.sum()) == pytest.approx(ends[1] - ends[0], abs=1e-4 * float(found.values.abs().sum()))
    assert float(found.values.abs().sum()) > 0.01


def test_of_a_linear_network_it_is_weight_times_difference():
    class Sum(nn.Module):
        state_axis = 1

        def forward(self, x, state=None):
            return x.cumsum(0), None

    network = tt.Network(None, Sum(), nn.Linear(3, 2)).double()
    x, baseline = torch.randn(6, 3, dtype=torch.float64), torch.tensor([0.5, -1.0, 2.0], dtype=torch.float64)
    found = integrated_gradients(network, x, first, baseline=baseline)
    torch.testing.assert_close(found.values, (network.head.weight[0] * (x - baseline)).detach(), rtol=1e-12, atol=1e-12)
    assert found.points == integrated.PANEL


def test_symbols_are_explained_in_the_space_of_their_vectors():
    torch.manual_seed(0)
    network = tt.Network(SymbolEmbedding(7, 4, word_dropout=0.5), tt.LSTM(4, 5), nn.Linear(5, 2)).double()
    x = torch.tensor([1, 4, 2, 2, 6])
    found = integrated_gradients(network, x, first)
    through = tt.Network(None, network.core, network.head)
    vectors = integrated_gradients(through, network.embed.weight[x].detach(), first)
    torch.testing.assert_close(found.values, vectors.values.sum(1))


def test_how_many_run_at_once_changes_nothing(monkeypatch):
    network, x = numbers(*CORES["both ways"]), torch.randn(9, 3, dtype=torch.float64)
    at_once = integrated_gradients(network, x, first)
    monkeypatch.setattr(integrated, "STEP_ROWS", 20)
    in_pieces = integrated_gradients(network, x, first)
    # Only the order of summation differs.
    torch.testing.assert_close(at_once.values, in_pieces.values, rtol=1e-10, atol=1e-12)


def test_steps_before_are_left_as_they_are():
    network, x = numbers(*CORES["lstm"]).eval(), torch.randn(9, 3, dtype=torch.float64)
    with torch.no_grad():
        _, state = network(x[:4, None])
    found = integrated_gradients(network, x[4:], first, state=state)
    whole = integrated_gradients(network, x, first, baseline=torch.cat([x[:4], torch.zeros_like(x[4:])]))
    torch.testing.assert_close(found.values, whole.values[4:], rtol=1e-9, atol=1e-11)


def test_the_network_stays_as_it_was():
    network, x = numbers(*CORES["lstm"]), torch.randn(9, 3, dtype=torch.float64)
    network.head.weight.grad = torch.ones_like(network.head.weight)
    one, other = (integrated_gradients(network, x, first) for _ in range(2))
    assert torch.equal(one.values, other.values)  # no dropout
    assert all(module.training for module in network.modules())
    assert all(each.requires_grad for each in network.parameters())
    assert torch.equal(network.head.weight.grad, torch.ones_like(network.head.weight))
    assert all(each.grad is None for each in network.core.parameters())
    still = frozen(network)
    assert still is not network
    assert frozen(still) is still


def test_an_answer_that_jumps_is_found_by_halving_and_a_gap_is_said():
    class Latch(nn.Module):
        def forward(self, x):
            return torch.sigmoid(2000 * (x - 0.37))

    class Sum(nn.Module):
        def forward(self, x, state=None):
            return x.cumsum(0), None

    network = tt.Network(None, Sum(), Latch()).double()
    x = torch.tensor([[0.25], [0.75]], dtype=torch.float64)
    found = integrated_gradients(network, x, first)
    assert found.complete
    torch.testing.assert_close(found.values, x, rtol=0.01, atol=0)
    with pytest.warns(Notice, match="leave a gap of"):
        short = integrated_gradients(network, x, first, most_points=16)
    assert not short.complete
    assert short.gap == pytest.approx(float(short.values.sum()) - (short.answer - short.start))


@pytest.mark.parametrize(
    ("x", "answer", "settings", "error", "match"),
    [
        (torch.zeros(4, 3), first, {"tolerance": 0}, ConfigError, "`tolerance` is a number above 0"),
        (torch.zeros(4, 3), first, {"most_points": 3}, ConfigError, "`most_points` is a whole number, at least 16"),
        (torch.zeros(4, 2, 3), first, {}, ShapeError, "one sequence, \\[T, F\\] of numbers"),
        (torch.zeros(0, 3), first, {}, ShapeError, "T >= 1"),
        ([1.0], first, {}, DtypeError, "list came"),
        (torch.zeros(4, dtype=torch.int64), first, {}, NetworkError, "without `embed`"),
        (torch.zeros(4, 3), first, {"baseline": torch.zeros(2)}, ShapeError, "`baseline` is"),
        (torch.zeros(4, 3), lambda last: last, {}, ShapeError, "one number for each row"),
        (torch.zeros(4, 3), lambda last: last[:, 0].detach(), {}, ShapeError, "must depend on the output"),
        (torch.zeros(4, 3), lambda last: 1.0, {}, DtypeError, "float came"),
        (torch.full((4, 3), torch.nan), first, {}, DivergedError, "finite number"),
    ],
)
def test_what_cannot_be_explained_is_named(x, answer, settings, error, match):
    network = tt.Network(None, tt.LSTM(3, 4), nn.Linear(4, 2))
    with pytest.raises(error, match=match):
        integrated_gradients(network, x, answer, **settings)
