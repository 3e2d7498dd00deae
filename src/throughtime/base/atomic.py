"""Files that are either the old one or the new one, never half of one.

    temp sibling  ->  write  ->  fsync  ->  rename over the target  ->  fsync of the folder

A process killed on the way leaves at most the temp file, an orphan `.NAME.XXXXXXXX.tmp`; `sweep` removes those. It must
only run where nobody else writes: under the lock of a run folder.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable
from pathlib import Path

from throughtime.base.errors import WriteError

Chunk = bytes | bytearray | memoryview

_ORPHAN = re.compile(r"\..+\.[0-9a-f]{8}\.tmp", re.DOTALL)


def write_bytes(path: str | os.PathLike[str], data: Chunk | Iterable[Chunk]) -> None:
    """Replace a file's contents in one step that survives a kill or a power cut.

    Args:
        path: the file to write; its folder must exist. A link is followed.
        data: the contents, in one piece or several to be written one after the other.

    Raises:
        WriteError: the system refused (disk full, no permission, no such folder); the old file is as it was.
    """
    target = Path(os.path.realpath(path))
    temp = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    chunks = (data,) if isinstance(data, bytes | bytearray | memoryview) else data
    try:
        try:
            _write_and_sync(temp, chunks)
            os.replace(temp, target)
        except BaseException:
            temp.unlink(missing_ok=True)
            raise
        _sync_folder(target.parent)
    except OSError as error:
        raise write_error(target, error) from error


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Replace a text file (UTF-8) as `write_bytes` does.

    Raises:
        WriteError: the system refused; the old file is as it was.
    """
    write_bytes(path, text.encode())


def sweep(folder: str | os.PathLike[str]) -> list[Path]:
    """Remove the temp files that killed writers left in a folder.

    Args:
        folder: looked at without its subfolders; the caller holds the lock that keeps other writers out.

    Returns:
        The files removed.
    """
    orphans = [entry for entry in sorted(Path(folder).iterdir()) if _ORPHAN.fullmatch(entry.name) and entry.is_file()]
    for orphan in orphans:
        orphan.unlink(missing_ok=True)
    return orphans


def write_error(path: str | os.PathLike[str], error: Exception) -> WriteError:
    """The error for a file that could not be written, with the system's reason."""
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    if isinstance(error, FileNotFoundError):
        return WriteError(
            f"{os.fspath(path)} could not be written: there is no such folder. Create it, or choose another."
        )
    return WriteError(
        f"{os.fspath(path)} could not be written: {reason}. What was there before is untouched; make room on the disk "
        "or choose another place, then start again."
    )


def _write_and_sync(temp: Path, chunks: Iterable[Chunk]) -> None:
    with open(temp, "xb") as file:
        for chunk in chunks:
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
