"""Who bought what, in which order: three columns become one run of item numbers, user after user.

    items[starts[u] : starts[u + 1]]      what user u bought, by time; rows of equal time in the order they came

Ids are any values that can be keys of a dict, and are told apart as its keys are: 1 and "1" are two ids, 1 and 1.0 are
one. Items are numbered from the most bought one on; those bought too seldom, or never in training, share the number V.

Dimensions: N purchases, U users, V items.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from throughtime.base.errors import DataError, ShapeError

Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Catalogue:
    """The items that are known.

    Args:
        items: V ids, from the most bought one on.
        counts: [V] how often each was bought in training.
    """

    items: tuple[Hashable, ...]
    counts: Codes

    @classmethod
    def of(cls, ids: Sequence[Hashable], counts: Codes, least_count: int) -> Self:
        """The items bought often enough; of equally often bought ones the one that came first is first.

        Args:
            ids: of all items.
            counts: how often each was bought in training.
            least_count: items bought less often are not known, at least 1.

        Raises:
            DataError: fewer than 2 items are known.
        """
        order = np.argsort(-counts, kind="stable")
        order = order[counts[order] >= least_count]
        if len(order) < 2:
            raise DataError(
                f"A purchase is one of at least 2 items bought {least_count} times or more in training: {len(order)} "
                f"of {len(ids)} items were. Give more purchases, or a smaller least_count."
            )
        return cls(tuple(ids[place] for place in order.tolist()), counts[order])

    def __len__(self) -> int:
        """V."""
        return len(self.items)

    def number(self, item: Hashable) -> int:
        """Of an item; V where it is not known."""
        return self._numbers.get(item, len(self))

    def numbers(self, ids: Sequence[Hashable]) -> Codes:
        """Of each id; V for those that are not known."""
        return np.array([self.number(each) for each in ids], dtype=np.int64)

    @cached_property
    def _numbers(self) -> Mapping[Hashable, int]:
        return {item: number for number, item in enumerate(self.items)}


@dataclass(frozen=True)
class Histories:
    """What each user bought, in order.

    Args:
        users: U ids, in the order they came.
        items: [N] numbers of items, user after user.
        starts: [U + 1] where each user's begin, and N.
    """

    users: Sequence[Hashable]
    items: Codes
    starts: Codes

    @classmethod
    def of(cls, users: Any, items: Any, times: Any = None) -> tuple[Self, list[Hashable]]:
        """Put three columns in order.

        Args:
            users: [N] ids.
            items: [N] ids.
            times: [N] numbers or dates; None: the order of rows.

        Returns:
            The histories, and the ids of the items, in the order they came, that their numbers stand for.

        Raises:
            DataError: there are no rows, ids are missing or cannot be keys, or times are missing or no times.
            ShapeError: columns of unequal length, or no columns.
        """
        (ids, who), (bought_ids, bought) = numbered(users, "users"), numbered(items, "items")
        when = np.zeros(len(who)) if times is None else _times(times)
        if not len(who) == len(bought) == len(when):
            raise ShapeError(
                "A purchase has a user, an item and a time: columns of "
                f"{len(who)}, {len(bought)} and {len(when)} rows came. Give one row for each purchase."
            )
        order = np.lexsort((when, who))  # stable, so equal times stay in the order of rows
        return cls(ids, bought[order], _starts(np.bincount(who, minlength=len(ids)))), bought_ids

    def renumbered(self, numbers: Codes) -> Self:
        """With `numbers[item]` in place of each item."""
        return replace(self, items=numbers[self.items])

    def __len__(self) -> int:
        """U."""
        return len(self.users)

    @property
    def lengths(self) -> Codes:
        """[U] purchases of each user."""
        return np.diff(self.starts)

    @property
    def last(self) -> Codes:
        """[U] what each user bought last."""
        return self.items[self.starts[1:] - 1]

    def of_user(self, place: int) -> Codes:
        """What the user at a place bought."""
        return self.items[self.starts[place] : self.starts[place + 1]]

    def some(self, places: NDArray[Any]) -> Histories:
        """Those of some users [n], by place."""
        lengths = self.lengths[places]
        users = [self.users[place] for place in places.tolist()]
        return Histories(users, self.items[_runs(self.starts[places], lengths)], _starts(lengths))

    def without_last(self, dropped: Codes | int = 1) -> Histories:
        """Without the last purchases of each user, as many as `dropped` says, one number or [U]."""
        lengths = np.maximum(self.lengths - dropped, 0)
        return Histories(self.users, self.items[_runs(self.starts[:-1], lengths)], _starts(lengths))


def numbered(column: Any, name: str) -> tuple[list[Hashable], Codes]:
    """The different ids of a column, in the order they came, and for each row which of them it is.

    Raises:
        DataError: no rows, a missing id, or ids that cannot be keys of a dict.
        ShapeError: it is no column.
    """
    values = _plain(column, name)
    if isinstance(values, np.ndarray):
        ids, first, codes = np.unique(values, return_index=True, return_inverse=True)
        order = np.argsort(first)
        rank = np.empty(len(order), dtype=np.int64)
        rank[order] = np.arange(len(order))
        return ids[order].tolist(), rank[codes]
    places: dict[Hashable, int] = {}
    try:
        codes = np.fromiter((places.setdefault(each, len(places)) for each in values), np.int64, len(values))
    except TypeError as error:
        raise DataError(
            f"An id in `{name}` can be a key of a dict, such as a number or a text: {error}. Turn ids into text."
        ) from None
    wrong = next((each for each in places if each is None or each != each), places)
    if wrong is not places:
        missing = np.array([each is None or each != each for each in values])
        raise DataError(f"Every row has an id in `{name}`: {wrong!r} came in {_rows(missing)}. Leave out such rows.")
    return list(places), codes


def _plain(column: Any, name: str) -> NDArray[Any] | list[Any]:
    """A column as an array of whole numbers, or as a list of Python values."""
    if isinstance(column, str | bytes | Mapping) or not hasattr(column, "__len__"):
        raise ShapeError(f"`{name}` is a column, an array, list or series: {column!r} came. Give one id per purchase.")
    if isinstance(column, pl.Series):
        column = column.to_numpy() if column.dtype.is_integer() and not column.null_count() else column.to_list()
    values = column if isinstance(column, list | tuple) else np.asarray(column)
    if isinstance(values, np.ndarray) and values.ndim != 1:
        raise ShapeError(f"`{name}` has one axis: {values.shape} came. Give one id per purchase.")
    if len(values) == 0:
        raise DataError(f"Purchases are needed: `{name}` is empty. Give one row for each purchase.")
    if isinstance(values, np.ndarray):
        return values if values.dtype.kind in "iu" else values.tolist()
    return list(values)


def _times(times: Any) -> NDArray[Any]:
    """Times as numbers that sort like them."""
    kinds = "Times are numbers or dates, one for each purchase"
    array = None if isinstance(times, pl.Series | list | tuple) else np.asarray(times)
    if array is not None and array.dtype.kind == "M":
        numbers = pl.Series(array.astype(np.int64)).set(pl.Series(np.isnat(array)), None)
    else:
        numbers = _physical(times if array is None else array.tolist(), kinds)
    missing = numbers.is_null()
    if numbers.dtype.is_float():
        missing |= numbers.is_nan().fill_null(True)
    if missing.any():
        raise DataError(
            f"{kinds}: some are missing, in {_rows(missing.to_numpy())}. Leave out such rows, or pass times=None for "
            "the order of rows."
        )
    return numbers.to_numpy()


def _physical(times: Any, kinds: str) -> pl.Series:
    try:
        column = times if isinstance(times, pl.Series) else pl.Series(list(times), strict=True)
    except (TypeError, ValueError, pl.exceptions.PolarsError) as error:
        raise DataError(f"{kinds}: {str(error).splitlines()[0]}. Bring them to one kind.") from None
    if not (column.dtype.is_numeric() or column.dtype.is_temporal()):
        raise DataError(f"{kinds}: {column.dtype} came. Read text as dates first.")
    return column.to_physical()


def _rows(missing: NDArray[np.bool_]) -> str:
    """Which rows are, in words."""
    places = np.flatnonzero(missing) + 1
    more = f" and {len(places) - 3:,} more" if len(places) > 3 else ""
    return f"row{'s' if len(places) > 1 else ''} {', '.join(map(str, places[:3]))}{more} of {len(missing):,}"


def _starts(lengths: Codes) -> Codes:
    return np.concatenate([[0], lengths.cumsum()])


def _runs(starts: Codes, lengths: Codes) -> Codes:
    """start, start + 1, ... of each run, one run after the other."""
    return np.repeat(starts - _starts(lengths)[:-1], lengths) + np.arange(lengths.sum())
