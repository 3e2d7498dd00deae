"""What a layer keeps of each step, and its backward pass over any stretch of such steps, without a second forward pass.

    kept    h [T, B, P]   gates [T, B, Z]   c [T, B, Hp], of which the first H count
            and with layer normalisation n_ih [T, B, Z], n_hh [T, B, Z] (no n_hh in an Elman layer), scale [T, B, 2]

A tape holds real steps only, in the order of a call's sequences; here every step has its place, so that stretches can
be joined and cut anywhere. Past a row's end the numbers are of no use.

Dimensions: T steps, B rows, P outputs, H hidden units, Z and Hp padded widths of the kernels in use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from throughtime.kernels.cells import Masks
from throughtime.kernels.cpu import layers
from throughtime.kernels.cpu.direction import AnyWeights, Tape
from throughtime.kernels.cpu.layers import Call, State, keeping
from throughtime.kernels.cpu.plan import Plan
from throughtime.kernels.rows import Rows

Kept = Mapping[str, Tensor]
NORMS = {2: ("n_ih", "n_hh", "scale"), 1: ("n_ih", "scale")}  # by the parts of the state


def record(
    cell: str, x: Tensor, state: State, weights: AnyWeights, rows: Rows, masks: Masks, room: Kept | None = None
) -> tuple[Tensor, State, Kept]:
    """Run one direction forward, without autograd.

    Args:
        cell, x, state, rows: as in `layers.run`.
        weights: of the direction.
        masks: likewise.
        room: arrays as an earlier call returned them, for these steps, to be written where that is possible.

    Returns:
        y [T, B, P], the state at each row's end, and what was kept of every step.

    Raises:
        ShapeError, DtypeError, KernelError: as `layers.run`.
    """
    with torch.no_grad(), keeping(gates=True):
        call, x, state, flat = layers.prepared(cell, x, state, [weights], rows, [masks])
        y, last, (tape,) = layers.forward(call, x, state, flat, record=True, into=_into(call, x, room))
    place = _Places(call.ways[0].plan, rows)
    kept = {"h": y.contiguous(), "c": place.by_step(tape.cells), "gates": place.by_step(tape.gates)}
    if tape.norms is not None:
        kept |= zip(NORMS[call.parts], place.norms_by_step(tape.norms, kept["gates"].shape[-1]), strict=True)
    return y, tuple(last), {name: tensor for name, tensor in kept.items() if tensor.numel()}


def _into(call: Call, x: Tensor, room: Kept | None) -> tuple[Tensor, Tape] | None:
    """y and the tape of a call in `room`: one whose rows are all there at every step, and whose norms need no place."""
    if not room or not call.dense or "scale" in room or room["gates"].dtype != x.dtype:
        return None
    cells = room["c"].flatten() if "c" in room else x.new_empty(0)
    return room["h"], Tape(room["gates"].flatten(), cells, None)


def replay(
    cell: str, x: Tensor, state: State, weights: AnyWeights, rows: Rows, masks: Masks, kept: Kept, last: State
) -> tuple[Tensor, State]:
    """What a run over these steps gave, and autograd's way back through it, with the weights as they are now.

    Args:
        cell, x, state, rows: as in `layers.run`; x as it was when the steps were recorded.
        weights: of the direction, from which the gradient is made and which get one.
        masks: as they were.
        kept: of these steps; not to be written to before the backward pass.
        last: the state at each row's end.

    Returns:
        y [T, B, P] and `last`, both from memory.
    """
    call, x, state, flat = layers.prepared(cell, x, state, [weights], rows, [masks])
    place = _Places(call.ways[0].plan, rows)
    norms = [place.by_tape(kept[name]) for name in NORMS[call.parts] if name in kept]
    cells = place.by_tape(kept["c"]) if "c" in kept else x.new_empty(0)
    tape = Tape(place.by_tape(kept["gates"]), cells, torch.cat(norms) if norms else None)
    y, *last = _Replayed.apply(_Stored(call, kept["h"], last, tape), x, *state, *flat)
    return y, tuple(last)


@dataclass(frozen=True)
class _Stored:
    call: Call
    y: Tensor
    last: State
    tape: Tape


class _Replayed(Function):
    @staticmethod
    def forward(ctx: Any, stored: _Stored, x: Tensor, *tensors: Tensor | None) -> tuple[Tensor, ...]:
        layers.save(ctx, stored.call, x, stored.y, tensors, [stored.tape])
        return stored.y.detach(), *(part.detach() for part in stored.last)

    @staticmethod
    def backward(ctx: Any, dy: Tensor | None, *d_last: Tensor | None) -> tuple[Tensor | None, ...]:
        return layers.back(ctx, dy, *d_last)


class _Places:
    """Between the order of a tape, [N, width], and that of time, [T, B, width]."""

    def __init__(self, plan: Plan, rows: Rows) -> None:
        self._shape, self._at = (rows.steps, rows.count), None
        if not rows.plain:
            step, row = plan.step_and_row
            self._at = torch.from_numpy(step * rows.count + row)
        self._real = rows.steps * rows.count if self._at is None else len(self._at)

    def by_step(self, taped: Tensor | None) -> Tensor:
        assert taped is not None  # gates are kept here
        width = taped.numel() // self._real
        if self._at is None:
            return taped.view(*self._shape, width)
        steps = taped.new_zeros(self._shape[0] * self._shape[1], width)
        return steps.index_copy_(0, self._at, taped.view(self._real, width)).view(*self._shape, width)

    def norms_by_step(self, norms: Tensor, width: int) -> list[Tensor]:
        """Normalised products, each as wide as the gates, and their scales."""
        products = (norms.numel() - 2 * self._real) // (width * self._real)
        return [self.by_step(part) for part in norms.split([*[width * self._real] * products, 2 * self._real])]

    def by_tape(self, steps: Tensor) -> Tensor:
        flat = steps.flatten(0, 1)
        return (flat if self._at is None else flat.index_select(0, self._at)).flatten()
