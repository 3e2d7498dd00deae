"""A layer's parameters, checked before a kernel reads them: nothing stops a user from replacing one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from throughtime.base.errors import DeviceError, DtypeError, ShapeError
from throughtime.kernels.memory import plainly_there, shrunk


def reference(layer: nn.Module) -> Tensor:
    """The parameter whose dtype and device all others, and all inputs, must share.

    Raises:
        DtypeError: it is no tensor.
    """
    return _tensor("weight_ih_l0", layer.weight_ih_l0)


def named(layer: nn.Module, names: Iterable[str]) -> dict[str, Tensor]:
    """Parameters by name, each read once.

    Args:
        layer: whose they are.
        names: which.

    Raises:
        DtypeError: one is no dense tensor.
    """
    there = layer._parameters
    return {name: _tensor(name, there[name] if name in there else getattr(layer, name)) for name in names}


def checked(layer: nn.Module, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """Every parameter by name, as `named` finds and `check_parameters` checks them.

    Args:
        layer: whose they are.
        shapes: the shape of each, as the layer was built.
    """
    found = named(layer, shapes)
    check_parameters(found, shapes)
    return found


def check_parameters(found: Mapping[str, Tensor], shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Refuse parameters that no kernel may read.

    Args:
        found: parameters by name.
        shapes: the shape of each, as the layer was built.

    Raises:
        ShapeError: one was replaced by another shape, or its storage was shrunk.
        DtypeError: one is no dense tensor, or not of the dtype of the others.
        DeviceError: one lies elsewhere than the others.
    """
    like = found["weight_ih_l0"]
    quick = like.is_cpu and not torch.compiler.is_compiling()
    for name, shape in shapes.items():
        tensor = found[name]
        if quick and type(tensor) is nn.Parameter and plainly_there(tensor, shape, like.dtype):
            continue
        if tensor.shape != shape:
            raise ShapeError(
                f"`{name}` must keep its shape {list(shape)}: got {list(tensor.shape)}. Construct a new layer."
            )
        if tensor.dtype != like.dtype:
            raise DtypeError(
                f"`{name}` must have the dtype of `weight_ih_l0`, {like.dtype}: got {tensor.dtype}. "
                "Convert the whole layer with .to(...)."
            )
        if tensor.device != like.device:
            raise DeviceError(
                f"`{name}` must be where `weight_ih_l0` is, on {like.device}: got {tensor.device}. "
                "Move the whole layer with .to(...)."
            )
        if shrunk(tensor):
            raise ShapeError(
                f"`{name}` must hold the numbers of its shape {list(shape)}: its storage has "
                f"{tensor.untyped_storage().nbytes()} bytes. Do not resize storages that are in use."
            )


def _tensor(name: str, value: Any) -> Tensor:
    if not isinstance(value, Tensor) or value.layout != torch.strided or value.is_nested:
        got = f"layout {value.layout}" if isinstance(value, Tensor) else type(value).__name__
        raise DtypeError(f"`{name}` must be a dense tensor: got {got}. Set an nn.Parameter of the shape it had.")
    return value
