"""One step of a stack of layers on the C++ kernels: one call, on the calling thread, into buffers that stay.

A step of a small layer takes less time than allocating what it needs, so everything but the results is made once.

Dimensions: B rows, C inputs, H hidden units, P outputs, L stacked layers.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from throughtime.kernels.cpu import library, pointers
from throughtime.kernels.cpu.direction import CELLS, AnyWeights, dense_plan
from throughtime.kernels.cpu.library import Layer

State = tuple[Tensor, ...]


class Stack:
    """Stacked layers of one direction, ready to step B rows; one call at a time.

    Args:
        cell: "lstm", "tanh" or "relu".
        weights: of each layer, contiguous, on the CPU, of one dtype. They are read where they are, or copied by `pack`.
        rows: B, at least 1.
        zoneout: shares (c, h) of the old state that stay; (h,) for an Elman layer.
    """

    @pointers.undisturbed
    def __init__(self, cell: str, weights: Sequence[AnyWeights], rows: int, zoneout: Sequence[float]) -> None:
        self._count = len(weights)
        self._like = weights[0].W_ih
        self._plan = dense_plan(1, rows, False)
        self._layers = (Layer * self._count)()
        self._address = ctypes.addressof(self._layers)
        self._kept: list[Tensor] = []
        for layer, each in zip(self._layers, weights, strict=True):
            self._describe(layer, cell, each, zoneout)
        kernels = library.kernels()
        self._pack, self._step, self._step_packed = kernels.pack, kernels.step, kernels.step_packed
        self._output = torch.empty(rows, self._layers[self._count - 1].P, dtype=self._like.dtype)
        for below, above in pairwise(self._layers):
            between = torch.empty(rows, below.P, dtype=self._like.dtype)
            self._kept.append(between)
            below.y.data = above.x.data = between.data_ptr()

    def pack(self) -> None:
        """Copy the weights, as they are now, in the form in which steps are fastest."""
        self._pack(self._address, self._count)

    def step(self, x: Tensor, before: State, after: State, packed: bool) -> Tensor:
        """One step of every row; no mode of torch may be on, see `pointers.undisturbed`.

        Args:
            x: [B, C], contiguous.
            before: (h, c) or (h,), each [L, B, units], contiguous.
            after: the same, to write; may be `before` where `packed`.
            packed: whether to use what `pack` copied.

        Returns:
            y [B, P], new.
        """
        y = torch.empty_like(self._output)
        step = self._step_packed if packed else self._step
        h, c = before[0].data_ptr(), before[-1].data_ptr()  # an Elman layer has no c, and looks at none
        h_n, c_n = after[0].data_ptr(), after[-1].data_ptr()
        step(self._address, self._count, x.data_ptr(), y.data_ptr(), h, c, h_n, c_n)
        return y

    def _describe(self, layer: Layer, cell: str, weights: AnyWeights, zoneout: Sequence[float]) -> None:
        lstm = cell == "lstm"
        layer.cell, layer.type, layer.threads = CELLS[cell], library.TYPES[self._like.dtype], 1
        layer.C, layer.P, layer.H = (
            weights.W_ih.shape[1],
            weights.W_hh.shape[1],
            len(weights.W_ih) // (4 if lstm else 1),
        )
        self._plan.put(layer)
        layer.weights = library.weights(weights)
        layer.x.row, layer.y.row = layer.C, layer.P
        for name, share in zip(("zone_c", "zone_h")[-len(zoneout) :], zoneout, strict=True):
            if share:
                same = torch.full((layer.H,), share, dtype=self._like.dtype)
                self._kept.append(same)
                setattr(layer, name, library.Array(same.data_ptr(), 0, 0))
        self._kept.append(library.scratch(layer))
