"""The recipe `forecast`: made-up sales of shops, or a table of one's own, several steps ahead."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from throughtime.recipes.ahead.case import AheadCase, read_other
from throughtime.recipes.ahead.problem import load_problem
from throughtime.recipes.ahead.settings import Ahead, Model, Settings
from throughtime.recipes.forecasting.problem import read_own
from throughtime.recipes.forecasting.settings import Columns
from throughtime.recipes.recipe import Recipe
from throughtime.recipes.settings import parse
from throughtime.recipes.synthetic_sales import synthetic_sales

TITLE = "Synthetic shop sales (made up by a generator)"
SAMPLE = Settings(
    Columns(time=("date",), target=("sales",), id="shop", known=("promotion",)),
    # A fortnight: two of the weeks that sales have.
    Ahead(horizon=14),
    # One network, and smaller updates: seconds, where the defaults take minutes and err a little less.
    Model(members=1, epochs=8, batch_size=128),
)
# Shops and days: two years, so that the second shows what the first taught of the year.
SIZE = (20, 731)
# Days after them of which the promotions are known and the sales are not, for `predict`.
PLANNED = 14


def sample() -> pl.DataFrame:
    """Sales of shops that there are not: date, shop, sales, promotion; see `recipes.synthetic_sales`.

    Each shop goes on with a fortnight of promotions whose sales are not known.
    """
    made = synthetic_sales(SIZE[0], SIZE[1] + PLANNED)
    shops = [f"shop {number:02d}" for number in range(1, SIZE[0] + 1)]
    sales = made.sales.astype(np.float64)
    sales[:, SIZE[1] :] = np.nan
    return pl.DataFrame(
        {
            "date": np.tile(made.days, SIZE[0]),
            "shop": np.repeat(shops, len(made.days)),
            "sales": pl.Series(sales.reshape(-1)).fill_nan(None),
            "promotion": made.promotion.reshape(-1),
        }
    )


def load(data: str | Path | Any | None, settings: Mapping[str, Any]) -> AheadCase:
    """The case of the sample (`data` None) or of a user's table.

    Raises:
        ConfigError: settings that are unknown or do not fit.
        DataError, FileMissingError: whatever is wrong with the table.
    """
    if data is None:
        return AheadCase(*load_problem(sample(), TITLE, parse(settings, SAMPLE)))
    said = parse(settings, Settings())
    table, title = read_own(data)
    return AheadCase(*load_problem(table, title, said))


RECIPE = Recipe(
    name="forecast",
    summary="several steps ahead of many series in one table (--data), or of made-up sales",
    tbptt="n,n",
    load=load,
    read=read_other,
)
