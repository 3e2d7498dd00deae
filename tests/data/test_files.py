"""What every reader of text files says of a file that is not there, damaged, or in another encoding."""

from __future__ import annotations

import contextlib
import gzip
from pathlib import Path

import pytest

from throughtime.base.errors import DataError, FileMissingError
from throughtime.data.files import check_file, decoded, read_text, unzipped

TEXT = "첫 줄\nfür 漢字 🙂\n"


def test_text_plain_zipped_and_with_a_byte_order_mark(tmp_path):
    for content in (TEXT.encode(), TEXT.encode("utf-8-sig"), gzip.compress(TEXT.encode(), mtime=0)):
        (tmp_path / "x").write_bytes(content)
        assert read_text(tmp_path / "x", "text file") == TEXT


@pytest.mark.parametrize("encoding", ["cp1252", "euc_kr", "utf-16", "shift_jis"])
def test_another_encoding_is_named_by_place(encoding):
    content = "a,b\n가나\n" if encoding == "euc_kr" else "a,b\né\n" if encoding == "cp1252" else "ア\n"
    with pytest.raises(DataError, match=r"must be UTF-8: 'x' has the byte 0x.. in line \d \(byte \d\).*iconv"):
        decoded(content.encode(encoding), "x", "text file")


def test_lines_and_bytes_count_from_one_and_over_a_byte_order_mark():
    with pytest.raises(DataError, match=r"0xff in line 2 \(byte 6\)"):
        decoded(b"\xef\xbb\xbfa\n\xff", "x", "text file")


@pytest.mark.parametrize("cut", [3, 12, 20, -1])
def test_damaged_gzip_is_refused(cut):
    with pytest.raises(DataError, match="'x' is not .*Fetch or compress it again"):
        unzipped(gzip.compress(TEXT.encode() * 9, mtime=0)[:cut], "x")


def test_every_altered_byte_of_gzip_data_is_refused_or_harmless():
    content = gzip.compress(TEXT.encode() * 9, mtime=0)
    for place in range(len(content)):
        altered = bytearray(content)
        altered[place] ^= 0x55
        with contextlib.suppress(DataError):
            assert unzipped(bytes(altered), "x") == TEXT.encode() * 9  # such as the time in its header


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(FileMissingError, match="A text file is one file: .* is a folder"):
        check_file(tmp_path, "text file")
    with pytest.raises(FileMissingError, match="The text file must exist: there is no file .*Check the path"):
        check_file(Path(tmp_path, "no", "such"), "text file")
