"""What happens inside an LSTM at every step: gates, states and, with a loss, how much the loss depends on each.

    i f g o    gates, after their squashing           c_t h_t    state after step t

The layer runs on the oracle, whose equations stand in `kernels.oracle_lstm`, whatever kernel it uses otherwise.

Dimensions: T steps, B rows, H hidden units, P outputs of a direction. Time is axis 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from throughtime.base.errors import DtypeError, ShapeError
from throughtime.kernels import LSTMTape
from throughtime.nn import LSTM

_NAMES = ("i", "f", "g", "o", "c", "h")


@dataclass(frozen=True)
class Gates:
    """Gates and states of one direction of one layer, or the gradients of a loss with respect to them.

    Args:
        i: [T, B, H] input gate, 0 .. 1.
        f: [T, B, H] forget gate, 0 .. 1.
        g: [T, B, H] candidate, -1 .. 1.
        o: [T, B, H] output gate, 0 .. 1.
        c: [T, B, H] cell state after the step.
        h: [T, B, P] output state after the step.

    Past a row's end all are 0. The backward direction's step t is the one that read x_t, so its states run from the
    last step to the first.
    """

    i: Tensor
    f: Tensor
    g: Tensor
    o: Tensor
    c: Tensor
    h: Tensor

    def __iter__(self) -> Iterator[Tensor]:
        return iter((self.i, self.f, self.g, self.o, self.c, self.h))


@dataclass(frozen=True)
class Inspection:
    """What `inspect` saw; all tensors are detached.

    Args:
        gates: one `Gates` for each layer and direction, ordered as the layer's state: layer by layer, forward first.
        gradients: likewise dL/d of each, or None without a loss.
        loss: L, or None.
        output: as the layer returned it.
        state: (h, c) as the layer returned it.
        directions: 1 or 2.
    """

    gates: tuple[Gates, ...]
    gradients: tuple[Gates, ...] | None
    loss: float | None
    output: Tensor
    state: tuple[Tensor, Tensor]
    directions: int

    def layer(self, layer: int, direction: int = 0) -> Gates:
        """Gates of one layer and direction (0 forward, 1 backward)."""
        return self.gates[layer * self.directions + direction]


def inspect(
    lstm: LSTM | nn.LSTM,
    x: Tensor,
    loss: Callable[[Tensor], Tensor] | None = None,
    *,
    hx: tuple[Tensor, Tensor] | None = None,
    lengths: Any = None,
    resets: Tensor | None = None,
) -> Inspection:
    """Gates i, f, g, o and states c, h of every step, and with a loss dL/d of each.

    Runs in the layer's own mode: in training with its random masks. No parameter's `.grad` is touched.

    Args:
        lstm: a throughtime or torch LSTM.
        x: its input, [T, B, C], [B, T, C] with batch_first, or [T, C]; what comes back is time first always.
        loss: from the layer's output (as it returns it) to one number; it may hold further modules.
        hx: initial state, or None for zeros.
        lengths: [B] steps each row has, or None.
        resets: [T, B] bool, true where a new sequence begins, or None.

    Returns:
        Gates, states and gradients. dL/dc_t and dL/dh_t are total: through step t's output and all later steps. Under
        zoneout h_t is made from the cell before it is mixed with the old one, so dL/dc_t holds the later steps alone.

    Raises:
        DtypeError: `lstm` is no LSTM, or the loss returns no tensor.
        ShapeError: the loss is not one number, or does not depend on the output, or there is no step.
        ShapeError, DtypeError, DeviceError: as `LSTM.forward`.
    """
    layer = _as_tt(lstm)
    with torch.set_grad_enabled(loss is not None):
        # With the input asking for gradients the states do, frozen weights or not.
        asks = loss is not None and isinstance(x, Tensor) and x.is_floating_point()
        given = x.detach().requires_grad_() if asks else x
        output, state, tapes = layer.trace(given, hx, lengths=lengths, resets=resets)
        if not tapes[0].h:
            raise ShapeError(f"There must be a step to inspect: `x` is {tuple(x.shape)}, with none. Pass some.")
        value = None if loss is None else _one_number(loss(output))
        gradients = None if value is None else _gradients(value, layer, tapes)
    kept = _kept(lengths, tapes[0])
    return Inspection(
        gates=_as_gates(tapes, kept),
        gradients=None if gradients is None else _as_gates(gradients, kept),
        loss=None if value is None else float(value.detach()),
        output=output.detach(),
        state=(state[0].detach(), state[1].detach()),
        directions=2 if layer.bidirectional else 1,
    )


def _as_tt(lstm: Any) -> LSTM:
    if isinstance(lstm, LSTM):
        return lstm
    if not isinstance(lstm, nn.LSTM):
        raise DtypeError(
            f"`lstm` must be a throughtime or torch LSTM: got {type(lstm).__name__}. "
            "Of a network pass the layer itself, with the input that reaches it."
        )
    sizes = (lstm.input_size, lstm.hidden_size, lstm.num_layers, lstm.bias, lstm.batch_first, lstm.dropout)
    like = lstm.weight_ih_l0
    layer = LSTM(*sizes, lstm.bidirectional, lstm.proj_size, device=like.device, dtype=like.dtype)
    layer.load_state_dict(lstm.state_dict())
    return layer.train(lstm.training)


def _one_number(value: Any) -> Tensor:
    if not isinstance(value, Tensor):
        raise DtypeError(f"`loss` must return a tensor: got {type(value).__name__}. Do not call .item() in it.")
    if value.numel() != 1:
        raise ShapeError(f"`loss` must return one number: got {tuple(value.shape)}. Take its sum or mean.")
    if not value.requires_grad:
        raise ShapeError("`loss` must depend on the output it is given: this one does not. Do not detach it.")
    return value.reshape(())


def _gradients(value: Tensor, layer: LSTM, tapes: list[LSTMTape]) -> list[LSTMTape]:
    """dL/d of every entry of the tapes, as tapes; that of c stands for the cell that h_t is made from."""
    if not layer.zoneout[0]:
        # Without zoneout c~ is the state itself, and differs from the entry c past a row's end only.
        tapes = [replace(tape, c=tape.c_new) for tape in tapes]
    asked = [entry for tape in tapes for name in _NAMES for entry in getattr(tape, name)]
    found = iter(torch.autograd.grad(value, asked, allow_unused=True, materialize_grads=True))
    return [replace(tape, **{name: tuple(next(found) for _ in tape.h) for name in _NAMES}) for tape in tapes]


def _as_gates(tapes: list[LSTMTape], kept: Tensor) -> tuple[Gates, ...]:
    """Steps stacked, [T, B, ...], 0 past row ends."""
    stacks = ([torch.stack(getattr(tape, name)).detach() for name in _NAMES] for tape in tapes)
    return tuple(Gates(*(torch.where(kept, entry, 0) for entry in stack)) for stack in stacks)


def _kept(lengths: Any, tape: LSTMTape) -> Tensor:
    """[T, B, 1] bool, false past a row's end."""
    steps = torch.arange(len(tape.h), device=tape.h[0].device)[:, None]
    ends = len(tape.h) if lengths is None else torch.as_tensor(lengths, device=steps.device).reshape(-1)
    return (steps < ends).expand(-1, len(tape.h[0]))[..., None]
