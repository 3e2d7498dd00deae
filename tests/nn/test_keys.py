"""Heads of frames against sums over all frames there are."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch

from throughtime.base.errors import ConfigError, DtypeError, ShapeError
from throughtime.nn.heads.keys import BernoulliHead, KeysHead

K = 4
FRAMES = torch.tensor(list(product([0.0, 1.0], repeat=K)), dtype=torch.float64)


def made(kind, seed=0, **settings):
    """A head with random weights, and its output on three rows of features."""
    torch.manual_seed(seed)
    head = kind(5, K, dtype=torch.float64, **settings)
    for parameter in head.parameters():
        torch.nn.init.normal_(parameter)
    return head, head(torch.randn(3, 5, dtype=torch.float64)).detach()


def probabilities(head, row):
    """Of all frames, by the loss."""
    return torch.exp(-head.loss(row.expand(len(FRAMES), -1), FRAMES)[:, 0])


@pytest.mark.parametrize("kind", [BernoulliHead, KeysHead])
def test_all_frames_together_have_probability_one(kind):
    head, output = made(kind)
    for row in output:
        torch.testing.assert_close(probabilities(head, row).sum(), torch.tensor(1.0, dtype=torch.float64))


def test_independent_keys_are_products():
    head, output = made(BernoulliHead)
    chance = output[0].sigmoid()
    wanted = torch.where(FRAMES == 1, chance, 1 - chance).prod(1)
    torch.testing.assert_close(probabilities(head, output[0]), wanted)


def test_keys_depend_on_those_below_as_the_formula_says():
    head, output = made(KeysHead, units=3)
    b, c = output[0, :K], output[0, K:]
    for frame, found in zip(FRAMES, probabilities(head, output[0]), strict=True):
        wanted = 1.0
        for k in range(K):
            a = c + sum((head.below[j] * frame[j] for j in range(k)), torch.zeros(3, dtype=torch.float64))
            chance = torch.sigmoid(b[k] + head.above[k] @ torch.sigmoid(a))
            wanted = wanted * (chance if frame[k] else 1 - chance)
        torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize("kind", [BernoulliHead, KeysHead])
def test_draws_come_as_often_as_they_are_likely(kind):
    head, output = made(kind)
    drawn = head.draw(output[:1].expand(20_000, -1), np.random.default_rng(0))
    codes = drawn @ (2 ** np.arange(K)[::-1])
    counts = np.bincount(codes, minlength=2**K) / 20_000
    # Four standard deviations of a share of 20,000 are below 0.015.
    np.testing.assert_allclose(counts, probabilities(head, output[0]).detach().numpy(), atol=0.015)
    again = head.draw(output, np.random.default_rng(3))
    assert np.array_equal(again, head.draw(output, np.random.default_rng(3)))


def test_the_point_forecast_goes_key_by_key():
    head, output = made(KeysHead)
    (found,) = head.predict(output[:1])
    frame = torch.zeros(1, K, dtype=torch.float64)
    for k in range(K):
        frame[0, k] = head._logits(output[:1], frame)[0, k] > 0
    assert torch.equal(found.double(), frame[0])
    assert head.predict(output.view(3, 1, -1)).shape == (3, 1, K)
    independent, logits = made(BernoulliHead)
    assert torch.equal(independent.predict(logits), logits > 0)


@pytest.mark.parametrize("kind", [BernoulliHead, KeysHead])
def test_training_begins_at_the_rates_and_gradients_are_right(kind):
    rates = torch.tensor([0.1, 0.2, 0.5, 0.9], dtype=torch.float64)
    head = kind(5, K, rates=rates, dtype=torch.float64)
    output = head(torch.randn(2, 5, dtype=torch.float64))
    torch.testing.assert_close(output[:, :K].sigmoid(), rates.expand(2, -1), atol=1e-6, rtol=0)
    torch.testing.assert_close(head._logits(output, FRAMES[:2]), output[:, :K])
    head, output = made(kind)
    output.requires_grad_()
    assert torch.autograd.gradcheck(lambda y: head.loss(y, FRAMES[[3, 9, 12]]), (output,))


@pytest.mark.parametrize("kind", [BernoulliHead, KeysHead])
def test_a_missing_frame_costs_nothing(kind):
    head, output = made(kind)
    target = FRAMES[:3].clone()
    target[1, 2] = torch.nan
    output.requires_grad_()
    loss = head.loss(output, target)
    assert loss.shape == (3, 1)
    assert float(loss[1].detach()) == 0
    loss.sum().backward()
    assert output.grad.isfinite().all()
    assert not output.grad[1].any()


def test_what_breaks_a_rule_is_named():
    with pytest.raises(ConfigError, match=r"`keys`.*: 0 came"):
        BernoulliHead(3, 0)
    with pytest.raises(ConfigError, match="`units`"):
        KeysHead(3, 4, 0)
    with pytest.raises(ConfigError, match=r"`rates` are 4 numbers in \(0, 1\)"):
        KeysHead(3, 4, rates=torch.tensor([0.5, 0.5, 0.0, 0.5]))
    head, output = made(BernoulliHead)
    with pytest.raises(ShapeError, match=r"\(3, 4\) wanted, \(3, 5\) came"):
        head.loss(output, torch.zeros(3, 5))
    with pytest.raises(DtypeError, match="another number came"):
        head.loss(output, torch.full((3, 4), 0.5))
