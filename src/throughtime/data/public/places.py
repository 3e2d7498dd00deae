"""Where public sets lie: the folder that THROUGHTIME_DATA names, or the user's cache.

The cache is pooch's (~/.cache/throughtime on Linux); without pooch nothing was ever fetched into it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from throughtime.base.errors import ConfigError, FileMissingError

ENVIRONMENT = "THROUGHTIME_DATA"
NO_POOCH = (
    "Public sets are fetched with the package pooch, which is not installed here. Install it: "
    "pip install 'throughtime[data]'"
)


def data_folder() -> Path | None:
    """The folder of all public sets, which may hold none yet; None without THROUGHTIME_DATA and without pooch.

    Raises:
        FileMissingError: THROUGHTIME_DATA names a folder that is not there.
    """
    named = os.environ.get(ENVIRONMENT)
    if named:
        return checked_folder(Path(named), f"{ENVIRONMENT} names")
    try:
        import pooch
    except ImportError:
        return None
    return Path(pooch.os_cache("throughtime"))


def folder_to_fill(out: Path | None) -> Path:
    """The folder that sets are fetched into: `out`, or `data_folder`; made where it is not there.

    Raises:
        ConfigError: neither is there, since pooch is not installed.
        FileMissingError: `out` is a file; THROUGHTIME_DATA as `data_folder` says.
    """
    folder = data_folder() if out is None else out
    if folder is None:
        raise ConfigError(
            f"{NO_POOCH}, or name a folder by --out or {ENVIRONMENT} and take files that are here, --from."
        )
    if folder.exists() and not folder.is_dir():
        raise FileMissingError(f"Sets are written into a folder: {str(folder)!r} is a file. Name another.")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def missing_files(paths: Iterable[str], folder: Path | None) -> list[str]:
    """Those of the paths that are not in the folder; all where there is none."""
    return [path for path in paths if folder is None or not (folder / path).is_file()]


def checked_folder(folder: Path, who: str) -> Path:
    """The folder, if it is one.

    Raises:
        FileMissingError: it is not there.
    """
    if not folder.is_dir():
        raise FileMissingError(
            f"The data folder must exist: {who} {str(folder)!r}, and there is none. Make or correct it."
        )
    return folder
