"""Symbols are drawn with the probabilities that the settings leave them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from throughtime.base.errors import ConfigError, ShapeError
from throughtime.decode import Sampling

LOGITS = torch.tensor([[0.5, 0.2, 0.15, 0.1, 0.05]]).log() + 3


def probabilities(last=(), **settings):
    return Sampling(**settings).probabilities(LOGITS, last)[0]


def test_nothing_asked_for_is_the_networks_own():
    np.testing.assert_allclose(probabilities(), [0.5, 0.2, 0.15, 0.1, 0.05], rtol=1e-6)


def test_temperature_sharpens():
    wanted = np.array([0.5, 0.2, 0.15, 0.1, 0.05]) ** 2
    np.testing.assert_allclose(probabilities(temperature=0.5), wanted / wanted.sum(), rtol=1e-6)


def test_the_likeliest_stay():
    np.testing.assert_allclose(probabilities(top_k=2), [5 / 7, 2 / 7, 0, 0, 0], rtol=1e-6)
    assert probabilities(top_k=1).tolist() == [1, 0, 0, 0, 0]
    np.testing.assert_allclose(probabilities(top_k=9), probabilities(), rtol=1e-12)
    tied = Sampling(top_k=2).probabilities(torch.zeros(1, 4))[0]
    assert tied.tolist() == [0.5, 0.5, 0, 0]


@pytest.mark.parametrize(("share", "count"), [(0.3, 1), (0.6, 2), (0.8, 3), (0.9, 4), (1.0, 5)])
def test_the_fewest_that_hold_the_share_stay(share, count):
    found = probabilities(top_p=share)
    assert (found > 0).sum() == count
    assert found.sum() == pytest.approx(1)


def test_both_cuts_hold():
    assert (probabilities(top_p=0.9, top_k=2) > 0).tolist() == [True, True, False, False, False]


def test_what_came_lately_is_less_likely():
    found = probabilities([[3, 0]], repetition_penalty=2.0)
    wanted = np.array([0.5**2, 0.2, 0.15, 0.1**2, 0.05])
    np.testing.assert_allclose(found, wanted / wanted.sum(), rtol=1e-6)
    forgotten = probabilities([[0] + [4] * 64], repetition_penalty=2.0)
    assert forgotten[0] > 0.5


def test_shares_of_draws_are_the_probabilities():
    sampling, draws = Sampling(temperature=1.5, top_k=4), np.random.default_rng(0)
    rows = LOGITS.expand(20_000, -1)
    counts = np.bincount(sampling.draw(rows, draws), minlength=5) / 20_000
    # Four standard deviations of a share of 20,000 draws are below 0.015.
    np.testing.assert_allclose(counts, sampling.probabilities(LOGITS)[0], atol=0.015)
    assert counts[4] == 0


def test_the_seed_decides():
    drawn = [Sampling().draw(LOGITS.expand(50, -1), np.random.default_rng(seed)).tolist() for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_all_problems_are_named():
    with pytest.raises(ConfigError, match=r"`temperature`.*: 0 came; `top_k`.*: 0 came; `top_p`.*1.5 came.*top_k=1"):
        Sampling(temperature=0, top_k=0, top_p=1.5)
    with pytest.raises(ConfigError, match="`repetition_penalty`"):
        Sampling(repetition_penalty=0.5)
    with pytest.raises(ShapeError, match=r"\[B, V\]"):
        Sampling().probabilities(torch.zeros(3))
    with pytest.raises(ShapeError, match="1 came"):
        Sampling().probabilities(torch.zeros(3, 2), [[0]])
