"""The .ts format: numbers and labels as they stand there, and a line number for whatever breaks its rules."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from throughtime.base.errors import DataError, FileMissingError
from throughtime.data import read_ts

HEADER = """# A problem.
#
@problemName Waves
@timeStamps false
@missing true
@univariate false
@dimensions 2
@equalLength false
@classLabel true up down
@data
"""
TEXT = HEADER + "1,2.5,-3e2:4,?,NaN:up\n7:8:down\n"
SERIES = [np.array([[1, 4], [2.5, np.nan], [-300, np.nan]]), np.array([[7.0, 8.0]])]


def read(tmp_path, content):
    (tmp_path / "x.ts").write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_ts(tmp_path / "x.ts")


@pytest.mark.parametrize(
    "content",
    [
        TEXT,
        gzip.compress(TEXT.encode(), mtime=0),
        TEXT.replace("\n", "\r\n"),
        TEXT.replace("@data\n", "@data\n\n").replace("7:", "\n # more\n  7 : ").rstrip(),
        TEXT.replace("@classLabel", "@CLASSLABEL").replace("@data", "@DATA").replace("true", "True"),
        TEXT.replace("@dimensions 2", "@dimension 2\n@license none, or so"),
        "\n".join(line for line in TEXT.split("\n") if not line.startswith(("@m", "@u", "@dim", "@eq", "@p", "@t"))),
        "\ufeff" + TEXT,
    ],
    ids=range(8),
)
def test_every_writing_of_a_file_reads_alike(tmp_path, content):
    series, labels = read(tmp_path, content)
    assert labels == ["up", "down"]
    for found, wanted in zip(series, SERIES, strict=True):
        assert found.dtype == np.float64
        np.testing.assert_array_equal(found, wanted)


def test_random_series_come_back_bit_by_bit(tmp_path):
    generator = np.random.default_rng(0)
    wanted = [generator.standard_normal((steps, 3)) for steps in generator.integers(1, 20, 30)]
    lines = [":".join([*(",".join(map(repr, column)) for column in s.T.tolist()), "하나"]) for s in wanted]
    series, labels = read(tmp_path, "@classLabel true 하나\n@data\n" + "\n".join(lines))
    assert labels == ["하나"] * 30
    for found, one in zip(series, wanted, strict=True):
        np.testing.assert_array_equal(found, one)


def test_a_file_without_labels(tmp_path):
    series, labels = read(tmp_path, "@univariate true\n@classLabel false\n@data\n1,2\n3,4\n")
    assert [one[:, 0].tolist() for one in series] == [[1, 2], [3, 4]]
    assert labels == []


def stated(text: str, data: str = "1,2:a\n") -> str:
    return f"@problemName x\n{text}\n@classLabel true a b\n@data\n{data}"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "has the line @data .*x.ts' has none"),
        ("# words\n@classLabel true a\n", "has the line @data .*has none"),
        ("1,2,3\n", "begins with tags.*: line 1 of .* comes before @data"),
        ("@problemName x\n@data\n1:a\n", "states @classLabel, true or false: it is not above line 2"),
        ("@classLabel\n@data\n1:a\n", "@classlabel is true or false: line 1 of .* has ''"),
        ("@classLabel yes a\n@data\n1:a\n", "is true or false: line 1 of .* has 'yes'"),
        (stated("@timeStamps true"), "without time stamps: line 2"),
        (stated("@targetLabel true"), "labels are classes: line 2 of .* numbers"),
        (stated("@dimensions two"), "whole number above 0: line 2 of .* has 'two'"),
        (stated("@seriesLength 0"), "whole number above 0: line 2 of .* has '0'"),
        (stated("", ""), "one series at least"),
        (stated("", "1,2:a\n1,x:b\n"), "line 6 of .* has 'x'. Correct it"),
        (stated("", "1,,2:a\n"), "line 5 of .* has ''"),
        (stated("", "1,inf:a\n"), "has 'inf'"),
        (stated("", "1,1_0:a\n"), "has '1_0'"),
        (stated("", "(0,1),(1,2):a\n"), r"has '\(0'"),
        (stated("", "1,2:c\n"), "line 5 of .* has 'c'; the labels are a, b"),
        (stated("", "1,2:aa\n"), "has 'aa'; did you mean 'a'"),
        (stated("", "1,2:\n"), "has ''; the labels are a, b"),
        (stated("", "1,2\n"), "has '1,2'; "),
        (stated("", "a\n"), "line 5 of .* has only one of them"),
        ("@classLabel true\n@data\n1,2:\n", "has ''; put one behind"),
        (stated("", "1,2:3:a\n"), "equal numbers of steps: line 5 of .* has 2, 1"),
        (stated("", "1:2:a\n1:2:3:b\n"), "line 6 of .* has 3, not 2"),
        (stated("@univariate true", "1:2:a\n"), "line 5 of .* has 2, not 1"),
        (stated("@univariate false\n@dimensions 3", "1:2:a\n"), "line 6 of .* has 2, not 3"),
        (stated("@equalLength true", "1,2:a\n1:b\n"), "line 6 of .* has 1 steps, not 2"),
        (stated("@equalLength true\n@seriesLength 3"), "line 6 of .* has 2 steps, not 3"),
        (stated("@missing false", "1,?:a\n"), "@missing false .*line 5 of .* lacks 1"),
        (stated("").encode() + b"\xff", r"must be UTF-8: .* 0xff in line 6"),
    ],
    ids=range(30),
)
def test_what_breaks_a_rule_is_named_by_line(tmp_path, content, message):
    with pytest.raises(DataError, match=message):
        read(tmp_path, content)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileMissingError, match="The .ts file must exist"):
        read_ts(tmp_path / "x.ts")
