"""Anomalies, of two kinds of data: whole series that are anomalous or not, and streams in which something happens.

    sequences    labelled series, each told as a whole         `labelling.beats`
    stream       a table of values in the order of time, watched row by row, without labels        `streams`

A .ts file, a folder, and a table that names its series and has one label for each are sequences; any other table is a
stream. `mode=sequences` or `mode=stream` says it instead.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from throughtime.base.checks import choice_problem
from throughtime.base.errors import ConfigError
from throughtime.data import read_table
from throughtime.recipes.labelling.beats import load_series, read_other_series
from throughtime.recipes.labelling.series_reading import TABLES, SeriesColumns, has_labelled_series
from throughtime.recipes.recipe import Case, Recipe
from throughtime.recipes.streams import load_stream, read_other_stream

AUTO, SEQUENCES, STREAM = "auto", "sequences", "stream"


def load(data: str | Path | Any | None, settings: Mapping[str, Any]) -> Case:
    """The case of the sample (`data` None: labelled series) or of a user's data.

    Raises:
        ConfigError: settings that are unknown or do not fit.
        DataError, FileMissingError: whatever is wrong with the data.
    """
    mode = _mode(settings)
    if mode == AUTO:
        mode = SEQUENCES if data is None or _holds_series(data, settings) else STREAM
    return (load_stream if mode == STREAM else load_series)(data, {**settings, "mode": mode})


def read(data: str | Path | Any, settings: Mapping[str, Any], table: Mapping[str, Any], scored: bool) -> Case:
    """Other data, read as a run's own were.

    Raises:
        DataError, FileMissingError: whatever is wrong with the data.
    """
    return (read_other_stream if _mode(settings) == STREAM else read_other_series)(data, settings, table, scored)


def _mode(settings: Mapping[str, Any]) -> str:
    said = str(settings.get("mode", AUTO))
    if said not in (AUTO, SEQUENCES, STREAM):
        raise ConfigError(f"The setting {choice_problem('mode', said, (AUTO, SEQUENCES, STREAM))}.")
    return said


def _holds_series(data: Any, settings: Mapping[str, Any]) -> bool:
    """Whether data are labelled series, and no stream."""
    if not isinstance(data, str | os.PathLike):
        return False
    path = Path(data)
    if path.is_dir() or not path.name.lower().endswith(TABLES):
        return True
    names = {key: str(settings[key]) for key in ("id", "label", "time") if settings.get(key)}
    return has_labelled_series(read_table(path), SeriesColumns(**names))


RECIPE = Recipe(
    name="anomaly",
    summary="series anomalous or not, or a stream watched row by row (--data)",
    tbptt="n,n",
    load=load,
    read=read,
    brief={"epochs": "12"},
)
