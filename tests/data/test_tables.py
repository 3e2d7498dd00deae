"""Every kind of table becomes one polars frame, broken ones are refused in one line, frames go back as they came."""

from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from throughtime.base.errors import DataError, FileMissingError
from throughtime.data.tables import as_names, in_kind_of, read_table, to_numbers

TEXT = "date,x,name\n2012-01-01,1.5,a\n2012-01-02,NA,b\n2012-01-03,,\n"
# Without the time of day, so that every worker of a parallel test run names the case alike.
ZIPPED = gzip.compress(TEXT.encode(), mtime=0)
FRAME = pl.DataFrame(
    {"date": ["2012-01-01", "2012-01-02", "2012-01-03"], "x": [1.5, None, None], "name": ["a", "b", None]}
)


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", TEXT.encode()),
        ("t.csv.gz", ZIPPED),
        ("T.CSV", TEXT.encode()),
        ("t.tsv", TEXT.replace(",", "\t").encode()),
        ("t.tsv.gz", gzip.compress(TEXT.replace(",", "\t").encode(), mtime=0)),
        ("semicolon.csv", TEXT.replace(",", ";").encode()),
        ("bom.csv", b"\xef\xbb\xbf" + TEXT.encode()),
        ("windows.csv", TEXT.replace("\n", "\r\n").encode()),
        ("blank_end.csv", (TEXT + "\n\n").encode()),
        ("quoted.csv", b'"date","x","name"\n"2012-01-01","1.5","a"\n"2012-01-02","NA","b"\n"2012-01-03","",""\n'),
    ],
)
def test_text_tables_read_alike(tmp_path, name, content):
    assert read_table(write(tmp_path / name, content)).equals(FRAME)


def test_parquet(tmp_path):
    FRAME.write_parquet(tmp_path / "t.parquet")
    assert read_table(tmp_path / "t.parquet").equals(FRAME)


@pytest.mark.parametrize("kind", [pl.DataFrame.to_pandas, pl.DataFrame.to_arrow, pl.DataFrame.clone, pl.DataFrame.lazy])
def test_frames_read_alike(kind):
    assert read_table(kind(FRAME)).equals(FRAME)


def test_frames_go_back_as_they_came(tmp_path):
    assert isinstance(in_kind_of(FRAME, FRAME.to_pandas()), pd.DataFrame)
    assert isinstance(in_kind_of(FRAME, FRAME.to_arrow()), pa.Table)
    assert in_kind_of(FRAME, FRAME.lazy()) is FRAME
    assert in_kind_of(FRAME, tmp_path / "t.csv") is FRAME


def test_a_named_pandas_index_becomes_a_column():
    frame = pd.DataFrame({"x": [1.0, 2.0]}, index=pd.DatetimeIndex(["2012-01-01", "2012-01-02"], name="date"))
    assert read_table(frame).columns == ["date", "x"]


def test_an_unnamed_pandas_index_of_times_is_not_lost():
    frame = pd.DataFrame({"x": [1.0, 2.0]}, index=pd.date_range("2012-01-01", periods=2))
    assert read_table(frame).columns == ["time", "x"]
    assert read_table(frame.reset_index(drop=True)).columns == ["x"]


def test_names_in_every_writing():
    columns = ["a", "b", "a,b"]
    assert as_names("a", columns) == ["a"]
    assert as_names("a, b", ["a", "b"]) == ["a", "b"]
    assert as_names("a,b", columns) == ["a,b"]
    assert as_names(("a", "b"), columns) == ["a", "b"]
    for names in (0, [0], {"a": 1}):
        with pytest.raises(DataError, match="named by text"):
            as_names(names, columns)


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "-2", ""], pl.Int64),
        (["1", "2.5", "NaN"], pl.Float64),
        (["1e3", " 2 ", "inf"], pl.Float64),
        (["007", "008", "009"], pl.String),  # codes, not numbers
        (["1", "2", "x"], pl.String),
        (["NA", "N/A", "null"], pl.String),
    ],
)
def test_a_text_column_is_numeric_only_if_every_present_cell_is(tmp_path, cells, kind):
    path = write(tmp_path / "t.csv", "a,b\n" + "".join(f"r,{cell}\n" for cell in cells))
    assert read_table(path)["b"].dtype == kind


def test_the_decimal_comma_of_semicolon_files(tmp_path):
    assert read_table(write(tmp_path / "t.csv", "a;b\n1,5;x\n-2;y\n"))["a"].to_list() == [1.5, -2.0]


def test_columns_are_taken_in_the_order_asked():
    assert read_table(FRAME, columns=["name", "x"]).columns == ["name", "x"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", b"", "is empty .0 bytes."),
        ("t.csv", b"\n\n  \n", "only blank lines"),
        ("t.csv", b"a,b\n", "2 column names and no row"),
        ("t.csv", b"a,b,a\n1,2,3\n", "names 'a' more than once"),
        ("t.csv", "a,b\n1,2\nx,caf\u00e9\n".encode("latin-1"), "0xe9 in line 3.*iconv"),
        ("t.csv", b"a,b\n1,2,3\n", "Every row must have the header's 2 fields"),
        ("t.csv", b"a,b\r1,2\r", "one line of column names: .* End each line with a line feed"),
        ("t.csv.gz", b"a,b\n1,2\n", "must be whole gzip"),
        ("t.csv.gz", ZIPPED[:-12], "must be whole gzip"),
        ("t.parquet", b"PAR1 no", "must be whole Parquet"),
        ("t.xlsx", b"PK", "is read from .csv.*ends in '.xlsx'"),
    ],
)
def test_broken_files_are_refused(tmp_path, name, content, message):
    with pytest.raises(DataError, match=message) as caught:
        read_table(write(tmp_path / name, content))
    assert "\n" not in str(caught.value)


def test_a_parquet_file_that_polars_panics_on_is_refused(tmp_path, monkeypatch):
    def panic(path):
        raise pl.exceptions.PanicException("called `Option::unwrap()` on a `None` value")

    monkeypatch.setattr(pl, "read_parquet", panic)  # the byte that does it differs from version to version
    with pytest.raises(DataError, match="must be whole Parquet"):
        read_table(write(tmp_path / "t.parquet", b"PAR1"))


def test_a_missing_file_names_its_neighbour(tmp_path):
    write(tmp_path / "weather.csv", TEXT)
    with pytest.raises(FileMissingError, match=r"no file .*wether.csv.*Did you mean .*weather.csv"):
        read_table(tmp_path / "wether.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(FileMissingError, match="is a folder"):
        read_table(tmp_path / "folder.csv")


def test_unknown_columns_are_all_named_with_what_was_meant():
    with pytest.raises(
        DataError, match=r"'Dat' is unknown \(did you mean 'date'\?\); 'zzz' is unknown\. The table has"
    ):
        read_table(FRAME, columns=["Dat", "zzz", "x"])


def test_a_column_asked_for_twice_is_unknown_once():
    with pytest.raises(DataError) as caught:
        read_table(FRAME, columns=["zzz", "zzz"])
    assert str(caught.value).count("zzz") == 1


def test_frames_that_are_none(tmp_path):
    for source in ([1, 2], 3, {"a": [1]}):
        with pytest.raises(DataError, match="a path or a pandas, polars or pyarrow frame"):
            read_table(source)
    with pytest.raises(DataError, match="distinct text names"):
        read_table(pd.DataFrame([[1, 2]], columns=["a", "a"]))
    with pytest.raises(DataError, match="no row below"):
        read_table(pl.DataFrame({"a": []}))


def test_to_numbers_leaves_null_where_there_is_no_number():
    assert to_numbers(pl.Series(["1", " 2.5 ", "x", None, "NaN"])).to_list() == [1.0, 2.5, None, None, None]
    assert to_numbers(pl.Series([1.0, float("nan")])).to_list() == [1.0, None]
    assert to_numbers(pl.Series([True, False])).to_list() == [1.0, 0.0]
    assert to_numbers(pl.Series([[1], [2]])).to_list() == [None, None]
