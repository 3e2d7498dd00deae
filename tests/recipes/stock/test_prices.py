"""A table of prices is read as its rules say, or refused in a plain sentence."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from tests.recipes.stock.prices import table
from throughtime.base.errors import DataError
from throughtime.recipes.stock import sample
from throughtime.recipes.stock.prices import read_market
from throughtime.recipes.stock.settings import NONE, Columns


def test_the_sample_is_what_its_source_says() -> None:
    rows = sample()
    assert rows.columns == ["Date", "Open", "High", "Low", "Close", "Adj Close", "Volume"]
    assert (rows.height, str(rows["Date"][0]), str(rows["Date"][-1])) == (5031, "1999-01-04", "2018-12-31")
    assert rows.null_count().row(0) == (0,) * 7


@pytest.mark.parametrize(
    ("names", "role", "wanted"),
    [
        (["date", "close"], "close", "close"),
        (["Date", "Close*", "Adj Close**"], "adjusted", "Adj Close**"),
        (["<DATE>", "<CLOSE>", "<VOL>"], "volume", "<VOL>"),
        (["timestamp", "4. close", "5. adjusted close"], "adjusted", "5. adjusted close"),
        (["DATE", "Close/Last", "adj_close"], "close", "Close/Last"),
    ],
)
def test_columns_are_known_by_usual_spellings(names: list[str], role: str, wanted: str) -> None:
    rows = table(50)
    frame = pl.DataFrame({name: rows["Date"] if i == 0 else rows["Close"] for i, name in enumerate(names)})
    assert getattr(read_market(frame, Columns()).columns, role) == wanted


def test_adjusted_closes_give_the_returns() -> None:
    rows = table(50).with_columns((pl.col("Close") / 2).alias("Adj Close"))
    market = read_market(rows, Columns())
    np.testing.assert_array_equal(market.securities[0].price, rows["Adj Close"].to_numpy())
    assert any("adjusted closes" in note for note in market.notes)


def test_only_closes_are_needed_and_rows_without_dates_are_sessions() -> None:
    market = read_market(pl.DataFrame({"close": [1.0, 2.0, 3.0]}), Columns())
    assert market.columns.open == NONE
    assert market.times.tolist() == [1, 2, 3]


def test_rows_out_of_order_are_sorted_and_that_is_said() -> None:
    rows = table(50)
    market = read_market(rows.reverse(), Columns())
    np.testing.assert_array_equal(market.securities[0].close, rows["Close"].to_numpy())
    assert any(note.startswith("order:") for note in market.notes)


def test_securities_share_the_sessions_and_may_begin_later() -> None:
    both = pl.concat([table(50).with_columns(symbol=pl.lit("A")), table(50, 1)[10:].with_columns(symbol=pl.lit("B"))])
    market = read_market(both, Columns())
    assert [each.name for each in market.securities] == ["A", "B"]
    assert market.securities[1].session[0] == 10
    assert len(market.times) == 50


def test_a_session_without_a_price_stays_and_is_said() -> None:
    closes = table(50)["Close"].to_list()
    closes[20] = None
    market = read_market(table(50, Close=closes), Columns())
    assert np.flatnonzero(np.isnan(market.securities[0].price)).tolist() == [20]
    assert any(note.startswith("gaps: 1 sessions") for note in market.notes)


def test_a_fall_by_half_is_said() -> None:
    closes = table(50)["Close"].to_numpy().copy()
    closes[30:] /= 2
    assert any("splits:" in note for note in read_market(table(50, Close=closes), Columns()).notes)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (0.0, "finite numbers, above 0: row 8 of 'Close' holds 0"),
        (-1.0, "above 0: row 8"),
        (float("inf"), "above 0: row 8"),
        ("1,234.56", "are numbers: row 8 of 'Close' .close. holds '1,234.56'"),
    ],
)
def test_what_is_no_price_is_refused_with_its_row(cell: object, message: str) -> None:
    closes: list[object] = table(50)["Close"].to_list()
    if isinstance(cell, str):
        closes = [str(each) for each in closes]
    closes[7] = cell
    with pytest.raises(DataError, match=message):
        read_market(table(50, Close=closes), Columns())


def test_a_session_that_comes_twice_is_refused() -> None:
    rows = table(50)
    with pytest.raises(DataError, match="comes once for each security: 2010-01-08 comes again.*id="):
        read_market(pl.concat([rows, rows[4:5]]), Columns())


def test_a_high_below_its_low_is_refused() -> None:
    with pytest.raises(DataError, match="highest price is not below its lowest: row 1 "):
        read_market(table(50, High=[0.5] * 50), Columns())


def test_a_table_without_closes_is_refused() -> None:
    with pytest.raises(DataError, match="has a column of closes: none of 'Date', 'Open'"):
        read_market(table(50).select("Date", "Open"), Columns())
