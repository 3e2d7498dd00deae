"""Moves of a pen: the density against scipy's, draws against the density, what is missing and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal

from throughtime.base.errors import ConfigError, DtypeError, ShapeError
from throughtime.nn.heads.strokes import LEAST_SPREAD, MOST_SLANT, StrokeHead


@pytest.fixture
def head():
    torch.manual_seed(3)
    made = StrokeHead(5, components=3).double()
    torch.nn.init.normal_(made.linear.weight, std=0.5)
    return made


def by_hand(output: np.ndarray, point: np.ndarray, components: int) -> float:
    """Nats of a point, written out."""
    a, x, y, s_x, s_y, r = output[: 6 * components].reshape(6, components)
    shares = np.exp(a) / np.exp(a).sum()
    density = 0.0
    for m in range(components):
        spread = LEAST_SPREAD + np.exp([s_x[m], s_y[m]])
        crossed = MOST_SLANT * np.tanh(r[m]) * spread[0] * spread[1]
        covariance = [[spread[0] ** 2, crossed], [crossed, spread[1] ** 2]]
        density += shares[m] * multivariate_normal([x[m], y[m]], covariance).pdf(point[:2])
    pen = output[6 * components :]
    return -np.log(density) - pen[int(point[2])] + np.log(np.exp(pen).sum())


def test_the_loss_is_the_density_written_out(head):
    output = head(torch.randn(7, 5, dtype=torch.float64)).detach()
    target = torch.cat([torch.randn(7, 2), torch.tensor([[0], [1], [2], [0], [1], [2], [0]])], -1).double()
    found = head.loss(output, target)[:, 0].numpy()
    wanted = [by_hand(o, y, 3) for o, y in zip(output.numpy(), target.numpy(), strict=True)]
    np.testing.assert_allclose(found, wanted, rtol=1e-9)


def test_gradients_by_finite_differences(head):
    features = torch.randn(4, 5, dtype=torch.float64, requires_grad=True)
    target = torch.tensor([[0.3, -1.0, 0], [0.0, 0.2, 1], [2.0, 0.1, 2], [-0.4, 0.6, 0]], dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda x: head.loss(head(x), target), (features,))


def test_draws_are_of_the_density(head):
    output, draws = head(torch.randn(5, dtype=torch.float64)), np.random.default_rng(0)
    points = np.stack([head.draw(output, draws) for _ in range(4000)])
    mean = head.predict(output).detach().numpy()
    error = points[:, :2].std(0) / 4000**0.5
    assert (np.abs(points[:, :2].mean(0) - mean[:2]) < 4 * error).all()
    chances = head.parts(output).pen.softmax(-1).detach().numpy()
    np.testing.assert_allclose(np.bincount(points[:, 2].astype(int), minlength=3) / 4000, chances, atol=0.03)
    # The expected loss of draws is the entropy; that of points of another density is more.
    nats = head.loss(output.expand(4000, -1), torch.from_numpy(points)).mean()
    moved = head.loss(output.expand(4000, -1), torch.from_numpy(points + np.array([1.0, -1.0, 0.0]))).mean()
    assert nats < moved


def test_a_bias_makes_draws_tidier(head):
    output, draws = head(torch.randn(5, dtype=torch.float64)), np.random.default_rng(0)
    spreads = [np.stack([head.draw(output, draws, bias) for _ in range(500)])[:, :2].std(0) for bias in (0.0, 4.0)]
    assert (spreads[1] < spreads[0] / 2).all()


def test_a_missing_point_costs_nothing(head):
    output = head(torch.randn(2, 5, dtype=torch.float64))
    target = torch.tensor([[float("nan"), 0, 0], [0.1, 0.2, 1]], dtype=torch.float64)
    found = head.loss(output, target)
    assert found[0] == 0
    assert found[1] != 0
    found.sum().backward()
    assert torch.isfinite(head.linear.weight.grad).all()


def test_what_is_no_point_is_refused(head):
    output = head(torch.randn(2, 5, dtype=torch.float64))
    with pytest.raises(ShapeError, match=r"\[N, 3\]"):
        head.loss(output, torch.zeros(2, 2))
    for pen in (3.0, -1.0, 0.5):
        with pytest.raises(DtypeError, match="pen's state"):
            head.loss(output, torch.tensor([[0.0, 0.0, pen]] * 2))
    with pytest.raises(ConfigError, match="components"):
        StrokeHead(5, components=0)
