"""Series are known again by their ids, whatever their order; the medium's state is plain."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
import torch

import throughtime as tt
from throughtime.tasks.ahead_medium import AheadMedium

T = np.arange(60)
FRAME = pl.concat(
    pl.DataFrame({"id": [name] * 60, "t": T, "y": np.sin(2 * np.pi * (T + 2 * k) / 6) + 3 * k})
    for k, name in enumerate("abc")
)


@pytest.fixture(scope="module")
def medium():
    model = tt.SequenceToSequence(
        horizon=2, season=6, smoothing=True, window_steps=12, hidden_size=4, members=1, epochs=1, progress=False
    ).fit(FRAME.filter(pl.col("id") != "c"), id="id", time="t")
    return model._medium


def told(medium, frame):
    read = medium.reader.read(frame)
    return dict(zip(read.ids, (each.value for each in medium.ahead(read, None, ())), strict=True))


def test_series_are_known_by_their_ids(medium):
    smoothing = medium.network.states.encoders[0].smoothing
    with torch.no_grad():
        smoothing.shape[1] += torch.randn(6)
    alone, both = told(medium, FRAME.filter(pl.col("id") == "b")), told(medium, FRAME.reverse().sort("t"))
    np.testing.assert_allclose(alone["b"], both["b"], rtol=1e-6)
    as_new = told(medium, FRAME.filter(pl.col("id") == "b").with_columns(id=pl.lit("new")))
    assert not np.allclose(as_new["new"], alone["b"])


def test_the_state_is_plain(medium):
    state = json.loads(json.dumps(medium.to_dict()))
    again = AheadMedium.from_dict(state, medium.weights())
    for name, values in told(medium, FRAME).items():
        np.testing.assert_array_equal(told(again, FRAME)[name], values)
