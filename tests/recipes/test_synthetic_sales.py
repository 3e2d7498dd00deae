"""Made-up sales have what they say."""

from __future__ import annotations

import numpy as np

from throughtime.recipes.synthetic_sales import NOISE, synthetic_sales
from throughtime.tasks.season import find_period


def test_the_same_seed_makes_the_same_sales():
    first, second, other = synthetic_sales(3, 50), synthetic_sales(3, 50), synthetic_sales(3, 50, seed=1)
    np.testing.assert_array_equal(first.sales, second.sales)
    assert (first.sales != other.sales).any()


def test_sales_have_a_week():
    made = synthetic_sales(6, 400)
    assert find_period([each.astype(float) for each in made.sales], "1d") == 7


def test_promotions_lift_sales_and_are_neither_rare_nor_usual():
    made = synthetic_sales(20, 730)
    assert 0.1 < made.promotion.mean() < 0.3
    log = np.log(np.maximum(made.sales, 1))
    week = log - np.stack([log[:, day::7].mean(axis=1) for day in range(7)], axis=1)[:, np.arange(730) % 7]
    lift = week[made.promotion].mean() - week[~made.promotion].mean()
    assert lift > 3 * NOISE


def test_days_go_on_from_a_monday():
    days = synthetic_sales(1, 8).days
    assert days[0].astype(object).weekday() == 0
    assert (np.diff(days) == np.timedelta64(1, "D")).all()
