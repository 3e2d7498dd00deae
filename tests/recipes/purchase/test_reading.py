"""The three columns of a table of purchases: which they are, and what their ids become."""

import numpy as np
import polars as pl
import pytest

from throughtime.base.errors import DataError
from throughtime.recipes.purchase.reading import bought, read_own, with_roles
from throughtime.recipes.purchase.settings import Columns

WHEN = ["2024-01-02", "2024-01-01"]


@pytest.mark.parametrize(
    "names",
    [
        ("user", "item", "time"),
        ("userId", "movieId", "timestamp"),
        ("Customer ID", "StockCode", "InvoiceDate"),
        ("session_id", "product-id", "Order_Date"),
        ("user_id:token", "item_id:token", "timestamp:float"),
    ],
)
def test_columns_are_known_by_their_names(names):
    user, item, time = names
    table = pl.DataFrame({"price": [1.0, 2.0], item: [1, 2], time: WHEN, user: ["a", "b"]})
    notes = []
    assert with_roles(table, Columns(), notes) == Columns(user, item, (time,))
    assert [note.split(";")[0] for note in notes] == [
        f"user: {user}, by its name",
        f"item: {item}, by its name",
        f"time: {time}, by name or content",
    ]


def test_a_surer_name_is_taken_and_what_is_said_is_not_guessed():
    table = pl.DataFrame({"session": [1], "user": [1], "sku": [1], "item": [1], "when": [1]})
    assert with_roles(table, Columns(), []).user == "user"
    notes = []
    assert with_roles(table, Columns("session", "sku", ("when",)), notes) == Columns("session", "sku", ("when",))
    assert notes == []


def test_times_are_found_by_content_or_put_together_or_absent():
    made = {"user": [1, 2], "item": [1, 2]}
    assert with_roles(pl.DataFrame({**made, "x": WHEN}), Columns(), []).time == ("x",)
    parts = {"year": [2024, 2024], "month": [1, 2]}
    assert with_roles(pl.DataFrame({**made, **parts}), Columns(), []).time == ("year", "month")
    notes = []
    assert with_roles(pl.DataFrame(made), Columns(), notes).time == ()
    assert "no column looks like times" in notes[-1]


def test_what_is_no_purchase_is_refused():
    table = pl.DataFrame({"who": [1], "item": [1]})
    with pytest.raises(DataError, match=r"no column is named like a customer \(such as user.*Name it with --set user="):
        with_roles(table, Columns(), [])
    with pytest.raises(DataError, match="no column is named like an item bought"):
        with_roles(pl.DataFrame({"user": [1], "x": [1]}), Columns(), [])
    with pytest.raises(DataError, match="'wo'.*who"):
        with_roles(table, Columns(user="wo"), [])
    with pytest.raises(DataError, match="A column has one role: user=item, item=item"):
        with_roles(table, Columns(user="item"), [])
    with pytest.raises(DataError, match=r"column 'item' holds List"):
        bought(pl.DataFrame({"who": [1], "item": [[1]]}), Columns("who", "item"))


@pytest.mark.parametrize(
    ("ids", "wanted", "kind"),
    [
        ([3, 1], [3, 1], "number"),
        ([3.0, 1.0], [3, 1], "number"),
        ([3.5, 1.0], ["3.5", "1.0"], "text"),
        (["a", "007"], ["a", "007"], "text"),
        ([True, False], ["true", "false"], "text"),
        (pl.Series(WHEN).str.to_date(), WHEN, "text"),
        (pl.Series(["b", "a"], dtype=pl.Categorical), ["b", "a"], "text"),
    ],
)
def test_ids_are_whole_numbers_or_texts(ids, wanted, kind):
    read = bought(pl.DataFrame({"user": ids, "item": ids}), Columns("user", "item"))
    assert read.users.to_list() == read.items.to_list() == wanted
    assert (read.item_kind, read.times) == (kind, None)


def test_a_missing_id_stays_missing():
    table = pl.DataFrame({"user": ["a", "", None], "item": [1.0, float("nan"), None]})
    read = bought(table, Columns("user", "item"))
    assert read.users.to_list() == ["a", None, None]
    assert read.items.to_list() == [1, None, None]


def test_another_tables_items_become_what_the_model_knows():
    table = pl.DataFrame({"user": [1, 2], "item": ["12", "x"]})
    assert bought(table, Columns("user", "item"), "number").items.to_list() == [12, "x"]
    assert bought(table[:1], Columns("user", "item"), "number").items.to_list() == [12]
    assert bought(pl.DataFrame({"user": [1], "item": [12]}), Columns("user", "item"), "text").items.to_list() == ["12"]


def test_texts_of_times_are_read_and_odd_ones_refused():
    table = pl.DataFrame({"user": [1, 2], "item": [1, 2], "at": WHEN})
    assert bought(table, Columns("user", "item", ("at",))).times.tolist() == np.array(WHEN, "datetime64[D]").tolist()
    with pytest.raises(DataError, match="at is missing in row 2"):
        bought(table.with_columns(at=pl.Series(["2024-01-01", None])), Columns("user", "item", ("at",)))
    with pytest.raises(DataError, match="yesterday"):
        bought(table.with_columns(at=pl.Series(["2024-01-01", "yesterday"])), Columns("user", "item", ("at",)))


def test_files_are_read_and_named(tmp_path):
    table = pl.DataFrame({"user": ["a", "b"], "item": [1, 2]})
    table.write_csv(tmp_path / "shop.csv")
    table.write_csv(tmp_path / "shop.tsv", separator="\t")
    table.write_parquet(tmp_path / "shop.parquet")
    for name in ("shop.csv", "shop.tsv", "shop.parquet"):
        read, title = read_own(tmp_path / name)
        assert read.equals(table)
        assert title == name
    assert read_own(table)[1] == "your table"
    (tmp_path / "odd.csv").write_bytes("user,item\nJos\xe9,1\n".encode("latin-1"))
    with pytest.raises(DataError, match="UTF-8"):
        read_own(tmp_path / "odd.csv")
