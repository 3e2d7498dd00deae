"""Windows in their own units move with their series, come back, and know nothing of the future."""

from __future__ import annotations

import numpy as np
import pytest

from throughtime.data import from_arrays
from throughtime.tasks.ahead_rows import Columns, Rows
from throughtime.tasks.ahead_scaling import CLIP, FLOOR, Scaling, all_positive

RNG = np.random.default_rng(0)
SERIES = [RNG.normal(size=60).cumsum() + 40, RNG.normal(size=50).cumsum() * 1e-6 + 1e5]


def scaling_of(series, log=False):
    read = from_arrays(series)
    return Scaling(Rows.of(read, Columns.fit(read, ())), log)


ROWS, ENDS = np.array([0, 0, 1]), np.array([5, 40, 33])


def test_by_hand():
    scaled = scaling_of([np.array([9.0, 1, 3, 5])]).scale(np.array([0]), np.array([4]), 3)
    unit = np.sqrt(np.var([1, 3, 5]) + FLOOR**2 * np.var([9, 1, 3, 5]))
    assert (scaled.level[0], scaled.spread[0]) == (5, pytest.approx(unit))
    np.testing.assert_allclose(scaled.x[0], np.array([-4, -2, 0]) / unit, rtol=1e-6)
    np.testing.assert_allclose(scaled.forward(np.array([[7.0, np.nan]])), [[2 / unit, np.nan]], rtol=1e-6)


@pytest.mark.parametrize("log", [False, True])
def test_there_and_back(log):
    scaled = scaling_of(SERIES, log).scale(ROWS, ENDS, 12)
    future = scaling_of(SERIES).rows.futures(ROWS, ENDS, 3)
    np.testing.assert_allclose(scaled.back(scaled.forward(future).astype(float)), future, rtol=1e-5)


def test_moves_with_the_series():
    before = scaling_of(SERIES).scale(ROWS, ENDS, 12)
    after = scaling_of([7 * each - 300 for each in SERIES]).scale(ROWS, ENDS, 12)
    # The second series moves by a millionth about 100,000, of which a double keeps four digits.
    np.testing.assert_allclose(after.x, before.x, atol=1e-3)
    logs = scaling_of(SERIES, log=True).scale(ROWS, ENDS, 12)
    stretched = scaling_of([1000 * each for each in SERIES], log=True).scale(ROWS, ENDS, 12)
    np.testing.assert_allclose(stretched.x[:2], logs.x[:2], atol=1e-6)


@pytest.mark.parametrize("log", [False, True])
def test_the_future_does_not_matter(log):
    changed = [each.copy() for each in SERIES]
    changed[0][40:] = 1e6
    changed[1][33:] = 2e9
    places = slice(1, None)  # of the first window 5 .. 40 is the future too
    before = scaling_of(SERIES, log).scale(ROWS[places], ENDS[places], 12)
    after = scaling_of(changed, log).scale(ROWS[places], ENDS[places], 12)
    for name in ("x", "level", "spread"):
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name))


def test_a_constant_is_forecast_as_it_is():
    scaled = scaling_of([np.full(9, 3.0), np.arange(9.0)]).scale(np.array([0]), np.array([9]), 4)
    assert scaled.spread[0] == 0
    assert not scaled.x.any()
    assert scaled.back(np.array([[5.0, -5.0]])).tolist() == [[3, 3]]
    assert np.isnan(scaled.forward(np.array([[4.0]]))).all()


def test_a_quiet_window_is_bounded():
    series = np.concatenate([RNG.normal(size=200), np.zeros(20) + 1e-9 * RNG.normal(size=20), [1.0]])
    scaled = scaling_of([series]).scale(np.array([0]), np.array([220]), 10)
    assert 10 < scaled.forward(np.array([[1.0]]))[0, 0] <= CLIP  # not 10^9


def test_all_positive():
    assert all_positive(scaling_of(SERIES).rows)
    assert not all_positive(scaling_of([np.array([1.0, 0.0])]).rows)
