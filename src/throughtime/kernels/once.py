"""Gradients that were written out once, and refuse to be differentiated again.

A second derivative through a written backward pass would silently miss terms.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from throughtime.base.errors import KernelError

Tensors = tuple[Tensor | None, ...]


class _Once(Function):
    """Passes gradients on; they seem to depend on all that they were made from, and refuse to be differentiated."""

    @staticmethod
    def forward(ctx: Any, refusal: str, count: int, *tensors: Tensor) -> tuple[Tensor, ...]:
        ctx.refusal = refusal
        return tuple(gradient.view_as(gradient) for gradient in tensors[:count])

    @staticmethod
    def backward(ctx: Any, *_: Tensor | None) -> tuple[None, ...]:
        raise KernelError(ctx.refusal)


def once(kernel: str, layer: str, gradients: Tensors, sources: Tensors, remedy: str | None = None) -> Tensors:
    """The gradients, which refuse to be differentiated where autograd is recording.

    Args:
        kernel: whose gradients they are, for the message.
        layer: such as "LSTM" or "RNN".
        gradients: None where there is none.
        sources: what they were made from.
        remedy: a sentence on where such derivatives are to be had; None: from the layer's oracle.
    """
    if not torch.is_grad_enabled():
        return gradients
    refusal = (
        f"The {kernel}'s {layer} gradients are written out once and cannot be differentiated again: a second "
        "derivative was asked for. "
    ) + (
        remedy
        or f"Call throughtime.kernels.oracle_{layer.lower()}.forward, which is plain PyTorch, where you need one."
    )
    live = [g for g in gradients if g is not None]
    passed = iter(_Once.apply(refusal, len(live), *live, *(s for s in sources if s is not None)))
    return tuple(None if g is None else next(passed) for g in gradients)
