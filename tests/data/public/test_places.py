"""The folder of public sets is the one that is named, else the user's cache; none is made up."""

from __future__ import annotations

import sys

import pytest

from throughtime.base.errors import FileMissingError
from throughtime.data.public import data_folder, missing_files
from throughtime.data.public.places import folder_to_fill


def test_the_folder_that_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("THROUGHTIME_DATA", str(tmp_path))
    assert data_folder() == tmp_path
    assert folder_to_fill(None) == tmp_path
    assert folder_to_fill(tmp_path / "a" / "b").is_dir()
    monkeypatch.setenv("THROUGHTIME_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(FileMissingError, match="THROUGHTIME_DATA names .*nowhere'"):
        data_folder()


def test_the_cache(monkeypatch):
    pooch = pytest.importorskip("pooch", reason="pooch, which names the cache, is not installed")
    monkeypatch.delenv("THROUGHTIME_DATA", raising=False)
    assert data_folder() == pooch.os_cache("throughtime")


def test_neither(monkeypatch):
    monkeypatch.delenv("THROUGHTIME_DATA", raising=False)
    monkeypatch.setitem(sys.modules, "pooch", None)
    assert data_folder() is None
    assert missing_files(["a", "b"], None) == ["a", "b"]


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FileMissingError, match="is a file"):
        folder_to_fill(tmp_path / "file")
    assert missing_files(["file", "other"], tmp_path) == ["other"]
