"""The made-up stream is the same each time, and its incidents are labelled."""

from __future__ import annotations

import pytest

from throughtime.base.errors import ConfigError
from throughtime.recipes.streams import made_up_stream
from throughtime.recipes.streams.judging import incidents


def test_the_stream() -> None:
    table = made_up_stream(1000, seed=3)
    assert table.equals(made_up_stream(1000, seed=3))
    assert not table.equals(made_up_stream(1000, seed=4))
    found = incidents(table["anomaly"].to_numpy() == 1)
    assert [b - a + 1 for a, b in found] == [2, 48, 24]
    assert table["value"].max() == table["value"][found[0][0] : found[0][1] + 1].max()
    with pytest.raises(ConfigError, match="rows"):
        made_up_stream(10)
