"""Symbols written or taken: the mixture by hand, numbers beyond the vocabulary, and what smoothing and coverage add."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from throughtime.base.errors import ConfigError
from throughtime.nn.heads import CategoricalHead, PointerHead

N, F, C, V, R = 4, 5, 3, 6, 7


def head(**how):
    torch.manual_seed(0)
    writer = CategoricalHead(F, V)
    nn.init.normal_(writer.linear.weight)
    return PointerHead(writer, C, **how).double()


def told():
    torch.manual_seed(1)
    symbols = torch.tensor([[2, 7, 2, 1, 8, 5, 7]]).expand(N, -1)
    return {
        "features": torch.randn(N, F, dtype=torch.float64),
        "input": torch.randn(N, C, dtype=torch.float64),
        "weights": torch.randn(N, R, dtype=torch.float64).softmax(-1),
        "symbols": symbols,
        "overlap": torch.rand(N, dtype=torch.float64),
    }


def by_hand(ours, given):
    """[N, 9] probabilities."""
    g = torch.sigmoid(ours.gate(torch.cat([given["features"], given["input"]], -1)))
    found = torch.zeros(N, 9, dtype=torch.float64)
    found[:, :V] = g * ours.writer(given["features"]).softmax(-1)
    for place, symbol in enumerate(given["symbols"][0].tolist()):
        found[:, symbol] += (1 - g[:, 0]) * given["weights"][:, place]
    return found


def test_it_is_the_mixture_of_writing_and_taking():
    ours, given = head(), told()
    wanted, output = by_hand(ours, given), ours(given)
    torch.testing.assert_close(ours.log_probabilities(output, 9).exp(), wanted)
    torch.testing.assert_close(wanted.sum(-1), torch.ones(N, dtype=torch.float64))
    for symbol in (2, 3, 7, 8):
        target = torch.full((N,), symbol)
        torch.testing.assert_close(ours.loss(output, target)[:, 0], -wanted[:, symbol].log())
        torch.testing.assert_close(ours.nats(output, target), -wanted[:, symbol].log())
    assert torch.equal(ours.predict(output), wanted.argmax(-1))


def test_what_was_copied_is_a_share_of_the_probability():
    ours, given = head(), told()
    output, wanted = ours(given), by_hand(ours, given)
    g = torch.sigmoid(output["gate"][:, 0])
    taken = (1 - g) * (given["weights"][:, 0] + given["weights"][:, 2])
    torch.testing.assert_close(ours.copied(output, torch.full((N,), 2)), taken / wanted[:, 2])
    with torch.no_grad():
        assert float(ours.copied(output, torch.full((N,), 8)).min()) == pytest.approx(1)
        assert float(ours.copied(output, torch.full((N,), 3)).max()) < 1e-20


def test_smoothing_and_coverage_add_to_the_loss():
    given, target = told(), torch.tensor([2, 7, 0, 5])
    plain = head()
    nats, output = plain.loss(plain(given), target)[:, 0], plain(given)
    spread = -output["logits"].log_softmax(-1).mean(-1)
    smooth = head(smoothing=0.1, coverage=2.0)
    wanted = 0.9 * nats + 0.1 * spread + 2 * given["overlap"]
    torch.testing.assert_close(smooth.loss(smooth(given), target)[:, 0], wanted)
    torch.testing.assert_close(smooth.nats(smooth(given), target), nats)


def test_gradients_are_finite_where_a_symbol_stands_nowhere():
    ours, given = head(), told()
    ours.loss(ours(given), torch.tensor([0, 3, 4, 8])).sum().backward()
    for parameter in ours.parameters():
        assert bool(torch.isfinite(parameter.grad).all())
    # A symbol that neither side has costs what the least weight does.
    assert float(ours.loss(ours(given), torch.full((N,), 9)).detach().min()) > -math.log(1e-29)


def test_settings_are_checked():
    with pytest.raises(ConfigError, match=r"`coverage`.*-1 came; `smoothing`.*1 came"):
        head(coverage=-1, smoothing=1)
