"""A table of purchases as three columns: whose, what, when.

Columns that the settings leave open are found by their names, and what is found is said. Ids are whole numbers or
texts; of another kind they become text. An id that is missing is refused with its rows, as is a time.

Dimensions: N purchases.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

import polars as pl
from numpy.typing import NDArray

from throughtime.base.errors import DataError
from throughtime.data import guess_time, read_table
from throughtime.data.clock import read_clock
from throughtime.data.tables import blank_missing, check_names
from throughtime.recipes.purchase.settings import Columns

# What tables call them, in letters and digits alone; the earlier a name stands, the surer it is.
USER_NAMES = (
    "user", "userid", "customer", "customerid", "client", "clientid", "buyer", "buyerid", "visitor", "visitorid",
    "member", "memberid", "reviewerid", "account", "accountid", "household", "householdid", "householdkey", "person",
    "personid", "session", "sessionid",
)  # fmt: skip
ITEM_NAMES = (
    "item", "itemid", "product", "productid", "sku", "article", "articleid", "stockcode", "asin", "isbn", "goods",
    "goodsid", "movie", "movieid", "book", "bookid", "track", "trackid", "song", "songid", "artist", "artistid",
)  # fmt: skip
TIME_NAMES = (
    "time", "timestamp", "datetime", "date", "boughtat", "orderedat", "createdat", "eventtime", "purchasedate",
    "orderdate", "invoicedate", "transactiondate", "tdat", "unixreviewtime", "ts", "day",
)  # fmt: skip
TEXT, NUMBER = "text", "number"


@dataclass(frozen=True)
class Bought:
    """The three columns.

    Args:
        users: [N] ids.
        items: [N] ids.
        times: [N] numbers or dates; None: rows are in the order of time.
        item_kind: "text" or "number", what the items' ids are.
    """

    users: pl.Series
    items: pl.Series
    times: NDArray[Any] | None
    item_kind: str


def read_own(data: str | PathLike[str] | Any) -> tuple[pl.DataFrame, str]:
    """A user's table, and its name for headings."""
    return read_table(data), Path(data).name if isinstance(data, str | PathLike) else "your table"


def with_roles(table: pl.DataFrame, columns: Columns, notes: list[str]) -> Columns:
    """The columns with every one named that was left open, and a line in `notes` for each guess.

    Raises:
        DataError: a named column is not there, none looks like users or items, or one has two roles.
    """
    user = columns.user or _named(table, USER_NAMES, "user", "customer", notes)
    item = columns.item or _named(table, ITEM_NAMES, "item", "item bought", notes)
    time = columns.time or _timed(table, (user, item), notes)
    check_names([user, item, *time], table.columns)
    if len({user, item, *time}) < 2 + len(time):
        raise DataError(
            f"A column has one role: user={user}, item={item} and time={','.join(time)} came. Name three columns."
        )
    return replace(columns, user=user, item=item, time=time)


def bought(table: pl.DataFrame, columns: Columns, item_kind: str | None = None) -> Bought:
    """The columns of a table, by name.

    Args:
        table: of purchases.
        columns: none of them open, `time` only where there is none.
        item_kind: what the items' ids are to be: "text" or "number"; None: what they are.

    Raises:
        DataError: a column is not there, or a time is missing or cannot be read.
    """
    check_names([columns.user, columns.item, *columns.time], table.columns)
    items = _ids(table[columns.item])
    kind = item_kind or (NUMBER if items.dtype.is_integer() else TEXT)
    times = read_clock(table, list(columns.time)).values if columns.time else None
    return Bought(_ids(table[columns.user]), _as_kind(items, kind), times, kind)


def _named(table: pl.DataFrame, names: Sequence[str], role: str, of: str, notes: list[str]) -> str:
    found = _by_name(table.columns, names)
    if found is None:
        raise DataError(
            f"A purchase says whose and what: no column is named like {'an' if role == 'item' else 'a'} {of} (such as "
            f"{', '.join(names[:4])}), the table has {', '.join(map(repr, table.columns))}. Name it with "
            f"--set {role}=COLUMN."
        )
    notes.append(f"{role}: {found}, by its name; {role}= names another.")
    return found


def _timed(table: pl.DataFrame, taken: tuple[str, str], notes: list[str]) -> tuple[str, ...]:
    found = _by_name(table.columns, TIME_NAMES)
    guess = found or guess_time(table.drop(taken, strict=False))
    if guess is None:
        notes.append("time: no column looks like times, so that rows count as in their order; time= names one.")
        return ()
    names = (guess,) if guess in table.columns else tuple(guess.split(","))
    notes.append(f"time: {', '.join(names)}, by name or content; time= names another.")
    return names


def _by_name(columns: Sequence[str], names: Sequence[str]) -> str | None:
    """The column that is called what stands first in `names`; what follows a colon is its kind, not its name."""
    plain = {"".join(filter(str.isalnum, column.split(":")[0].lower())): column for column in reversed(columns)}
    return next((plain[name] for name in names if name in plain), None)


def _ids(column: pl.Series) -> pl.Series:
    """Ids as whole numbers or texts."""
    if column.dtype.is_integer():
        return column
    if column.dtype.is_float():
        column = column.fill_nan(None)
        whole = column.cast(pl.Int64, strict=False)
        return whole if (whole.cast(column.dtype) == column).all() else column.cast(pl.String)
    if column.dtype.is_nested() or column.dtype == pl.Object:
        raise DataError(
            f"An id is a number, a text or a date: column {column.name!r} holds {column.dtype}. Turn it into text."
        )
    return blank_missing(column.cast(pl.String))


def _as_kind(items: pl.Series, kind: str) -> pl.Series:
    """Ids of the kind that a model knows; texts that are no number stay texts, unknown ones."""
    if kind == TEXT or items.dtype.is_integer():
        return items.cast(pl.String) if kind == TEXT else items
    numbers = items.cast(pl.Int64, strict=False)
    if (numbers.is_null() == items.is_null()).all():
        return numbers
    mixed = [text if number is None else number for text, number in zip(items, numbers, strict=True)]
    return pl.Series(items.name, mixed, dtype=pl.Object)
