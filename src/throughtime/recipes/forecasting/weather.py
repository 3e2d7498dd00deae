"""Tomorrow's weather: the Seattle sample, or a table of one's own, one step ahead.

LSTM and Elman RNN read one continuous stream under TBPTT(50, 50), their state carried through training, validation and
test part; only the perceptron has a window. The sample trains on 2012 and 2013, is validated on 2014, tested on 2015.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import polars as pl

from throughtime.recipes.forecasting.case import ForecastCase, read_other
from throughtime.recipes.forecasting.problem import load_problem, read_own
from throughtime.recipes.forecasting.settings import Columns, Settings, Split
from throughtime.recipes.recipe import Recipe
from throughtime.recipes.settings import parse

TITLE = "Seattle daily weather 2012-2015"
SAMPLE = Settings(
    # Weather knows no weekdays.
    Columns(time=("date",), target=("temp_max", "temp_min", "precipitation", "wind", "wet"), calendar=("year",)),
    Split(validation="2014-01-01", test="2015-01-01"),
)


def sample() -> pl.DataFrame:
    """Seattle's daily weather 2012-2015: date, precipitation (mm), temp_max, temp_min (degrees Celsius), wind (m/s).

    Source: NOAA, public domain; see `samples/SOURCES.md`.
    """
    content = files("throughtime.recipes").joinpath("samples", "seattle_weather.csv").read_bytes()
    return pl.read_csv(io.BytesIO(content), try_parse_dates=True)


def load(data: str | Path | Any | None, settings: Mapping[str, Any]) -> ForecastCase:
    """The case of the sample (`data` None) or of a user's table.

    Raises:
        ConfigError: settings that are unknown or do not fit.
        DataError, FileMissingError: whatever is wrong with the table.
    """
    if data is None:
        return ForecastCase(*load_problem(sample(), TITLE, parse(settings, SAMPLE)))
    said = parse(settings, Settings())
    table, title = read_own(data)
    return ForecastCase(*load_problem(table, title, said), own=True)


RECIPE = Recipe(
    name="weather",
    summary="tomorrow's weather from a daily table, or the next step of your own table (--data)",
    tbptt="50,50",
    load=load,
    read=read_other,
)
