"""Pictures keep every extreme of a long stream, and show what was flagged."""

from __future__ import annotations

import numpy as np

from throughtime.recipes.streams.pictures import extremes, stream_picture
from throughtime.recipes.streams.reading import Stream
from throughtime.recipes.streams.watching import Reading


def test_the_highest_and_the_lowest_row_are_always_drawn() -> None:
    values = np.random.default_rng(0).normal(size=10_000)
    values[5000:5400] = np.nan
    shown = extremes(values, 200)
    assert len(shown) <= 200
    assert {int(np.nanargmin(values)), int(np.nanargmax(values))} <= set(shown.tolist())
    np.testing.assert_array_equal(extremes(values[:50], 200), np.arange(50))


def test_a_stream_is_drawn_with_its_marks() -> None:
    times = np.datetime64("2024-01-01", "s") + np.arange(50) * np.timedelta64(60, "s")
    flags = np.arange(50) == 40
    stream = Stream("", times, np.arange(50.0)[:, None], np.arange(50) > 45)
    drawn = stream_picture(Reading(stream, flags * 1.0, stream.values, flags), ("load",), 10, 0.995, "stream1")
    for word in ("load", "flagged", "warm-up", "labelled", "the threshold"):
        assert word in drawn
