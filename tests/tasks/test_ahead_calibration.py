"""Intervals hold what they say, forecasts that do not help are dropped, and paths hang together as errors do."""

from __future__ import annotations

import numpy as np
import pytest

from throughtime.metrics import coverage
from throughtime.tasks.ahead_calibration import Calibration, trusted
from throughtime.tasks.ahead_origins import Origins

RNG = np.random.default_rng(0)
N, H = 2000, 4
ORIGINS = Origins(np.zeros(N, int), np.arange(N))
WIDTH = np.array([0.5, 1.0, 2.0, 3.0])


def drawn():
    location = RNG.normal(size=(N, H))
    return location, location + WIDTH * RNG.standard_t(4, size=(N, H))


@pytest.mark.parametrize("level", [50, 80, 95])
def test_intervals_hold_what_they_say(level):
    location, future = drawn()
    calibration = Calibration.fit(1.0, future, location, np.ones((N, H)))
    told, came = drawn()
    width = calibration.width(level)
    # Two deviations of a share among 8,000, and of the quantile of 2,000 at each step.
    assert coverage(came, told - width, told + width) == pytest.approx(level / 100, abs=0.02)
    assert (np.diff(width) > 0).all()


def gaining(share, origins=ORIGINS):
    last = RNG.exponential(size=(N, H))
    return trusted(origins, last, (1 - share) * RNG.exponential(size=(N, H)))


def test_a_forecast_that_helps_is_trusted_and_noise_is_not():
    assert gaining(0.1) == 1
    assert gaining(-0.1) == 0
    assert trusted(ORIGINS, np.zeros((N, H)), np.zeros((N, H))) == 0
    assert trusted(ORIGINS, np.full((N, H), np.nan), np.full((N, H), np.nan)) == 0
    assert np.mean([gaining(0.0) for _ in range(200)]) < 0.2  # 16 % stand a deviation above 0; their chance
    assert trusted(ORIGINS, np.ones((N, H)), np.full((N, H), 0.99)) == 0  # beyond doubt, and not worth it


def test_neighbouring_windows_are_no_proof():
    # Slow swings: every window agrees with its neighbours, and 2,000 of them tell of a handful.
    swings = np.repeat([3.0, -2.0, 2.0, -2.5, 1.0, -1.0, 0.5, 0.0], N // 8)[:, None] * np.ones(H)
    assert swings.mean() > 0.1
    assert trusted(ORIGINS, 5 + swings, np.full((N, H), 5.0)) == 0


def test_a_wild_window_is_no_proof():
    last, told = np.ones((N, H)), np.full((N, H), 1.01)
    last[0] = 1e6
    assert trusted(ORIGINS, last, told) == 0


def test_windows_of_many_rows_are_proof_each():
    assert gaining(0.1, Origins(np.arange(N), np.full(N, 50))) == 1


def test_missing_values_do_not_count():
    location, future = drawn()
    holes = future.copy()
    holes[::2] = np.nan
    some = Calibration.fit(1.0, holes, location, np.ones((N, H)))
    rest = Calibration.fit(1.0, future[1::2], location[1::2], np.ones((N // 2, H)))
    np.testing.assert_allclose(some.widths, rest.widths)


def test_few_windows_give_normal_widths():
    Origins(np.arange(3), np.full(3, 9))
    errors = RNG.normal(size=(3, H))
    calibration = Calibration.fit(1.0, errors, np.zeros((3, H)), np.full((3, H), 0.1))
    assert calibration.width(95) * 0.1 == pytest.approx([1.96 * np.sqrt(np.mean(errors**2))] * H, abs=0.01)
    assert Calibration.without(H).width(80) == pytest.approx([1.2816] * H, abs=0.01)


def test_paths_have_the_intervals_and_hang_together():
    steps = RNG.normal(size=(N, H)).cumsum(axis=1)
    calibration = Calibration.fit(1.0, steps, np.zeros((N, H)), np.ones((N, H)))
    paths = calibration.draw(3, 3000, seed=1)
    assert paths.shape == (3000, 3, H)
    flat = paths.reshape(-1, H)
    inside = (np.abs(flat) <= calibration.width(80)).mean(axis=0)
    assert inside == pytest.approx([0.8] * H, abs=0.02)
    np.testing.assert_allclose(np.corrcoef(flat, rowvar=False), np.corrcoef(steps, rowvar=False), atol=0.05)
    np.testing.assert_array_equal(paths, calibration.draw(3, 3000, seed=1))
    assert not np.array_equal(paths, calibration.draw(3, 3000, seed=2))


def test_it_comes_back():
    location, future = drawn()
    calibration = Calibration.fit(1.0, future, location, np.ones((N, H)))
    again = Calibration.from_dict(calibration.to_dict())
    np.testing.assert_array_equal(again.draw(1, 5, 0), calibration.draw(1, 5, 0))
    assert again.kept == calibration.kept
