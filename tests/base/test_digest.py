"""A digest changes with every byte, name and place, and with nothing else."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from throughtime.base.digest import digest_of
from throughtime.base.errors import FileMissingError


def folder_of(place: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text, encoding="utf-8")
    return place


FILES = {"a.txt": "one", "b.txt": "two", "sub/a.txt": "three"}


def test_of_a_file_it_is_the_sha256_of_its_bytes(tmp_path: Path) -> None:
    content = bytes(range(256)) * 10_000  # more than a piece
    (tmp_path / "file").write_bytes(content)
    assert digest_of(tmp_path / "file") == hashlib.sha256(content).hexdigest()


def test_of_a_folder_it_does_not_depend_on_where_the_folder_lies(tmp_path: Path) -> None:
    one, two = folder_of(tmp_path / "one", FILES), folder_of(tmp_path / "two", dict(reversed(FILES.items())))
    (two / ".hidden").write_text("x")
    assert digest_of(one) == digest_of(two)


@pytest.mark.parametrize(
    "files",
    [
        {**FILES, "a.txt": "One"},
        {**FILES, "c.txt": ""},
        {"a.txt": "two", "b.txt": "one", "sub/a.txt": "three"},
        {"a.txt": "one", "b.txt": "two", "other/a.txt": "three"},
        {"a.txt": "one", "b.txt": "two"},
    ],
)
def test_another_folder_has_another(tmp_path: Path, files: dict[str, str]) -> None:
    assert digest_of(folder_of(tmp_path / "one", FILES)) != digest_of(folder_of(tmp_path / "two", files))


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileMissingError, match="there is no file '.*nothing'. Check the path."):
        digest_of(tmp_path / "nothing")
