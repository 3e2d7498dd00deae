"""Losses of entries that are one of K classes, and rows of a table that go to entries, as autograd sees them.

    loss[n] = (1 - s) (L[n] - a[n][target]) + s (L[n] - mean_k a[n][k]),      L[n] = log sum_k e^a[n][k]
    sums[n] = table[numbers[n]] + y[n] W^T

What a loss needs of the outputs is read from themselves, forward and backward, so that nothing of their size is kept
beside them or written forward. `serves` says where the kernels do this; elsewhere torch's own functions have to.

Dimensions: N entries, K classes or columns, V rows of the table, H features.
"""

from __future__ import annotations

import ctypes
from typing import Any, cast

import torch
from torch import Tensor
from torch.autograd import Function, forward_ad

from throughtime.kernels.cpu import library, pointers
from throughtime.kernels.cpu.direction import threads
from throughtime.kernels.memory import plainly_there
from throughtime.kernels.once import once

_REMEDY = "Compute the loss with torch.nn.functional.cross_entropy where you need one."


def serves(*tensors: Tensor) -> bool:
    """Whether the kernels may take these: plain memory, all of one dtype of theirs, outside of modes and transforms.

    Args:
        tensors: one at least, contiguous ones if they are to be served.
    """
    dtype = tensors[0].dtype
    if dtype not in library.TYPES or pointers.disturbed() or torch.compiler.is_compiling() or not tensors[0].numel():
        return False
    if torch._C._functorch.peek_interpreter_stack() is not None or forward_ad._current_level >= 0:
        return False
    try:
        there = all(plainly_there(each, each.shape, dtype) for each in tensors)
    except (NotImplementedError, RuntimeError):
        return False
    return there and library.found().kernels is not None


def class_losses(outputs: Tensor, targets: Tensor, smoothing: float = 0.0) -> Tensor:
    """Negative log-likelihoods [N] of classes, by `torch.nn.functional.cross_entropy`'s definition.

    Args:
        outputs: [N, K] unnormalised log-probabilities that `serves` lets through.
        targets: [N] int64, each below K; negative: no loss, 0.
        smoothing: share of each target that is spread over all classes, in [0, 1).

    Raises:
        ShapeError: a target is K or more, or there is not one for each entry.
        DtypeError: they are no int64 on the CPU.
        KernelError: at a second derivative.
    """
    count, classes = outputs.shape
    pointers.check_numbers("targets", targets, (count,), classes, negative=True)
    return _ClassLosses.apply(outputs, targets.contiguous(), smoothing)


def linear_from(table: Tensor, numbers: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    """`table[numbers] + y W^T` [N, K].

    Args:
        table: [V, K].
        numbers: [N] int64, each 0 .. V - 1.
        y: [N, H].
        weight: W [K, H], of any strides.

    Raises:
        ShapeError: a number is no row of the table, or there is not one for each row of y.
        DtypeError: they are no int64 on the CPU.
        KernelError: at a second derivative.
    """
    pointers.check_numbers("numbers", numbers, (len(y),), len(table))
    return _LinearFrom.apply(table, numbers.contiguous(), y, weight)


class _ClassLosses(Function):
    @staticmethod
    def forward(ctx: Any, outputs: Tensor, targets: Tensor, smoothing: float) -> Tensor:
        losses, log_sums = outputs.new_empty(len(outputs)), outputs.new_empty(len(outputs))
        call = _classes(outputs, targets, smoothing, log_sums)
        call.losses = losses.data_ptr()
        library.kernels().classes(ctypes.addressof(call), library.FORWARD)
        ctx.smoothing = smoothing
        _save(ctx, outputs, targets, log_sums)
        return losses

    @staticmethod
    def backward(ctx: Any, d_losses: Tensor) -> tuple[Tensor | None, ...]:
        outputs, targets, log_sums = _saved(ctx)
        with torch.no_grad():
            given, found = d_losses.contiguous(), torch.empty_like(outputs)
            call = _classes(outputs, targets, ctx.smoothing, log_sums)
            call.d_losses, call.d_outputs = given.data_ptr(), found.data_ptr()
            library.kernels().classes(ctypes.addressof(call), library.BACKWARD)
        return *once("cpu kernel", "class losses'", (found,), (d_losses, outputs), _REMEDY), None, None


class _LinearFrom(Function):
    @staticmethod
    def forward(ctx: Any, table: Tensor, numbers: Tensor, y: Tensor, weight: Tensor) -> Tensor:
        sums = table.new_empty(len(numbers), table.shape[1])
        _move(table, numbers, sums, library.FORWARD)
        ctx.rows = len(table)
        _save(ctx, numbers, y, weight)
        return sums.addmm_(y, weight.t())

    @staticmethod
    def backward(ctx: Any, d_sums: Tensor) -> tuple[Tensor | None, ...]:
        numbers, y, weight = _saved(ctx)
        with torch.no_grad():
            d_sums = d_sums.contiguous()
            d_table = d_sums.new_empty(ctx.rows, d_sums.shape[1])
            _move(d_table, numbers, d_sums, library.BACKWARD)
            found = d_table, d_sums @ weight, d_sums.t() @ y
        of_table, *others = once("cpu kernel", "linear map's", found, (d_sums, y, weight), _REMEDY)
        return of_table, None, *others


def _save(ctx: Any, *tensors: Tensor) -> None:
    ctx.kept = pointers.kept(tensors)
    ctx.save_for_backward(*tensors)


def _saved(ctx: Any) -> list[Tensor]:
    """What was saved, contiguous, if hooks left it as it was."""
    return [each.contiguous() for each in cast("list[Tensor]", pointers.returned(ctx.saved_tensors, ctx.kept))]


def _classes(outputs: Tensor, targets: Tensor, smoothing: float, log_sums: Tensor) -> library.Classes:
    count, classes = outputs.shape
    return library.Classes(
        library.TYPES[outputs.dtype], threads(), count, classes, classes,
        outputs.data_ptr(), targets.data_ptr(), smoothing, log_sums=log_sums.data_ptr(),
    )  # fmt: skip


def _move(table: Tensor, numbers: Tensor, entries: Tensor, which: int) -> None:
    call = library.TableRows(
        library.TYPES[table.dtype], threads(), *entries.shape, len(table),
        numbers.data_ptr(), table.data_ptr(), entries.data_ptr(),
    )  # fmt: skip
    library.kernels().table_rows(ctypes.addressof(call), which)
