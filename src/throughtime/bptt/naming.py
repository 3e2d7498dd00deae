"""What the parts of a state are called: as the layer that keeps them calls them, else by their place in the nest.

(h, c) of an LSTM           h, c
a list of layers' states    0.h, 0.c, 1.h
{"slow": a, "fast": (b,)}   slow, fast.0
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from torch import Tensor, nn

from throughtime.bptt.nests import Nest
from throughtime.nn import Network


def leaf_names(owner: nn.Module, state: Nest, prefix: str = "") -> list[str]:
    """A name for each tensor of a state, in order.

    Args:
        owner: the network, or layer, whose state it is.
        state: the state, as the network returned it.
        prefix: put before each name.
    """
    if isinstance(owner, Network) and isinstance(owner.core, nn.ModuleList):
        parts = zip(owner.layers, state, strict=True)
        return [name for k, (layer, part) in enumerate(parts) for name in leaf_names(layer, part, f"{prefix}{k}.")]
    of_layer = _layer_names(owner, [state] if isinstance(state, Tensor) else state)
    if of_layer:
        return [prefix + name for name in of_layer]
    return [prefix + (path or "state") for path in _paths(state)]


def _layer_names(owner: nn.Module, parts: Nest) -> tuple[str, ...]:
    """The names of the one recurrent layer inside, where the state is that layer's."""
    layers = [m for m in owner.modules() if isinstance(m, nn.RNNBase) or hasattr(m, "state_names")]
    if len(layers) != 1 or not isinstance(parts, (tuple, list)):
        return ()
    names = getattr(layers[0], "state_names", ("h", "c") if isinstance(layers[0], nn.LSTM) else ("h",))
    is_its = len(parts) == len(names) and all(isinstance(p, Tensor) and p.dim() == 3 for p in parts)
    return names if is_its and all(len(p) == layers[0].num_layers for p in parts) else ()


def _paths(state: Nest, path: str = "") -> list[str]:
    if isinstance(state, Tensor):
        return [path]
    under = f"{path}." if path else ""
    return [found for key, child in _children(state) for found in _paths(child, f"{under}{key}")]


def _children(state: Nest) -> Iterable[tuple[Any, Nest]]:
    if isinstance(state, dict):
        return state.items()
    if isinstance(state, (tuple, list)):
        return zip(getattr(state, "_fields", range(len(state))), state, strict=True)
    return ()
