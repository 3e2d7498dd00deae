"""What each step that enters a network adds to one number of its output: integrated gradients.

    z(a) = z' + a (z - z')          a in 0 .. 1, from the baseline z' to what entered, z
    A_t  = sum_f (z_tf - z'_tf) * integral over a of dF(z(a)) / dz_tf
    sum_t A_t = F(z) - F(z')        completeness

z is the input of a network that reads numbers, and the embedded vectors of one that reads symbols. The integral is
taken by Gauss-Legendre quadrature on panels of 16 points, which run side by side as rows of one batch. Completeness
holds between any two points of the path: a panel that misses it is halved, until the whole misses no more than the
tolerance. (An LSTM that latches answers almost in jumps: equal panels find those only by the thousand.)

Dimensions: T steps, F numbers a step, P points of the path. Time is axis 0.

Source: Sundararajan, Taly & Yan 2017, arXiv 1703.01365. Ours: the quadrature (theirs is a sum over 20 to 300 equal
steps), and that the gaps decide where the points lie.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from throughtime.base.checks import Checks
from throughtime.base.errors import DivergedError, DtypeError, NetworkError, ShapeError, say_once
from throughtime.bptt import map_nest
from throughtime.nn import Network

Answer = Callable[[Any], Tensor]

# Points of a panel: a smooth network's path needs no second one; where relu or max bend it, panels shrink round the
# bends.
PANEL = 16
# What the sum may miss F(z) - F(z') by, as a share of the steps' sizes: far below what a colour shows.
TOLERANCE = 0.01
MOST_POINTS = 2048
# Panels narrower than this share of the path may each miss as much as one of this width: few are that narrow.
LEAST = 1 / 64
# Steps times rows that run at once: bounds the memory (about 150 MB at 64 units both ways) without costing time.
STEP_ROWS = 32_768


@dataclass(frozen=True)
class IntegratedGradients:
    """What each step adds to an answer.

    Args:
        values: float64, [T, F] of a network that reads numbers, [T] of one that reads symbols.
        answer: F(z).
        start: F(z'), the answer to the baseline.
        gap: sum of the values minus (answer - start); 0 but for the quadrature.
        points: of the path, all that were taken.
        complete: whether the gap is within the tolerance.
    """

    values: Tensor
    answer: float
    start: float
    gap: float
    points: int
    complete: bool


def integrated_gradients(
    network: Network,
    x: Tensor,
    answer: Answer,
    *,
    baseline: Tensor | None = None,
    state: Any = None,
    tolerance: float = TOLERANCE,
    most_points: int = MOST_POINTS,
) -> IntegratedGradients:
    """Integrated gradients of one sequence, in evaluation mode; the network's weights, gradients and mode stay.

    Args:
        network: it reads [T, B] symbols through its `embed`, or [T, B, F] numbers.
        x: one sequence, [T] whole numbers or [T, F] floats, T >= 1.
        answer: from the output at the last step, a nest of [P, ...], to the number explained, [P]; each row by itself.
        baseline: z', [F] or [T, F], of a network that reads symbols in the space of their vectors; None: zeros.
        state: of the network before x, for one row, held as it is; None: a fresh one.
        tolerance: the largest gap, as a share of the sum over steps of the sizes of A_t; above 0 and below 1.
        most_points: where the halving ends, 16 or more.

    Returns:
        The values. Where even `most_points` leave a larger gap, `complete` is false, and a `Notice` says so once.

    Raises:
        ConfigError: tolerance or most_points out of range.
        NetworkError: whole numbers, and the network has no `embed`.
        DtypeError: x, or what `answer` gives, is no such tensor.
        ShapeError: x or the baseline has other axes, or the answer is not [P] or does not depend on the output.
        DivergedError: the answer is no finite number.
    """
    checks = Checks()
    tolerance = checks.number("tolerance", tolerance, above=0, below=1)
    most_points = checks.whole("most_points", most_points, least=PANEL)
    checks.report("Integrated gradients")
    path = _path(frozen(network), x, answer, baseline, state)
    start, end = path.answers(torch.tensor([0.0, 1.0], dtype=torch.float64)).tolist()
    if not (math.isfinite(start) and math.isfinite(end)):
        raise DivergedError(
            f"An answer that is explained is a finite number: {end} came, and {start} at the baseline. Look for nan "
            "in x, or weights that have diverged."
        )
    # What the answers themselves are sure of: their rounding is no fault of the quadrature.
    rounding = 16 * torch.finfo(path.stop.dtype).eps * max(abs(start), abs(end))
    values, gap, points, complete = _integral(path, start, end, tolerance, most_points, rounding)
    if not complete:
        _say(gap, end - start, points)
    return IntegratedGradients(values, end, start, gap, points, complete)


def frozen(network: Network) -> Network:
    """The network in evaluation mode, its weights asking for no gradient: itself if it is so, else a copy.

    `integrated_gradients` makes one at each call; who explains many sequences makes it once.
    """
    if not network.training and not any(each.requires_grad for each in network.parameters()):
        return network
    return copy.deepcopy(network).eval().requires_grad_(False)


@dataclass(frozen=True)
class _Path:
    """The straight line from `start` to `stop` [T, F], and what the network answers on it."""

    network: Network
    answer: Answer
    start: Tensor
    stop: Tensor
    state: Any
    symbols: bool

    def answers(self, shares: Tensor) -> Tensor:
        """F at shares [P] of the way, float64 [P]."""
        with torch.no_grad():
            return self._answer(self._at(shares)).double().cpu()

    def panel(self, low: float, high: float) -> Tensor:
        """What the values gain between two shares of the way, float64 [T, F]."""
        nodes, weights = np.polynomial.legendre.leggauss(PANEL)
        shares = torch.from_numpy(low + (high - low) * (nodes + 1) / 2)
        rows = max(1, STEP_ROWS // len(self.stop))
        total = torch.zeros(self.stop.shape, dtype=torch.float64)
        for some, weight in zip(shares.split(rows), torch.from_numpy(weights).split(rows), strict=True):
            total += torch.einsum("tpf,p->tf", self._gradient(some).double().cpu(), weight)
        return total * (high - low) / 2 * (self.stop - self.start).double().cpu()

    def _gradient(self, shares: Tensor) -> Tensor:
        """dF / dz at shares [P] of the way, [T, P, F]."""
        # cuDNN runs no recurrent layer backward in evaluation mode; torch's own kernels do.
        with torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):
            z = self._at(shares).requires_grad_()
            (found,) = torch.autograd.grad(self._answer(z).sum(), z, allow_unused=True, materialize_grads=True)
        return found

    def _at(self, shares: Tensor) -> Tensor:
        """The path's points, [T, P, F]."""
        ways = shares.to(self.stop)[:, None]
        return (self.start[:, None] + ways * (self.stop - self.start)[:, None]).detach()

    def _answer(self, z: Tensor) -> Tensor:
        """F of each row of z [T, P, F], [P]."""
        rows = z.shape[1]
        state = map_nest(lambda part: part.expand(-1, rows, *part.shape[2:]).contiguous(), self.state)
        output, _ = self.network(z, state)
        found = self.answer(map_nest(lambda part: part[-1], output))
        if not isinstance(found, Tensor):
            raise DtypeError(f"`answer` gives a tensor: {type(found).__name__} came. Do not call .item() in it.")
        if found.shape != (rows,):
            raise ShapeError(
                f"`answer` gives one number for each row: {(rows,)} wanted, {tuple(found.shape)} came. Pick one output."
            )
        if z.requires_grad and not found.requires_grad:
            raise ShapeError("`answer` must depend on the output it is given: this one does not. Do not detach it.")
        return found


def _path(network: Network, x: Tensor, answer: Answer, baseline: Tensor | None, state: Any) -> _Path:
    """From the baseline to the sequence, through the part of the network that sees it."""
    if not isinstance(x, Tensor):
        raise DtypeError(f"`x` is a tensor: {type(x).__name__} came. Use torch.as_tensor(...).")
    symbols = not x.is_floating_point()
    if x.dim() != (1 if symbols else 2) or not len(x):
        axes = "[T] of symbols" if symbols else "[T, F] of numbers"
        raise ShapeError(f"`x` is one sequence, {axes}, T >= 1: {tuple(x.shape)} came. Explain one at a time.")
    if symbols:
        if network.embed is None:
            raise NetworkError(
                f"Symbols are explained in the space of their vectors: {x.dtype} came to a network without `embed`. "
                "Give the network an embedding, or x as floats."
            )
        with torch.no_grad():
            x = network.embed(x[:, None])[:, 0]
        network = Network(None, network.core, network.head)
    start = torch.zeros_like(x) if baseline is None else torch.as_tensor(baseline).to(x)
    if start.shape not in (x.shape, x.shape[1:]):
        raise ShapeError(
            f"`baseline` is [F] or [T, F], as what enters is: {tuple(x.shape)} wanted, {tuple(start.shape)} came."
        )
    return _Path(network, answer, start.expand(x.shape), x.detach(), state, symbols)


def _integral(
    path: _Path, start: float, end: float, tolerance: float, most_points: int, rounding: float
) -> tuple[Tensor, float, int, bool]:
    """The values, what their sum misses, the points taken, and whether that is within the tolerance.

    Completeness holds on every panel by itself, so that a panel's own gap says whether it is to be halved.
    """
    total = torch.zeros(path.stop.shape, dtype=torch.float64)
    missed, points = 0.0, 0
    pending = [(0.0, 1.0, start, end)]
    while True:
        found = [path.panel(low, high) for low, high, _, _ in pending]
        gaps = [float(values.sum()) - (b - a) for values, (_, _, a, b) in zip(found, pending, strict=True)]
        points += PANEL * len(pending)
        whole = total + torch.stack(found).sum(0)
        allowed = tolerance * float(whole.sum(1).abs().sum()) + rounding
        gap = float(whole.sum()) - (end - start)
        complete = missed + sum(map(abs, gaps)) <= allowed
        halved = [
            k for k, (low, high, _, _) in enumerate(pending) if abs(gaps[k]) > allowed / 2 * max(high - low, LEAST)
        ]
        if complete or not halved or points + 2 * PANEL * len(halved) > most_points:
            return (whole.sum(1) if path.symbols else whole), gap, points, abs(gap) <= allowed
        kept = set(range(len(pending))) - set(halved)
        total = total + sum((found[k] for k in kept), torch.zeros_like(total))
        missed += sum(abs(gaps[k]) for k in kept)
        pending = _halves([pending[k] for k in halved], path)


def _halves(panels: list[tuple[float, float, float, float]], path: _Path) -> list[tuple[float, float, float, float]]:
    """Two panels for each, with the answers at their ends."""
    middles = [(low + high) / 2 for low, high, _, _ in panels]
    answers = path.answers(torch.tensor(middles, dtype=torch.float64)).tolist()
    found = []
    for (low, high, a, b), middle, answer in zip(panels, middles, answers, strict=True):
        found += [(low, middle, a, answer), (middle, high, answer, b)]
    return found


def _say(gap: float, difference: float, points: int) -> None:
    say_once(
        "attribution gap",
        f"Attributions add up to the answer's difference from the baseline's within a tolerance: {points} points leave "
        f"a gap of {gap:.2g} to {difference:.3g}. Each one's `gap` says how much; more points: most_points=.",
    )
