"""What each rule expects, and that none looks ahead."""

from __future__ import annotations

from math import erfc

import numpy as np
import pytest

from throughtime.recipes.streams import rules

VALUES = np.random.default_rng(0).normal(size=300)


def test_expectations() -> None:
    np.testing.assert_array_equal(rules.last_value(VALUES)[1:], VALUES[:-1])
    np.testing.assert_allclose(rules.windows_mean(VALUES, 3)[10], VALUES[7:10].mean())
    hours = np.datetime64("2024-01-01", "s") + np.arange(300) * np.timedelta64(3600, "s")
    np.testing.assert_array_equal(rules.day_before(VALUES, hours, 60)[24:], VALUES[:-24])
    np.testing.assert_array_equal(rules.day_before(VALUES, hours, 10), rules.last_value(VALUES))


@pytest.mark.parametrize(
    "score",
    [
        rules.windowed_gaussian,
        lambda x: rules.windowed_gaussian(x, rows=50, stride=10),
        lambda x: rules.rarity_of(x, [rules.last_value(x)], 100),
    ],
)
def test_no_score_depends_on_later_rows(score) -> None:
    np.testing.assert_array_equal(score(VALUES)[:250], score(VALUES[:250]))


def test_the_gaussians_window_moves_by_its_stride() -> None:
    found = rules.windowed_gaussian(VALUES, rows=50, stride=10)
    for row in (50, 59, 60, 123):
        end = 50 + (row - 50) // 10 * 10
        window = VALUES[end - 50 : end]
        tail = 0.5 * erfc(abs(VALUES[row] - window.mean()) / window.std() / 2**0.5)
        assert found[row] == pytest.approx(1 - tail, abs=1e-4)  # the benchmark takes 1.4142 for the root of 2


def test_an_outlier_is_certain_for_the_gaussian() -> None:
    values = np.append(VALUES, 50.0)
    found = rules.windowed_gaussian(values)
    assert found[-1] >= rules.GAUSSIAN_THRESHOLD
    assert (found[100:-1] < rules.GAUSSIAN_THRESHOLD).all()
