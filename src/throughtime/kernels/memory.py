"""Whether a tensor's memory is there: a storage can be shrunk under the tensors that look at it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def holds_its_numbers(tensor: Tensor) -> bool:
    """Whether the storage has at least the bytes that shape, strides and offset reach.

    Args:
        tensor: dense, of any strides.

    Raises:
        NotImplementedError: the tensor has no storage of its own, as torch's wrappers.
    """
    count = tensor.numel()
    if count == 0:
        return True
    # Of a contiguous tensor the last number lies `count` behind the first.
    if tensor.is_contiguous():
        reach = count
    else:
        reach = 1 + sum((n - 1) * s for n, s in zip(tensor.shape, tensor.stride(), strict=True))
    return (tensor.storage_offset() + reach) * tensor.itemsize <= tensor.untyped_storage().nbytes()


_PLAIN = (Tensor, torch.nn.Parameter)


def plainly_there(tensor: Tensor, shape: Sequence[int], dtype: torch.dtype) -> bool:
    """Whether this is torch's own tensor on the CPU, dense, contiguous and whole: the usual case, found out quickly.

    Args:
        tensor: whatever claims to be one.
        shape: it must have.
        dtype: it must have.

    Raises:
        NotImplementedError, RuntimeError: it is a wrapper of torch's, without memory to look at.
    """
    return (
        type(tensor) in _PLAIN
        and tensor.dtype is dtype
        and tensor.shape == shape
        and tensor.is_cpu
        and tensor.layout is torch.strided
        and tensor.is_contiguous()
        and not tensor.is_neg()
        and tensor.untyped_storage().nbytes() >= (tensor.storage_offset() + tensor.numel()) * dtype.itemsize
    )


def shrunk(tensor: Tensor) -> bool:
    """Whether a storage is there, and too small; while torch traces a call there is nothing to look at."""
    if torch.compiler.is_compiling():
        return False
    try:
        return not holds_its_numbers(tensor)
    except (NotImplementedError, RuntimeError):
        return False
