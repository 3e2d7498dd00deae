"""Corpora of tokens: arrays, flat files larger than memory, parts of both, and columns of documents in Parquet files.

A token file holds unsigned little-endian numbers of one size, one after the other, and nothing else: what
`numpy.ndarray.tofile` writes. It is read with pread, so that several readers may share it, and nothing of it stays in
memory.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from throughtime.base.atomic import write_bytes
from throughtime.base.errors import ConfigError, DataError, FileMissingError
from throughtime.data.ragged import epoch_order

Tokens = NDArray[np.integer[Any]]
DTYPES = ("uint8", "uint16", "uint32")
SCANNED = 1 << 22  # tokens looked at in one piece while documents are searched


class TokenSource(Protocol):
    """Tokens one after the other, read by their places."""

    def __len__(self) -> int:
        """How many there are."""
        ...

    def read(self, start: int, count: int) -> Tokens:
        """Tokens start .. start + count - 1, fewer at the end."""
        ...

    def side_by_side(self, starts: NDArray[np.int64], count: int) -> NDArray[np.int64]:
        """So many tokens from each of B places on, all of which are there, [count, B]."""
        ...


class TokenArray:
    """Tokens in memory.

    Args:
        tokens: [N] whole numbers, not negative.

    Raises:
        DataError: they are no such numbers.
    """

    def __init__(self, tokens: Any) -> None:
        self._tokens = np.asarray(tokens)
        if self._tokens.ndim != 1 or self._tokens.dtype.kind not in "iu" or self._tokens.min(initial=0) < 0:
            raise DataError(
                f"Tokens are whole numbers [N] from 0: {self._tokens.dtype} {self._tokens.shape} came. Encode them."
            )

    def __len__(self) -> int:
        return len(self._tokens)

    def read(self, start: int, count: int) -> Tokens:
        """Tokens start .. start + count - 1, fewer at the end."""
        return self._tokens[start : start + count]

    def side_by_side(self, starts: NDArray[np.int64], count: int) -> NDArray[np.int64]:
        """See `TokenSource.side_by_side`."""
        return self._tokens[starts + np.arange(count)[:, None]].astype(np.int64, copy=False)


class TokenPart:
    """Tokens start .. stop - 1 of a source, as one.

    Args:
        source: of tokens.
        start, stop: places in it.

    Raises:
        DataError: they do not lie in the source, in this order.
    """

    def __init__(self, source: TokenSource, start: int, stop: int) -> None:
        if not 0 <= start <= stop <= len(source):
            raise DataError(f"A part lies in its source, 0 .. {len(source)}: {start} .. {stop} came.")
        self._source, self._start, self._length = source, start, stop - start

    def __len__(self) -> int:
        return self._length

    def read(self, start: int, count: int) -> Tokens:
        """Tokens start .. start + count - 1 of the part, fewer at its end."""
        return self._source.read(self._start + start, max(0, min(count, self._length - start)))

    def side_by_side(self, starts: NDArray[np.int64], count: int) -> NDArray[np.int64]:
        """See `TokenSource.side_by_side`."""
        return self._source.side_by_side(self._start + starts, count)


class TokenFile:
    """A flat file of tokens.

    Args:
        path: of the file.
        dtype: of its numbers: "uint8", "uint16" or "uint32", little-endian.

    Raises:
        FileMissingError: there is no such file.
        ConfigError: another dtype.
        DataError: the file's size is no multiple of a token's, or it is empty.
    """

    def __init__(self, path: str | os.PathLike[str], dtype: str = "uint16") -> None:
        if dtype not in DTYPES:
            raise ConfigError(f"`dtype` of a token file is one of {', '.join(DTYPES)}: {dtype!r} came.")
        self.path, self.dtype = Path(path), np.dtype(dtype).newbyteorder("<")
        if not self.path.is_file():
            raise FileMissingError(f"A token file must exist: {self.path} does not.")
        size = self.path.stat().st_size
        if size == 0 or size % self.dtype.itemsize:
            raise DataError(
                f"A token file holds numbers of {self.dtype.itemsize} bytes, one at least: {self.path} has {size}. "
                "Give the dtype it was written with."
            )
        self._length = size // self.dtype.itemsize
        self._file = os.open(self.path, os.O_RDONLY)

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "dtype": self.dtype.name}  # a copy opens the file by itself

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["path"], state["dtype"])  # type: ignore[misc]

    def __len__(self) -> int:
        return self._length

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            os.close(self._file)

    def read(self, start: int, count: int) -> Tokens:
        """Tokens start .. start + count - 1, fewer at the file's end, as an array of their own.

        Raises:
            DataError: the file has become shorter.
        """
        if start < 0:
            raise DataError(f"Tokens are numbered from 0: a place of {start} came.")
        count = max(0, min(count, self._length - start))
        size, at = count * self.dtype.itemsize, start * self.dtype.itemsize
        parts: list[bytes] = []
        while size > 0:  # one call may give less than it was asked for
            part = os.pread(self._file, size, at)
            if not part:
                raise DataError(f"A token file stays as it is while it is read: {self.path} has become shorter.")
            parts.append(part)
            size, at = size - len(part), at + len(part)
        return np.frombuffer(b"".join(parts), self.dtype).astype(self.dtype.newbyteorder("="))

    def side_by_side(self, starts: NDArray[np.int64], count: int) -> NDArray[np.int64]:
        """See `TokenSource.side_by_side`; errors as `read`."""
        return np.stack([self.read(int(start), count) for start in starts], 1).astype(np.int64)

    def documents(self, end: int) -> NDArray[np.int64]:
        """Where documents lie, [N, 2]: the first token of each and the place behind its last, which is `end`.

        What follows the last `end` is a document too. The file is read once; 16 bytes a document stay in memory.
        """
        stops = [
            start + np.flatnonzero(self.read(start, SCANNED) == end) + 1 for start in range(0, self._length, SCANNED)
        ]
        found = np.concatenate([*stops, [self._length]]).astype(np.int64)
        found = found[:-1] if len(found) > 1 and found[-2] == self._length else found
        return np.stack([np.concatenate([[0], found[:-1]]), found], 1)


def write_tokens(path: str | os.PathLike[str], chunks: Iterable[Any], dtype: str = "uint16") -> None:
    """Write a token file in one step that survives a kill, from arrays or lists that come one after the other.

    Args:
        path: of the file.
        chunks: whole numbers, each chunk one-dimensional.
        dtype: "uint8", "uint16" or "uint32".

    Raises:
        ConfigError: another dtype.
        DataError: a number does not fit it.
        WriteError: the system refused.
    """
    if dtype not in DTYPES:
        raise ConfigError(f"`dtype` of a token file is one of {', '.join(DTYPES)}: {dtype!r} came.")
    write_bytes(path, (_as_bytes(np.asarray(chunk), np.dtype(dtype)) for chunk in chunks))


def file_documents(file: TokenFile, places: NDArray[np.int64], *, seed: int = 0, epoch: int = 0) -> Iterator[Tokens]:
    """A token file's documents, one after the other, in an order that is a pure function of (seed, epoch).

    Args:
        file: that holds them.
        places: as `TokenFile.documents` gives them.
        seed, epoch: of the order.
    """
    for place in epoch_order(len(places), seed=seed, epoch=epoch):
        start, stop = (int(n) for n in places[place])
        yield file.read(start, stop - start)


def parquet_documents(path: str | os.PathLike[str], column: str, *, rows_at_once: int = 1024) -> Iterator[Tokens]:
    """The lists of whole numbers in a column of a Parquet file, one after the other, scanned some rows at a time.

    Args:
        path: of the file.
        column: of lists of whole numbers; empty and missing ones are passed over.
        rows_at_once: rows in memory.

    Raises:
        FileMissingError: there is no such file.
        DataError: there is no such column, or it holds no lists of whole numbers.
    """
    if not Path(path).is_file():
        raise FileMissingError(f"A Parquet file must exist: {path} does not.")
    table = pl.scan_parquet(Path(path), glob=False)
    schema = table.collect_schema()
    kind = schema.get(column)
    if not isinstance(kind, pl.List) or not isinstance(kind.inner, type | pl.DataType) or not kind.inner.is_integer():
        came = f"it is {kind}" if column in schema else f"there are {', '.join(schema)}"
        raise DataError(f"`column` holds lists of whole numbers, a document each: of {column!r} {came} in {path}.")
    count = int(table.select(pl.len()).collect().item())
    for start in range(0, count, rows_at_once):
        for document in table.select(column).slice(start, rows_at_once).collect().to_series():
            if document is None or not len(document):
                continue
            if document.null_count():
                raise DataError(f"A document's tokens are all there: one of {column!r} in {path} has missing numbers.")
            yield document.to_numpy()


def _as_bytes(chunk: NDArray[Any], dtype: np.dtype[Any]) -> bytes:
    if chunk.ndim != 1:
        raise DataError(f"Tokens come in one-dimensional chunks: one of shape {chunk.shape} came. Flatten it.")
    if chunk.size and (chunk.dtype.kind not in "iu" or chunk.min() < 0 or chunk.max() > np.iinfo(dtype).max):
        raise DataError(
            f"Tokens of {dtype} are whole numbers 0 .. {np.iinfo(dtype).max}: a chunk of {chunk.dtype} came"
            + (f" with {chunk.min()} .. {chunk.max()}." if chunk.dtype.kind in "iuf" else ".")
        )
    return chunk.astype(dtype.newbyteorder("<")).tobytes()
