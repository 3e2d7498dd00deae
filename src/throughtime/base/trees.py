"""Trees of settings and tensors, taken apart into JSON and named tensors and put together again, exactly.

A tree holds dicts (keys str or int), lists, tuples, named tuples, None, bool, int, float, str and tensors. JSON knows
fewer kinds, so the others are written as objects with one closed set of tags:

    tuple        {"tuple": [...]}                 dict     {"dict": [[key, value], ...]}
    named tuple  {"named": [name, fields, [...]]} tensor   {"tensor": name} or {"tensor": name, "device": kind}
    nan, inf     {"float": "nan" | "inf" | "-inf"}

Finite floats are JSON numbers, which Python writes with enough digits to come back bit by bit. A named tuple comes
back as one of the same name and fields: nothing is imported by name.
"""

from __future__ import annotations

import math
from collections import namedtuple
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from throughtime.base.errors import DtypeError, ModelFileError

Tree = Any  # dict[str | int, Tree] | list[Tree] | tuple[Tree, ...] | None | bool | int | float | str | Tensor
Json = Any

_PLAIN = (bool, int, str, type(None))


def flatten(tree: Tree) -> tuple[Json, dict[str, Tensor]]:
    """Take a tree apart.

    Args:
        tree: nested dicts, lists, tuples, named tuples, None, bool, int, float, str and tensors.

    Returns:
        The structure, which JSON can hold, and the tensors by name (their path in the tree), detached.

    Raises:
        DtypeError: a leaf or a key is of another kind; the message says where.
    """
    tensors: dict[str, Tensor] = {}
    return _flatten(tree, "", tensors), tensors


def unflatten(structure: Json, tensors: Mapping[str, Tensor], device: torch.device | None = None) -> Tree:
    """Put a tree together again.

    Args:
        structure: what `flatten` gave, also after a way through JSON.
        tensors: the tensors by name.
        device: where tensors go that were not on the CPU when taken apart; None leaves all where they are.

    Raises:
        ModelFileError: the structure is not one that `flatten` writes, or names a tensor that is not there.
    """
    try:
        return _unflatten(structure, tensors, device)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ModelFileError(
            f"The tree in this file is not one that throughtime writes ({type(error).__name__}: {error}). "
            "Use a file written by throughtime, unaltered."
        ) from error


def _flatten(tree: Tree, path: str, tensors: dict[str, Tensor]) -> Json:
    if isinstance(tree, Tensor):
        return _flatten_tensor(tree, path, tensors)
    if isinstance(tree, dict):
        return {"dict": [[_key(k, path), _flatten(v, _join(path, k), tensors)] for k, v in tree.items()]}
    if isinstance(tree, list | tuple):
        children = [_flatten(child, _join(path, i), tensors) for i, child in enumerate(tree)]
        if isinstance(tree, list):
            return children
        fields = getattr(tree, "_fields", None)
        return {"tuple": children} if fields is None else {"named": [type(tree).__name__, list(fields), children]}
    if type(tree) in _PLAIN:
        return tree
    if type(tree) is float:
        return tree if math.isfinite(tree) else {"float": repr(tree)}
    raise DtypeError(
        "A checkpoint holds dicts, lists, tuples, None, bool, int, float, str and tensors: "
        f"{type(tree).__module__}.{type(tree).__qualname__} came at {path or 'the root'}. Convert it to one of these."
    )


def _flatten_tensor(tensor: Tensor, path: str, tensors: dict[str, Tensor]) -> Json:
    name = path or "tensor"
    while name in tensors:  # {"a.b": t, "a": {"b": t}} or {1: t, "1": t}: two tensors, one path
        name += "'"
    tensors[name] = tensor.detach()
    return {"tensor": name} if tensor.device.type == "cpu" else {"tensor": name, "device": tensor.device.type}


def _key(key: object, path: str) -> str | int:
    if type(key) in (str, int):
        return key  # type: ignore[return-value]
    raise DtypeError(
        f"Keys in a checkpoint are str or int: {key!r} ({type(key).__name__}) came at {path or 'the root'}. Rename it."
    )


def _join(path: str, key: object) -> str:
    return f"{path}.{key}" if path else str(key)


def _unflatten(structure: Json, tensors: Mapping[str, Tensor], device: torch.device | None) -> Tree:
    if isinstance(structure, list):
        return [_unflatten(child, tensors, device) for child in structure]
    if not isinstance(structure, dict):
        return structure
    match structure:
        case {"tensor": str(name), "device": str()} if len(structure) == 2:
            return tensors[name] if device is None else tensors[name].to(device)
        case {"tensor": str(name)} if len(structure) == 1:
            return tensors[name]
        case {"dict": list(pairs)} if len(structure) == 1:
            return {_key(key, "a stored key"): _unflatten(value, tensors, device) for key, value in pairs}
        case {"tuple": list(children)} if len(structure) == 1:
            return tuple(_unflatten(child, tensors, device) for child in children)
        case {"named": [str(name), list(fields), list(children)]} if len(structure) == 1:
            return _named(name, tuple(fields))(*(_unflatten(child, tensors, device) for child in children))
        case {"float": "nan" | "inf" | "-inf" as text} if len(structure) == 1:
            return float(text)
    raise ValueError(f"unknown entry with keys {sorted(structure)}")


@lru_cache(maxsize=64)  # one class for equal names and fields, so that trees loaded twice have the same types
def _named(name: str, fields: tuple[str, ...]) -> type[tuple[Any, ...]]:
    return namedtuple(name, fields)
