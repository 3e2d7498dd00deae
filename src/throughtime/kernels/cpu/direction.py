"""One direction of one layer on the C++ kernels: tensors in, one call each way, tensors out; no autograd here.

Dimensions: T steps, B rows, C inputs, H hidden units, P outputs, N real steps.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import torch
from torch import Tensor

from throughtime.kernels.cells import NO_MASKS, LSTMWeights, Masks, RNNWeights
from throughtime.kernels.cpu import library
from throughtime.kernels.cpu.library import Layer
from throughtime.kernels.cpu.plan import Plan, plan
from throughtime.kernels.rows import Rows

AnyWeights = LSTMWeights | RNNWeights
CELLS = {"lstm": library.LSTM, "tanh": library.TANH, "relu": library.RELU}

_after_fork = False


def _note_fork() -> None:
    global _after_fork
    _after_fork = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_fork)


def threads() -> int:
    """Threads a call may use: torch's, but one in a forked child, where libgomp's pool no longer exists."""
    return 1 if _after_fork else torch.get_num_threads()


@dataclass(frozen=True)
class Tape:
    """What a forward pass keeps for the backward pass, in the kernels' own layout.

    Args:
        gates: after their activations; None where the backward pass is to make them again.
        cells: c at every real step; empty for an Elman layer.
        norms: normalised products and their scales; None without layer normalisation or where made again.
    """

    gates: Tensor | None
    cells: Tensor
    norms: Tensor | None


@dataclass(frozen=True)
class Direction:
    """How one direction runs.

    Args:
        cell: "lstm", "tanh" or "relu".
        plan: its sequences.
        reverse: from the last step to the first.
        masks: zoneout and dropout on h; a mask on W_hh is the caller's business.
        threads: at most so many.
        keep_gates: whether the tape holds gates (and norms), or they are made again.
        split: how threads share the work, see `library`.
    """

    cell: str
    plan: Plan
    reverse: bool
    masks: Masks
    threads: int
    keep_gates: bool = True
    split: int = library.SPLIT_AUTO

    @cached_property
    def blank(self) -> Layer:
        """A pass's structure with all in it that is the same for any tensors."""
        layer = Layer(cell=CELLS[self.cell], reverse=self.reverse, threads=self.threads, split=self.split)
        self.plan.put(layer)
        return layer


def plan_of(rows: Rows, reverse: bool) -> Plan | None:
    """The sequences of a call; None where no row has a step."""
    if rows.plain:
        return dense_plan(rows.steps, rows.count, reverse) if rows.steps and rows.count else None
    return plan(rows, reverse)


@lru_cache(maxsize=128)
def dense_plan(steps: int, count: int, reverse: bool) -> Plan:
    """The sequences where all rows run from the first of the steps to the last, remembered.

    Args:
        steps: T, at least 1.
        count: B, at least 1.
        reverse: the direction.
    """
    dense = plan(Rows(None, None, steps, count, torch.device("cpu")), reverse)
    if dense is None:
        raise ValueError(f"a plan needs a step and a row: got {steps} and {count}")
    return dense


@dataclass(frozen=True)
class Pass:
    """A pass ready to run, with all that its structure points to.

    Args:
        layer: for `library.run`.
        tape: what it writes, or reads; None where none is kept.
        found: the weights' gradients it writes; None forward.
        kept: further memory that it reads.
    """

    layer: Layer
    tape: Tape | None
    found: AnyWeights | None
    kept: tuple[Any, ...]


def forward(
    how: Direction, x: Tensor, h0: Tensor, c0: Tensor | None, weights: AnyWeights, y: Tensor, last: Sequence[Tensor],
    record: bool | Tape, symbols: Tensor | None = None,
) -> Pass:  # fmt: skip
    """Make a forward pass ready; y [T, B, P] and the last states will be written in place.

    Args:
        how: cell, sequences, masks.
        x: [T, B, C].
        h0: [B, P] or [1, B, P], contiguous, like every state here.
        c0: [B, H], contiguous; None for an Elman layer.
        weights: contiguous.
        y: [T, B, P] to write; steps past a row's end are left alone.
        last: h_n [B, P] and c_n [B, H] to write; rows without a step are left alone.
        record: whether to keep a tape, or the one to write.
        symbols: [T, B] int64 each below V: x is their table [V, G H], contiguous, and there is no W_ih. None: no.
    """
    layer, kept = _describe(how, x, h0, c0, weights, y, symbols)
    tape = record if isinstance(record, Tape) else _new_tape(layer, how, weights, x) if record else None
    if tape is not None:
        _put_tape(layer, tape)
    layer.h_n = last[0].data_ptr()
    if len(last) > 1:
        layer.c_n = last[1].data_ptr()
    return Pass(layer, tape, None, (x, h0, c0, weights, y, last, kept))


@dataclass(frozen=True)
class Gradients:
    """Gradients of what a direction was given; x is None where not asked for."""

    x: Tensor | None
    h0: Tensor
    c0: Tensor | None
    weights: AnyWeights


def backward(
    how: Direction, x: Tensor, h0: Tensor, c0: Tensor | None, weights: AnyWeights, y: Tensor, tape: Tape,
    dy: Tensor | None, d_last: Sequence[Tensor | None], dx: Tensor | None, d_first: Sequence[Tensor],
    symbols: Tensor | None = None,
) -> Pass:  # fmt: skip
    """Make a backward pass ready; dx [T, B, C] and the first states' gradients will be written in place.

    Args:
        how: as given to `forward`, like x, h0, c0, weights, y and symbols.
        tape: what `forward` returned.
        dy: [T, B, P], or None for zeros.
        d_last: gradients of the last h and c, None for zeros.
        dx: to write, or None; steps past a row's end are left alone. Of symbols their table's, contiguous.
        d_first: gradients of h0 and c0 to write; rows whose h0 enters nowhere are left alone.
    """
    layer, kept = _describe(how, x, h0, c0, weights, y, symbols)
    _put_tape(layer, tape)
    if dy is not None:
        dy = _unit_stride(dy)
        layer.dy = library.array(dy)
    d_last = [None if d is None else d.contiguous() for d in d_last]
    layer.dh_n, layer.dc_n = (library.pointer(d) for d in (*d_last, None)[:2])
    if symbols is not None:
        layer.d_table = library.pointer(dx)
    elif dx is not None:
        layer.dx = library.array(dx)
    layer.dh0, layer.dc0 = (library.pointer(d) for d in (*d_first, None)[:2])
    found = type(weights)(*(None if w is None else torch.empty_like(w) for w in weights))  # type: ignore[arg-type]
    layer.d_weights = library.weights(found)
    return Pass(layer, tape, found, (x, h0, c0, weights, y, dy, d_last, dx, d_first, kept))


def activate(function: int, x: Tensor) -> Tensor:
    """Sigmoid (0) or tanh (1) of a contiguous tensor, as the layers compute it."""
    out = torch.empty_like(x)
    library.kernels().activate(library.TYPES[x.dtype], function, x.data_ptr(), out.data_ptr(), x.numel())
    return out


def _describe(
    how: Direction,
    x: Tensor,
    h0: Tensor,
    c0: Tensor | None,
    weights: AnyWeights,
    y: Tensor,
    symbols: Tensor | None,
) -> tuple[Layer, list[Any]]:
    """The call's structure, and what must stay alive as long as it does."""
    layer = Layer.from_buffer_copy(how.blank)
    layer.type = library.TYPES[x.dtype]
    layer.H, layer.P = weights.W_hh.shape[0] // (4 if c0 is not None else 1), h0.shape[-1]
    layer.weights = library.weights(weights)
    layer.y = library.array(y)
    if symbols is None:
        layer.C, layer.x = x.shape[-1], library.array(x)
    else:
        layer.V, layer.table, layer.symbols = len(x), x.data_ptr(), library.numbers(symbols)
        layer.x = library.Array(x.data_ptr(), 0, 0)
    layer.h0, layer.c0 = h0.data_ptr(), library.pointer(c0)
    masks = how.masks
    kept: list[Any] = [how.plan, symbols]
    if masks is NO_MASKS:
        return layer, kept
    for name, mask in (("zone_c", masks.zone_c), ("zone_h", masks.zone_h), ("drop_h", masks.drop_h)):
        if mask is not None:
            mask = _unit_stride(mask.to(x.dtype))
            kept.append(mask)
            setattr(layer, name, library.array(mask))
    return layer, kept


def _new_tape(layer: Layer, how: Direction, weights: AnyWeights, like: Tensor) -> Tape:
    sizes = (ctypes.c_int64 * 3)()
    library.kernels().tape_elements(ctypes.addressof(layer), ctypes.addressof(sizes))
    gates, cells, norms = sizes
    keep = how.keep_gates
    return Tape(
        like.new_empty(gates) if keep else None,
        like.new_empty(cells),
        like.new_empty(norms) if keep and norms else None,
    )


def _put_tape(layer: Layer, tape: Tape) -> None:
    layer.gates, layer.norms = library.pointer(tape.gates), library.pointer(tape.norms)
    layer.cells = tape.cells.data_ptr()


def _unit_stride(tensor: Tensor) -> Tensor:
    """The same numbers, the last axis side by side; one number for all stays small."""
    if tensor.stride(-1) == 1 or tensor.shape[-1] == 1:
        return tensor
    if tensor.stride() == (0, 0, 0):
        return tensor[:1, :1].contiguous().expand(tensor.shape)
    return tensor.contiguous()
