"""Small tables and settings for the tests of forecasts several steps ahead."""

from __future__ import annotations

import numpy as np
import polars as pl

from throughtime.recipes.ahead.problem import Problem, load_problem
from throughtime.recipes.ahead.scores import PROBABILITIES, Forecasts
from throughtime.recipes.ahead.settings import Ahead, Model, Settings
from throughtime.recipes.forecasting.settings import Columns

WEEK = np.array([1.0, 2.0, 3.0, 4.0, 3.0, 8.0, 0.0])
TINY = Model(hidden_size=4, members=1, epochs=1, batch_size=32, window_steps=8, segment_steps=2)
COLUMNS = Columns(time=("day",), id="shop", target=("sales",), known=("offer",))


def table(shops: int = 3, days: int = 90, seed: int = 0) -> pl.DataFrame:
    """Shops with a week and offers known ahead, each ten times the size of the one before."""
    rng = np.random.default_rng(seed)
    day = np.datetime64("2024-01-01") + np.arange(days)
    frames = []
    for shop in range(shops):
        offer = rng.integers(0, 2, days)
        sales = 10.0**shop * (5 + np.tile(WEEK, days // 7 + 1)[:days] + 3 * offer + rng.normal(0, 0.2, days))
        frames.append(pl.DataFrame({"day": day, "shop": [f"s{shop}"] * days, "sales": sales, "offer": offer}))
    return pl.concat(frames)


def changed(frame: pl.DataFrame, rows: pl.Expr, **cells: object) -> pl.DataFrame:
    """A table with other cells in some rows, by column."""
    return frame.with_columns(
        pl.when(rows).then(pl.lit(cell)).otherwise(pl.col(name)).alias(name) for name, cell in cells.items()
    )


def settings(**ahead: int) -> Settings:
    """A tiny network, a week ahead from two origins unless it is said otherwise."""
    return Settings(COLUMNS, Ahead(**{"horizon": 7, "season": 7, "origins": 2, **ahead}), TINY)


def problem(frame: pl.DataFrame | None = None, chosen: Settings | None = None) -> Problem:
    """The problem of a table."""
    return load_problem(table() if frame is None else frame, "shops", chosen or settings())[0]


def exact(problem: Problem, error: float = 0.0, width: float = 1.0) -> Forecasts:
    """Forecasts that are off by `error`, with a uniform distribution of this width."""
    point = np.nan_to_num(problem.outcomes()) + error
    return Forecasts(point, np.stack([point + width * (each - 0.5) for each in PROBABILITIES], axis=-1))
