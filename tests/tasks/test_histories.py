"""Columns to histories, judged by sorting rows in plain Python."""

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pytest

from throughtime.base.errors import DataError, ShapeError
from throughtime.tasks.histories import Catalogue, Histories, numbered


def by_hand(users, items, times):
    found = {}
    rows = sorted(range(len(users)), key=lambda row: times[row])
    for user in users:
        found.setdefault(user, [])
    for row in rows:
        found[users[row]].append(items[row])
    return found


def as_dict(histories, ids):
    return {user: [ids[item] for item in histories.of_user(place)] for place, user in enumerate(histories.users)}


def test_purchases_are_put_in_order_user_by_user():
    rng = np.random.default_rng(0)
    users, items, times = (rng.integers(0, most, 200).tolist() for most in (12, 30, 50))
    found = as_dict(*Histories.of(users, items, times))
    assert found == by_hand(users, items, times)
    assert list(found) == list(by_hand(users, items, times))


def test_purchases_of_equal_time_keep_the_order_of_rows():
    histories, ids = Histories.of(["a", "b", "a", "a"], [4, 5, 2, 9], [1, 1, 1, 0])
    assert as_dict(histories, ids) == {"a": [9, 4, 2], "b": [5]}


def test_without_times_rows_are_in_order():
    histories, ids = Histories.of(["a", "b", "a"], [7, 8, 6])
    assert as_dict(histories, ids) == {"a": [7, 6], "b": [8]}


DAYS = [dt.datetime(2024, 1, day) for day in (3, 1, 2)]


@pytest.mark.parametrize(
    "times",
    [
        DAYS,
        [day.date() for day in DAYS],
        np.array(DAYS, dtype="datetime64[s]"),
        np.array(DAYS, dtype="datetime64[D]"),
        pl.Series(DAYS),
        pd.Series(DAYS),
        pd.Series(DAYS).dt.tz_localize("Europe/Paris"),
        [3, 1, 2],
        (3.5, -1.0, 2.0),
        np.array([3, 1, 2], dtype=np.uint8),
    ],
)
def test_times_of_every_kind_sort_alike(times):
    histories, ids = Histories.of([0, 0, 0], ["c", "a", "b"], times)
    assert as_dict(histories, ids) == {0: ["a", "b", "c"]}


@pytest.mark.parametrize(
    "column",
    [
        [3, 1, 3, 2],
        np.array([3, 1, 3, 2], dtype=np.int32),
        pl.Series([3, 1, 3, 2]),
        pd.Series([3, 1, 3, 2]),
    ],
)
def test_whole_numbers_come_out_as_pythons_own_in_the_order_they_came(column):
    ids, codes = numbered(column, "items")
    assert ids == [3, 1, 2]
    assert {type(each) for each in ids} == {int}
    assert codes.tolist() == [0, 1, 0, 2]


@pytest.mark.parametrize(
    "column", [["b", "a", "b"], np.array(["b", "a", "b"]), pl.Series(["b", "a", "b"]), pd.Series(["b", "a", "b"])]
)
def test_texts(column):
    ids, codes = numbered(column, "items")
    assert (ids, codes.tolist()) == (["b", "a"], [0, 1, 0])


def test_ids_are_told_apart_as_keys_of_a_dict():
    ids, codes = numbered([1, "1", 1.0, (2, "x"), "1"], "items")
    assert ids == [1, "1", (2, "x")]
    assert codes.tolist() == [0, 1, 0, 2, 1]


@pytest.mark.parametrize("missing", [[1, None], ["a", float("nan")], pl.Series([1, None]), pd.Series(["a", None])])
def test_a_missing_id_is_refused(missing):
    with pytest.raises(DataError, match="Every row has an id in `users`: (None|nan) came in row 2 of 2"):
        numbered(missing, "users")


def test_the_first_rows_without_an_id_are_named():
    with pytest.raises(DataError, match="None came in rows 1, 3, 4 and 1 more of 5. Leave"):
        numbered([None, "a", float("nan"), None, None], "items")


def test_columns_that_are_none_are_refused():
    with pytest.raises(DataError, match="can be a key of a dict"):
        numbered([[1], [2]], "items")
    with pytest.raises(ShapeError, match="`items` has one axis"):
        numbered(np.zeros((2, 2), dtype=int), "items")
    with pytest.raises(ShapeError, match="is a column"):
        numbered("abc", "items")
    with pytest.raises(DataError, match="is empty"):
        numbered([], "items")
    with pytest.raises(ShapeError, match="2, 3 and 2 rows came"):
        Histories.of([1, 2], [1, 2, 3])


@pytest.mark.parametrize("times", [["x", "y"], [1, "y"], [True, False]])
def test_times_that_are_none_are_refused(times):
    with pytest.raises(DataError, match="Times are numbers or dates"):
        Histories.of([1, 2], [1, 2], times)


@pytest.mark.parametrize(
    "times", [[1, None], [1.0, float("nan")], np.array(["2024-01-01", "NaT"], dtype="datetime64[s]")]
)
def test_missing_times_are_refused(times):
    with pytest.raises(DataError, match="some are missing, in row 2 of 2"):
        Histories.of([1, 2], [1, 2], times)


def test_items_are_numbered_from_the_most_bought_one_and_rare_ones_are_unknown():
    catalogue = Catalogue.of(["a", "b", "c", "d"], np.array([2, 5, 1, 2]), least_count=2)
    assert catalogue.items == ("b", "a", "d")
    assert catalogue.counts.tolist() == [5, 2, 2]
    assert catalogue.numbers(["d", "c", "b", "never"]).tolist() == [2, 3, 0, 3]
    with pytest.raises(DataError, match="bought 9 times or more in training: 0 of 4"):
        Catalogue.of(["a", "b", "c", "d"], np.array([2, 5, 1, 2]), least_count=9)


def test_parts_of_histories():
    histories, _ = Histories.of(list("aabbbc"), [0, 1, 2, 3, 4, 5])
    assert histories.lengths.tolist() == [2, 3, 1]
    assert histories.last.tolist() == [1, 4, 5]
    some = histories.some(np.array([2, 0]))
    assert (some.users, some.items.tolist(), some.starts.tolist()) == (["c", "a"], [5, 0, 1], [0, 1, 3])
    assert histories.without_last().items.tolist() == [0, 2, 3]
    shorter = histories.without_last(np.array([0, 2, 1]))
    assert (shorter.items.tolist(), shorter.lengths.tolist()) == ([0, 1, 2], [2, 1, 0])
    assert histories.renumbered(np.arange(6)[::-1]).items.tolist() == [5, 4, 3, 2, 1, 0]
