"""Single steps of a layer on the CPU kernel, without making anew what every step needs.

A stack of ready buffers is kept for each number of rows and used again as long as the layer's parameters are the same
tensors at the same place; the weights themselves are read at every step.

Dimensions: B rows, C inputs, L stacked layers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from throughtime.kernels.cpu import pointers
from throughtime.kernels.cpu.stepping import Stack, State
from throughtime.kernels.memory import plainly_there
from throughtime.nn.parameters import checked

if TYPE_CHECKING:
    from throughtime.nn.recurrent import Recurrent

# Stacks kept for so many different numbers of rows; more would be a sign that none is used again.
MOST_KEPT = 8


class Steps:
    """The ready stacks of one layer; a copy of the layer starts with none."""

    def __init__(self) -> None:
        self._ready: dict[int, list[_Ready]] = {}

    def __deepcopy__(self, memo: Any) -> Steps:
        return Steps()

    def __reduce__(self) -> tuple[type[Steps], tuple[()]]:
        return Steps, ()

    def quick(self, layer: Recurrent, x: Any, hx: Any) -> tuple[Tensor, State] | None:
        """The step, where a stack is ready and everything is as it must be; None sends the caller the long way.

        Args:
            layer: whose steps these are.
            x: whatever came as input.
            hx: whatever came as state.
        """
        if type(x) is not Tensor or x.dim() != 2 or torch.compiler.is_compiling() or pointers.disturbed():
            return None
        kept = self._ready.get(x.shape[0])
        if not kept:
            return None
        try:
            ready = kept.pop()  # taken out while in use: another thread makes its own
        except IndexError:
            return None
        state = hx if type(hx) is tuple else (hx,)
        try:
            if not (ready.fits(layer) and ready.takes(x, state)):
                return None
        except (NotImplementedError, RuntimeError):  # torch's wrappers have no memory to look at
            return None
        found = ready.step(x, state)
        kept.append(ready)
        return found

    def step(self, layer: Recurrent, x: Tensor, state: State) -> tuple[Tensor, State]:
        """One step of every row; the stack made for it stays for `quick`.

        Args:
            layer: unidirectional, on the cpu kernel, drawing no masks.
            x: [B, C], of the dtype of the weights.
            state: (h, c) or (h,), each [L, B, units].

        Returns:
            y [B, P] and the state after the step.
        """
        rows = x.shape[0]
        ready, found = self._first(layer, x, state)
        if ready.may_stay and (rows in self._ready or len(self._ready) < MOST_KEPT):
            self._ready[rows] = [ready]
        return found

    @staticmethod
    @pointers.undisturbed
    def _first(layer: Recurrent, x: Tensor, state: State) -> tuple[_Ready, tuple[Tensor, State]]:
        ready = _Ready(layer, x.shape[0])
        state = tuple(pointers.plain("hx", part).contiguous() for part in state)
        return ready, ready.step(pointers.plain("x", x).contiguous(), state)


class _Ready:
    """A stack, and the parameters whose memory it reads."""

    def __init__(self, layer: Recurrent, rows: int) -> None:
        found = checked(layer, layer._shapes)
        whole = {name: pointers.plain(name, tensor.detach()).contiguous() for name, tensor in found.items()}
        # A computed or copied weight is gone after the step; only memory that the layer owns can be read again.
        self.may_stay = all(
            name in layer._parameters and whole[name].data_ptr() == tensor.data_ptr() for name, tensor in found.items()
        )
        self._seen = [(name, tensor, tensor.data_ptr(), tensor.numel()) for name, tensor in found.items()]
        self._training, self._zoneout, self._whole = layer.training, layer.zoneout, whole
        self._chosen = layer._chosen  # another object once another kernel is asked for
        weights = [layer._weights(f"_l{k}", whole) for k in range(layer.num_layers)]
        self._stack = Stack(layer.cell, weights, rows, shares(layer))
        self._dtype = weights[0].W_ih.dtype
        shapes = [(rows, layer.input_size), *((layer.num_layers, rows, units) for units in layer.state_sizes)]
        self._shapes = [torch.Size(shape) for shape in shapes]

    def fits(self, layer: Recurrent) -> bool:
        """Whether the layer's parameters are still where they were, and it still draws no masks."""
        training = layer.training
        if training != self._training or layer.zoneout is not self._zoneout or layer._chosen is not self._chosen:
            return False
        if training and layer.has_masks():
            return False
        now = layer._parameters
        for name, tensor, where, count in self._seen:
            if now.get(name) is not tensor or tensor.data_ptr() != where or tensor.numel() != count:
                return False
        return True

    def takes(self, x: Tensor, state: Sequence[Any]) -> bool:
        """Whether these are contiguous tensors of the right shape and dtype, on the CPU, with all their numbers."""
        if len(state) + 1 != len(self._shapes):
            return False
        for tensor, shape in zip((x, *state), self._shapes, strict=True):
            if not plainly_there(tensor, shape, self._dtype):
                return False
        return True

    def step(self, x: Tensor, before: State) -> tuple[Tensor, State]:
        """One step, with no mode of torch on; what comes back is new."""
        after = tuple([torch.empty_like(part) for part in before])
        return self._stack.step(x, before, after, packed=False), after


def shares(layer: Any) -> tuple[float, ...]:
    """The shares (c, h) or (h,) of the old state that stay in evaluation; zeros in training without masks."""
    zoneout = layer.zoneout if isinstance(layer.zoneout, tuple) else (layer.zoneout,)
    return zoneout if not layer.training else (0.0,) * len(zoneout)
