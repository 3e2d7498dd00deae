"""Movements worked by hand, and nothing of a row known from later ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from tests.recipes.stock.prices import table
from throughtime.recipes.stock.movement import input_names, tracks_of, volatility
from throughtime.recipes.stock.prices import read_market
from throughtime.recipes.stock.settings import Columns, Movement, Zone


def tracks(rows: pl.DataFrame, movement: Movement):
    return tracks_of(read_market(rows, Columns()), movement)


def test_movements_against_a_fixed_zone() -> None:
    closes = [100.0, 101.0, 101.2, 100.0, 100.0]  # +1 %, +0.2 %, -1.2 %, 0
    track = tracks(pl.DataFrame({"close": closes}), Movement(dead_zone="0.5%"))[0]
    np.testing.assert_array_equal(track.movement, [np.nan, 1, np.nan, 0, np.nan])
    np.testing.assert_array_equal(track.sign, [np.nan, 1, 1, 0, 0])
    third = tracks(pl.DataFrame({"close": closes}), Movement(dead_zone="0.5%", flat="class"))[0]
    np.testing.assert_array_equal(third.movement, [np.nan, 2, 1, 0, 1])


def test_the_zone_is_of_the_volatility_before_the_movement() -> None:
    returns = np.array([0.01, -0.01] * 3 + [0.004, 0.006])
    closes = 100 * np.exp(np.concatenate([[0], np.cumsum(returns)]))
    track = tracks(pl.DataFrame({"close": closes}), Movement(dead_zone="0.5", volatility=3))[0]
    # Three returns of 1 % before: the zone is 0.5 %, and 0.4 % is flat. Then its square mean is
    # (1 + 1 + 0.16) / 3 = 0.72, the zone 0.424 %, and 0.6 % is up.
    np.testing.assert_array_equal(track.movement[-2:], [np.nan, 1])


def test_movements_at_a_missing_price_are_unknown() -> None:
    rows = pl.DataFrame({"close": [1.0, 2.0, None, 4.0, 5.0]})
    np.testing.assert_array_equal(tracks(rows, Movement(dead_zone="0.1%"))[0].movement, [np.nan, 1, np.nan, np.nan, 1])


@pytest.mark.parametrize("horizon", [1, 3])
def test_rows_know_nothing_of_later_ones(horizon: int) -> None:
    movement = Movement(horizon=horizon, volatility=20, weekday=True)
    rows, cut = table(120), 80
    other = rows.with_columns(
        pl.when(pl.int_range(pl.len()) > cut).then(pl.col("Close") * 1.3).otherwise("Close").alias("Close")
    )
    other = other.with_columns(High=pl.max_horizontal("Open", "Close"), Low=pl.min_horizontal("Open", "Close"))
    rows = rows.with_columns(High=pl.max_horizontal("Open", "Close"), Low=pl.min_horizontal("Open", "Close"))
    for before, after in zip(tracks(rows, movement), tracks(other, movement), strict=True):
        early = before.row <= cut
        for name in ("inputs", "movement", "sign"):
            np.testing.assert_array_equal(getattr(before, name)[early], getattr(after, name)[early])
        assert not np.array_equal(before.inputs[~early], after.inputs[~early], equal_nan=True)


def test_several_sessions_ahead_are_tracks_that_do_not_overlap() -> None:
    movement = Movement(horizon=3, dead_zone="0")
    rows = table(31)
    found = tracks(rows, replace(movement, dead_zone="0.001%"))
    assert sorted(np.concatenate([track.row for track in found])) == list(range(31))
    logs = np.log(rows["Close"].to_numpy())
    for track in found:
        assert (np.diff(track.row) == 3).all()
        np.testing.assert_array_equal(track.movement[1:], logs[track.row[1:]] > logs[track.row[:-1]])


def test_inputs_are_those_the_table_allows() -> None:
    market = read_market(table(50).select("Date", "Close", "Volume"), Columns())
    assert input_names(market, Movement()) == ("return", "volume", "burst")


def test_volatility_by_hand() -> None:
    np.testing.assert_allclose(volatility(np.array([np.nan, 3.0, 4.0, 0.0]), 2), [np.nan, np.nan, 12.5**0.5, 8**0.5])


@pytest.mark.parametrize(
    ("text", "zone"), [("0.25", Zone(0.25, True)), ("1 sigma", Zone(1, True)), ("0.5%", Zone(0.005, False))]
)
def test_zones(text: str, zone: Zone) -> None:
    assert Zone.parse(text) == zone


@pytest.mark.parametrize("text", ["-1", "nan", "wide", "inf"])
def test_what_is_no_zone(text: str) -> None:
    with pytest.raises(ValueError):
        Zone.parse(text)
