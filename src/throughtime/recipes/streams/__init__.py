"""Anomalies in streams, row by row and without labels, from a table of values in the order of time."""

from throughtime.recipes.streams.recipe import load_stream, read_other_stream
from throughtime.recipes.streams.sample import made_up_stream

__all__ = ["load_stream", "made_up_stream", "read_other_stream"]
