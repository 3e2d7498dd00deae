"""`report.html` of watched streams: figures, the streams with their flags, the flagged rows, the settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from throughtime.recipes.page import as_html, as_paragraphs, page, quiet, settings_table
from throughtime.recipes.streams.pictures import MOST_POINTS, stream_picture
from throughtime.recipes.streams.verdict import MOST_FLAGGED, Watchpost, rows_table, streams_table
from throughtime.recipes.streams.watching import Reading
from throughtime.recipes.table import Table

# Each is two panels or more.
MOST_DRAWN = 6


def render(post: Watchpost, readings: Sequence[Reading], scores: Table, record: Mapping[str, Any], network: str) -> str:
    """The page as text.

    Args:
        post: the feed.
        readings: what detectors said of each stream.
        scores: the table of figures.
        record: what repeats the run.
        network: one line on the networks.
    """
    flagged = rows_table(post, readings, flagged_only=True, most=MOST_FLAGGED)
    sections = [("Flags and their worth", as_html(scores) + as_paragraphs(scores.notes))]
    if len(readings) > 1:
        sections.append(("Each stream", as_html(streams_table(post, readings))))
    sections += [
        (each.stream.name or "The stream", _caption(each) + _picture(post, each, place))
        for place, each in enumerate(readings[:MOST_DRAWN])
    ]
    if len(readings) > MOST_DRAWN:
        sections.append(("Streams not drawn", quiet(f"{len(readings) - MOST_DRAWN:,} more have no picture here.")))
    listed = as_html(flagged) + as_paragraphs(flagged.notes) if flagged.rows else quiet("No step was flagged.")
    sections.append(("Flagged steps", listed))
    sections.append(("What repeats this run", as_html(settings_table(record))))
    return page(post.title, network, sections)


def _caption(reading: Reading) -> str:
    thinned = " Of each stretch the lowest and the highest row are drawn." if len(reading.stream) > MOST_POINTS else ""
    return quiet(f"{len(reading.stream):,} rows, {int(reading.flags.sum()):,} flagged.{thinned}")


def _picture(post: Watchpost, reading: Reading, place: int) -> str:
    first = post.first(reading.stream)
    return stream_picture(reading, post.feed.columns.value, first, post.settings.threshold, f"stream{place + 1}")
