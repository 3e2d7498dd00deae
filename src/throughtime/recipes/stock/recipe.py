"""The recipe `stock`: the S&P 500 sample, or a table of one's own, walked through one session ahead."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import polars as pl

from throughtime.base.errors import say_once
from throughtime.data.files import unzipped
from throughtime.recipes.forecasting.problem import read_own
from throughtime.recipes.recipe import Case, Recipe
from throughtime.recipes.settings import parse
from throughtime.recipes.stock.case import StockCase
from throughtime.recipes.stock.prices import read_market
from throughtime.recipes.stock.settings import NONE, Columns, Settings

TITLE = "S&P 500 1999-2018"
SAMPLE = Columns("Date", NONE, "Close", "Adj Close", "Open", "High", "Low", "Volume")


def sample() -> pl.DataFrame:
    """Daily rows of the S&P 500, 1999-2018: Date, Open, High, Low, Close, Adj Close, Volume.

    Source: figures of public record, see `samples/SOURCES.md`.
    """
    content = files("throughtime.recipes").joinpath("samples", "sp500.csv.gz").read_bytes()
    return pl.read_csv(io.BytesIO(unzipped(content, "sp500.csv.gz")), try_parse_dates=True)


def load(data: str | Path | Any | None, settings: Mapping[str, Any]) -> StockCase:
    """The case of the sample (`data` None) or of a user's table.

    Raises:
        ConfigError: settings that are unknown or do not fit.
        DataError, FileMissingError: whatever is wrong with the table.
    """
    defaults = Settings() if data is not None else replace(Settings(), columns=SAMPLE)
    chosen = parse(settings, defaults)
    table, title = (sample(), TITLE) if data is None else read_own(data)
    market = read_market(table, chosen.columns)
    for note in market.notes:
        say_once(note, note)
    case = StockCase(title, market, replace(chosen, columns=market.columns))
    case.stage(0)  # whatever is wrong with the walk is told at once
    return case


def read_other(data: str | Path | Any, settings: Mapping[str, Any], table: Mapping[str, Any], scored: bool) -> Case:
    """Another table, read as a run's own was; the run's model decides on all of it."""
    del scored  # the session after the newest is forecast whether or not others are scored
    chosen = parse(settings, Settings())
    frame, title = read_own(data)
    market = read_market(frame, chosen.columns)
    until, shares = str(table["trained_until"]), tuple(table["shares"])
    return StockCase(title, market, chosen, walks=False, trained_until=until, shares=shares)


RECIPE = Recipe(
    name="stock",
    summary="a security's next movement from a table of its prices, walked through time (--data)",
    tbptt="200,200",
    load=load,
    read=read_other,
)
