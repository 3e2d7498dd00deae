"""Batches are pure functions of (seed, epoch, index), and what validates is scored in the series' own changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.tasks.ahead_cases import source_of
from throughtime.base.errors import DataError
from throughtime.tasks.ahead_batches import WindowBatches, known_of, piece_of, validation_error
from throughtime.tasks.ahead_network import AheadNetwork
from throughtime.tasks.ahead_origins import Origins

SERIES = [np.random.default_rng(k).normal(size=40).cumsum() for k in range(3)]
ORIGINS = Origins(np.array([0, 1, 2, 0]), np.array([20, 25, 30, 35]))


def batches(network, source, seed=0):
    return WindowBatches(source, ORIGINS, network.states, batch_size=3, seed=seed)


def test_a_batch_is_a_function_of_its_place():
    network, source = source_of(SERIES)
    one, other = batches(network, source), batches(network, source)
    for place in ((0, 0), (3, 7)):
        torch.testing.assert_close(one[place].y, other[place].y, equal_nan=True)
    assert not torch.equal(one[0, 0].y, one[0, 1].y)
    assert not torch.equal(one[0, 0].y, one[1, 0].y)
    assert not torch.equal(one[0, 0].y, batches(network, source, seed=1)[0, 0].y)


@pytest.mark.parametrize("strategy", ["direct", "decoder"])
def test_a_piece_tells_the_future_in_the_windows_units(strategy):
    _, source = source_of(SERIES, strategy=strategy)
    shown, x, y = piece_of(source, ORIGINS)
    scaled = source.scaling.scale(ORIGINS.rows, ORIGINS.ends, 8)
    wanted = (SERIES[1][25:28] - SERIES[1][24]) / scaled.spread[1]
    told = y[:, 1, 0] if strategy == "decoder" else y[0, 1]
    np.testing.assert_allclose(told, wanted, rtol=1e-4)
    np.testing.assert_allclose(shown.x[1, :-1], (SERIES[1][17:24] - SERIES[1][24]) / scaled.spread[1], rtol=1e-4)
    assert x.shape[:2] == y.shape[:2]


def test_what_is_known_ahead():
    _, source = source_of(SERIES)
    known = np.arange(12, dtype=np.float32).reshape(1, 3, 4)  # three steps; of four numbers two are the calendar's
    design = replace(source.design, known=2, calendar=2)
    assert known_of(known, design).tolist() == [[[2, 3, 0, 1, 4, 5, 8, 9]]]
    steps = known_of(known, replace(design, strategy="decoder"))
    assert steps[:, 0].tolist() == [[0, 1, 2, 3, 0], [4, 5, 6, 7, 1], [8, 9, 10, 11, 2]]


def test_errors_are_in_rows_changes():
    network, source = source_of(SERIES)
    changes = np.array([1.0, 2.0, 4.0])
    error = validation_error(source, ORIGINS, network.states, changes)
    # An untrained network repeats the last value.
    errors = [
        np.abs(SERIES[row][end : end + 3] - SERIES[row][end - 1]) / changes[row]
        for row, end in zip(ORIGINS.rows, ORIGINS.ends, strict=True)
    ]
    with torch.no_grad():
        assert error(network.members) == pytest.approx(np.mean(errors), rel=1e-5)


def test_nothing_to_score():
    network, source = source_of(SERIES)
    assert isinstance(network, AheadNetwork)
    with pytest.raises(DataError, match="Validation needs values to score"):
        validation_error(source, ORIGINS, network.states, np.zeros(3))
