"""Layers whose steps run forward once and backward often: what they keep of each step, and the way back through it.

    y, state, kept = record(layer, x, state)      run, without autograd; kept[k]: of stacked layer k, arrays [T, B, ...]
    y, last = replay(layer, x, state, kept, last)  the same numbers from memory, for autograd, which then goes back with
                                                   the weights as they are by then

Kept arrays of consecutive steps may be joined and cut along time as one likes. Random masks are drawn again, alike
under one `keyed`.

Dimensions: T steps, B rows, L stacked layers, H hidden units.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any

import torch
from torch import Tensor

from throughtime.base.errors import NetworkError
from throughtime.kernels import LSTMTape, Masks, RNNTape, Rows, oracle, oracle_lstm
from throughtime.kernels.cpu import replay as cpu_replay
from throughtime.nn.parameters import checked, reference
from throughtime.nn.recurrent import Recurrent, State, Weights

Kept = Mapping[str, Tensor]
SQUASHED = "r"  # of an LSTM's tape: told by c~ and the gain on it, as the cpu kernel does


def is_wrapped(layer: object) -> bool:
    """Whether a module is a layer of throughtime's, `layer`, with a stepwise, stateless `beside(y, x)` after it."""
    return isinstance(getattr(layer, "layer", None), Recurrent) and callable(getattr(layer, "beside", None))


def recurrent_of(layer: Any) -> Recurrent:
    """The layer whose steps are kept: the one given, or the one it wraps.

    Raises:
        NetworkError: it is no layer of throughtime's, reads both directions, or was asked to run on torch's kernel.
    """
    if is_wrapped(layer):
        return recurrent_of(layer.layer)
    if not isinstance(layer, Recurrent):
        why = f"{type(layer).__name__} does not tell what it computed on the way"
        remedy = 'Use tt.LSTM and tt.RNN alone, or history="recompute"'
    elif layer.bidirectional:
        why, remedy = f"a bidirectional {type(layer).__name__} reads later steps", "Use one direction"
    elif layer.kernel == "torch":
        why, remedy = "torch's kernel keeps its gates to itself", 'Use kernel="auto"'
    else:
        return layer
    raise NetworkError(f'Steps that run once (history="reuse") need layers that keep them: {why}. {remedy}.')


def record(
    layer: Recurrent,
    x: Tensor,
    hx: Any,
    room: Sequence[Kept],
    lengths: Tensor | None = None,
    resets: Tensor | None = None,
) -> tuple[Tensor, Any, list[Kept]]:
    """Run over T steps, without autograd, and keep them.

    Args:
        layer: as `recurrent_of` returns it.
        x, hx, lengths, resets: as in its forward; at least one row has a step.
        room: for each stacked layer, arrays as an earlier call kept them, which may be written and returned; or empty.

    Returns:
        y [T, B, P], the state at each row's end, and what was kept by each stacked layer.

    Raises:
        ShapeError, DtypeError, DeviceError: as its forward.
    """
    kept: list[Kept] = []

    def run(k: int, x: Tensor, state: State, weights: Weights, rows: Rows, masks: Masks) -> tuple[Tensor, State]:
        if _on_cpu_kernel(layer):
            y, end, found = cpu_replay.record(layer.cell, x, state, weights, rows, masks, room[k])
            kept.append(found)
            return y, end
        tapes: list[Any] = []
        first = tuple(part[0] for part in state)
        with torch.autocast(x.device.type, enabled=False):  # the oracle computes in the dtype of its weights
            y, ended = layer._oracle_direction(weights, False, x, first, rows, masks, tapes)
        entries = {field.name: getattr(tapes[0], field.name) for field in fields(tapes[0])}
        kept.append({name: torch.stack(entry) for name, entry in entries.items() if entry and name != SQUASHED})
        return y, tuple(part[None] for part in ended)

    with torch.no_grad():
        y, state = _each_layer(layer, x, hx, lengths, resets, run)
    return y, state, kept


def replay(
    layer: Recurrent,
    x: Tensor,
    hx: Any,
    kept: Sequence[Kept],
    last: Any,
    lengths: Tensor | None = None,
    resets: Tensor | None = None,
) -> tuple[Tensor, Any]:
    """What `record` returned for T steps, differentiable: nothing is computed before the backward pass.

    Args:
        layer: the one that recorded them; gradients are made with its weights of now.
        x, hx, lengths, resets: as they were; gradients flow into x and hx.
        kept: of these T steps, by each stacked layer.
        last: the state at each row's end.
    """
    ends = last if isinstance(last, tuple) else (last,)

    def run(k: int, x: Tensor, state: State, weights: Weights, rows: Rows, masks: Masks) -> tuple[Tensor, State]:
        end = tuple(part[k : k + 1] for part in ends)
        if _on_cpu_kernel(layer):
            return cpu_replay.replay(layer.cell, x, state, weights, rows, masks, kept[k], end)
        first, until = tuple(part[0] for part in state), tuple(part[0] for part in end)
        y, *ended = _by_oracle(layer, x, first, weights, rows, masks, kept[k], until)
        return y, tuple(part[None] for part in ended)

    return _each_layer(layer, x, hx, lengths, resets, run)


def _on_cpu_kernel(layer: Recurrent) -> bool:
    return layer._kernel_for(reference(layer)) == "cpu"


def _each_layer(
    layer: Recurrent, x: Tensor, hx: Any, lengths: Any, resets: Any, run: Callable[..., tuple[Tensor, State]]
) -> tuple[Tensor, Any]:
    x, state, rows, _ = layer._prepare(x, hx, lengths, resets)
    found, drawn, ends = checked(layer, layer._shapes), layer._draw(rows), []
    for k in range(layer.num_layers):
        if k:
            x = layer._dropped(x, k, drawn)
        weights, part = layer._weights(f"_l{k}", found), tuple(s[k : k + 1] for s in state)
        dtype = weights.W_ih.dtype  # under autocast inputs may have another
        part = tuple(s.to(dtype) for s in part)
        x, end = run(k, x.to(dtype), part, weights, rows, layer._masks(drawn, 2 * k, x))
        ends.append(end)
    return x, layer._as_hx(tuple(torch.cat(parts) for parts in zip(*ends, strict=True)))


def _by_oracle(
    layer: Recurrent, x: Tensor, first: State, weights: Any, rows: Rows, masks: Masks, kept: Kept, last: State
) -> tuple[Tensor, ...]:
    steps = rows.steps_of(False)
    h = kept["h"]
    y = h if steps.kept is None else torch.where(steps.kept, h, 0)
    arrays = dict(kept)
    if layer.cell == "lstm":
        arrays[SQUASHED] = oracle_lstm.squashed(kept["c_new"], weights)
    entries = {name: tuple(array.unbind(0)) for name, array in arrays.items()}
    if layer.cell == "lstm":
        (h0, c0), (h_n, c_n) = first, last
        return oracle.lstm(x, h0, c0, weights, steps, masks, (y, h_n, c_n, LSTMTape(**entries)))
    return oracle.rnn(x, first[0], weights, layer.cell, steps, masks, (y, last[0], RNNTape(**entries)))
