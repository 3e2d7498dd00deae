"""Training mode, and the way back out of it."""

from __future__ import annotations

from torch import nn


class TrainingMode:
    """Puts modules into training mode, and each submodule back into its own at the end."""

    def __init__(self, modules: dict[str, nn.Module]) -> None:
        self._modules = modules
        self._before = {layer: layer.training for module in modules.values() for layer in module.modules()}

    def __enter__(self) -> None:
        for module in self._modules.values():
            module.train()

    def __exit__(self, *error: object) -> None:
        for layer, mode in self._before.items():
            layer.training = mode
