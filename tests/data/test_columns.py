"""The right columns are read, labels become codes, and a column that cannot be learned from is named."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from throughtime.base.errors import DataError, Notice
from throughtime.data.columns import encode, labels_of, one_hot, read_columns, select

TABLE = pl.DataFrame(
    {
        "t": [1, 2, 3, 4],
        "x": [0.5, None, float("nan"), 2.0],
        "y": ["1", "NA", "3.5", ""],
        "kind": ["rain", "sun", "NA", "rain"],
        "wet": [True, False, None, True],
        "code": [7, 7, 9, None],
    }
)


def choose(table=TABLE, taken=("t",), **options):
    given = dict.fromkeys(("columns", "target", "known", "categorical")) | options
    return select(table, taken, **given)


def read(selection, table=TABLE, categories=None, fitting=True):
    return read_columns(table, selection, categories=categories, fitting=fitting)


def test_all_numeric_columns_are_read_unless_named_and_the_rest_is_said():
    with pytest.warns(Notice, match=r"left out unless named: 'kind'\. Name one as target= to forecast it\.$"):
        chosen = choose()
    assert chosen.columns == chosen.targets == ("x", "y", "wet", "code")
    assert (chosen.known, chosen.categorical) == ((), ("wet",))


def test_targets_and_known_columns():
    with pytest.warns(Notice):
        chosen = choose(target="x", known="code")
    assert (chosen.columns, chosen.targets, chosen.known) == (("x", "y", "wet", "code"), ("x",), ("code",))
    assert chosen.categorical == ()  # a Boolean that is no target is 0 and 1
    assert choose(columns="code, x").columns == ("code", "x")
    assert choose(columns=["x"], target=["kind"]).columns == ("x", "kind")
    assert choose(columns=["x", "code"], known="code").targets == ("x",)


@pytest.mark.parametrize(
    ("taken", "uses"),
    [
        (
            (),
            "Name 'day' as time= if the rows stand in its order. Name 'town' as id= if it tells several series apart. ",
        ),
        (("day",), "Name 'town' as id= if it tells several series apart. "),
        (("town",), "Name 'day' as time= if the rows stand in its order. "),
        (("day", "town"), ""),
    ],
)
def test_what_is_left_out_may_be_a_time_or_an_id(taken, uses):
    days = ["2020-01-01", "2020-01-02"] * 2
    table = pl.DataFrame({"day": days, "town": ["a", "a", "b", "b"], "note": [*"wxyz"], "x": [5.0, 6.0, 8.0, 7.0]})
    with pytest.warns(Notice) as said:
        assert choose(table, taken).columns == ("x",)
    left = ", ".join(repr(name) for name in ("day", "town", "note") if name not in taken)
    assert str(said[0].message) == (
        "Columns that are not numbers, or only count the rows, are left out unless named: "
        f"{left}. {uses}Name one as target= to forecast it."
    )


def test_a_row_counter_is_left_out_unless_named():
    table = pl.DataFrame({"No": [1, 2, 3], "x": [5.0, 6.0, 8.0]})
    with pytest.warns(Notice, match="'No'"):
        assert choose(table, ()).columns == ("x",)
    assert choose(table, (), columns="No").columns == ("No",)
    assert choose(table.select("No"), ()).columns == ("No",)  # nothing else to read


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"columns": "x,zz"}, "'zz' is unknown"),
        ({"columns": "x", "target": "Kind"}, r"'Kind' is unknown \(did you mean 'kind'"),
        ({"columns": "t,x"}, "'t' is named twice"),
        ({"columns": "x,x"}, "'x' is named twice"),
        ({"columns": "x", "target": "x", "known": "x"}, "'x' is named twice"),
        ({"columns": "x", "known": "x"}, "at least one numeric column"),
        ({"columns": []}, "at least one numeric column"),
    ],
)
def test_bad_choices(options, message):
    with pytest.raises(DataError, match=message):
        choose(**options)


def test_values_and_categories():
    values, categories = read(choose(columns="x,y,kind,wet,code", categorical="code"))
    np.testing.assert_array_equal(
        values.T,
        [[0.5, np.nan, np.nan, 2], [1, np.nan, 3.5, np.nan], [0, 1, np.nan, 0], [1, 0, np.nan, 1], [0, 0, 1, np.nan]],
    )
    assert categories == {"kind": ("rain", "sun"), "wet": (False, True), "code": (7, 9)}


def test_unseen_labels_are_said_and_missing():
    with pytest.warns(Notice, match="kind: 2 cells hold labels not seen in training .'rain'."):
        values, categories = read(choose(columns="kind"), categories={"kind": ["sun", "fog"]}, fitting=False)
    np.testing.assert_array_equal(values[:, 0], [np.nan, 0, np.nan, np.nan])
    assert categories == {"kind": ("sun", "fog")}


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([1.0, float("inf")], "must be finite: 'c' has inf in row 2"),
        (["1", "2", "oops", "4"], "only numbers: 'c' has 'oops' in row 3 .1 such"),
        (["1", "-inf"], "must be finite: 'c' has -inf in row 2"),
        ([3.0, None, 3.0], "must vary.*'c' is 3 in every row"),
        (["u", "u"], "must vary.*'c' is 'u' in every row"),
        ([None, None], "every cell of 'c' is missing"),
        (["NA", ""], "every cell of 'c' is missing"),
        ([[1], [2]], "only numbers: 'c'"),
    ],
)
def test_bad_columns(cells, message):
    with pytest.raises(DataError, match=message):
        read(choose(pl.DataFrame({"c": cells}), (), columns="c"), pl.DataFrame({"c": cells}))


def test_all_bad_columns_are_raised_at_once_with_what_to_do():
    table = pl.DataFrame({"a": [1.0, 1.0], "b": [1.0, 2.0], "c": [None, None]}, schema_overrides={"c": pl.Float64})
    with pytest.raises(
        DataError, match=r"'a' is 1 in every row\. Drop the column, or in .*ignore=\. .*'c' is missing\. D.*=\.$"
    ):
        read(choose(table, (), columns="a,b,c"), table)


@pytest.mark.parametrize(
    "table",
    [
        pl.DataFrame({"a": [1.0, 1.0], "b": [1.0, 2.0]}),
        pl.DataFrame({"a": [1.0, 1.0]}),
        pl.DataFrame({"a": ["1", "2", "x"]}),
        pl.DataFrame({"a": [1.0, float("inf")]}),
        pl.DataFrame({"a": ["x", "y"]}),
    ],
)
@pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")
def test_no_error_advises_what_an_estimator_or_a_recipe_has_not(table):
    with pytest.raises(DataError, match=r"\.$") as caught:
        read(choose(table, ()), table)
    assert not any(word in str(caught.value) for word in ("columns=", "categorical=", "time_format="))


def test_empty_and_constant_columns_are_legal_when_no_model_is_fitted():
    table = pl.DataFrame({"a": [1.0, 1.0], "b": [None, None]}, schema_overrides={"b": pl.Float64})
    values, _ = read(choose(table, (), columns="a,b"), table, fitting=False)
    np.testing.assert_array_equal(values, [[1, np.nan], [1, np.nan]])


def test_labels_of_every_kind():
    assert labels_of(pl.Series(["b", " a", "NA", None])) == ("a", "b")
    assert labels_of(pl.Series([2.0, 1.0, float("nan")])) == (1, 2)
    assert labels_of(pl.Series(["u", "v"], dtype=pl.Categorical)) == ("u", "v")
    with pytest.raises(DataError, match="at most 1000 different labels: 'n' has 1001"):
        labels_of(pl.Series("n", range(1001)))


def test_encode_is_the_inverse_of_the_list():
    column = pl.Series("k", ["b", "a", None, "b"])
    np.testing.assert_array_equal(encode(column, ["a", "b"]), [1, 0, np.nan, 1])


def test_one_hot_is_zero_where_missing():
    np.testing.assert_array_equal(
        one_hot(np.array([[0.0, 2.0], [np.nan, -1.0]]), 3), [[[1, 0, 0], [0, 0, 1]], [[0, 0, 0], [0, 0, 0]]]
    )


@pytest.mark.parametrize(
    ("cells", "labels", "places"),
    [
        ([1, 0, 2], ["0", "1"], [1, 0, None]),
        (["1", "0"], [0, 1], [1, 0]),
        ([True, False], [0, 1], [1, 0]),
        ([1, 0], [False, True], [1, 0]),
        (["True", "false"], [False, True], [1, 0]),
        (["b", None], ["a", "b"], [1, None]),
    ],
)
@pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")
def test_labels_of_another_kind_are_compared_as_they_are_written(cells, labels, places):
    wanted = [np.nan if place is None else place for place in places]
    np.testing.assert_equal(encode(pl.Series("x", cells), labels), wanted)


def test_columns_keep_the_kind_they_were_fitted_with():
    frame = pl.DataFrame({"promo": ["low", "high"], "y": [1.0, 2.0]})
    chosen = {"columns": ["promo", "y"], "target": None, "known": None}
    assert select(frame, [], **chosen, categorical=[]).categorical == ("promo",)
    selection = select(frame, [], **chosen, categorical=[], fitted=True)
    assert selection.categorical == ()
    with pytest.raises(DataError, match="numeric column holds only numbers: 'promo' has 'low' in row 1"):
        read_columns(frame, selection, categories={}, fitting=False)
