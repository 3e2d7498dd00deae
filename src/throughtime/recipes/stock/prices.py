"""A table of prices becomes securities: what each column is, and which rows may stand.

Only closes are needed. Rows are sessions: days on which nobody trades are no gaps, and nothing is put in for them.
Stated rules: prices are numbers above 0; a session comes once for each security; sessions out of order are sorted, and
that is said; a session without a close stays, movements that begin or end there are unknown, and what is read of it is
carried forward. Where there is an adjusted close, returns are its returns, so that splits and dividends are no falls.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from throughtime.base.errors import DataError
from throughtime.data.clock import guess_time, read_clock, show_time
from throughtime.data.tables import blank_missing, check_names, to_numbers
from throughtime.recipes.cells import ids_of, row_numbers
from throughtime.recipes.stock.settings import NONE, Columns

Array = np.ndarray
# How each column is usually spelt, in lower case without blanks and marks, the likelier first.
SPELLINGS = {
    "time": ("date", "datetime", "timestamp", "tradedate", "tradingday", "time", "day", "session"),
    "id": ("symbol", "ticker", "security", "asset", "stock", "isin", "permno"),
    "close": ("close", "closeprice", "closingprice", "closelast", "last", "lastprice", "price", "c", "adjclose"),
    "adjusted": ("adjclose", "adjustedclose", "closeadj", "closeadjusted", "adjustedprice", "adjprice"),
    "open": ("open", "openprice", "openingprice", "o"),
    "high": ("high", "highprice", "h"),
    "low": ("low", "lowprice", "l"),
    "volume": ("volume", "vol", "sharestraded", "v"),
}
PRICES = ("close", "adjusted", "open", "high", "low")
# A fall or rise by half in one session is far more often a split than news.
SPLIT = np.log(1.5)


@dataclass(frozen=True)
class Security:
    """Sessions of one security, T of them, in order; nan where the table has none.

    Args:
        name: its id; "" where the table has no ids.
        times: [T] dates, or numbers of rows.
        price: [T] adjusted closes, or closes where there are no adjusted ones.
        close, open, high, low, volume: [T] as in the table; all nan where it lacks the column.
        session: [T] place of each row among the sessions of all securities.
    """

    name: str
    times: Array
    price: Array
    close: Array
    open: Array
    high: Array
    low: Array
    volume: Array
    session: Array


@dataclass(frozen=True)
class Market:
    """All securities of a table.

    Args:
        securities: at least one.
        times: [N] the sessions of all of them, in order.
        columns: what each column of the table is, nothing left to guess.
        notes: one line for each guess, and for each rule that changed something.
    """

    securities: tuple[Security, ...]
    times: Array
    columns: Columns
    notes: tuple[str, ...]

    @property
    def unadjusted_split(self) -> tuple[str, str, float] | None:
        """Security, session and return of the largest move, where it looks like a split untold of."""
        moves = [(each, np.abs(np.diff(np.log(each.price)))) for each in self.securities]
        largest = [float(np.nanmax(move, initial=0.0)) for _, move in moves]
        place = int(np.argmax(largest))
        if largest[place] < SPLIT:
            return None
        security, move = moves[place]
        row = int(np.nanargmax(move)) + 1
        change = float(security.price[row] / security.price[row - 1] - 1)
        return security.name, show_time(security.times[row]), change


def read_market(table: pl.DataFrame, columns: Columns) -> Market:
    """Read a table of prices.

    Args:
        table: its rows in any order.
        columns: names of its columns; what is empty is guessed, "none" is left out.

    Raises:
        DataError: no closes, or cells that break a rule of the module's head.
    """
    found = _guessed(table, columns)
    notes = list(_said(columns, found))
    numbers = {role: _numbers(table, getattr(found, role), role) for role in (*PRICES, "volume")}
    _check_range(numbers, found)
    names = ids_of(table, "" if found.id == NONE else found.id, "security", "or remove the row")
    times = read_clock(table, found.time).values if found.time != NONE else row_numbers(names)
    rows = [_in_order(np.flatnonzero(names == name), times) for name in dict.fromkeys(names)]
    notes += _order_notes(rows)
    rows = [_traded(each, _price(numbers)) for each in rows]
    _check_once(rows, times, names, found)
    axis = np.unique(np.concatenate([times[each] for each in rows]))
    securities = tuple(_security(str(names[each[0]]), each, times, axis, numbers) for each in rows)
    notes += _gap_notes(securities)
    market = Market(securities, axis, found, tuple(notes))
    return replace(market, notes=(*notes, *_split_notes(market)))


def _guessed(table: pl.DataFrame, columns: Columns) -> Columns:
    """Columns named by the settings, or by their spelling; "none" where there is nothing of the kind."""
    given = {role: name for role, name in vars(columns).items() if name}
    check_names([name for name in given.values() if name != NONE], table.columns)
    spelt = {_bare(name): name for name in reversed(table.columns)}
    taken = {name for name in given.values() if name != NONE}
    found = dict(given)
    for role, spellings in SPELLINGS.items():
        if role not in found:
            fits = [spelt[each] for each in spellings if each in spelt and spelt[each] not in taken]
            found[role] = fits[0] if fits else NONE
    if found["adjusted"] == found["close"]:  # adjusted closes alone
        found["adjusted"] = NONE
    if found["time"] == NONE and "time" not in given:
        found["time"] = guess_time(table) or NONE
    if found["close"] == NONE:
        raise DataError(
            f"A table of prices has a column of closes: none of {', '.join(map(repr, table.columns))} is called so. "
            "Name it with close=."
        )
    return Columns(**found)


def _bare(name: str) -> str:
    """A name without case, blanks, marks and a leading number: "Adj Close**", "4. close", "<CLOSE>"."""
    return re.sub(r"[^a-z]", "", name.lower())


def _said(given: Columns, found: Columns) -> Iterator[str]:
    """What was guessed, in one line each."""
    if not given.time:
        words = (
            "no column looks like dates, so that rows count as sessions in order" if found.time == NONE else found.time
        )
        yield f"time: {words}; time= names another."
    guessed = [role for role in SPELLINGS if role != "time" and not getattr(given, role)]
    named = [f"{role} = {getattr(found, role)}" for role in guessed if getattr(found, role) != NONE]
    absent = [role for role in guessed if getattr(found, role) == NONE and role not in ("id", "adjusted")]
    if named:
        without = f"; no {', '.join(absent)}" if absent else ""
        yield f"columns: {', '.join(named)}{without}; for example close= names another."
    kept = "adjusted closes, which allow for splits and dividends"
    yield f"returns: of {kept}." if found.adjusted != NONE else "returns: of closes as they are."


def _numbers(table: pl.DataFrame, name: str, role: str) -> Array:
    """A column as numbers [rows], nan where a cell is missing or there is no column."""
    if name == NONE:
        return np.full(table.height, np.nan)
    column = blank_missing(table[name])
    numbers = to_numbers(column)
    bad = (numbers.is_null() & column.is_not_null() & ~_is_nan(column)).to_numpy()
    if bad.any():
        row = int(bad.argmax())
        raise DataError(
            f"Prices and volumes are numbers: row {row + 1} of {name!r} ({role}) holds {column[row]!r}, and "
            f"{int(bad.sum()) - 1} more rows hold text (rows count from 1 below the header). Write 1234.56, without "
            "currency and separators, or leave the cell empty."
        )
    return numbers.to_numpy().astype(np.float64)


def _is_nan(column: pl.Series) -> pl.Series:
    return column.is_nan() if column.dtype.is_float() else pl.Series([False] * len(column), dtype=pl.Boolean)


def _check_range(numbers: dict[str, Array], columns: Columns) -> None:
    """Refuse prices that are no prices."""
    for role, values in numbers.items():
        least = "0 or more" if role == "volume" else "above 0"
        with np.errstate(invalid="ignore"):
            bad = np.isinf(values) | (values < 0 if role == "volume" else values <= 0)
        if bad.any():
            row = int(bad.argmax())
            raise DataError(
                f"{'Volumes' if role == 'volume' else 'Prices'} are finite numbers, {least}: row {row + 1} of "
                f"{getattr(columns, role)!r} holds {values[row]:g}, one of {int(bad.sum())} (rows count from 1 below "
                "the header). Correct the cell, or leave it empty."
            )
    with np.errstate(invalid="ignore"):
        crossed = numbers["high"] < numbers["low"]
    if crossed.any():
        row = int(crossed.argmax())
        raise DataError(
            f"A session's highest price is not below its lowest: row {row + 1} has high {numbers['high'][row]:g} and "
            f"low {numbers['low'][row]:g}, one of {int(crossed.sum())} rows. Correct them, or pass high=none low=none."
        )


def _price(numbers: dict[str, Array]) -> Array:
    """Adjusted closes if there are any, else closes."""
    return numbers["close"] if np.isnan(numbers["adjusted"]).all() else numbers["adjusted"]


def _in_order(rows: Array, times: Array) -> Array:
    return rows[np.argsort(times[rows], kind="stable")]


def _order_notes(rows: Sequence[Array]) -> Iterator[str]:
    unsorted = sum(bool((np.diff(each) < 0).any()) for each in rows)
    if unsorted:
        whose = "rows" if len(rows) == 1 else f"rows of {unsorted} of {len(rows)} securities"
        yield f"order: {whose} were not in the order of time, and are sorted."


def _traded(rows: Array, price: Array) -> Array:
    """A security's rows from its first price to its last."""
    present = np.flatnonzero(~np.isnan(price[rows]))
    if not len(present):
        raise DataError(
            "A security needs prices: every close is missing. Leave it out, or name its closes with close=."
        )
    return rows[present[0] : present[-1] + 1]


def _check_once(rows: Sequence[Array], times: Array, names: Array, columns: Columns) -> None:
    for own in rows:
        twice = np.flatnonzero(times[own][1:] == times[own][:-1])
        if len(twice):
            first = own[twice[0] + 1]
            whose = f" of {names[first]}" if names[first] else ""
            hint = "Remove one" if columns.id != NONE else "Remove one, or name the column of securities with id="
            raise DataError(
                f"A session comes once for each security: {show_time(times[first])}{whose} comes again in row "
                f"{first + 1}, one of {len(twice)} (rows count from 1 below the header). {hint}."
            )


def _security(name: str, rows: Array, times: Array, axis: Array, numbers: dict[str, Array]) -> Security:
    own = {role: values[rows] for role, values in numbers.items() if role != "adjusted"}
    return Security(name, times[rows], _price(numbers)[rows], **own, session=np.searchsorted(axis, times[rows]))


def _gap_notes(securities: Sequence[Security]) -> Iterator[str]:
    missing = sum(int(np.isnan(each.price).sum()) for each in securities)
    if missing:
        yield (
            f"gaps: {missing} sessions have no price; movements that begin or end there are neither learned nor "
            "scored, and the last price is carried forward as input."
        )


def _split_notes(market: Market) -> Iterator[str]:
    if (split := market.unadjusted_split) is not None:
        name, when, change = split
        yield (
            f"splits: {name + ' ' if name else ''}moves by {change:+.0%} on {when}; if that is a split, give adjusted "
            "closes (adjusted=)."
        )
