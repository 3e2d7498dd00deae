"""One step at a time with the state kept inside: for a model that answers as its input arrives.

    z = [x h] [W_ih W_hh]^T + (b_ih + b_hh)        one product a layer

On the cpu kernel all layers run in one call, on packed weights and buffers made once. On torch's a plain layer does so,
too; one with options, or on the oracle, runs its own `step` on a frozen copy.

Dimensions: B rows, C inputs, H hidden units, L stacked layers.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from throughtime.base.checks import Checks
from throughtime.base.errors import ConfigError, ShapeError
from throughtime.kernels.cpu import pointers
from throughtime.kernels.cpu.stepping import Stack
from throughtime.nn.checks import check_numbers, check_state
from throughtime.nn.parameters import checked
from throughtime.nn.steps import shares

if TYPE_CHECKING:
    from throughtime.nn.recurrent import Recurrent


class Stepper:
    """Steps a layer over B rows and keeps their states.

    Weights are copied when it is made: after they change, call `refresh`.

    Args:
        layer: a unidirectional `LSTM` or `RNN`; one that draws random masks must be in evaluation mode.
        batch: B, rows stepped side by side.

    Raises:
        NetworkError: the layer is bidirectional.
        ConfigError: the layer would draw random masks, or `batch` is no positive whole number.
    """

    def __init__(self, layer: Recurrent, batch: int) -> None:
        checks = Checks()
        self._batch = checks.whole("batch", batch)
        checks.report("A stepper", "Pass the number of rows to step.")
        layer.check_steppable()
        self._layer = layer
        self._state: tuple[Tensor, ...] = ()
        self.refresh()
        self.reset()

    def refresh(self) -> None:
        """Copy the layer's weights again, after they changed; the state stays.

        Raises:
            ConfigError: the layer is in training and would draw random masks.
        """
        if self._layer.draws_masks:
            raise ConfigError(
                "A stepper runs without random masks: its layer is in training, with dropout or zoneout. "
                "Call layer.eval() first."
            )
        self._frozen = copy.deepcopy(self._layer).requires_grad_(False)
        like = self._frozen.weight_ih_l0
        self._state = tuple(s.to(like) for s in self._state)
        kernel = self._frozen.kernel_in_use
        self._stack = self._packed() if kernel == "cpu" else None
        fused = self._frozen.is_plain and kernel == "torch"
        layers = range(self._frozen.num_layers if fused else 0)
        self._cells = [_PlainCell(self._frozen, k, self._batch) for k in layers]

    @property
    def state(self) -> Any:
        """A copy of the state, as `step` takes and returns it."""
        parts = tuple(part.clone() for part in self._state)
        return parts if len(parts) > 1 else parts[0]

    @state.setter
    def state(self, hx: Any) -> None:
        parts = check_state(hx, self._frozen.state_names, self._sizes(), self._frozen.weight_ih_l0)
        self._state = tuple(part.detach().clone(memory_format=torch.contiguous_format) for part in parts)

    def reset(self, rows: Tensor | None = None) -> None:
        """Set states to zero.

        Args:
            rows: [B] bool, true for the rows to reset; None: all.

        Raises:
            ShapeError: `rows` is not [B] bool.
        """
        like = self._frozen.weight_ih_l0
        if rows is None:
            self._state = tuple(torch.zeros(size, dtype=like.dtype, device=like.device) for size in self._sizes())
            return
        if not isinstance(rows, Tensor) or rows.dtype != torch.bool or rows.shape != (self._batch,):
            got = f"{rows.dtype} {tuple(rows.shape)}" if isinstance(rows, Tensor) else type(rows).__name__
            raise ShapeError(f"`rows` must be a bool tensor [{self._batch}]: got {got}. Mark the rows to reset.")
        for part in self._state:
            part.masked_fill_(rows.to(part.device)[:, None], 0)

    def __call__(self, x: Tensor) -> Tensor:
        """Run one step of every row, without autograd.

        Args:
            x: [B, C] input of this step.

        Returns:
            The output [B, P].

        Raises:
            ShapeError, DtypeError, DeviceError: `x` is not [B, C], or not of the layer's dtype, or elsewhere.
        """
        check_numbers("x", x, self._frozen.weight_ih_l0)
        if x.shape != (self._batch, self._frozen.input_size):
            raise ShapeError(
                f"`x` of one step must be [B, C] = [{self._batch}, {self._frozen.input_size}]: got {tuple(x.shape)}. "
                "Make a stepper for the batch you have."
            )
        if self._stack is not None:
            return self._on_stack(x)
        with torch.no_grad():
            if not self._cells:
                y, hx = self._frozen.step(x, self._state if len(self._state) > 1 else self._state[0])
                self._state = hx if isinstance(hx, tuple) else (hx,)
                return y
            for k, cell in enumerate(self._cells):
                x = cell.step(x, *(part[k] for part in self._state))
            return x.clone()

    @pointers.undisturbed
    def _on_stack(self, x: Tensor) -> Tensor:
        return self._stack.step(pointers.plain("x", x).contiguous(), self._state, self._state, packed=True)  # type: ignore[union-attr]

    def _packed(self) -> Stack:
        """The layers on the cpu kernel, with a copy of their weights in its own form."""
        layer = self._frozen
        found = {name: pointers.plain(name, w).contiguous() for name, w in checked(layer, layer._shapes).items()}
        weights = [layer._weights(f"_l{k}", found) for k in range(layer.num_layers)]
        stack = Stack(layer.cell, weights, self._batch, shares(layer))
        stack.pack()
        self._unpacked = found  # biases and other small weights are read where they are
        return stack

    def _sizes(self) -> list[tuple[int, ...]]:
        return [(self._frozen.num_layers, self._batch, units) for units in self._frozen.state_sizes]


class _PlainCell:
    """One layer of a plain cell: packed weights, and buffers that every step overwrites."""

    def __init__(self, layer: Recurrent, k: int, batch: int) -> None:
        W_ih, W_hh = getattr(layer, f"weight_ih_l{k}"), getattr(layer, f"weight_hh_l{k}")
        self._W = torch.cat([W_ih, W_hh], 1).t().contiguous()  # [C + H, G]
        self._b = None
        if layer.bias:
            self._b = getattr(layer, f"bias_ih_l{k}") + getattr(layer, f"bias_hh_l{k}")
        self._cell = layer.cell
        self._in = W_ih.new_empty(batch, len(self._W))
        self._x, self._h = self._in.split([W_ih.shape[1], W_hh.shape[1]], 1)
        self._z = W_ih.new_empty(batch, len(W_ih))
        H = layer.hidden_size
        self._if, self._i, self._f = self._z[:, : 2 * H], self._z[:, :H], self._z[:, H : 2 * H]
        self._g, self._o = self._z[:, 2 * H : 3 * H], self._z[:, 3 * H :]

    def step(self, x: Tensor, h: Tensor, c: Tensor | None = None) -> Tensor:
        """Write the state after the step into h and c, and return h."""
        self._x.copy_(x)
        self._h.copy_(h)
        if self._b is None:
            torch.mm(self._in, self._W, out=self._z)
        else:
            torch.addmm(self._b, self._in, self._W, out=self._z)
        if c is None:
            return h.copy_(self._z.tanh_() if self._cell == "tanh" else self._z.relu_())
        self._if.sigmoid_()
        self._g.tanh_()
        self._o.sigmoid_()
        c.mul_(self._f).addcmul_(self._i, self._g)
        return torch.tanh(c, out=h).mul_(self._o)
