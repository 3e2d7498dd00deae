"""requirements.lock holds what an extra asks for, and nothing of the extras nobody asked for."""

from __future__ import annotations

from tools.lock import pins


def test_extras_that_are_asked_for():
    assert {"dask", "distributed", "tornado"} <= set(pins(["dask[distributed]"]))
    assert {"distributed", "bokeh"}.isdisjoint(pins(["dask"]))
    assert "distributed" in pins(["dask", "dask[distributed]"])
    assert "distributed" in pins(["dask[distributed]", "dask"])
