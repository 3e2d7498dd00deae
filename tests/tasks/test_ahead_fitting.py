"""What a fit chooses where it is left open."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import throughtime as tt
from throughtime.tasks.ahead_fitting import prepare, segment_of, spreads_of
from throughtime.tasks.ahead_options import check_ahead

SERIES = [np.random.default_rng(k).normal(size=60).cumsum() + 50 for k in range(2)]
NO_ROLES = dict.fromkeys(("id", "time", "target", "known"))


def prepared(series, validation, roles=NO_ROLES, **settings):
    options = check_ahead(tt.SequenceToSequence(horizon=3, validation=validation, **settings))
    return prepare(options, series, None if options.share else validation, roles)


@pytest.mark.parametrize(
    ("window", "season", "segment"), [(48, 12, 12), (336, 24, 24), (24, 12, 2), (120, 1, 10), (5, 1, 1), (300, 2, 25)]
)
def test_segments_are_seasons_where_a_window_holds_some(window, season, segment):
    assert segment_of(window, season) == segment


def test_a_share_validates():
    table = prepared(SERIES, 0.25)
    assert table.trained.tolist() == [45, 45]
    assert spreads_of(table, False) == pytest.approx([np.std(each[:45]) for each in SERIES])


def test_columns_are_fitted_on_what_trains():
    series = [np.stack([each, np.arange(60.0)], axis=1) for each in SERIES]
    table = prepared(series, 0.5, NO_ROLES | {"target": 0})
    assert table.columns.centre[1] == pytest.approx(np.arange(30).mean())


def test_arrays_of_their_own_validate_beside():
    table = prepared(SERIES[:1], SERIES[1:])
    assert table.trained.tolist() == [60, 0]
    assert len(table.rows) == 2


def test_later_rows_of_a_frame_validate_behind():
    frame = pl.DataFrame({"id": ["a"] * 60 + ["b"] * 60, "t": [*range(60)] * 2, "y": np.concatenate(SERIES)})
    roles = NO_ROLES | {"id": "id", "time": "t", "target": "y"}
    table = prepared(frame.filter(pl.col("t") < 40), frame.filter(pl.col("t") >= 40), roles)
    assert table.trained.tolist() == [40, 40]
    assert table.rows.lengths.tolist() == [60, 60]
    np.testing.assert_array_equal(table.rows.row(1), SERIES[1])


def test_a_given_season_is_taken():
    assert prepared(SERIES, None, season=7).season == 7
