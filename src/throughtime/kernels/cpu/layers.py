"""A layer on the CPU kernels as autograd sees it: both directions side by side, forward and backward.

The written backward is not differentiable again: a second derivative would silently miss terms, so it is refused.

Dimensions: T steps, B rows, C inputs, D directions, P outputs of a direction. Time is axis 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any, cast

import torch
from torch import Tensor
from torch.autograd import Function

from throughtime.kernels.cells import NO_MASKS, LSTMWeights, Masks, RNNWeights
from throughtime.kernels.cpu import direction, library, pointers
from throughtime.kernels.cpu.direction import AnyWeights, Direction, Tape
from throughtime.kernels.cpu.plan import Plan
from throughtime.kernels.once import once
from throughtime.kernels.rows import Rows

State = tuple[Tensor, ...]

MASKS = len(fields(Masks))

_keep_gates: ContextVar[bool] = ContextVar("throughtime_keep_gates", default=True)


@contextmanager
def keeping(*, gates: bool) -> Iterator[None]:
    """Choose what forward passes inside keep for their backward pass.

    Args:
        gates: True: gates, c and y, the fastest. False: c and y alone, about a third of the memory; the backward pass
            makes the gates again, a chunk of steps at a time, with one product over all its steps.
    """
    token = _keep_gates.set(gates)
    try:
        yield
    finally:
        _keep_gates.reset(token)


def run(
    cell: str, x: Tensor, state: State, weights: Sequence[AnyWeights], rows: Rows, masks: Sequence[Masks]
) -> tuple[Tensor, State]:
    """One layer in one direction or both.

    Args:
        cell: "lstm", "tanh" or "relu".
        x: [T, B, C]; at least one row has a step.
        state: (h, c) or (h,), each [D, B, units].
        weights: of each direction, forward first.
        rows: ends and resets.
        masks: of each direction.

    Returns:
        y [T, B, D P], 0 past row ends, and the state at each row's end.

    Raises:
        ShapeError, DtypeError, KernelError: a tensor's memory cannot be read as the kernels would, see `pointers`.
    """
    return _run(*prepared(cell, x, state, weights, rows, masks))


def run_symbols(
    cell: str, table: Tensor, symbols: Tensor, state: State, weights: AnyWeights, rows: Rows, masks: Masks
) -> tuple[Tensor, State]:
    """A layer in one direction whose inputs are symbols: what each adds to the summed inputs is a row of a table.

    Args:
        cell: "lstm", "tanh" or "relu".
        table: [V, G H], the product of the symbols' vectors with W_ih.
        symbols: [T, B] int64, 0 .. V - 1.
        state, rows: as in `run`.
        weights, masks: of the direction; W_ih is None.

    Returns:
        As `run`; gradients reach the table.

    Raises:
        ShapeError, DtypeError, KernelError: as `run`, or a symbol is no row of the table.
    """
    return _run(*prepared(cell, table.contiguous(), state, [weights], rows, [masks], symbols))


def _run(call: Call, x: Tensor, state: State, flat: list[Tensor | None]) -> tuple[Tensor, State]:
    if torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in (x, *state, *flat)):
        y, *last = _Layer.apply(call, x, *state, *flat)
    else:
        y, last, _ = forward(call, x, state, flat, record=False)
    return y, tuple(last)


def prepared(
    cell: str,
    x: Tensor,
    state: State,
    weights: Sequence[AnyWeights],
    rows: Rows,
    masks: Sequence[Masks],
    symbols: Tensor | None = None,
) -> tuple[Call, Tensor, State, list[Tensor | None]]:
    """A call's arguments, checked: all that is no tensor to differentiate by, then the others, weights in one list.

    Args:
        cell, x, state, weights, rows, masks: as in `run`, which says what is raised.
        symbols: of a call whose x is their table; None: there are none.
    """
    pointers.refuse_transforms(lambda: (x, *state, *(w for each in weights for w in each)))
    x, state, weights = pointers.checked(cell, x, state, weights, masks, symbols)
    if rows.plain and all(mask is NO_MASKS for mask in masks):
        call = plain_call(cell, rows.steps, rows.count, len(masks), direction.threads(), _keep_gates.get())
    else:
        plans = [direction.plan_of(rows, d == 1) for d in range(len(masks))]
        call = _call(cell, plans, masks, direction.threads(), _keep_gates.get(), rows.plain)
        weights = [_dropped(w, m) for w, m in zip(weights, masks, strict=True)]
    if symbols is not None:
        call = replace(call, symbols=symbols)
    return call, x, state, [w for each in weights for w in each]


@dataclass(frozen=True)
class Call:
    """Everything of a call that is no tensor to differentiate by."""

    ways: tuple[Direction, ...]
    threads: int
    dense: bool
    parts: int
    symbols: Tensor | None = None


@lru_cache(maxsize=128)
def plain_call(cell: str, steps: int, count: int, directions: int, threads: int, keep_gates: bool) -> Call:
    """A call whose rows all run from the first step to the last, without masks, remembered."""
    plans = [direction.dense_plan(steps, count, d == 1) for d in range(directions)]
    return _call(cell, plans, [NO_MASKS] * directions, threads, keep_gates, True)


def _call(
    cell: str, plans: Sequence[Plan | None], masks: Sequence[Masks], threads: int, keep_gates: bool, dense: bool
) -> Call:
    ways = []
    for d, (plan, mask) in enumerate(zip(plans, masks, strict=True)):
        if plan is None:
            raise ValueError("no row has a step: there is nothing for a kernel to run")
        mask = mask if mask.drop_W is None else replace(mask, drop_W=None)
        # Two directions share the threads; the first has one more of an odd number.
        share = max(1, (threads + len(masks) - 1 - d) // len(masks))
        ways.append(Direction(cell, plan, d == 1, mask, share, keep_gates))
    return Call(tuple(ways), threads, dense, 2 if cell == "lstm" else 1)


def _dropped(weights: AnyWeights, masks: Masks) -> AnyWeights:
    return weights if masks.drop_W is None else weights._replace(W_hh=weights.W_hh * masks.drop_W)


@pointers.undisturbed
def forward(
    call: Call, x: Tensor, state: Sequence[Tensor], flat: Sequence[Tensor | None], record: bool,
    into: tuple[Tensor, Tape] | None = None,
) -> tuple[Tensor, list[Tensor], list[Tape]]:  # fmt: skip
    """y, the last state, and a tape of each direction, or none; arguments as `prepared` returns them.

    Args:
        call, x, state, flat: as `prepared` returns them.
        record: whether to keep tapes.
        into: y and the tape to write, of a dense call in one direction; None: new ones.
    """
    x, state = _rows_together(x), [s.contiguous() for s in state]
    D, P = len(call.ways), state[0].shape[-1]
    steps = x if call.symbols is None else call.symbols
    y, tape = into or (_like_order(steps, D * P, torch.empty if call.dense else torch.zeros, x.dtype), None)
    last = [torch.empty_like(s) if call.dense else s.clone() for s in state]
    passes = []
    for d, (way, weights) in enumerate(zip(call.ways, _split(call, flat), strict=True)):
        h0, *c0 = [_of(s, d, D) for s in state]
        ends = [_of(s, d, D) for s in last]
        out = _units(y, d, D)
        c = c0[0] if c0 else None
        passes.append(direction.forward(way, x, h0, c, weights, out, ends, tape or record, call.symbols))
    library.run([each.layer for each in passes], library.FORWARD, call.threads)
    return y, last, [each.tape for each in passes if each.tape is not None]


class _Layer(Function):
    @staticmethod
    def forward(ctx: Any, call: Call, x: Tensor, *tensors: Tensor | None) -> tuple[Tensor, ...]:
        state, flat = tensors[: call.parts], tensors[call.parts :]
        y, last, tapes = forward(call, x, state, flat, record=True)  # type: ignore[arg-type]
        save(ctx, call, x, y, tensors, tapes)
        return (y, *last)

    @staticmethod
    def backward(ctx: Any, dy: Tensor | None, *d_last: Tensor | None) -> tuple[Tensor | None, ...]:
        return back(ctx, dy, *d_last)


def save(ctx: Any, call: Call, x: Tensor, y: Tensor, tensors: Sequence[Tensor | None], tapes: Sequence[Tape]) -> None:
    """Keep what `back` needs: of the call, its output, its state and weights, and its tapes."""
    masks = (mask for way in call.ways for mask in vars(way.masks).values())  # for whoever counts what is kept
    saved = (x, y, *tensors, *(t for tape in tapes for t in (tape.gates, tape.cells, tape.norms)), *masks)
    ctx.call, ctx.kept = call, pointers.kept(saved)
    ctx.save_for_backward(*saved)
    ctx.set_materialize_grads(False)


def back(ctx: Any, dy: Tensor | None, *d_last: Tensor | None) -> tuple[Tensor | None, ...]:
    """Gradients of what an autograd function of (call, x, *state, *weights) was given, from what `save` kept."""
    call: Call = ctx.call
    pointers.refuse_transforms(lambda: (dy, *d_last))
    x, y, *rest = cast("list[Tensor]", pointers.returned(ctx.saved_tensors, ctx.kept))
    dy, *d_last = (None if d is None else pointers.plain("a gradient", d) for d in (dy, *d_last))  # type: ignore[assignment]
    state, rest = rest[: call.parts], rest[call.parts :]
    count = len(rest) - (3 + MASKS) * len(call.ways)
    flat, taped = rest[:count], rest[count : count + 3 * len(call.ways)]
    with torch.no_grad():
        found = _backward(call, x, y, state, flat, taped, dy, d_last, ctx.needs_input_grad[1])
    layer = "LSTM" if call.parts > 1 else "RNN"
    return None, *once("cpu kernel", layer, found, (dy, *d_last, x, *state, *flat))


@pointers.undisturbed
def _backward(
    call: Call, x: Tensor, y: Tensor, state: Sequence[Tensor], flat: Sequence[Tensor | None],
    taped: Sequence[Any], dy: Tensor | None, d_last: Sequence[Tensor | None], needs_x: bool,
) -> tuple[Tensor | None, ...]:  # fmt: skip
    x, y, state = _rows_together(x), _rows_together(y), [s.contiguous() for s in state]
    taped = [None if t is None else t.contiguous() for t in taped]
    D = len(call.ways)
    # A row without a step hands its last state's gradient to its first; a row that starts anew, none.
    d_first = [
        torch.empty_like(s) if call.dense else _without_steps(call, s, d) for s, d in zip(state, d_last, strict=True)
    ]
    dxs, passes = [], []
    for d, (way, each) in enumerate(zip(call.ways, _split(call, flat), strict=True)):
        h0, *c0 = [_of(s, d, D) for s in state]
        if call.symbols is not None:
            dxs.append(torch.empty_like(x))
        elif needs_x:
            dxs.append(_like_order(x, x.shape[-1], torch.empty if call.dense else torch.zeros, x.dtype))
        passes.append(
            direction.backward(
                way, x, h0, c0[0] if c0 else None, each, _units(y, d, D), Tape(*taped[3 * d : 3 * d + 3]),
                None if dy is None else _units(dy, d, D),
                [None if g is None else _of(g, d, D) for g in d_last],
                dxs[d] if dxs else None,
                [_of(g, d, D) for g in d_first],
                call.symbols,
            )
        )  # fmt: skip
    library.run([each.layer for each in passes], library.BACKWARD, call.threads)
    dx = dxs[0] if len(dxs) == 1 else dxs[0].add_(dxs[1]) if dxs else None
    return dx, *d_first, *(g for each in passes for g in each.found or ())


def _without_steps(call: Call, state: Tensor, d_last: Tensor | None) -> Tensor:
    if d_last is None:
        return torch.zeros_like(state)
    empty = torch.ones(state.shape[1], dtype=torch.bool)
    empty[torch.from_numpy(call.ways[0].plan.row)] = False
    return torch.where(empty[:, None], d_last, 0)


def _split(call: Call, flat: Sequence[Tensor | None]) -> list[AnyWeights]:
    """The weights of each direction, contiguous."""
    kind = LSTMWeights if call.parts > 1 else RNNWeights
    size = len(kind._fields)
    whole = [None if w is None else w.contiguous() for w in flat]
    return [kind._make(whole[k : k + size]) for k in range(0, len(whole), size)]


def _of(state: Tensor, d: int, D: int) -> Tensor:
    """One direction of [D, B, units]; of a single direction the whole, whose numbers are the same."""
    return state if D == 1 else state[d]


def _units(y: Tensor, d: int, D: int) -> Tensor:
    """One direction's units of [T, B, D P]."""
    P = y.shape[-1] // D
    return y if D == 1 else y[..., d * P : (d + 1) * P]


def _rows_together(x: Tensor) -> Tensor:
    return x if x.stride(-1) == 1 or x.shape[-1] == 1 else x.contiguous()


def _like_order(x: Tensor, units: int, make: Any, dtype: torch.dtype) -> Tensor:
    """A new [T, B, units] whose steps and rows lie in memory as those of x do."""
    T, B = x.shape[:2]
    if x.stride(0) < x.stride(1):
        return make(B, T, units, dtype=dtype).transpose(0, 1)
    return make(T, B, units, dtype=dtype)
