"""The catalogue is closed and whole: every set says what it is, and every address is pinned by a commit."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import pytest

from throughtime.base.errors import ConfigError
from throughtime.data.public import public_set, public_sets
from throughtime.data.public.fetching import JOINS

SETS = public_sets()
FILES = [(name, file) for name, found in SETS.items() for file in found.files]


@pytest.mark.parametrize("name", SETS)
def test_a_set_says_what_it_is(name):
    found = public_set(name)
    assert found.name == name
    assert all((found.what, found.licence, found.cite, found.files))
    assert bool(found.base) != bool(found.obtain)
    assert found.size == sum(file.size for file in found.files) > 0


@pytest.mark.parametrize(("name", "file"), FILES)
def test_a_file_is_pinned(name, file):
    assert re.fullmatch(r"[0-9a-f]{64}", file.sha256)
    path = PurePosixPath(file.path)
    assert not path.is_absolute()
    assert ".." not in path.parts
    if SETS[name].base:
        assert re.match(r"https://raw\.githubusercontent\.com/[^/]+/[^/]+/[0-9a-f]{40}/", SETS[name].base + file.source)
    assert bool(file.parts) == bool(file.join)
    assert file.join in ("", *JOINS)


def test_no_two_files_lie_in_one_place():
    paths = [file.path for _, file in FILES]
    assert len(set(paths)) == len(paths)


def test_unknown_set():
    with pytest.raises(ConfigError, match="'dna_splise' is none: did you mean 'dna_splice'"):
        public_set("dna_splise")
