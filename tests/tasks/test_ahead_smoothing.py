"""Smoothing inside a window, against the recursion written out, and what it learns."""

from __future__ import annotations

import numpy as np
import torch

from throughtime.tasks.ahead_smoothing import Smoothing


def by_hand(x, a, g, seasons, level, steps):
    m, seasons = len(seasons), list(seasons)
    used = []
    for value in x:
        season = seasons[-m]
        used.append(season)
        level = a * (value - season) + (1 - a) * level
        seasons.append(g * (value - level) + (1 - g) * season)
    ahead = [seasons[len(x) + step % m] for step in range(steps)]
    return x - np.array(used) - level, level + np.array(ahead)


def test_against_the_recursion():
    smoothing = Smoothing(2, 3)
    torch.nn.init.normal_(smoothing.level)
    torch.nn.init.normal_(smoothing.change)
    torch.nn.init.normal_(smoothing.shape)
    x = torch.randn(2, 8)
    unit = torch.tensor([1.5, 0.5])
    left, ahead = smoothing(x, torch.tensor([1, 0]), torch.tensor([10, 8]), unit, 5)
    for place, (row, end) in enumerate([(1, 10), (0, 8)]):
        a, g = (part[row].sigmoid().item() for part in (smoothing.level, smoothing.change))
        first = (end - 8) % 3
        shape = np.roll(smoothing.shape[row].detach().numpy(), -first) * float(unit[place])
        window = x[place].numpy().astype(float)
        wanted = by_hand(window, a, g, shape, window[:3].mean(), 5)
        np.testing.assert_allclose(left[place].detach(), wanted[0], atol=1e-5)
        np.testing.assert_allclose(ahead[place].detach(), wanted[1], atol=1e-5)


def test_a_learned_season_is_taken_out_and_put_on():
    smoothing = Smoothing(1, 4)
    shape = torch.tensor([1.0, -1.0, 2.0, -2.0])
    with torch.no_grad():
        smoothing.shape.copy_(shape[None])
    series = 7 + shape.repeat(5)
    left, ahead = smoothing(series[None, :14], torch.tensor([0]), torch.tensor([14]), torch.ones(1), 6)
    np.testing.assert_allclose(left.detach(), np.zeros((1, 14)), atol=1e-5)
    np.testing.assert_allclose(ahead[0].detach(), series[14:20], atol=1e-5)


def test_gradients_reach_each_rows_own():
    smoothing = Smoothing(3, 2)
    left, ahead = smoothing(torch.randn(1, 6), torch.tensor([1]), torch.tensor([6]), torch.ones(1), 3)
    (left.square().sum() + ahead.square().sum()).backward()
    for parameter in smoothing.parameters():
        assert parameter.grad[1].abs().sum() > 0
        assert parameter.grad[[0, 2]].abs().sum() == 0


def test_a_new_row_gets_the_mean():
    smoothing = Smoothing(2, 2)
    torch.nn.init.normal_(smoothing.shape)
    x, end, unit = torch.randn(1, 6), torch.tensor([6]), torch.ones(1)
    new = smoothing(x, torch.tensor([2]), end, unit, 3)
    with torch.no_grad():
        for parameter in smoothing.parameters():
            parameter.copy_(parameter.mean(0, keepdim=True).expand_as(parameter))
    known = smoothing(x, torch.tensor([0]), end, unit, 3)
    np.testing.assert_allclose(new[1].detach(), known[1].detach(), atol=1e-6)
