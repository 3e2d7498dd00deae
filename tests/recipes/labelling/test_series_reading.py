"""Labelled series from tables, folders and .ts files; what breaks a rule is refused by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from throughtime.base.errors import DataError
from throughtime.recipes.labelling.series_reading import SeriesColumns, has_labelled_series, read_series

TABLE = """id,when,label,x,y,note
b,2,bad,4.0,8.0,p
a,1,good,1.0,5.0,q
b,1,bad,3.0,,r
a,2,good,2.0,6.0,s
a,3,good,2.5,7.0,t
"""
NAMED = SeriesColumns(time="when")


def table_at(path: Path, text: str = TABLE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_table_s_rows_are_put_together_by_series_in_order_of_time(tmp_path):
    read = read_series(table_at(tmp_path / "t.csv"), NAMED, True)
    assert (list(read.names), list(read.labels)) == (["b", "a"], ["bad", "good"])
    np.testing.assert_array_equal(read.sequences[0], [[3, np.nan], [4, 8]])
    np.testing.assert_array_equal(read.sequences[1], [[1, 5], [2, 6], [2.5, 7]])
    assert "column 'label'" in read.notes[0]
    assert read.variables == ("x", "y")
    unlabelled = read_series(tmp_path / "t.csv", NAMED, False)
    assert unlabelled.labels is None
    np.testing.assert_array_equal(unlabelled.sequences[1], read.sequences[1])  # the label is no variable


def test_a_folder_has_a_class_in_each_sub_folder(tmp_path):
    for place, name in enumerate(("ok/1", "ok/2", "broken/1")):
        table_at(tmp_path / f"{name}.csv", f"x\n{place}\n{place + 1}\n")
    read = read_series(tmp_path, SeriesColumns(), True)
    assert list(zip(read.names, read.labels, strict=True)) == [
        ("broken/1.csv", "broken"),
        ("ok/1.csv", "ok"),
        ("ok/2.csv", "ok"),
    ]
    np.testing.assert_array_equal(read.sequences[1], [[0], [1]])
    assert read.variables == ("x",)
    table_at(tmp_path / "ok" / "1.csv", "z\n1\n2\n")
    assert read_series(tmp_path, SeriesColumns(), True).variables == ()  # not the same in every table
    assert read_series(tmp_path / "ok", SeriesColumns(), False).labels is None


def test_an_archive_s_file(tmp_path):
    path = table_at(tmp_path / "a.ts", "@classLabel true u v\n@data\n1,2,3:u\n4,5,6:v\n")
    read = read_series(path, SeriesColumns(), True)
    assert read.labels == ["u", "v"]
    assert read.sequences[0].shape == (3, 1)


def test_what_is_a_table_of_labelled_series():
    frame = pl.DataFrame({"id": ["a", "a", "b"], "x": [1, 2, 3], "label": [0, 0, 1]})
    assert has_labelled_series(frame, SeriesColumns())
    assert not has_labelled_series(frame.with_columns(label=pl.Series([0, 1, 0])), SeriesColumns())  # labels of rows
    assert not has_labelled_series(frame.drop("label"), SeriesColumns())
    assert not has_labelled_series(frame.drop("id"), SeriesColumns())
    assert not has_labelled_series(frame.with_columns(id=pl.lit("a"), label=pl.lit(0)), SeriesColumns())  # one alone
    assert has_labelled_series(frame.rename({"id": "machine"}), SeriesColumns(id="machine"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (TABLE.replace("a,3,good", "a,3,bad"), "'a' has bad, good"),
        (TABLE.replace("id,", "who,"), "Name it with id=COLUMN"),
        (TABLE.replace("label", "verdict"), "Name it with label=COLUMN"),
        ("id,label,note\na,u,x\nb,v,y\n", "'a' has none, but note"),
        ("id,label,x\na,u,1\nb,v,\n", "1 of 2 hold none, the first is 'b'"),
        ("id,label,x\n,u,1\nb,v,2\n", "column 'id' has 1 empty rows"),
    ],
)
def test_tables_that_break_a_rule(tmp_path, text, words):
    with pytest.raises(DataError, match=words):
        read_series(table_at(tmp_path / "t.csv", text), SeriesColumns(), True)


def test_folders_that_break_a_rule(tmp_path):
    table_at(tmp_path / "ok" / "1.csv", "x\n1\n")
    with pytest.raises(DataError, match="has 1 with tables"):
        read_series(tmp_path, SeriesColumns(), True)
    table_at(tmp_path / "bad" / "1.csv", "x,y\n1,2\n")
    with pytest.raises(DataError, match="'bad/1.csv' has 2 and 'ok/1.csv' has 1"):
        read_series(tmp_path, SeriesColumns(), True)
    with pytest.raises(DataError, match="DataFrame came"):
        read_series(pl.DataFrame(), SeriesColumns(), True)
