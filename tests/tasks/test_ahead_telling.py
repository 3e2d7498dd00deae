"""Forecasts step by step, against the loop over predictions of one step."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.tasks.ahead_cases import source_of
from throughtime.tasks.ahead_origins import Origins
from throughtime.tasks.ahead_telling import tell

SERIES = [np.random.default_rng(k).normal(size=40).cumsum() for k in range(2)]
ORIGINS = Origins(np.array([0, 1]), np.array([40, 40]))


def perturbed(**changes):
    torch.manual_seed(0)
    network, source = source_of(SERIES, **changes)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return network, source


@pytest.mark.parametrize("strategy", ["direct", "decoder"])
def test_all_steps_at_once(strategy):
    network, source = perturbed(strategy=strategy)
    location, scale = tell(network, source, ORIGINS, 3)
    assert location.shape == scale.shape == (2, 3)
    alone, _ = tell(network, source, ORIGINS.some(slice(1, 2)), 3)
    np.testing.assert_allclose(alone[0], location[1], atol=1e-5)


def test_one_step_after_the_other():
    network, source = perturbed(strategy="recursive", steps=1)
    scaled = source.scaling.scale(ORIGINS.rows, ORIGINS.ends, 8)
    location, scale = tell(network, source, ORIGINS, 3)
    assert (np.diff(scale, axis=1) > 0).all()
    values = scaled.back(location)
    longer = [np.append(each, value[:2]) for each, value in zip(SERIES, values, strict=True)]
    _, later = source_of(longer, strategy="recursive", steps=1)
    after = Origins(ORIGINS.rows, ORIGINS.ends + 2)
    third, _ = tell(network, later, after, 1)
    told = later.scaling.scale(after.rows, after.ends, 8).back(third)
    # The row's spread so far, a part of the unit, is that of the origin all along.
    np.testing.assert_allclose(told[:, 0], values[:, 2], rtol=1e-2)
