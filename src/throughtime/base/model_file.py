"""Model files: one `.safetensors` that refuses to load when a single byte has changed.

    8 bytes   N, the header's length, little endian
    N bytes   header: canonical JSON, padded with spaces to a multiple of 8
    the rest  the tensors' bytes, without gaps, in the header's order

    sha256 = SHA-256(8 bytes + header with the digest field zeroed + data)

The header's `__metadata__` has exactly four fields: `format`, `version`, `configuration` (a JSON object) and `sha256`.
Given names, dtypes, shapes and the configuration there is one header only; a file whose header is not that one is
refused, which covers gaps, overlaps, unknown fields, doubled keys and stray blanks at once. The safetensors library
reads these files. A checksum is not a signature: it tells of damage, not of who wrote the file.

Source: the safetensors format, huggingface/safetensors, README "Format".
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import Tensor

from throughtime.base import atomic
from throughtime.base.errors import ConfigError, DtypeError, FileMissingError, ModelFileError
from throughtime.base.trees import Tree, flatten, unflatten

FORMAT = "throughtime"
VERSION = "1"

_DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "C64": torch.complex64,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U64": torch.uint64,
    "U32": torch.uint32,
    "U16": torch.uint16,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
_DTYPE_NAMES = {dtype: name for name, dtype in _DTYPES.items()}

_MAX_HEADER_BYTES = 100_000_000  # the safetensors library's own limit
_MAX_AXES = 64  # what torch's indexing supports
_MAX_BYTES = 2**63 - 1  # sizes and strides are signed 64-bit integers in torch
_NO_DIGEST = "0" * 64


@dataclass(frozen=True)
class _Entry:
    """One tensor as the header declares it."""

    name: str
    dtype: torch.dtype
    shape: tuple[int, ...]

    @property
    def size_bytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


def save(path: str | os.PathLike[str], tensors: Mapping[str, Tensor], configuration: dict[str, Any]) -> None:
    """Write tensors and their configuration into one file, atomically.

    Args:
        path: the file; its folder must exist.
        tensors: any shapes, on any device, by name; each is stored in full, also where two share memory.
        configuration: a JSON object: str keys, lists (not tuples), finite numbers.

    Raises:
        ConfigError: the configuration would not come back from JSON as it is, or is too large.
        DtypeError: a tensor's dtype or layout has no place in the format.
        WriteError: the system refused; the old file is as it was.
    """
    atomic.write_bytes(path, _chunks(tensors, configuration))


def load(path: str | os.PathLike[str]) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read a model file and check every byte of it.

    Args:
        path: a file written by `save`.

    Returns:
        The tensors by name, on the CPU, and the configuration.

    Raises:
        FileMissingError: there is no such file.
        ModelFileError: the file is damaged, altered, cut short, or not one that throughtime writes.
    """
    if not Path(path).is_file():
        raise FileMissingError(
            f"A model file is read from an existing file: {os.fspath(path)} is none. Check the path."
        )
    try:
        with open(path, "rb") as file:
            return _load(file)
    except OSError as error:
        raise ModelFileError(f"{os.fspath(path)} could not be read: {error.strerror}. Check the disk.") from error
    except _Refused as refusal:
        raise ModelFileError(
            f"{os.fspath(path)} is refused: {refusal}. Use an unaltered file written by throughtime."
        ) from refusal.__cause__


def save_tree(path: str | os.PathLike[str], tree: Tree) -> None:
    """Write a tree of settings and tensors (see `trees`) as a model file, atomically.

    Raises:
        DtypeError: the tree holds something that is no setting and no tensor.
        WriteError: the system refused; the old file is as it was.
    """
    structure, tensors = flatten(tree)
    save(path, tensors, {"tree": structure})


def load_tree(path: str | os.PathLike[str], device: torch.device | None = None) -> Tree:
    """Read what `save_tree` wrote.

    Args:
        path: the file.
        device: where tensors go that were not on the CPU when saved; None leaves all on the CPU.

    Raises:
        FileMissingError: there is no such file.
        ModelFileError: the file is damaged or altered, or holds no tree.
    """
    tensors, configuration = load(path)
    if set(configuration) != {"tree"}:
        raise ModelFileError(f"{os.fspath(path)} holds a model, not a checkpoint. Load it with `load`.")
    return unflatten(configuration["tree"], tensors, device)


def tree_to_bytes(tree: Tree) -> bytes:
    """A tree as the bytes that `save_tree` writes, for another process.

    Raises:
        DtypeError: the tree holds something that is no setting and no tensor.
    """
    structure, tensors = flatten(tree)
    return b"".join(_chunks(tensors, {"tree": structure}))


def tree_from_bytes(data: bytes | memoryview, device: torch.device | None = None) -> Tree:
    """The inverse of `tree_to_bytes`.

    Raises:
        ModelFileError: the bytes are others than those it gave.
    """
    try:
        tensors, configuration = _load(io.BytesIO(data))
    except _Refused as refusal:
        raise ModelFileError(f"A tree's bytes are refused: {refusal}. Send them again.") from refusal.__cause__
    return unflatten(configuration["tree"], tensors, device)


def digest(tree: Tree) -> str:
    """SHA-256 over a tree's structure and its tensors: equal for equal trees, on any device.

    Raises:
        DtypeError: the tree holds something that is no setting and no tensor.
    """
    structure, tensors = flatten(tree)
    seen = hashlib.sha256(json.dumps(structure).encode())
    for name, tensor in tensors.items():
        seen.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        seen.update(_bytes_of(tensor))
    return seen.hexdigest()


def _chunks(tensors: Mapping[str, Tensor], configuration: dict[str, Any]) -> Iterator[atomic.Chunk]:
    """A file's contents, checked before the first part comes."""
    entries = _in_file_order([_entry_of(name, tensor) for name, tensor in tensors.items()])
    text = _canonical_configuration(configuration)
    blank = _encode_header(entries, text, _NO_DIGEST)
    if len(blank) > _MAX_HEADER_BYTES:
        raise ConfigError(
            f"A model file's header holds at most {_MAX_HEADER_BYTES:,} bytes: {len(blank):,} came. "
            "Put long lists of numbers into tensors."
        )
    seen = hashlib.sha256(_prefix(blank) + blank)
    for entry in entries:
        seen.update(_bytes_of(tensors[entry.name]))
    header = _encode_header(entries, text, seen.hexdigest())
    parts = (_bytes_of(tensors[entry.name]) for entry in entries)
    return chain([_prefix(header) + header], parts)


class _Refused(Exception):
    """Why a file is not loaded; `load` adds which file."""


def _load(file: BinaryIO) -> tuple[dict[str, Tensor], dict[str, Any]]:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    header = _read_header(file, size)
    entries, text, stored_digest = _parse_header(header)
    stored = size - 8 - len(header)
    declared = sum(entry.size_bytes for entry in entries)
    if declared != stored:
        raise _Refused(f"its header declares {declared:,} bytes of tensors, the file holds {stored:,}")
    seen = hashlib.sha256(_prefix(header) + _encode_header(entries, text, _NO_DIGEST))
    tensors = {entry.name: _read_tensor(file, entry, seen) for entry in entries}
    if seen.hexdigest() != stored_digest:
        raise _Refused("its checksum does not match its contents, so some byte was altered")
    for entry in entries:
        _check_booleans(entry, tensors[entry.name])
    return tensors, json.loads(text)


def _read_header(file: BinaryIO, size: int) -> bytes:
    length = int.from_bytes(file.read(8), "little")
    if size < 8 or length > min(size - 8, _MAX_HEADER_BYTES):
        raise _Refused(f"its {size:,} bytes have no room for the header they announce")
    return file.read(length)


def _parse_header(header: bytes) -> tuple[list[_Entry], str, str]:
    try:
        fields = json.loads(header)
        metadata = fields.pop("__metadata__")
        text, sha256 = metadata["configuration"], metadata["sha256"]
        kind, written_by = metadata["format"], metadata["version"]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _Refused("it has no header that throughtime writes") from error
    if kind != FORMAT:
        raise _Refused("it was not written by throughtime")
    if written_by != VERSION:
        raise _Refused(f"its version is {written_by!r}, this throughtime reads {VERSION!r}")
    entries = [_declared_entry(name, fields[name]) for name in fields]
    if not isinstance(text, str) or not isinstance(sha256, str) or _encode_header(entries, text, sha256) != header:
        raise _Refused("its header is not in the one form that throughtime writes")
    _check_configuration(text)
    return entries, text, sha256


def _declared_entry(name: str, field: Any) -> _Entry:
    try:
        dtype, shape = _DTYPES[field["dtype"]], tuple(field["shape"])
    except (TypeError, KeyError) as error:
        raise _Refused(f"tensor {name!r} has an unknown dtype or no shape") from error
    if len(shape) > _MAX_AXES or any(type(n) is not int or n < 0 for n in shape):
        raise _Refused(f"tensor {name!r} has an impossible shape")
    if math.prod(max(n, 1) for n in shape) * dtype.itemsize > _MAX_BYTES:
        raise _Refused(f"tensor {name!r} declares an impossible size")
    return _Entry(name, dtype, shape)


def _check_configuration(text: str) -> None:
    try:
        canonical = _canonical_configuration(json.loads(text))
    except (ValueError, TypeError, RecursionError) as error:
        raise _Refused("its configuration is no JSON object") from error
    if canonical != text:
        raise _Refused("its configuration is not in the one form that throughtime writes")


def _read_tensor(file: BinaryIO, entry: _Entry, seen: Any) -> Tensor:
    tensor = torch.empty(entry.shape, dtype=entry.dtype)
    view = _bytes_of(tensor)
    if file.readinto(view) != entry.size_bytes:  # type: ignore[attr-defined]
        raise _Refused("it became shorter while it was read")
    seen.update(view)
    return tensor


def _check_booleans(entry: _Entry, tensor: Tensor) -> None:
    """A bool that is neither 0 nor 1 is undefined behaviour in C++."""
    if entry.dtype is torch.bool and tensor.numel() and int(tensor.view(torch.uint8).max()) > 1:
        raise _Refused(f"tensor {entry.name!r} is of booleans, but holds other bytes than 0 and 1")


def _entry_of(name: str, tensor: Tensor) -> _Entry:
    if type(name) is not str or name == "__metadata__":
        raise ConfigError(f"Tensors are named by strings other than '__metadata__': {name!r} came. Rename it.")
    if tensor.dtype not in _DTYPE_NAMES or tensor.layout != torch.strided:
        raise DtypeError(
            f"A model file holds dense tensors of {', '.join(map(str, _DTYPE_NAMES))}: {name!r} is {tensor.dtype}, "
            f"{tensor.layout}. Convert it first."
        )
    return _Entry(name, tensor.dtype, tuple(tensor.shape))


def _in_file_order(entries: list[_Entry]) -> list[_Entry]:
    """Wide items first, so that each tensor starts at a multiple of its item size."""
    return sorted(entries, key=lambda entry: (-entry.dtype.itemsize, entry.name))


def _encode_header(entries: list[_Entry], configuration: str, sha256: str) -> bytes:
    """The one header of these entries, in file order whatever order they come in."""
    metadata = {"configuration": configuration, "format": FORMAT, "sha256": sha256, "version": VERSION}
    fields: dict[str, Any] = {"__metadata__": metadata}
    start = 0
    for entry in _in_file_order(entries):
        stop = start + entry.size_bytes
        shape, dtype = list(entry.shape), _DTYPE_NAMES[entry.dtype]
        fields[entry.name] = {"dtype": dtype, "shape": shape, "data_offsets": [start, stop]}
        start = stop
    header = json.dumps(fields, separators=(",", ":")).encode()
    return header + b" " * (-len(header) % 8)


def _canonical_configuration(configuration: dict[str, Any]) -> str:
    try:
        text = json.dumps(configuration, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (ValueError, TypeError) as error:
        raise ConfigError(f"A configuration is a JSON object: {error}. Store tensors beside it, by name.") from error
    if not isinstance(configuration, dict) or json.loads(text) != configuration:
        raise ConfigError(
            "A configuration is a JSON object with str keys, and lists instead of tuples: "
            f"{configuration!r:.200} came, and would come back as {text:.200}."
        )
    return text


def _prefix(header: bytes) -> bytes:
    return len(header).to_bytes(8, "little")


def _bytes_of(tensor: Tensor) -> memoryview:
    """The tensor's memory in C order: the memory itself where it is dense and on the CPU, else a copy."""
    dense = tensor.detach().resolve_conj().resolve_neg().cpu().contiguous()
    if not dense.numel():  # its strides may be such that torch refuses the view
        return memoryview(bytearray())
    return dense.reshape(-1).view(torch.uint8).numpy().data
