"""Memory that is used again from call to call: what is new costs as much to touch as a small layer's arithmetic.

A block is lent as a tensor that shares its storage, and is free again as soon as nobody else holds that storage.
"""

from __future__ import annotations

import threading

import torch
from torch import Tensor

MOST_KEPT = 64 << 20  # bytes that a thread keeps from one call to the next
LEAST_KEPT = 64 << 10  # smaller ones the allocator has at hand


class _Kept(threading.local):
    def __init__(self) -> None:
        self.blocks: list[Tensor] = []


_kept = _Kept()


def numbers(count: int, dtype: torch.dtype) -> Tensor:
    """So many numbers on the CPU, as `torch.empty` gives them.

    Args:
        count: 0 or more.
        dtype: of each.
    """
    size = count * dtype.itemsize
    if not LEAST_KEPT <= size <= MOST_KEPT:
        return torch.empty(count, dtype=dtype)
    for block in _kept.blocks:
        if len(block) == count and block.dtype == dtype and _free(block):
            return block[:]
    block = torch.empty(count, dtype=dtype)
    _keep(block, size)
    return block[:]


def _keep(block: Tensor, size: int) -> None:
    """Keep a new block, and of the others the newest, as many as there is room for; those that are lent live on."""
    room, blocks = MOST_KEPT - size, [block]
    for other in _kept.blocks:
        room -= other.nbytes
        if room < 0:
            break
        blocks.append(other)
    _kept.blocks = blocks


def _free(block: Tensor) -> bool:
    return _holders(block) == _ALONE and block.untyped_storage().nbytes() >= block.nbytes


def _holders(block: Tensor) -> int:
    storage = block.untyped_storage()
    return torch._C._storage_Use_Count(storage._cdata)


# What torch counts where a tensor alone holds its storage: the tensor, and who asks.
_ALONE = _holders(torch.empty(1))
