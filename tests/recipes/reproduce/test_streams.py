"""Streams are read with their windows, scored by every method, and alarms come by one rule."""

from __future__ import annotations

import numpy as np
import pytest

from tests.recipes.reproduce import made_up
from throughtime.recipes.reproduce import streams


@pytest.fixture
def files(tmp_path):
    made_up.streams(tmp_path)
    return streams.read(tmp_path / "nab", streams.FOLDERS)


def test_read(files):
    assert [(file.folder, file.name) for file in files] == [("realAWSCloudwatch", "b.csv"), ("realKnownCause", "a.csv")]
    assert files[0].windows == [(240, 260)]
    assert (len(files[0].values), files[0].warm_up) == (420, 63)


def test_simple_forecasts(files):
    file = files[0]
    np.testing.assert_array_equal(streams.last_value(file)[1:], file.values[:-1])
    np.testing.assert_array_equal(streams.day_before(file)[24:], file.values[:-24])
    np.testing.assert_allclose(streams.windows_mean(file, rows=3)[4], file.values[1:4].mean(), rtol=1e-9)
    assert np.flatnonzero(streams.by_clock(file))[:3].tolist() == [63, 94, 125]


def test_every_method_is_scored(files):
    others = [name for name in streams.OTHERS if name not in ("lstm at rest", "lstm alone")]
    found = streams.measure(files[:1], 1, 1, {"epochs": 1}, others)["b.csv"]
    assert list(found) == ["lstm, seed 0", *others]
    assert all(scores.shape == (420,) for scores, _ in found.values())
    rows = streams.summary(files[:1], [found], {})
    assert all(row["score"] <= 100 for row in rows.values())


def test_bars():
    assert streams.bars("realKnownCause") == {"windowedGaussian": 13.36, "knncad": 45.24, "numenta": 55.47}
    assert streams.bars("artificialNoAnomaly") == {}
