"""torch's own fused layers, made to serve ragged rows and resets without asking the caller to sort.

Ragged rows and resets become packed rows of their own (`rows.Segments`): every run between two resets is packed as a
sequence, longest first, and its output is put back where it belongs. The forward direction of a row's first segment
starts from the given state, the backward direction of its last one too; all others start from zeros. One
direction alone is rather run dense, in pieces of time from each row end or reset to the next.

What it serves: the plain cell, projections, stacked and bidirectional layers. On the CPU packed rows leave oneDNN, on
CUDA this is cuDNN.

Dimensions: T steps, B rows, S segments, N real steps, L stacked layers, D directions, P outputs. Time is axis 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from throughtime.kernels.rows import Rows, Segments

State = tuple[Tensor, ...]

_FUSED: dict[str, Callable[..., tuple[Tensor, ...]]] = {
    "lstm": torch._VF.lstm,
    "tanh": torch._VF.rnn_tanh,
    "relu": torch._VF.rnn_relu,
}

_CELL: dict[str, Callable[..., Any]] = {
    "lstm": torch._VF.lstm_cell,
    "tanh": torch._VF.rnn_tanh_cell,
    "relu": torch._VF.rnn_relu_cell,
}


def run(
    cell: str,
    x: Tensor,
    state: State,
    weights: Sequence[Tensor],
    bias: bool,
    layers: int,
    bidirectional: bool,
    rows: Rows,
) -> tuple[Tensor, State]:
    """Stacked layers, in whichever of the ways below is quickest; arguments as `dense`.

    Args:
        rows: ends and resets.

    Returns:
        y [T, B, D P], 0 past row ends, and the state at each row's end.
    """
    if rows.empty:
        return x.new_zeros(rows.steps, rows.count, (1 + bidirectional) * state[0].shape[-1]), state
    if rows.plain:
        return dense(cell, x, state, weights, bias, layers, bidirectional)
    # A packed step leaves oneDNN and costs about as much as a short dense run.
    if not bidirectional and 2 * len(rows.cuts) <= rows.steps + 4:
        return split(cell, x, state, weights, bias, layers, rows)
    return ragged(cell, x, state, weights, bias, layers, bidirectional, rows)


def dense(
    cell: str, x: Tensor, state: State, weights: Sequence[Tensor], bias: bool, layers: int, bidirectional: bool
) -> tuple[Tensor, State]:
    """Stacked layers over rows that all run from the first step to the last.

    Args:
        cell: "lstm", "tanh" or "relu".
        x: [T, B, C] with T >= 1.
        state: (h, c) or (h,), each [L D, B, ...].
        weights: as torch's flat weights: per layer and direction W_ih, W_hh, b_ih, b_hh, W_hr, where there.
        bias: whether b_ih and b_hh are there.
        layers: L.
        bidirectional: D = 2.

    Returns:
        y [T, B, D P] and the state after the last step.
    """
    # No dropout between layers (the caller's masks do that); cuDNN keeps what a backward needs only if one can come.
    hx = state if cell == "lstm" else state[0]
    y, *last = _FUSED[cell](x, hx, weights, bias, layers, 0.0, torch.is_grad_enabled(), bidirectional, False)
    return y, tuple(last)


def ragged(
    cell: str,
    x: Tensor,
    state: State,
    weights: Sequence[Tensor],
    bias: bool,
    layers: int,
    bidirectional: bool,
    rows: Rows,
) -> tuple[Tensor, State]:
    """Stacked layers over rows that end early or reset; arguments otherwise as `dense`.

    Args:
        rows: at least one real step.

    Returns:
        y [T, B, D P], 0 past row ends, and the state at each row's end (the given one for an empty row).
    """
    segments = rows.segments
    steps, count = x.shape[:2]
    data = x.flatten(0, 1)[segments.index]  # [N, C]
    start = tuple(_start(s, segments, rows, bidirectional) for s in state)
    hx = start if cell == "lstm" else start[0]
    sizes, grad = segments.batch_sizes, torch.is_grad_enabled()
    y, *last = _FUSED[cell](data, sizes, hx, weights, bias, layers, 0.0, grad, bidirectional)  # [N, D P]
    spread = y.new_zeros(steps * count, y.shape[-1]).index_copy(0, segments.index, y)
    ends = tuple(_end(e, s, segments, bidirectional) for e, s in zip(last, state, strict=True))
    return spread.unflatten(0, (steps, count)), ends


def split(
    cell: str, x: Tensor, state: State, weights: Sequence[Tensor], bias: bool, layers: int, rows: Rows
) -> tuple[Tensor, State]:
    """Stacked layers of one direction, dense from each row end or reset to the next, on the rows that still run.

    Args:
        rows: at least one real step; arguments otherwise as `dense`.

    Returns:
        y [T, B, P], 0 past row ends, and the state at each row's end.
    """
    pieces = []
    for begin, end in pairwise(rows.cuts):
        running = rows.running(end)
        some = slice(None) if running is None else running
        start = tuple(part[:, some] for part in state)
        if rows.starts is not None:
            fresh = rows.starts[begin, some, None]
            start = tuple(torch.where(fresh, 0, part) for part in start)
        y, last = dense(cell, x[begin:end, some], start, weights, bias, layers, False)
        if running is not None:
            y = y.new_zeros(end - begin, rows.count, y.shape[-1]).index_copy(1, running, y)
            last = tuple(part.index_copy(1, running, new) for part, new in zip(state, last, strict=True))
        pieces.append(y)
        state = last
    pieces.append(y.new_zeros(rows.steps - rows.cuts[-1], rows.count, y.shape[-1]))
    return torch.cat(pieces), state


def step(cell: str, x: Tensor, state: State, weights: Sequence[Sequence[Tensor]]) -> tuple[Tensor, State]:
    """One step of stacked plain layers, one direction, no projection.

    Args:
        cell: "lstm", "tanh" or "relu".
        x: [B, C].
        state: (h, c) or (h,), each [L, B, H].
        weights: for each layer W_ih, W_hh, b_ih, b_hh, the last two where there are biases.

    Returns:
        y [B, H] and the state after the step.
    """
    ends: list[State] = []
    for layer, each in enumerate(weights):
        before = tuple(part[layer] for part in state)
        after = _CELL[cell](x, before if cell == "lstm" else before[0], *each)
        ends.append(after if cell == "lstm" else (after,))
        x = ends[-1][0]
    return x, tuple(torch.stack(parts) for parts in zip(*ends, strict=True))


def _start(state: Tensor, segments: Segments, rows: Rows, bidirectional: bool) -> Tensor:
    """States [L D, S, ...] at the packed rows' starts: given ones at the row's own start, zeros elsewhere."""
    chosen = state[:, segments.row]  # [L D, S, ...]
    packed_row = torch.arange(len(segments.row), device=state.device)
    forward = packed_row == segments.first[segments.row]
    if rows.starts is not None:
        forward = forward & ~rows.starts[0, segments.row]
    if not bidirectional:
        return torch.where(forward[:, None], chosen, 0)
    backward = packed_row == segments.last[segments.row]
    taken = torch.stack([forward, backward]).repeat(len(state) // 2, 1)  # [L D, S]
    return torch.where(taken[..., None], chosen, 0)


def _end(last: Tensor, state: Tensor, segments: Segments, bidirectional: bool) -> Tensor:
    """States [L D, B, ...] at the rows' ends: the last segment's forwards, the first one's backwards."""
    ran = (segments.first >= 0)[:, None]
    forward = torch.where(ran, last[:, segments.last], state)
    if not bidirectional:
        return forward
    backward = torch.where(ran, last[:, segments.first], state)
    is_forward = torch.arange(len(state), device=state.device) % 2 == 0
    return torch.where(is_forward[:, None, None], forward, backward)
