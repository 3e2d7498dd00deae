"""Strokes from files, and files that hold something else."""

from __future__ import annotations

import os
import zipfile

import numpy as np
import pytest

from throughtime.base.errors import DataError, FileMissingError
from throughtime.data.strokes import read_line, read_strokes

LINE = """<?xml version="1.0" encoding="ISO-8859-1"?>
<WhiteboardCaptureSession><WhiteboardDescription><SensorLocation corner="top_left"/></WhiteboardDescription>
<StrokeSet><Stroke colour="black" start_time="1.0" end_time="1.2">
<Point x="10" y="20" time="1.0"/><Point x="14" y="18" time="1.1"/><Point x="15" y="25" time="1.2"/></Stroke>
<Stroke colour="black" start_time="2" end_time="2"><Point x="30" y="20" time="2"/></Stroke>
</StrokeSet></WhiteboardCaptureSession>"""


def unequal(*lengths):
    sequences = np.empty(len(lengths), dtype=object)
    for place, length in enumerate(lengths):
        sequences[place] = np.arange(length * 3, dtype=np.int16).reshape(length, 3)
    return sequences


def test_sets_of_unequal_sequences_are_read(tmp_path):
    np.savez_compressed(tmp_path / "set.npz", train=unequal(4, 2), valid=unequal(3), test=unequal(1, 5))
    found, skipped = read_strokes(tmp_path / "set.npz")
    assert skipped == []
    assert {name: [len(each) for each in part] for name, part in found.items()} == {
        "train": [4, 2],
        "valid": [3],
        "test": [1, 5],
    }
    np.testing.assert_array_equal(found["train"][1], unequal(2)[0])
    assert found["train"][0].dtype == np.float64


def test_plain_arrays_are_read(tmp_path):
    np.savez(tmp_path / "set.npz", train=np.zeros((2, 4, 3)), test=np.ones((5, 3)))
    found, _ = read_strokes(tmp_path / "set.npz")
    assert [each.shape for each in found["train"]] == [(4, 3), (4, 3)]
    assert [each.shape for each in found["test"]] == [(5, 3)]


class Harmful:
    """What an unpickler that knows any name would run."""

    def __reduce__(self):
        return os.mkdir, ("harmed",)


def test_a_file_can_run_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    held = np.empty(1, dtype=object)
    held[0] = Harmful()
    np.savez("set.npz", train=held)
    with pytest.raises(DataError, match=r"posix.mkdir, and only arrays are read"):
        read_strokes("set.npz")
    assert not (tmp_path / "harmed").exists()


def test_a_line_of_iam_is_read(tmp_path):
    (tmp_path / "line.xml").write_text(LINE)
    wanted = [[0, 0, 0], [4, -2, 0], [1, 7, 1], [15, -5, 1]]
    np.testing.assert_array_equal(read_line(tmp_path / "line.xml"), wanted)
    found, _ = read_strokes(tmp_path / "line.xml")
    np.testing.assert_array_equal(found[""][0], wanted)


def test_a_folder_leaves_broken_files_out_and_says_so(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.xml").write_text(LINE)
    (tmp_path / "a.xml").write_text("<StrokeSet>")
    (tmp_path / "c.xml").write_text("<StrokeSet/>")
    found, skipped = read_strokes(tmp_path)
    assert len(found[""]) == 1
    assert len(skipped) == 2
    assert "a.xml" in skipped[0]
    (tmp_path / "deep" / "b.xml").unlink()
    with pytest.raises(DataError, match="None of the 2 files"):
        read_strokes(tmp_path)


def test_what_is_no_strokes_is_refused(tmp_path):
    with pytest.raises(FileMissingError):
        read_strokes(tmp_path / "none.npz")
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(DataError, match=r"\.npz, \.xml"):
        read_strokes(tmp_path / "a.txt")
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(DataError, match="cannot be read"):
        read_strokes(tmp_path / "broken.npz")
    np.savez(tmp_path / "other.npz", images=np.zeros(3))
    with pytest.raises(DataError, match="has images"):
        read_strokes(tmp_path / "other.npz")
    np.savez(tmp_path / "two.npz", train=np.zeros((3, 4, 2)))
    with pytest.raises(DataError, match="number 0"):
        read_strokes(tmp_path / "two.npz")
    (tmp_path / "p.xml").write_text('<S><Stroke><Point x="1"/></Stroke></S>')
    with pytest.raises(DataError, match="numbers x and y"):
        read_strokes(tmp_path / "p.xml")


def test_a_cut_file_is_an_error_wherever_it_is_cut(tmp_path):
    np.savez_compressed(tmp_path / "set.npz", train=unequal(4, 2, 9))
    with zipfile.ZipFile(tmp_path / "set.npz") as archive:
        inner = archive.read("train.npy")
    for length in range(0, len(inner), 7):
        with zipfile.ZipFile(tmp_path / "cut.npz", "w") as archive:
            archive.writestr("train.npy", inner[:length])
        with pytest.raises(DataError):
            read_strokes(tmp_path / "cut.npz")
