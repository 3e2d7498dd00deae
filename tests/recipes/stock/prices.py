"""Made-up prices for the tests of the recipe."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl


def sessions(count: int) -> list[date]:
    """Weekdays in a row."""
    days = (date(2010, 1, 4) + timedelta(days=day) for day in range(2 * count))
    return [day for day in days if day.weekday() < 5][:count]


def walk(count: int, seed: int = 0, stay: float = 0.5) -> np.ndarray:
    """Closes whose next sign is the last one's with probability `stay`: 0.5 is a random walk."""
    draw = np.random.default_rng(seed)
    turns = np.where(draw.random(count) < stay, 1, -1)
    return 100 * np.exp(np.cumsum(np.cumprod(turns) * np.abs(draw.normal(0, 0.01, count))))


def table(count: int = 300, seed: int = 0, stay: float = 0.5, **columns: object) -> pl.DataFrame:
    close = walk(count, seed, stay)
    draw = np.random.default_rng(seed + 1)
    opened = close * np.exp(draw.normal(0, 0.003, count))
    body = {
        "Date": sessions(count),
        "Open": opened,
        "High": np.maximum(opened, close) * 1.003,
        "Low": np.minimum(opened, close) / 1.003,
        "Close": close,
        "Volume": draw.integers(1000, 2000, count),
    }
    return pl.DataFrame({**body, **columns})
