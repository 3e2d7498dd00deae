"""What the engine must know of a network before it runs it a stretch at a time, and which networks it refuses.

    network(x, state) -> (output, state)      x [T, B, ...], output [T, B, ...]

A network must be causal (an output owes nothing to later steps) and splittable (x[:a] and then x[a:] give what x
gives). The static checks here name the layers that cannot be; `check_splittable` tries it out.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.parallel import DataParallel, DistributedDataParallel

from throughtime.base.errors import NetworkError
from throughtime.bptt.nests import Nest, leaves, map_nest


@dataclass(frozen=True)
class Traits:
    """What a network can do by itself.

    Args:
        handles: which of "lengths" and "resets" its forward takes; for the others the engine splits.
        state_axis: the batch axis of its state's leaves: an int, a nest like the state, or None if unknown.
        ordinals: the place of each throughtime layer in the network, a part of its random masks' key.
    """

    handles: frozenset[str]
    state_axis: Nest
    ordinals: Mapping[nn.Module, int]


def traits(network: nn.Module) -> Traits:
    """Read a network's traits from its attributes and the signature of its forward."""
    handles = getattr(network, "handles", None)
    if handles is None:
        taken = inspect.signature(network.forward).parameters
        handles = frozenset(name for name in ("lengths", "resets") if name in taken)
    axis = getattr(network, "state_axis", 1 if isinstance(network, nn.RNNBase) else None)
    ordinals = {module: place for place, module in enumerate(network.modules()) if hasattr(module, "handles")}
    return Traits(frozenset(handles), axis, ordinals)


def state_axis(network: nn.Module) -> Nest:
    """The batch axis of each leaf of a network's state.

    Raises:
        NetworkError: it is not known, so that rows cannot be told apart.
    """
    axis = traits(network).state_axis
    if axis is None:
        raise NetworkError(
            "Rows that end, restart or are shared out among ranks need the batch axis of the network's state, which is "
            f"known for torch's and throughtime's layers only: {type(network).__name__} came. Give it an attribute "
            "`state_axis`: an int, or a nest like the state with an int for each tensor (None for one that all rows "
            "share)."
        )
    return axis


def refuse_unsplittable(network: object) -> None:
    """Raise for a network that no schedule can unroll.

    Raises:
        NetworkError: not a module called as network(x, state), wrapped for data parallelism, with batch_first layers,
            or with batch normalisation in training mode.
    """
    if not isinstance(network, nn.Module):
        raise NetworkError(
            f"`network` is a torch.nn.Module called as network(x, state): {type(network).__name__} came."
        )
    try:
        inspect.signature(network.forward).bind(None, None)
    except TypeError:
        raise NetworkError(
            f"A network is called as network(x, state) and returns (output, state): the forward of "
            f"{type(network).__name__} takes other arguments. Put layers together with "
            "tt.Network(embed, core, head), for instance tt.Network(None, lstm, linear)."
        ) from None
    if isinstance(network, (DistributedDataParallel, DataParallel)):
        raise NetworkError(
            f"{type(network).__name__} averages gradients per backward pass, which is wrong for windows and for "
            "unequal "
            "rows. Pass the bare network, and the process group as group=."
        )
    for name, module in network.named_modules():
        label = f"{name or 'the network'} ({type(module).__name__})"
        if getattr(module, "batch_first", False):
            raise NetworkError(
                f"Time is axis 0 inside the engine: {label} was made with batch_first=True. "
                "Make it with batch_first=False and give x as [T, B, ...]."
            )
        if isinstance(module, _BatchNorm) and module.training:
            raise NetworkError(
                f"An output must not depend on other rows or later steps: {label} normalises over the batch in "
                "training. "
                "Use LayerNorm, or call .eval() on that layer."
            )


def refuse_bidirectional(network: nn.Module, why: str) -> None:
    """Raise if a layer reads both directions, which cannot be split in time.

    Raises:
        NetworkError: naming the layer and `why` splitting is needed.
    """
    for name, module in network.named_modules():
        if getattr(module, "bidirectional", False):
            raise NetworkError(
                f"A layer that reads backwards cannot be split in time, and {why}: "
                f"{name or 'the network'} ({type(module).__name__}) is bidirectional. "
                "Use one direction, or full BPTT: TBPTT() on whole sequences."
            )


def has_bidirectional(network: nn.Module) -> bool:
    """Whether a layer reads backwards."""
    return any(getattr(module, "bidirectional", False) for module in network.modules())


def has_foreign_bidirectional(network: nn.Module) -> bool:
    """Whether a bidirectional layer is not ours, and so knows neither lengths nor resets."""
    return any(getattr(m, "bidirectional", False) and not hasattr(m, "handles") for m in network.modules())


def check_splittable(network: nn.Module, x: Nest) -> None:
    """Run x whole, and as x[:a], x[a:] for every a up to 16 places, and compare.

    The network runs in evaluation mode, so that dropout does not hide the answer; modes are put back.

    Args:
        network: called as network(x, state), state None at first.
        x: an example input [T, B, ...], T >= 2, or a nest of such tensors.

    Raises:
        NetworkError: the outputs differ by more than rounding: the network is not causal, or its state does not hold
            all it remembers.
    """
    refuse_unsplittable(network)
    modes = {module: module.training for module in network.modules()}
    network.eval()
    try:
        with torch.no_grad():
            _compare_splits(network, x)
    finally:
        for module, training in modes.items():
            module.training = training


def _compare_splits(network: nn.Module, x: Nest) -> None:
    whole, _ = network(x, None)
    steps = next(leaves(x)).shape[0]
    for a in sorted({1 + i * (steps - 1) // 16 for i in range(16)} & set(range(1, steps))):
        first, state = network(map_nest(lambda t, a=a: t[:a], x), None)
        second, _ = network(map_nest(lambda t, a=a: t[a:], x), state)
        for expected, head, tail in zip(leaves(whole), leaves(first), leaves(second), strict=True):
            _compare(expected, torch.cat([head, tail]), a)


def _compare(expected: Tensor, split: Tensor, a: int) -> None:
    # The order of summation may differ, nothing else: the square root of the precision is far above that.
    tolerance = torch.finfo(expected.dtype).eps ** 0.5 if expected.is_floating_point() else 0.0
    if not torch.allclose(expected, split, rtol=tolerance, atol=tolerance, equal_nan=True):
        step = int((expected - split).abs().flatten(1).amax(1).argmax())
        raise NetworkError(
            f"Running x[:{a}] and then x[{a}:] must give what x gives: outputs differ by "
            f"{float((expected - split).abs().max()):.2g}, most at step {step}. The network reads later steps, or its "
            "state does not hold all it remembers."
        )
