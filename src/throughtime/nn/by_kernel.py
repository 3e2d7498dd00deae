"""Layers that a kernel runs: which one, for the options they have and the place their weights are at."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor, nn

from throughtime.base.errors import KernelError
from throughtime.kernels import choose, choose_traced, tracing
from throughtime.nn.parameters import reference


class ByKernel(nn.Module, ABC):
    """A layer with a kernel asked for, and the one in use where its weights are."""

    _kernel: str
    _chosen: dict[tuple[str, torch.dtype], str]

    @property
    def kernel(self) -> str:
        """The kernel asked for: "auto" or a name; setting it chooses anew, and refuses one that cannot serve."""
        return self._kernel

    @kernel.setter
    def kernel(self, asked: str) -> None:
        like = reference(self)
        chosen = choose(asked, self._needs(), like.device, like.dtype)
        self._kernel = asked
        self._chosen = {(like.device.type, like.dtype): chosen}

    @property
    def kernel_in_use(self) -> str:
        """The name of the kernel that runs, where the weights are now.

        Raises:
            KernelError: the kernel asked for cannot serve there.
        """
        return self._kernel_for(reference(self))

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take a copy's or a pickle's attributes, and choose the kernel anew: the pickle may be another machine's."""
        super().__setstate__(state)
        self._chosen = {}

    @abstractmethod
    def _needs(self) -> frozenset[str]:
        """What the kernel must be able to do."""

    def _kernel_for(self, like: Tensor) -> str:
        """The kernel for weights like this one; remembered, because every call asks."""
        if tracing():
            return choose_traced(self._kernel, self._needs(), like.device, like.dtype)
        place = (like.device.type, like.dtype)
        if place not in self._chosen:
            self._chosen[place] = choose(self._kernel, self._needs(), like.device, like.dtype)
        return self._chosen[place]

    def _kernel_said(self) -> str:
        """The kernel in use, or that there is none, for `repr`."""
        try:
            return self.kernel_in_use
        except KernelError:
            return f"none: {self.kernel} cannot serve here"
