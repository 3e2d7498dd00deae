"""The forecaster of streams: its scale, its learning while it streams, what it keeps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from throughtime.bptt import TBPTT
from throughtime.tasks.stream_forecaster import Learning, Scale, StreamForecaster

LEARNING = Learning(hidden_size=8, schedule=TBPTT(10, 30), epochs=10, learning_rate=0.01, online_rate=0.005, seed=0)
WAVE = 50 + 10 * np.sin(2 * np.pi * np.arange(800) / 24)


def run(values, learning=LEARNING, times=None):
    """Forecasts of the rows after the first 200, which warm up."""
    later = [None] * (len(values) - 200) if times is None else times[200:]
    forecaster = StreamForecaster(values[:200], None if times is None else np.array(times[:200]), learning)
    forecasts = [forecaster.next]
    forecasts += [forecaster.step(float(value), time) for value, time in zip(values[200:], later, strict=True)]
    return np.array(forecasts[:-1]), forecaster


@pytest.fixture(scope="module")
def streamed():
    return run(WAVE)


def test_a_wave_is_forecast_far_better_than_by_its_last_value(streamed):
    forecasts, forecaster = streamed
    naive = np.mean(np.abs(np.diff(WAVE)))
    assert np.mean(np.abs(forecasts[-100:] - WAVE[-100:])) < 0.5 * naive
    assert forecaster.fitted.shape == (199,)
    assert np.mean(np.abs(forecaster.fitted - WAVE[1:200])) < naive


def test_it_learns_while_it_streams():
    turned = np.concatenate([WAVE[:200], 50 + 10 * np.sin(2 * np.pi * np.arange(500) / 9)])
    resting = replace(LEARNING, online_rate=0.0)
    learns, rests = (np.abs(run(turned, each)[0] - turned[200:])[-100:].mean() for each in (LEARNING, resting))
    assert learns < 0.7 * rests


def test_steps_are_the_network_over_the_whole_stream():
    _, forecaster = run(WAVE[:200], replace(LEARNING, online_rate=0.0))
    stepped = [forecaster.next, *(forecaster.step(float(v)) for v in WAVE[200:240])]
    z = forecaster._scale.to_z(WAVE[:240])
    x = torch.tensor(np.stack([z, np.diff(z, prepend=z[0])], 1), dtype=torch.float32)[:, None]
    with torch.no_grad():
        change = forecaster._network(x)[0].location[199:, 0, 0].double().numpy()
    np.testing.assert_allclose(stepped, forecaster._scale.to_value(z[199:] + change), rtol=1e-5)


def test_memory_stays_constant(streamed):
    _, forecaster = streamed
    assert len(forecaster._rows) <= 11
    assert len(forecaster._targets) <= 10
    assert forecaster._carry.position - forecaster._carry.base <= 30


def test_scale_and_back():
    values = np.random.default_rng(0).normal(5, 2, 1000)
    scale = Scale.of(values)
    assert scale.middle == pytest.approx(5, abs=0.2)
    assert scale.spread == pytest.approx(2, rel=0.1)
    np.testing.assert_allclose(scale.to_value(scale.to_z(values)), values)
    assert np.isfinite(scale.to_z(1e308))


@pytest.mark.parametrize(("values", "spread"), [([0.0] * 9 + [4.0], 0.4 / 0.7979), ([7.0] * 9, 0.07), ([0.0] * 9, 1.0)])
def test_where_half_the_values_are_one(values, spread):
    assert Scale.of(np.array(values)).spread == pytest.approx(spread)


def test_a_row_without_time_has_no_phase():
    times = np.datetime64("2024-01-01T00:00:00.000000") + np.arange(240) * np.timedelta64(3600, "s")
    forecasts, _ = run(WAVE[:240], times=list(times))
    partly, _ = run(WAVE[:240], times=[*times[:220], None, *times[221:]])
    np.testing.assert_array_equal(forecasts[:21], partly[:21])
    assert forecasts[21] != partly[21]
    assert np.isfinite(partly).all()
