"""Daily sales of shops that there are not: a table with a week, a year, promotions known ahead, and luck.

    log sales = level (a slow random walk) + week (of a few kinds of shop) + year + promotion + noise

A promotion lasts some days and is planned: its column says so ahead. It lifts sales, most on its first day, by as much
as the shop's customers care for it, and takes part of what it brought from the days after it.

The generator makes no claim about any shop. It has what such tables have: a season that all rules can find, and an
effect that only those who read the promotions can.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FIRST_DAY = np.datetime64("2022-01-03")  # a Monday
# Kinds of week, Monday to Sunday, as factors: offices, suburbs, weekends.
WEEKS = np.array(
    [
        [1.15, 1.15, 1.15, 1.15, 1.10, 0.75, 0.55],
        [0.90, 0.88, 0.92, 0.98, 1.12, 1.32, 0.88],
        [0.70, 0.68, 0.72, 0.85, 1.15, 1.55, 1.35],
    ]
)
YEAR_DAYS = 365.25
# Days of a promotion, days from one to the next, and days after it that it takes from.
PROMOTION_DAYS, PAUSE_DAYS, DIP_DAYS = (3, 8), (12, 45), 4
NOISE, WALK = 0.07, 0.012


@dataclass(frozen=True)
class Sales:
    """S shops over T days.

    Args:
        days: [T].
        sales: [S, T] whole numbers.
        promotion: [S, T] whether there is one.
    """

    days: NDArray[np.datetime64]
    sales: NDArray[np.int64]
    promotion: NDArray[np.bool_]


def synthetic_sales(shops: int, days: int, seed: int = 0) -> Sales:
    """Make up sales.

    Args:
        shops: S, at least 1.
        days: T, at least 1.
        seed: of all that is drawn.
    """
    rng = np.random.default_rng(seed)
    time = np.arange(days)
    level = rng.normal(5.0, 0.7, (shops, 1)) + rng.normal(0, WALK, (shops, days)).cumsum(axis=1)
    week = np.log(WEEKS[rng.integers(len(WEEKS), size=shops)])[:, time % 7]
    swing, phase = rng.uniform(0.05, 0.25, (shops, 1)), rng.normal(0, 0.3, (shops, 1))
    year = swing * np.cos(2 * np.pi * (time / YEAR_DAYS - 0.95) + phase)  # high before the year's end
    promotion, effect = np.stack([_promotions(days, rng) for _ in range(shops)], axis=1)
    lift = rng.uniform(0.2, 0.7, (shops, 1))
    log = level + week + year + lift * effect + rng.normal(0, NOISE, (shops, days))
    return Sales(FIRST_DAY + time, np.round(np.exp(log)).astype(np.int64), promotion > 0)


def _promotions(days: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Of one shop, [2, T]: 1 where there is a promotion, and what it does to log sales in units of its lift."""
    planned, effect = np.zeros(days), np.zeros(days)
    start = int(rng.integers(*PAUSE_DAYS))
    while start < days:
        stop = start + int(rng.integers(*PROMOTION_DAYS))
        planned[start:stop] = 1
        inside = np.arange(len(effect[start:stop]))
        effect[start:stop] = 0.6 + 0.4 * np.exp(-inside / 1.5)
        after = np.arange(len(effect[stop : stop + DIP_DAYS]))
        effect[stop : stop + DIP_DAYS] = -0.3 * np.exp(-after / 2)
        start = stop + int(rng.integers(*PAUSE_DAYS))
    return np.stack([planned, effect])
