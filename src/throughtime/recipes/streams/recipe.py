"""From a table, or the made-up stream, to a case; other tables go on where a run's own ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from throughtime.base.errors import DataError, say_once
from throughtime.recipes.forecasting.problem import read_own
from throughtime.recipes.recipe import Case
from throughtime.recipes.settings import parse
from throughtime.recipes.streams.case import StreamCase
from throughtime.recipes.streams.reading import after, read_feed
from throughtime.recipes.streams.sample import made_up_stream
from throughtime.recipes.streams.settings import NONE, Settings

TITLE = "a made-up stream"


def load_stream(data: str | Path | Any | None, settings: Mapping[str, Any]) -> StreamCase:
    """The case of a user's table, or of the made-up stream (`data` None).

    Raises:
        ConfigError: settings that are unknown or do not fit.
        DataError, FileMissingError: whatever is wrong with the table.
    """
    chosen = parse(settings, Settings())
    table, title = (made_up_stream(), TITLE) if data is None else read_own(data)
    feed = read_feed(table, chosen.columns)
    for note in feed.notes:
        say_once(note, note)
    return StreamCase(title, feed, replace(chosen, columns=feed.columns))


def read_other_stream(
    data: str | Path | Any, settings: Mapping[str, Any], table: Mapping[str, Any], scored: bool
) -> Case:
    """Rows that come after a run's own; those that do not are left out, and their number is said.

    Raises:
        DataError: nothing later, a stream the run does not know, or no label to score by.
    """
    chosen = parse(settings, Settings())
    columns = chosen.columns
    frame, title = read_own(data)
    if columns.label not in frame.columns:
        columns = replace(columns, label="" if scored else NONE)  # a run without labels may be scored by later ones
    feed = read_feed(frame, columns)
    if scored and not feed.labelled:
        raise DataError(
            f"Flags are scored by a label in each row: {title} has no column called anomaly or label with 1 where a "
            "row is anomalous, else 0. Give it one, or see the flags with predict."
        )
    last = dict(zip(table["streams"], table["last"], strict=True))
    return StreamCase(title, after(feed, last), replace(chosen, columns=feed.columns), goes_on=True)
