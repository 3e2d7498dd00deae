"""The catalogue of public sets: a closed list, read from `catalogue.toml` beside this file, which explains its keys.

A set is known by the content of its files, not by where they come from: SHA-256 is of the bytes before any gzip.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from throughtime.base.checks import did_you_mean
from throughtime.base.errors import ConfigError

CATALOGUE = Path(__file__).with_name("catalogue.toml")


@dataclass(frozen=True)
class PublicFile:
    """One file of a set.

    Args:
        path: where it lies in the data folder; one that ends in .gz is written with gzip.
        source: its address behind the set's `base`, or its name among files taken from elsewhere.
        sha256: of its content, before any gzip.
        size: bytes of its content.
        join: how its parts become one file, see `fetching.JOINS`; empty for a file that comes whole.
        parts: addresses behind `source`, in order; empty for a file that comes whole.
    """

    path: str
    source: str
    sha256: str
    size: int
    join: str = ""
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class PublicSet:
    """Some data of the public.

    Args:
        name: what it is asked for by.
        what: one line.
        licence: the words it comes under.
        cite: whose it is.
        files: all of them.
        base: what their addresses begin with; empty where none could be pinned.
        obtain: where to get the files by hand, for a set without `base`.
    """

    name: str
    what: str
    licence: str
    cite: str
    files: tuple[PublicFile, ...]
    base: str = ""
    obtain: str = ""

    @property
    def size(self) -> int:
        """Bytes of all files, before any gzip."""
        return sum(file.size for file in self.files)

    @property
    def source(self) -> str:
        """Where it comes from, in words."""
        return self.base or self.obtain


def public_set(name: str) -> PublicSet:
    """The set of a name.

    Raises:
        ConfigError: there is none; the message names the nearest.
    """
    known = public_sets()
    if name not in known:
        hint = did_you_mean(name, known, "there is")
        raise ConfigError(f"A public set must be one of those that exist; {name!r} is none: {hint}")
    return known[name]


@cache
def public_sets() -> Mapping[str, PublicSet]:
    """All sets by name."""
    tables = tomllib.loads(CATALOGUE.read_text(encoding="utf-8"))
    return MappingProxyType({name: _set(name, table) for name, table in tables.items()})


def _set(name: str, table: Mapping[str, Any]) -> PublicSet:
    files = tuple(
        PublicFile(
            file["path"],
            file["from"],
            file["sha256"],
            file["bytes"],
            file.get("join", ""),
            tuple(file.get("parts", ())),
        )
        for file in table["files"]
    )
    words = (table["what"], table["licence"], table["cite"])
    return PublicSet(name, *words, files, table.get("base", ""), table.get("obtain", ""))
