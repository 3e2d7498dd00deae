"""States and batches as nests: tuples, named tuples, lists and dicts of tensors, with None where there is nothing.

A recurrent state may be anything of this kind: `(h, c)` of an LSTM, a list of layers' states, an attention memory in
a dict. These functions walk two nests side by side; the first gives the shape, a plain leaf of the second serves for
everything below it (an axis for a whole state, say).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from torch import Tensor

from throughtime.base.errors import DtypeError

Nest = Any  # Tensor | None | tuple[Nest, ...] | list[Nest] | dict[Any, Nest]


def map_nest(function: Callable[..., Any], nest: Nest, *others: Nest) -> Nest:
    """Apply `function` to every tensor of `nest` and what stands beside it in `others`; None stays None.

    Raises:
        DtypeError: a leaf is neither a tensor nor None.
    """
    if nest is None:
        return None
    if isinstance(nest, Tensor):
        return function(nest, *others)
    if isinstance(nest, dict):
        return {key: map_nest(function, value, *(_child(o, key) for o in others)) for key, value in nest.items()}
    if isinstance(nest, (tuple, list)):
        children = [map_nest(function, v, *(_child(o, i) for o in others)) for i, v in enumerate(nest)]
        return _rebuild(nest, children)
    raise DtypeError(
        "A state, an input or a target is a tensor, or a tuple, list or dict of them, or None: "
        f"{type(nest).__name__} came. Put numbers into tensors and settings into the network."
    )


def leaves(nest: Nest) -> Iterator[Tensor]:
    """The tensors of a nest, in order."""
    found: list[Tensor] = []
    map_nest(found.append, nest)
    return iter(found)


def detached(nest: Nest) -> Nest:
    """The same nest, cut from the graph that made it."""
    return map_nest(Tensor.detach, nest)


def same_structure(nest: Nest, other: Nest) -> bool:
    """Whether two nests have the same containers, keys and places of None."""
    if isinstance(nest, Tensor) or nest is None:
        return (nest is None) == (other is None) and (nest is None or isinstance(other, Tensor))
    if type(nest) is not type(other) or len(nest) != len(other):
        return False
    if isinstance(nest, dict):
        return nest.keys() == other.keys() and all(same_structure(nest[k], other[k]) for k in nest)
    return all(same_structure(a, b) for a, b in zip(nest, other, strict=True))


def _child(nest: Nest, key: Any) -> Nest:
    return nest[key] if isinstance(nest, (dict, tuple, list)) else nest


def _rebuild(like: tuple[Any, ...] | list[Any], children: list[Any]) -> Any:
    if isinstance(like, list):
        return children
    return type(like)(*children) if hasattr(like, "_fields") else tuple(children)
