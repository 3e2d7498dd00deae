from __future__ import annotations

import copy

import numpy as np
import polars as pl
import pytest

from throughtime.base.errors import ConfigError, DataError, FileMissingError
from throughtime.data import TokenFile, file_documents, parquet_documents, write_tokens
from throughtime.data import tokens as module
from throughtime.data.tokens import TokenArray, TokenPart


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32"])
def test_what_is_written_is_read(tmp_path, dtype):
    numbers = np.random.default_rng(0).integers(0, 200, 1000)
    write_tokens(tmp_path / "t.bin", [numbers[:300], list(numbers[300:301]), [], numbers[301:]], dtype)
    file = TokenFile(tmp_path / "t.bin", dtype)
    assert len(file) == 1000
    for start, count in [(0, 1000), (0, 1), (999, 1), (500, 700), (1000, 5), (3, 0)]:
        np.testing.assert_array_equal(file.read(start, count), numbers[start : start + count])
    assert (tmp_path / "t.bin").stat().st_size == 1000 * np.dtype(dtype).itemsize
    assert file.read(0, 5).dtype == dtype


@pytest.mark.parametrize("scanned", [1, 3, 1 << 22])
@pytest.mark.parametrize(
    ("numbers", "wanted"),
    [
        ([1, 2, 0, 3, 0], [[0, 3], [3, 5]]),
        ([1, 2, 0, 3], [[0, 3], [3, 4]]),
        ([0, 0], [[0, 1], [1, 2]]),
        ([5], [[0, 1]]),
        ([0], [[0, 1]]),
    ],
)
def test_documents_end_with_their_last_token(tmp_path, monkeypatch, scanned, numbers, wanted):
    monkeypatch.setattr(module, "SCANNED", scanned)
    write_tokens(tmp_path / "t.bin", [numbers])
    assert TokenFile(tmp_path / "t.bin").documents(0).tolist() == wanted


def test_documents_come_in_the_order_of_an_epoch(tmp_path):
    write_tokens(tmp_path / "t.bin", [[n, n, 0] for n in range(1, 50)])
    file = TokenFile(tmp_path / "t.bin")
    places = file.documents(0)
    orders = [[int(d[0]) for d in file_documents(file, places, seed=1, epoch=epoch)] for epoch in (0, 1, 0)]
    assert sorted(orders[0]) == list(range(1, 50))
    assert orders[0] == orders[2] != orders[1]


def test_a_parquet_column_is_scanned(tmp_path):
    lists = [[1, 2, 3], [], None, [4], list(range(100))]
    pl.DataFrame({"n": lists, "text": ["a"] * 5}).write_parquet(tmp_path / "t.parquet")
    for rows in (1, 2, 1000):
        found = [d.tolist() for d in parquet_documents(tmp_path / "t.parquet", "n", rows_at_once=rows)]
        assert found == [[1, 2, 3], [4], list(range(100))]
    with pytest.raises(DataError, match="lists of whole numbers, a document each: of 'text' it is String"):
        list(parquet_documents(tmp_path / "t.parquet", "text"))
    with pytest.raises(DataError, match="of 'm' there are n, text"):
        list(parquet_documents(tmp_path / "t.parquet", "m"))
    with pytest.raises(FileMissingError, match="A Parquet file must exist"):
        list(parquet_documents(tmp_path / "none.parquet", "n"))


def test_a_document_with_a_hole_is_refused_and_a_name_is_no_pattern(tmp_path):
    pl.DataFrame({"n": [[1, None, 3]]}).write_parquet(tmp_path / "a[1].parquet")
    with pytest.raises(DataError, match="A document's tokens are all there"):
        list(parquet_documents(tmp_path / "a[1].parquet", "n"))


def test_a_copy_outlives_the_file_it_came_of(tmp_path):
    write_tokens(tmp_path / "t.bin", [range(9)])
    first = TokenFile(tmp_path / "t.bin")
    second = copy.copy(first)
    del first
    assert second.read(3, 2).tolist() == [3, 4]


def test_chunks_and_places_that_are_none(tmp_path):
    with pytest.raises(DataError, match="one-dimensional chunks: one of shape [(]1, 2[)] came"):
        write_tokens(tmp_path / "t.bin", [[[1, 2]]])
    write_tokens(tmp_path / "t.bin", [[1, 2]])
    with pytest.raises(DataError, match="numbered from 0: a place of -2 came"):
        TokenFile(tmp_path / "t.bin").read(-2, 3)


def test_files_that_are_none(tmp_path):
    with pytest.raises(FileMissingError, match="A token file must exist"):
        TokenFile(tmp_path / "none.bin")
    (tmp_path / "odd.bin").write_bytes(b"abc")
    with pytest.raises(DataError, match="numbers of 2 bytes, one at least: .* has 3[.]"):
        TokenFile(tmp_path / "odd.bin")
    (tmp_path / "empty.bin").write_bytes(b"")
    with pytest.raises(DataError, match="has 0[.]"):
        TokenFile(tmp_path / "empty.bin", "uint8")
    with pytest.raises(ConfigError, match="`dtype` of a token file is one of"):
        TokenFile(tmp_path / "odd.bin", "int64")


@pytest.mark.parametrize("chunk", [[-1], [256], [0.5], ["a"]])
def test_numbers_that_do_not_fit_are_refused_and_nothing_is_left(tmp_path, chunk):
    with pytest.raises(DataError, match="Tokens of uint8 are whole numbers 0 .. 255"):
        write_tokens(tmp_path / "t.bin", [[1], chunk], "uint8")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_shrinks_is_noticed(tmp_path):
    write_tokens(tmp_path / "t.bin", [range(100)])
    file = TokenFile(tmp_path / "t.bin")
    (tmp_path / "t.bin").write_bytes(b"")
    with pytest.raises(DataError, match="has become shorter"):
        file.read(0, 100)


def test_an_array_is_read_as_a_file_is():
    array = TokenArray([3, 1, 4, 1, 5])
    assert (len(array), array.read(1, 2).tolist(), array.read(3, 9).tolist()) == (5, [1, 4], [1, 5])
    for wrong in ([-1], [0.5], [[1]]):
        with pytest.raises(DataError, match=r"whole numbers \[N\] from 0"):
            TokenArray(wrong)


def test_a_part_begins_and_ends_in_its_source(tmp_path):
    write_tokens(tmp_path / "t.bin", [range(10)])
    for source in (TokenFile(tmp_path / "t.bin"), TokenArray(np.arange(10))):
        part = TokenPart(source, 2, 7)
        assert (len(part), part.read(0, 99).tolist(), part.read(3, 1).tolist()) == (5, [2, 3, 4, 5, 6], [5])
        assert part.read(5, 3).tolist() == []
        for start, stop in ((3, 2), (-1, 2), (0, 11)):
            with pytest.raises(DataError, match=r"lies in its source, 0 \.\. 10"):
                TokenPart(source, start, stop)


def test_places_are_read_side_by_side(tmp_path):
    numbers = np.random.default_rng(0).integers(0, 200, 1000)
    write_tokens(tmp_path / "t.bin", [numbers])
    whole, starts = TokenFile(tmp_path / "t.bin"), np.array([3, 0, 990])
    wanted = np.stack([numbers[start : start + 10] for start in starts], 1)
    for source in (whole, TokenArray(numbers), TokenArray(numbers.astype("uint8"))):
        found = source.side_by_side(starts, 10)
        np.testing.assert_array_equal(found, wanted)
        assert found.dtype == np.int64
    np.testing.assert_array_equal(TokenPart(whole, 5, 1000).side_by_side(np.array([1]), 3)[:, 0], numbers[6:9])
