"""The oracle as autograd sees it: forward and backward of `oracle_lstm` and `oracle_rnn`, joined.

The written backward is not differentiable again: a second derivative would silently miss terms, so it is refused.
`oracle_lstm.forward` and `oracle_rnn.forward` called directly are plain PyTorch and can be differentiated any number
of times.
"""

from __future__ import annotations

from dataclasses import fields
from itertools import chain, islice
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.autograd import Function

from throughtime.kernels import oracle_lstm, oracle_rnn
from throughtime.kernels.cells import LSTMWeights, Masks, RNNWeights
from throughtime.kernels.once import Tensors, once
from throughtime.kernels.oracle_lstm import LSTMTape
from throughtime.kernels.oracle_rnn import RNNTape
from throughtime.kernels.rows import Steps

RanLSTM = tuple[Tensor, Tensor, Tensor, LSTMTape]
RanRNN = tuple[Tensor, Tensor, RNNTape]
AnyTape = TypeVar("AnyTape", LSTMTape, RNNTape)


def lstm(
    x: Tensor, h0: Tensor, c0: Tensor, weights: LSTMWeights, steps: Steps, masks: Masks, ran: RanLSTM | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """One direction of an LSTM layer with the written backward; arguments as `oracle_lstm.forward`.

    Args:
        ran: what `oracle_lstm.forward` returned for these steps earlier, with the weights of that time: it is returned
            again instead of being computed, and the backward pass starts from it.

    Returns:
        y [T, B, P], h [B, P], c [B, H].
    """
    y, h, c = _LSTM.apply(ran, steps, masks, x, h0, c0, *weights)
    return y, h, c


def rnn(
    x: Tensor, h0: Tensor, weights: RNNWeights, nonlinearity: str, steps: Steps, masks: Masks, ran: RanRNN | None = None
) -> tuple[Tensor, Tensor]:
    """One direction of an Elman layer with the written backward; arguments as `oracle_rnn.forward`.

    Args:
        ran: as in `lstm`, of `oracle_rnn.forward`.

    Returns:
        y [T, B, H], h [B, H].
    """
    y, h = _RNN.apply(ran, nonlinearity, steps, masks, x, h0, *weights)
    return y, h


class _LSTM(Function):
    @staticmethod
    def forward(
        ctx: Any,
        ran: RanLSTM | None,
        steps: Steps,
        masks: Masks,
        x: Tensor,
        h0: Tensor,
        c0: Tensor,
        *weights: Tensor | None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        with _own_precision(x):
            y, h, c, tape = ran or oracle_lstm.forward(x, h0, c0, LSTMWeights._make(weights), steps, masks)
        ctx.steps, ctx.masks = steps, masks
        _save(ctx, (x, h0, c0, *weights), tape)
        return (y if ran is None else y.detach()), _unshared(h, h0), _unshared(c, c0)

    @staticmethod
    def backward(ctx: Any, dy: Tensor, dh: Tensor, dc: Tensor) -> Tensors:
        (x, h0, c0, *weights), tape = _unpacked(ctx, 3 + len(LSTMWeights._fields), LSTMTape)
        with torch.no_grad(), _own_precision(x):
            found = oracle_lstm.backward(dy, dh, dc, x, tape, LSTMWeights._make(weights), ctx.steps, ctx.masks)
        return (
            None,
            None,
            None,
            *once("oracle", "LSTM", (found.x, found.h0, found.c0, *found.weights), (dy, dh, dc, x, h0, c0, *weights)),
        )


class _RNN(Function):
    @staticmethod
    def forward(
        ctx: Any,
        ran: RanRNN | None,
        nonlinearity: str,
        steps: Steps,
        masks: Masks,
        x: Tensor,
        h0: Tensor,
        *weights: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        with _own_precision(x):
            y, h, tape = ran or oracle_rnn.forward(x, h0, RNNWeights._make(weights), nonlinearity, steps, masks)
        ctx.nonlinearity, ctx.steps, ctx.masks = nonlinearity, steps, masks
        _save(ctx, (x, h0, *weights), tape)
        return (y if ran is None else y.detach()), _unshared(h, h0)

    @staticmethod
    def backward(ctx: Any, dy: Tensor, dh: Tensor) -> Tensors:
        (x, h0, *weights), tape = _unpacked(ctx, 2 + len(RNNWeights._fields), RNNTape)
        with torch.no_grad(), _own_precision(x):
            found = oracle_rnn.backward(
                dy, dh, x, tape, RNNWeights._make(weights), ctx.nonlinearity, ctx.steps, ctx.masks
            )
        return (
            None,
            None,
            None,
            None,
            *once("oracle", "RNN", (found.x, found.h0, *found.weights), (dy, dh, x, h0, *weights)),
        )


def _save(ctx: Any, given: Tensors, tape: LSTMTape | RNNTape) -> None:
    entries = [getattr(tape, field.name) for field in fields(tape)]
    ctx.counts = [len(entry) for entry in entries]
    ctx.save_for_backward(*given, *chain.from_iterable(entries))


def _unpacked(ctx: Any, given: int, tape: type[AnyTape]) -> tuple[Any, AnyTape]:
    """What the layer was given, and its tape."""
    saved = iter(ctx.saved_tensors)
    return tuple(islice(saved, given)), tape(*(tuple(islice(saved, count)) for count in ctx.counts))


def _unshared(last: Tensor, first: Tensor) -> Tensor:
    """The last state; where no step ran it is the initial one, which must not be returned as it came."""
    return last.clone() if last is first else last


def _own_precision(x: Tensor) -> torch.autocast:
    """Autocast off: the oracle computes in the dtype of its weights."""
    return torch.autocast(x.device.type, enabled=False)
