"""SHA-256 of a file, or of all files of a folder, read piece by piece."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from throughtime.base.errors import FileMissingError

_PIECE_BYTES = 1 << 20


def digest_of(path: str | os.PathLike[str]) -> str:
    """The SHA-256 of a file's bytes; of a folder, of its files' relative paths and digests in order of path.

    Args:
        path: a file, or a folder; files and folders in it whose name begins with a point are passed over.

    Returns:
        64 hexadecimal digits.

    Raises:
        FileMissingError: there is neither.
    """
    place = Path(path)
    if not place.is_dir():
        return _digest(place)
    whole = hashlib.sha256()
    for file in sorted(each for each in place.rglob("*") if each.is_file()):
        name = file.relative_to(place)
        if not any(part.startswith(".") for part in name.parts):
            whole.update(f"{name.as_posix()}\0{_digest(file)}\n".encode())
    return whole.hexdigest()


def _digest(path: Path) -> str:
    found = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE_BYTES):
                found.update(piece)
    except FileNotFoundError as error:
        raise FileMissingError(f"The data must exist: there is no file {str(path)!r}. Check the path.") from error
    return found.hexdigest()
