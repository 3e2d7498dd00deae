"""Sequences of unequal length as padded batches, in an order that is a pure function of (seed, epoch).

    x[t, b] = sequences[b][t] for t < lengths[b], else the fill value        x [T, B, ...], T the longest of the batch

Nothing is sorted by length: rows keep the order they were drawn in, and `lengths` says where each ends. The order of an
epoch is the argsort of a hash of (seed, epoch, row), so it is the same on every machine and version.

Source of the hash: Steele, Lea & Flood, OOPSLA 2014 (SplitMix64's finaliser).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from throughtime.base.errors import ConfigError, DataError, DtypeError, ShapeError

Item = TypeVar("Item")


def pad(sequences: Sequence[Any], *, fill: float = 0, dtype: torch.dtype | None = None) -> tuple[Tensor, Tensor]:
    """Put sequences side by side, time first.

    Args:
        sequences: arrays or tensors [T_b, ...] whose further axes agree; a length of 0 is legal.
        fill: value past a sequence's end.
        dtype: kind of the result; None keeps the sequences' own.

    Returns:
        x [T, B, ...] and lengths int64 [B].

    Raises:
        DataError: no sequence.
        ShapeError: a sequence without a time axis, or further axes that differ.
        DtypeError: kinds that differ without `dtype`, or values that are no numbers.
    """
    rows = [_tensor(sequence, place) for place, sequence in enumerate(sequences)]
    if not rows:
        raise DataError("A batch needs at least one sequence: an empty list came.")
    further = {tuple(row.shape[1:]) for row in rows}
    kinds = {row.dtype for row in rows}
    if len(further) > 1:
        raise ShapeError(f"Sequences differ in length only: further axes {sorted(further)} came. Time is axis 0.")
    if dtype is None and len(kinds) > 1:
        raise DtypeError(f"Sequences of one batch share a dtype: {sorted(map(str, kinds))} came. Pass dtype=.")
    lengths = torch.tensor([len(row) for row in rows])
    shape = (int(lengths.max()), len(rows), *next(iter(further)))
    x = torch.full(shape, fill, dtype=dtype or rows[0].dtype)
    for place, row in enumerate(rows):
        x[: len(row), place] = row
    return x, lengths


def batch_count(count: int, batch_size: int) -> int:
    """Number of batches of an epoch over `count` sequences.

    Raises:
        ConfigError: batch_size below 1.
    """
    if batch_size < 1:
        raise ConfigError(f"`batch_size` is at least 1; {batch_size} came.")
    return -(-count // batch_size)


def batch_rows(count: int, batch_size: int, *, seed: int, epoch: int, index: int) -> NDArray[np.int64]:
    """Which sequences make batch `index` of an epoch: a pure function of its arguments.

    Args:
        count: number of sequences.
        batch_size: sequences in a batch.
        seed: at least 0.
        epoch: at least 0.
        index: in [0, `batch_count`).

    Returns:
        int64 rows, in the order drawn.

    Raises:
        ConfigError: an argument out of range.
    """
    total = batch_count(count, batch_size)
    if not 0 <= index < total:
        raise ConfigError(f"`index` is from 0 to {total - 1} with {count} sequences by {batch_size}; {index} came.")
    return epoch_order(count, seed, epoch)[index * batch_size : (index + 1) * batch_size]


def drawn_share(items: Sequence[Item], share: float, seed: int) -> tuple[list[Item], list[Item]]:
    """A share of the items, drawn by a seed, and before it the others; both in their order.

    Args:
        items: of any kind.
        share: in (0, 1); the number is rounded.
        seed: in [0, 2**63).

    Raises:
        ConfigError: seed out of range.
    """
    chosen = set(epoch_order(len(items), seed, 0)[: round(share * len(items))].tolist())
    parts: tuple[list[Item], list[Item]] = ([], [])
    for place, item in enumerate(items):
        parts[place in chosen].append(item)
    return parts


@lru_cache(maxsize=2)
def epoch_order(count: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """The order of an epoch: a permutation of 0 .. count - 1, read-only.

    Args:
        count: number of sequences.
        seed: in [0, 2**63).
        epoch: in [0, 2**63).

    Raises:
        ConfigError: seed or epoch out of range.
    """
    if not (0 <= seed < 2**63 and 0 <= epoch < 2**63):
        raise ConfigError(f"`seed` and `epoch` are whole numbers from 0 to 2**63 - 1; {seed} and {epoch} came.")
    key = np.array([seed], np.uint64)
    for part in (np.array([epoch], np.uint64), np.arange(count, dtype=np.uint64)):
        key = _mixed(_mixed(key) + part)
    order = np.argsort(key, kind="stable")
    order.setflags(write=False)
    return order


def _mixed(key: NDArray[np.uint64]) -> NDArray[np.uint64]:
    key = key + np.uint64(0x9E3779B97F4A7C15)
    key = (key ^ (key >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    key = (key ^ (key >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return key ^ (key >> np.uint64(31))


def _tensor(sequence: Any, place: int) -> Tensor:
    if not isinstance(sequence, Tensor):
        array = np.asarray(sequence)
        if array.dtype.kind not in "biuf":
            raise DtypeError(f"A sequence holds numbers: sequence {place} holds {array.dtype}. Encode it first.")
        # A copy: torch warns about arrays that cannot be written.
        sequence = torch.tensor(array)
    if sequence.ndim == 0:
        raise ShapeError(f"A sequence has a time axis: sequence {place} is one number.")
    return sequence
