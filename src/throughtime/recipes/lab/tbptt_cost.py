"""What one sequence costs under TBPTT(k1, k2), counted: steps run, and bytes kept for the backward pass.

Steps are counted as they enter the recurrent layer, with gradient or without. Bytes are those of all tensors that
autograd keeps between an update's forward and its backward pass (`torch.autograd.graph.saved_tensors_hooks`), every
byte once and the weights left out: what the kernel in use stores for its layer, the head's input, and the loss's own.
Beside them stands the formula of `throughtime unfold`: C + 7 H numbers for each step and row.

Dimensions: B rows, C inputs, H hidden units.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from throughtime.bptt import TBPTT, through_time
from throughtime.nn import Network
from throughtime.recipes.lab.networks import Batch, squared_error


@dataclass(frozen=True)
class Cost:
    """Of one sequence.

    Args:
        updates: made.
        forward: steps run forward, each as often as it is.
        backward: steps run backward.
        kept_bytes: of the update that keeps most.
    """

    updates: int
    forward: int
    backward: int
    kept_bytes: int


def cost(network: Network, batch: Batch, schedule: TBPTT) -> Cost:
    """Count what `schedule` costs on one batch; the weights stay, and no backward pass is run."""
    forward = backward = updates = most = 0

    def count(core: nn.Module, inputs: tuple[Tensor, ...], output: object) -> None:
        nonlocal forward, backward
        forward += len(inputs[0])
        backward += len(inputs[0]) if torch.is_grad_enabled() else 0

    own = {p.untyped_storage().data_ptr() for p in network.parameters()}
    kept: list[Tensor] = []

    def keep(tensor: Tensor) -> None:
        if tensor.untyped_storage().data_ptr() not in own:
            kept.append(tensor.detach())

    hook = network.core.register_forward_hook(count)
    try:
        with saved_tensors_hooks(keep, lambda nothing: nothing):  # nothing goes back
            made = through_time(
                network, squared_error, batch.x, batch.y, schedule, weights=batch.weights, backward=lambda loss: None
            )
            for _ in made:
                updates, most = updates + 1, max(most, bytes_of(kept))
                kept.clear()
    finally:
        hook.remove()
    return Cost(updates, forward, backward, most)


def bytes_of(tensors: Iterable[Tensor]) -> int:
    """Bytes of memory these tensors lie in, those that several of them share counted once."""
    total, end = 0, 0
    for start, stop in sorted(_place(tensor) for tensor in tensors if tensor.numel()):
        total += max(0, stop - max(start, end))
        end = max(end, stop)
    return total


def _place(tensor: Tensor) -> tuple[int, int]:
    """First address, and the one past the last element."""
    last = sum((size - 1) * stride for size, stride in zip(tensor.shape, tensor.stride(), strict=True))
    return tensor.data_ptr(), tensor.data_ptr() + (last + 1) * tensor.element_size()
