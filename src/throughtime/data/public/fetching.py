"""A public set from its pinned address, or from files that are here already, into the data folder.

    content  ->  gunzip if the source is .gz  ->  parts joined  ->  SHA-256 as the catalogue has it  ->  written at once

A file that fails keeps nothing; those before it stay and are not fetched again. A file in the folder whose content is
another is never overwritten.
"""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from urllib.parse import quote

from throughtime.base.atomic import write_bytes
from throughtime.base.errors import ConfigError, DataError, DownloadError, FileMissingError, WriteError
from throughtime.data.files import unzipped
from throughtime.data.public.places import NO_POOCH, folder_to_fill
from throughtime.data.public.sets import PublicFile, PublicSet

Take = Callable[[str], bytes]

# Seconds without a byte after which an address is given up.
PATIENCE_S = 30


def fetch(
    wanted: PublicSet,
    out: str | Path | None = None,
    *,
    source: str | Path | None = None,
    tell: Callable[[str], None] = lambda line: None,
) -> list[Path]:
    """Put the files of a public set into a folder, each checked by its SHA-256.

    Args:
        wanted: the set, such as `public_set("dna_splice")`.
        out: the folder of all sets; None takes `places.data_folder`.
        source: a folder, zip file or wheel that holds the files; None fetches them from the set's address.
        tell: is given a line about each file.

    Returns:
        The files, those that were there already among them.

    Raises:
        ConfigError: the set has no address, or pooch is not installed.
        DownloadError: the address does not answer, or has no such file.
        FileMissingError: `source` is not there, or a file is not in it.
        DataError: content whose SHA-256 is another, or a file in the folder that would have to be overwritten.
        WriteError: a file cannot be written.
    """
    folder = folder_to_fill(None if out is None else Path(out))
    missing = [file for file in wanted.files if not _is_here(file, folder)]
    for file in wanted.files:
        if file not in missing:
            tell(f"{file.path}: is here")
    if missing:
        with TemporaryDirectory() as passing:
            take = _from_address(wanted, Path(passing)) if source is None else _from_files(Path(source))
            for file in missing:
                _write(folder / file.path, _content(file, take))
                tell(f"{file.path}: {file.size:,} bytes")
    return [folder / file.path for file in wanted.files]


def joined_streams(parts: Mapping[str, bytes]) -> bytes:
    """Streams (timestamp,value) of several files as one table (file,timestamp,value), values as floats."""
    # As Python writes a float, so that 5 and 5.0 give the same table.
    rows = ["file,timestamp,value"]
    for name, content in parts.items():
        for line in content.decode().splitlines()[1:]:
            moment, value = line.split(",")
            rows.append(f"{name},{moment},{float(value)!r}")
    return ("\n".join(rows) + "\n").encode()


JOINS: Mapping[str, Callable[[Mapping[str, bytes]], bytes]] = MappingProxyType({"streams": joined_streams})


def _is_here(file: PublicFile, folder: Path) -> bool:
    path = folder / file.path
    if not path.exists():
        return False
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = unzipped(content, str(path))
    if sha256(content).hexdigest() == file.sha256:
        return True
    raise DataError(
        f"A file of a public set is what the catalogue says: {str(path)!r} is there with other content (SHA-256). "
        "It is left as it is; move it away and fetch again."
    )


def _content(file: PublicFile, take: Take) -> bytes:
    """The file's content, checked."""
    try:
        content = (
            JOINS[file.join]({part: take(file.source + part) for part in file.parts})
            if file.join
            else take(file.source)
        )
    except ValueError as error:
        if isinstance(error, DataError):
            raise
        raise _is_other(file, f"its parts cannot be joined, {error}") from error
    found = sha256(content).hexdigest()
    if found != file.sha256:
        raise _is_other(
            file, f"SHA-256 {found} and {len(content):,} bytes came, {file.sha256} and {file.size:,} belong"
        )
    return content


def _is_other(file: PublicFile, why: str) -> DataError:
    return DataError(
        f"A file of a public set is what the catalogue says: {file.path} is other data ({why}). Nothing of it was "
        "kept; fetch again, and if it stays so, the source has changed: please report it."
    )


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WriteError(
            f"{path.parent} could not be made: {error.strerror or error}. Choose another folder by --out."
        ) from error
    # Without a time in it, the same content is the same file.
    write_bytes(path, gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)


def _from_address(wanted: PublicSet, passing: Path) -> Take:
    """What fetches a file behind the set's address."""
    if not wanted.base:
        raise ConfigError(
            f"A set is fetched from a pinned address: {wanted.name} has none. Get it yourself ({wanted.obtain}), then: "
            f"throughtime data get {wanted.name} --from PATH"
        )
    try:
        import pooch
    except ImportError:
        raise ConfigError(NO_POOCH) from None
    download = pooch.HTTPDownloader(timeout=PATIENCE_S)

    def take(name: str) -> bytes:
        address, file = wanted.base + quote(name), passing / "file"
        try:
            download(address, str(file), None)
        except OSError as error:  # all that requests raises
            raise _not_fetched(address, error) from error
        content = file.read_bytes()
        return unzipped(content, address) if name.endswith(".gz") else content

    return take


def _not_fetched(address: str, error: OSError) -> DownloadError:
    answer = getattr(error, "response", None)
    if answer is not None:
        return DownloadError(
            f"{address} could not be fetched: the server answers {answer.status_code} {answer.reason}. If it stays so, "
            "the source is gone: please report it; --from PATH takes files that you have."
        )
    return DownloadError(
        f"{address} could not be fetched: {type(error).__name__}, no whole answer came. Look to the network and fetch "
        "again, what has come stays; --from PATH takes files that you have."
    )


def _from_files(source: Path) -> Take:
    """What finds a file in a folder, zip file or wheel by the end of its path, with or without .gz."""
    if source.is_dir():
        names = [path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file()]
        return lambda name: _found(name, names, source, lambda found: (source / found).read_bytes())
    if not source.exists():
        raise FileMissingError(f"--from names files that are here: there is no {str(source)!r}. Check the path.")
    if not zipfile.is_zipfile(source):
        raise DataError(
            f"--from takes a folder, a zip file or a wheel: {str(source)!r} is none. Name the folder it is in."
        )

    def member(name: str) -> bytes:
        with zipfile.ZipFile(source) as archive:
            return archive.read(name)

    with zipfile.ZipFile(source) as archive:
        inside = archive.namelist()
    return lambda name: _found(name, inside, source, member)


def _found(name: str, names: Sequence[str], source: Path, read: Callable[[str], bytes]) -> bytes:
    """The longest end of `name` that is there decides: a/b/c, else b/c, else c."""
    steps = name.removesuffix(".gz").split("/")
    for first in range(len(steps)):
        end = "/".join(steps[first:])
        for there in names:
            if f"/{there.removesuffix('.gz')}".endswith(f"/{end}"):
                content = read(there)
                return unzipped(content, there) if there.endswith(".gz") else content
    raise FileMissingError(
        f"--from names files that are here: there is no {steps[-1]} in {str(source)!r}. Check the path."
    )
