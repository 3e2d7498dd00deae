"""Files as they lie on disk: there or not, zipped or not, UTF-8 or not, each with a message that says what to do."""

from __future__ import annotations

import difflib
import gzip
import zlib
from pathlib import Path

from throughtime.base.errors import DataError, FileMissingError

# RFC 1952: the two bytes that every gzip member begins with. No UTF-8 text does.
_GZIP = b"\x1f\x8b"


def check_file(path: Path, what: str) -> None:
    """Raise FileMissingError unless there is such a file; `what` is its kind, such as "table"."""
    if path.is_file():
        return
    if path.exists():
        raise FileMissingError(f"A {what} is one file: {str(path)!r} is a folder. Name the file in it.")
    siblings = [sibling.name for sibling in path.parent.iterdir()] if path.parent.is_dir() else []
    close = difflib.get_close_matches(path.name, siblings, n=1)
    hint = f" Did you mean {str(path.parent / close[0])!r}?" if close else " Check the path."
    raise FileMissingError(f"The {what} must exist: there is no file {str(path)!r}.{hint}")


def unzipped(content: bytes, name: str) -> bytes:
    """Undo gzip.

    Args:
        content: of a .gz file.
        name: of the file, for the message.

    Raises:
        DataError: it is not gzip, damaged, or cut off.
    """
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"A .gz file must be whole gzip data: {name!r} is not ({error}). Fetch or compress it again."
        ) from error


def decoded(content: bytes, name: str, what: str) -> str:
    """Text of UTF-8 bytes, without a byte order mark.

    Args:
        content: of the file, unzipped.
        name: of the file, for the message.
        what: its kind, such as "text table".

    Raises:
        DataError: it is not UTF-8; says where, by line and by byte, both from 1.
    """
    try:
        return content.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"A {what} must be UTF-8: {name!r} has the byte 0x{content[error.start]:02x} in line {line} (byte "
            f"{error.start + 1:,}), "
            "which is not. Save it as UTF-8, for example: iconv -f WINDOWS-1252 -t UTF-8."
        ) from error


def read_text(path: Path, what: str) -> str:
    """Text of a file, plain or gzip as its first bytes tell, UTF-8.

    Args:
        path: of the file.
        what: its kind, such as "FASTA file".

    Raises:
        FileMissingError: there is no such file.
        DataError: damaged gzip, or not UTF-8.
    """
    check_file(path, what)
    content = path.read_bytes()
    return decoded(unzipped(content, str(path)) if content.startswith(_GZIP) else content, str(path), what)
