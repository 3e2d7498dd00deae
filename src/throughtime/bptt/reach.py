"""How far a loss's gradient reaches back: its norm with respect to every earlier state, the picture of vanishing.

    r(L) = ||d l_n / d s_(n-L)|| / ||d l_n / d s_n||

l_n is the loss at the last step n, and s_(n-L) the state that enters step n - L: lag 0 is the state entering step n
itself. (The state after step n is not on the way to l_n for a fused layer.) The network runs in pieces, cut where a
state is asked for, and one call of autograd gives every norm.

Dimensions: T steps (n is the last), B rows. Time is axis 0.

Source: Bengio, Simard & Frasconi, IEEE Transactions on Neural Networks 5(2), 1994; Pascanu, Mikolov & Bengio, ICML
2013.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from throughtime.base.checks import as_number, as_whole
from throughtime.base.errors import ConfigError, DataError, DivergedError, DtypeError, NetworkError, say_once
from throughtime.bptt.losses import Loss, kept_entries, score
from throughtime.bptt.naming import leaf_names
from throughtime.bptt.nests import Nest, leaves, map_nest, same_structure
from throughtime.bptt.protocol import refuse_bidirectional, refuse_unsplittable
from throughtime.bptt.rows import State, Stretch, check_output, pair
from throughtime.bptt.steps import Piece, Steps, check


@dataclass(frozen=True)
class Reach:
    """Norms of one loss's gradient with respect to earlier states.

    Args:
        lags: steps back, ascending; lag 0 is the state that enters the loss's own step.
        norms: for each leaf of the state ("h", "c", "1.h", ...) the norm over all its numbers at each lag, as the
            network's dtype holds it: 0 where it underflowed, inf where it overflowed, nan beyond that.
        relative: the same over the norm at lag 0. Where that is 0, so is what is 0 (and the rest is inf).
        loss: the mean loss at the last step.
    """

    lags: tuple[int, ...]
    norms: Mapping[str, tuple[float, ...]]
    relative: Mapping[str, tuple[float, ...]]
    loss: float

    @property
    def overflow(self) -> int | None:
        """The first lag measured at which a norm is inf or nan; None where none is."""
        found = zip(self.lags, zip(*self.norms.values(), strict=True), strict=True)
        return next((lag for lag, row in found if not all(map(math.isfinite, row))), None)

    def steps_to(self, tolerance: float, leaf: str | None = None) -> int | None:
        """The first lag measured from which on all relative norms are below `tolerance`.

        Args:
            tolerance: above 0.
            leaf: of this leaf; None: of every leaf.

        Returns:
            The lag; None where the longest lag measured is not yet below it.

        Raises:
            ConfigError: the tolerance is not above 0, or there is no such leaf.
        """
        number = as_number(tolerance)
        if number is None or number <= 0:
            raise ConfigError(f"`tolerance` is a number above 0: {tolerance!r} came. Give 1e-3, say.")
        if leaf is not None and leaf not in self.relative:
            raise ConfigError(f"`leaf` is one of {', '.join(self.relative)}: {leaf!r} came.")
        rows = [self.relative[leaf]] if leaf is not None else list(self.relative.values())
        found = None
        for lag, values in zip(reversed(self.lags), reversed(list(zip(*rows, strict=True))), strict=True):
            if not all(value < number for value in values):  # inf and nan are not below it
                break
            found = lag
        return found


def gradient_reach(
    network: nn.Module, loss: Loss, data: Piece | Sequence[Nest], lags: Iterable[int], *, state: Nest | State = None
) -> Reach:
    """Norm of d l_n / d s_(n-L), the loss at the last step by the state that enters step n - L, for each lag L.

    Runs in evaluation mode and in the network's own dtype: float32 underflows to 0 and overflows to inf, and both are
    reported; for more range pass a copy in float64. Steps before the longest lag run without gradient. No parameter's
    `.grad` is touched; modes and torch's generators are afterwards as they were.

    Args:
        network: called as network(x, state) -> (output, state); causal and splittable; time is axis 0.
        loss: as in `through_time`: called once, as loss(output [N, ...], target [N, ...]) with the rows of the last
            step, returns [N] or [N, ...]. The gradient is that of their mean.
        data: (x, y) with x [T, B, ...] and y [T, B, ...], or a `Piece`, whose weights at the last step weigh the rows.
            All rows run from the first step to the last: no shorter lengths, no resets.
        lags: steps back, 0 .. T - 2; up to T - 1 with `state`, for the state that enters the first step.
        state: before the first step: None, a nest, or a callable (rows [N], step) -> nest, as in `through_time`.

    Returns:
        `Reach`; its relative norms are 1 at lag 0 and fall or rise from there.

    Raises:
        ConfigError: a lag is not whole, negative or beyond the data, or there is none.
        NetworkError: the network reads backwards, has no state, or cannot be split in time.
        ShapeError, DtypeError, DataError: x, y, weights, lengths or resets break a rule.
        DivergedError: the loss, or its gradient at lag 0, is not finite, so there is nothing to compare with.
    """
    _refuse_unsplittable(network)
    steps = check(_piece(data))
    _refuse_uneven(steps)
    asked = _checked_lags(lags, steps.count, state)
    # Lag 0 is what all others are compared with, asked for or not.
    places = sorted({0, *asked}, reverse=True)
    with left_as_found(network):
        total, points, names = _run(network, loss, steps, places, state)
        found = torch.autograd.grad(total, [leaf for point in points for leaf in point], allow_unused=True)
    norms = _by_leaf([_norm(gradient) for gradient in found], names, places)
    origin = {name: norms[name][0] for name in names}
    _refuse_infinite(float(total.detach()), origin)
    reach = _reach(asked, norms, origin, float(total.detach()))
    _tell_overflow(reach)
    return reach


def _refuse_unsplittable(network: Any) -> None:
    """Raise NetworkError where a network cannot run step by step; it will run in evaluation mode, whatever its own."""
    with _evaluating(network) if isinstance(network, nn.Module) else nullcontext():
        refuse_unsplittable(network)
    refuse_bidirectional(network, "a reach asks for the state between single steps")


def _run(
    network: nn.Module, loss: Loss, steps: Steps, places: Sequence[int], state: Nest | State
) -> tuple[Tensor, list[list[Tensor]], list[str]]:
    """The mean loss of the last step, and the leaves of the state that enters step n - L for each L of `places`."""
    n = steps.count
    now = state(torch.arange(steps.rows), 0) if callable(state) else state
    cuts = [n - 1 - lag for lag in places]
    if cuts[0]:
        with torch.no_grad():
            now = _advance(network, steps.slice(0, cuts[0]), now)[1]
    points, names, first = [], [], now
    output: Nest = None
    for start, stop in pairwise([*cuts, n]):
        if not same_structure(first, now):
            raise NetworkError(
                "A state that is compared between steps keeps its containers, its keys and its places of None: that of "
                f"{type(network).__name__} changed before step {start + 1}. Fill the missing tensors with zeros."
            )
        held = map_nest(_held, now)
        kept = [leaf for leaf in leaves(held) if leaf.is_floating_point()]
        named = zip(leaf_names(network, held), leaves(held), strict=True)
        names = [name for name, leaf in named if leaf.is_floating_point()]
        if not names:
            raise NetworkError(
                f"A reach is that of a loss into earlier states: {type(network).__name__} carries none. Its loss "
                "depends on its own step's input alone."
            )
        points.append(kept)
        # A clone, so that a network which writes into its state leaves what is held alone.
        output, now = _advance(network, steps.slice(start, stop), map_nest(torch.clone, held))
    return _mean_loss(loss, output, steps), points, names


def _advance(network: nn.Module, steps: Steps, state: Nest) -> tuple[Nest, Nest]:
    output, state = pair(network(steps.x, state))
    check_output(output, steps.count, steps.rows)
    return output, state


def _held(leaf: Tensor) -> Tensor:
    """The same state as a tensor of its own, whose gradient holds what comes after it and nothing else.

    A network may hand on the very tensor it was given, and one that carries inputs has leaves without a graph.
    """
    if not leaf.is_floating_point():
        return leaf
    return leaf.clone() if leaf.requires_grad else leaf.detach().clone().requires_grad_()


def _mean_loss(loss: Loss, output: Nest, steps: Steps) -> Tensor:
    last = steps.slice(steps.count - 1, steps.count)
    kept = kept_entries(last)
    if not kept.counted:
        raise DataError(
            f"A reach begins at a loss at the last step: the weights of step {steps.count} are all 0. End the data at "
            "a step with a target."
        )
    total = score(loss, [Stretch(0, 1, output)], last, 0, kept).total() / kept.counted
    if not total.requires_grad:
        raise NetworkError(
            "The loss depends on no state that a gradient could reach. Check detach() in the network and the loss."
        )
    return total


def _piece(data: Any) -> Piece:
    if isinstance(data, Piece):
        return data
    if isinstance(data, (tuple, list)) and len(data) == 2:
        return Piece(*data)
    came = f"{len(data)} of them" if isinstance(data, (tuple, list)) else type(data).__name__
    raise DtypeError(f"`data` is a pair (x, y), or a Piece: {came} came. Write (x, y) with x and y [T, B, ...].")


def _refuse_uneven(steps: Steps) -> None:
    if steps.valid is not None and not bool(steps.valid.all()):
        lengths = steps.valid.sum(0)
        raise DataError(
            f"All rows share the last step, where the loss is: rows of {int(lengths.min())} to {int(lengths.max())} "
            f"steps came, in {steps.count}. Cut rows of one length, the last ones of each, say."
        )
    if steps.resets is not None and bool(steps.resets.any()):
        raise DataError(
            "No gradient crosses a reset, so behind one there is nothing to measure: `resets` is true somewhere. "
            "Give each sequence as a row of its own."
        )


def _checked_lags(lags: Any, steps: int, state: Nest | State) -> list[int]:
    """The lags as whole numbers, ascending, each once."""
    rule = "`lags` are whole numbers of steps back, 0 or more"
    if not isinstance(lags, Iterable) or isinstance(lags, (str, bytes)):
        raise ConfigError(f"{rule}: {lags!r} came. Give a list or a range.")
    given = lags.tolist() if isinstance(lags, Tensor) else list(lags)
    found = [as_whole(lag) for lag in given]
    if not found or any(lag is None or lag < 0 for lag in found):
        wrong = [value for value, lag in zip(given, found, strict=True) if lag is None or lag < 0]
        raise ConfigError(f"{rule}: {wrong[0] if wrong else 'none'} came. range(0, 201, 10), say.")
    asked = sorted({lag for lag in found if lag is not None})
    longest = steps - 2 if state is None else steps - 1
    if asked[-1] > longest:
        enters = "" if state is not None else "; the state before step 1 is there only if you pass state="
        raise ConfigError(
            f"A lag lies within the data, 0 .. {longest} for {steps} steps{enters}: {asked[-1]} came. Give more steps, "
            "or shorter lags."
            if longest >= 0
            else f"A reach needs a state before the last step, so 2 steps at least: {steps} came. Give more."
        )
    return asked


def _norm(gradient: Tensor | None) -> float:
    """The Euclidean norm, in float64 and scaled, so that it under- and overflows only where the gradient does."""
    if gradient is None or not gradient.numel():
        return 0.0
    wide = gradient.detach().double()
    largest = wide.abs().max()
    if largest == 0 or not bool(largest.isfinite()):
        return float(largest)
    return float(largest * (wide / largest).norm())


def _by_leaf(norms: Sequence[float], names: Sequence[str], places: Sequence[int]) -> dict[str, dict[int, float]]:
    """Norms by leaf and lag, from one list: lag by lag, leaf by leaf."""
    return {
        name: {lag: norms[k * len(names) + place] for k, lag in enumerate(places)} for place, name in enumerate(names)
    }


def _reach(
    asked: Sequence[int], norms: Mapping[str, Mapping[int, float]], origin: Mapping[str, float], loss: float
) -> Reach:
    absolute = {name: tuple(values[lag] for lag in asked) for name, values in norms.items()}
    relative = {name: tuple(_ratio(value, origin[name]) for value in values) for name, values in absolute.items()}
    return Reach(tuple(asked), absolute, relative, loss)


def _ratio(value: float, origin: float) -> float:
    if origin:
        return value / origin
    return 0.0 if value == 0 else math.inf if not math.isnan(value) else math.nan


def _refuse_infinite(loss: float, origin: Mapping[str, float]) -> None:
    bad = [f"the loss ({loss})"] if not math.isfinite(loss) else []
    bad += [f"its gradient by {name} at lag 0 ({norm})" for name, norm in origin.items() if not math.isfinite(norm)]
    if bad:
        raise DivergedError(
            f"A reach compares finite numbers: {' and '.join(bad)} is not. x, y or the weights hold nan or infinity, "
            "or the forward pass overflowed: give fewer steps, or a copy in float64."
        )


def _tell_overflow(reach: Reach) -> None:
    """Where infinities met, their difference is no number; that is said, not left to be found."""
    broken = {name: values for name, values in reach.norms.items() if any(map(math.isnan, values))}
    if broken:
        name, values = next(iter(broken.items()))
        lag = next(lag for lag, value in zip(reach.lags, values, strict=True) if math.isnan(value))
        say_once(
            "reach overflow",
            f"The gradient by {name} overflowed before lag {lag}: from there on inf - inf makes nan. A copy of the "
            "network and data in float64 reaches further.",
        )


@contextmanager
def left_as_found(network: nn.Module) -> Iterator[None]:
    """Evaluation mode with gradients; modes and generators are put back."""
    cards = {t.device.index for t in (*network.parameters(), *network.buffers()) if t.is_cuda}
    with (
        _evaluating(network),
        torch.enable_grad(),
        torch.random.fork_rng(cards),
        # cuDNN runs no recurrent layer backward in evaluation mode; torch's own kernels do.
        torch.backends.cudnn.flags(enabled=False),
    ):
        yield


@contextmanager
def _evaluating(network: nn.Module) -> Iterator[None]:
    modes = {module: module.training for module in network.modules()}
    network.eval()
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training
