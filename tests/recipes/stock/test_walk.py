"""Stretches tile the sessions, and nothing that is learned ends after the first decision."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.recipes.stock.prices import table
from throughtime.base.errors import DataError
from throughtime.recipes.stock.movement import classes_of, input_names, tracks_of
from throughtime.recipes.stock.prices import read_market
from throughtime.recipes.stock.settings import Columns, Movement, Walk
from throughtime.recipes.stock.walk import stage_of, stretches


@given(
    sessions=st.integers(400, 3000),
    horizon=st.integers(1, 5),
    refit=st.integers(10, 400),
    rolling=st.sampled_from([0, 300]),
    train=st.floats(0.4, 0.8),
)
def test_stretches_tile_the_sessions(sessions: int, horizon: int, refit: int, rolling: int, train: float) -> None:
    found = stretches(sessions, horizon, Walk(train=train, refit=refit, rolling=rolling))
    tested = found[:-1]
    assert [each.test for each in tested[1:]] == [each.stop for each in tested[:-1]]
    assert tested[-1].stop == sessions - horizon
    for each in found:
        assert 0 <= each.first < each.validation < each.test
        assert each.stop - each.test <= refit
        assert not rolling or each.test - each.first < rolling
    assert (found[-1].test, found[-1].stop) == (sessions - 1, sessions - 1)


@pytest.mark.parametrize("horizon", [1, 3])
def test_what_is_learned_is_over_before_the_first_decision(horizon: int) -> None:
    movement = Movement(horizon=horizon, dead_zone="0")
    market = read_market(table(400), Columns())
    tracks = tracks_of(market, movement)
    decided = []
    for number, stretch in enumerate(stretches(400, horizon, Walk(refit=50))[:-1]):
        names = input_names(market, movement)
        stage = stage_of(number, stretch, tracks, names, classes_of(movement), "prices")
        for track, part in zip(stage.tracks, stage.problem.part, strict=True):
            begun = np.concatenate([[-1], track.session[:-1]])
            known = np.isfinite(track.movement)
            assert track.session[known & (part == 0)].max() <= stretch.validation
            assert begun[known & (part == 1)].min() >= stretch.validation
            assert track.session[part == 1].max() <= stretch.test
        session = stage.decisions[0]
        assert session.min() >= stretch.test
        assert session.max() < stretch.stop
        decided += session.tolist()
    assert sorted(decided) == list(range(160, 400 - horizon))


def test_few_sessions_are_refused() -> None:
    with pytest.raises(DataError, match="needs 100 sessions to train on.*200 came"):
        stretches(200, 1, Walk())
