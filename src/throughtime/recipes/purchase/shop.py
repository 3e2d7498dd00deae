"""The recipe: a customer's next purchase, of a sample that is made up, or of a table of one's own.

LSTM and Elman RNN read each user's whole history under TBPTT(40, 40); only the perceptron has a window.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from throughtime.recipes.purchase.case import PurchaseCase, read_other
from throughtime.recipes.purchase.problem import load_problem
from throughtime.recipes.purchase.reading import read_own
from throughtime.recipes.purchase.settings import Columns, Settings
from throughtime.recipes.recipe import Recipe
from throughtime.recipes.settings import parse
from throughtime.recipes.synthetic_purchases import synthetic_purchases

TITLE = "Synthetic purchases (made up by a generator)"
SAMPLE = Settings(Columns(user="user", item="item", time=("time",)))
# Users, items and purchases: enough that memory pays, few enough for half a minute on one core.
SIZE = (5_000, 1_000, 100_000)


def sample() -> pl.DataFrame:
    """Purchases that nobody made: user, item, time; see `recipes.synthetic_purchases`."""
    made = synthetic_purchases(*SIZE)
    return pl.DataFrame({"user": made.users, "item": made.items, "time": made.times.astype("datetime64[us]")})


def load(data: str | Path | Any | None, settings: Mapping[str, Any]) -> PurchaseCase:
    """The case of the sample (`data` None) or of a user's table.

    Raises:
        ConfigError: settings that are unknown or do not fit.
        DataError, FileMissingError: whatever is wrong with the table.
    """
    if data is None:
        return PurchaseCase(*load_problem(sample(), TITLE, parse(settings, SAMPLE)))
    said = parse(settings, Settings())
    table, title = read_own(data)
    return PurchaseCase(*load_problem(table, title, said))


RECIPE = Recipe(
    name="purchase",
    summary="a customer's next purchase from a table of user, item and time (--data), or from a made-up sample",
    tbptt="40,40",
    load=load,
    read=read_other,
)
