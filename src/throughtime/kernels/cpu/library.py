"""The C++ kernels as ctypes sees them: where the library is, which instruction set serves, what a call holds.

The structures mirror `csrc/throughtime.h`, field by field. The library needs libgomp.so.1; torch has loaded its own by
then, so both share one pool of threads.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Sequence
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_double, c_int32, c_int64, c_void_p
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from typing import Any

import torch
from torch import Tensor

from throughtime.base.errors import KernelError
from throughtime.kernels.cells import LSTMWeights, RNNWeights

# The best first.
INSTRUCTION_SETS = ("x86-64-v4", "x86-64-v3", "x86-64-v2")
CHOSEN_SET = "THROUGHTIME_INSTRUCTION_SET"  # overrides the choice
OTHER_LIBRARY = "THROUGHTIME_CPU_LIBRARY"  # another build of the library, e.g. one with sanitizers

ALIGNED = 64  # bytes: where scratch starts
MOST_KEPT = 64 << 20  # bytes of scratch that a thread keeps from one call to the next

LSTM, TANH, RELU = range(3)
FORWARD, BACKWARD = range(2)
SPLIT_AUTO, SPLIT_ROWS, SPLIT_UNITS = range(3)
TYPES = {torch.float32: 0, torch.float64: 1}
SIGMOID_FUNCTION, TANH_FUNCTION = range(2)


class Array(Structure):
    """tt_array: an array [T, B, units]."""

    _fields_ = [("data", c_void_p), ("step", c_int64), ("row", c_int64)]


class Numbers(Structure):
    """tt_numbers: whole numbers [T, B]."""

    _fields_ = [("data", c_void_p), ("step", c_int64), ("row", c_int64)]


class Weights(Structure):
    """tt_weights."""

    _fields_ = [
        (name, c_void_p)
        for name in (
            "W_ih", "W_hh", "b_ih", "b_hh", "W_hr", "peep", "norm_ih", "norm_hh", "norm_c", "norm_c_bias",
        )
    ]  # fmt: skip


class Layer(Structure):
    """tt_layer: everything one pass over one direction is given."""

    _fields_ = [
        ("cell", c_int32),
        ("type", c_int32),
        ("reverse", c_int32),
        ("threads", c_int32),
        ("split", c_int32),
        ("reserved", c_int32),
        *((name, c_int64) for name in ("C", "H", "P", "S", "T")),
        *((name, c_void_p) for name in ("begin", "row", "length", "enters", "leaves", "offset")),
        ("weights", Weights),
        ("x", Array),
        ("y", Array),
        *((name, c_void_p) for name in ("h0", "c0", "h_n", "c_n")),
        ("zone_c", Array),
        ("zone_h", Array),
        ("drop_h", Array),
        *((name, c_void_p) for name in ("gates", "cells", "norms")),
        ("dy", Array),
        *((name, c_void_p) for name in ("dh_n", "dc_n")),
        ("dx", Array),
        *((name, c_void_p) for name in ("dh0", "dc0")),
        ("d_weights", Weights),
        ("V", c_int64),
        *((name, c_void_p) for name in ("table", "d_table")),
        ("symbols", Numbers),
        ("scratch", c_void_p),
    ]


class Classes(Structure):
    """tt_classes: losses of entries that are one of K classes."""

    _fields_ = [
        *((name, c_int32) for name in ("type", "threads")),
        *((name, c_int64) for name in ("N", "K", "row")),
        *((name, c_void_p) for name in ("outputs", "targets")),
        ("smoothing", c_double),
        *((name, c_void_p) for name in ("losses", "log_sums", "d_losses", "d_outputs")),
    ]


class TableRows(Structure):
    """tt_table_rows: rows of a table that go to entries."""

    _fields_ = [
        *((name, c_int32) for name in ("type", "threads")),
        *((name, c_int64) for name in ("N", "K", "V")),
        *((name, c_void_p) for name in ("numbers", "table", "entries")),
    ]


class _Kernels(Structure):
    _fields_ = [
        ("name", c_char_p),
        ("vector_bytes", c_int32),
        ("reserved", c_int32),
        ("scratch_bytes", CFUNCTYPE(c_int64, c_void_p, c_int32)),
        ("tape_elements", CFUNCTYPE(None, c_void_p, c_void_p)),
        *((name, CFUNCTYPE(None, c_void_p, c_int64, c_int64)) for name in ("forward", "backward")),
        ("pack", CFUNCTYPE(None, c_void_p, c_int64)),
        *((name, CFUNCTYPE(None, c_void_p, c_int64, *[c_void_p] * 6)) for name in ("step_packed", "step")),
        ("activate", CFUNCTYPE(None, c_int32, c_int32, c_void_p, c_void_p, c_int64)),
        *((name, CFUNCTYPE(None, c_void_p, c_int32)) for name in ("classes", "table_rows")),
    ]


@dataclass(frozen=True)
class Found:
    """The kernels in use, or why there are none.

    Args:
        kernels: for the instruction set that was chosen; None where there are none.
        name: of the instruction set.
        reason: why there are none; empty where there are.
    """

    kernels: _Kernels | None
    name: str = ""
    reason: str = ""


@cache
def found() -> Found:
    """The library of this installation, loaded once.

    Raises:
        KernelError: the environment asks for an instruction set that is unknown, or that this processor lacks.
    """
    try:
        library = _load()
    except (OSError, FileNotFoundError) as error:
        return Found(None, reason=f"{error}")
    library.tt_kernels_for.restype = POINTER(_Kernels)
    library.tt_kernels_for.argtypes = [c_char_p]
    asked = os.environ.get(CHOSEN_SET)
    for name in (asked,) if asked else INSTRUCTION_SETS:
        kernels = library.tt_kernels_for(name.encode())
        if kernels:
            return Found(kernels.contents, name)
    if asked:
        raise KernelError(
            f"{CHOSEN_SET} names an instruction set that this processor has, one of {', '.join(INSTRUCTION_SETS)}: got "
            f"{asked!r}. Leave it unset to let one be chosen."
        )
    return Found(None, reason="this processor has none of " + ", ".join(INSTRUCTION_SETS))


@cache
def kernels() -> Any:
    """The kernels in use.

    Raises:
        KernelError: there are none.
    """
    here = found()
    if here.kernels is None:
        raise KernelError(
            f"The cpu kernel needs its compiled library: there is none here, {here.reason}. Install throughtime where "
            'there is a C++ compiler, or use kernel="torch".'
        )
    return here.kernels


def pointer(tensor: Tensor | None) -> int | None:
    """Where a tensor's numbers start; None stays."""
    return None if tensor is None else tensor.data_ptr()


def array(tensor: Tensor) -> Array:
    """A tensor [T, B, units] whose last axis lies side by side."""
    return Array(tensor.data_ptr(), tensor.stride(0), tensor.stride(1))


def numbers(tensor: Tensor) -> Numbers:
    """A tensor [T, B] of int64."""
    return Numbers(tensor.data_ptr(), tensor.stride(0), tensor.stride(1))


def weights(of: LSTMWeights | RNNWeights) -> Weights:
    """Contiguous weights, or their gradients."""
    if isinstance(of, LSTMWeights):
        return Weights(*[None if w is None else w.data_ptr() for w in of])
    return Weights(*(pointer(w) for w in of[:4]), None, None, pointer(of.norm))


def scratch(layer: Layer) -> Tensor:
    """New memory for steps of a layer, put into it; it must stay alive as long as the layer is called."""
    return _placed([layer], FORWARD, None)


def run(layers: Sequence[Layer], which: int, threads: int) -> None:
    """One pass of one layer or two, in this thread's scratch, which is used again from call to call.

    Memory that is new costs as much to touch for the first time as a small layer's arithmetic.

    Args:
        layers: one, or the two directions.
        which: FORWARD or BACKWARD.
        threads: at most so many for all of them.
    """
    memory, _kept.memory = _kept.memory, None  # taken out while in use
    memory = _placed(layers, which, memory)
    calls = layers[0] if len(layers) == 1 else (Layer * len(layers))(*layers)
    pass_ = kernels().forward if which == FORWARD else kernels().backward
    pass_(ctypes.addressof(calls), len(layers), threads)
    if memory.numel() <= MOST_KEPT:
        _kept.memory = memory


class _Kept(threading.local):
    memory: Tensor | None = None


_kept = _Kept()


def _placed(layers: Sequence[Layer], which: int, memory: Tensor | None) -> Tensor:
    """Memory for a pass, put into the layers: the given one, if it is large enough."""
    needed = kernels().scratch_bytes
    sizes = [-(-needed(ctypes.addressof(layer), which) // ALIGNED) * ALIGNED for layer in layers]
    total = sum(sizes) + ALIGNED
    if memory is None or memory.numel() < total:
        memory = torch.empty(total, dtype=torch.uint8)
    at = -(-memory.data_ptr() // ALIGNED) * ALIGNED
    for layer, size in zip(layers, sizes, strict=True):
        layer.scratch = at
        at += size
    return memory


def _load() -> ctypes.CDLL:
    other = os.environ.get(OTHER_LIBRARY)
    if other:
        return ctypes.CDLL(other)
    packaged = files("throughtime.kernels.cpu") / "libthroughtime.so"
    if not packaged.is_file():
        raise FileNotFoundError("it was installed without a C++ compiler, or for another kind of system")
    with as_file(packaged) as path:
        return ctypes.CDLL(str(path))
