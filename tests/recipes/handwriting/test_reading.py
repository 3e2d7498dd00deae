"""Archives and folders of IAM-OnDB, what of them is broken, and what their lines say."""

from __future__ import annotations

import numpy as np
import pytest

from tests.recipes.handwriting.made_up import archive, as_xml, drawings, iam
from throughtime.base.errors import DataError, FileMissingError
from throughtime.recipes.handwriting.reading import read_drawings


def test_an_archive_has_parts(tmp_path):
    some = drawings(6)
    found = read_drawings(archive(tmp_path / "a.npz", train=some[:3], valid=some[3:4], test=some[4:]))
    assert {name: len(part) for name, part in found.parts.items()} == {"train": 3, "valid": 1, "test": 2}
    np.testing.assert_array_equal(found.parts["test"][1].points, some[5].points)
    assert not any(each.phrase for each in found.everything)
    assert len(found.everything) == 6


def test_lines_have_what_they_say_and_the_form_they_stand_on(tmp_path):
    some = iam(tmp_path, forms=2)
    found = read_drawings(tmp_path)
    assert [each.phrase for each in found.parts["train"]] == [each.phrase for each in some]
    assert found.forms == ("a00-000u",) * 3 + ("a01-000u",) * 3
    assert found.notes == ()
    assert [len(each) for each in found.parts["train"]] == [len(each) for each in some]


def test_a_text_beside_a_line_says_what_it_says(tmp_path):
    (one, two) = drawings(2)
    (tmp_path / "one.XML").write_text(as_xml(one))
    (tmp_path / "one.txt").write_text(" e\u0301  b\n")
    (tmp_path / "two.xml").write_text(as_xml(two))
    found = read_drawings(tmp_path).parts["train"]
    assert [each.phrase for each in found] == ["\u00e9 b", ""]


def test_lines_alone_are_read_where_there_are_whole_forms_too(tmp_path):
    iam(tmp_path, forms=1)
    (tmp_path / "original").mkdir()
    (tmp_path / "original" / "strokesz.xml").write_text(as_xml(drawings(1)[0]))
    assert len(read_drawings(tmp_path).everything) == 3


def test_a_line_past_the_transcription_says_nothing(tmp_path):
    iam(tmp_path, forms=1)
    (tmp_path / "ascii" / "a" / "a00-000u.txt").write_text("CSR:\n\nab\n")
    assert [each.phrase for each in read_drawings(tmp_path).everything] == ["ab", "", ""]


def test_broken_files_are_skipped_counted_and_named(tmp_path):
    iam(tmp_path, forms=2)
    folder = tmp_path / "lineStrokes" / "a" / "a00-000u"
    (folder / "a00-000u-01.xml").write_text("<StrokeSet>")
    (folder / "a00-000u-02.xml").write_text('<StrokeSet><Stroke><Point x="nan" y="1"/></Stroke></StrokeSet>')
    (folder / "a00-000u-03.txt").write_bytes(b"\xff\xfe\x00")
    (folder / ".hidden.xml").write_text("nothing")
    found = read_drawings(tmp_path)
    assert len(found.everything) == len(found.forms) == 3
    (note,) = found.notes
    assert note.startswith("Skipped: 3 files that cannot be read, lineStrokes/a/a00-000u/a00-000u-01.xml, ")
    assert "is XML" in note


@pytest.mark.parametrize(
    ("fill", "error", "message"),
    [
        (lambda folder: None, DataError, r"holds \.xml files"),
        (lambda folder: (folder / "a.xml").write_text("<a/>"), DataError, "None of the 1 files"),
    ],
)
def test_folders_without_lines_are_refused(tmp_path, fill, error, message):
    fill(tmp_path)
    with pytest.raises(error, match=message):
        read_drawings(tmp_path)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ([np.full((4, 3), np.nan)], r"`a.npz, train` number 0 \(from 0\) holds nan"),
        ([np.zeros((0, 3))], "is empty"),
        ([np.full((4, 3), 0.5)], "other numbers"),
        ([np.zeros((4, 2))], "numbers \\[T, 3\\]"),
        ([], "holds none"),
    ],
)
def test_archives_of_something_else_are_refused(tmp_path, arrays, message):
    with pytest.raises(DataError, match=message):
        read_drawings(archive(tmp_path / "a.npz", train=arrays))


def test_what_is_no_file_of_strokes_is_refused(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"no archive")
    np.savez(tmp_path / "b.npz", other=np.zeros((3, 3)))
    (tmp_path / "c.csv").write_text("1,2,3")
    for name, error, message in (
        ("a.npz", DataError, "cannot be read"),
        ("b.npz", DataError, "has arrays train, valid, test"),
        ("c.csv", DataError, r"are \.npz, \.xml"),
        ("d.npz", FileMissingError, "there is no"),
    ):
        with pytest.raises(error, match=message):
            read_drawings(tmp_path / name)
