"""How long a window must be: the bias of truncation, measured on a trained network, and the shortest k2 within it.

    g_K    gradient of one loss with the state K steps before it held constant
    b(K) = sqrt( E ||g_K - g_R||^2 / E ||g_R||^2 )        R the longest window measured

over losses at several steps and rows. Rows are summed with random signs, which gives the mean of squared norms over
rows from one gradient: E ||sum s_i v_i||^2 = sum ||v_i||^2 for independent signs s_i.

A network trained over windows of k2 steps has learned nothing that needs longer ones, and R steps show nothing beyond
R: the answer is one for this network, not for the task.

Source: Aicher, Foti & Fox 2019, arXiv 1905.07473 (a tolerated relative bias chooses K; there a bound from the decay of
state gradients, here the gradients themselves).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from throughtime.base.checks import as_number, as_whole
from throughtime.base.errors import ConfigError, DataError
from throughtime.bptt.losses import Loss, kept_entries, score
from throughtime.bptt.nests import Nest, detached
from throughtime.bptt.plan import TBPTT
from throughtime.bptt.protocol import refuse_bidirectional, refuse_unsplittable
from throughtime.bptt.reach import left_as_found
from throughtime.bptt.rows import Point, Rows, State
from throughtime.bptt.steps import Piece, Steps, check

# Neighbouring windows are so much apart, so that the answer is at most so much longer than need be.
APART = math.sqrt(2)
LONGEST = 400  # windows measured where nothing is said: as long as whole sequences are taken to be one gradient
PLACES = 8  # steps whose losses are measured
TOLERANCE = 0.3


@dataclass(frozen=True)
class Bias:
    """Relative bias of truncated gradients.

    Args:
        windows: K, ascending.
        bias: b(K) of each; the last is 0 by definition.
        losses: measured.
    """

    windows: tuple[int, ...]
    bias: tuple[float, ...]
    losses: int

    def shortest(self, tolerance: float) -> int:
        """The first window from which on all biases are at most `tolerance`."""
        found = self.windows[-1]
        for window, bias in zip(reversed(self.windows), reversed(self.bias), strict=True):
            if not bias <= tolerance:
                break
            found = window
        return found

    def why(self, tolerance: float) -> str:
        """What was found and what follows, in a sentence or two."""
        k2, longest = self.shortest(tolerance), self.windows[-1]
        before = [(w, b) for w, b in zip(self.windows, self.bias, strict=True) if w < k2]
        below = f"; {before[-1][0]} steps leave {before[-1][1]:.0%} of it out" if before else ""
        said = (
            f"Windows of {k2} steps hold the gradient of {self.losses} losses, measured over {longest} steps, to "
            f"{tolerance:.0%}{below}."
        )
        if before and before[-1][0] == self.windows[-2]:
            return f"{said} That is the longest measured: the network may reach further."
        return said


def truncation_bias(
    network: nn.Module,
    loss: Loss,
    data: Piece,
    windows: Sequence[int],
    *,
    state: Nest | State = None,
    places: int = PLACES,
    seed: int = 0,
) -> Bias:
    """Measure b(K) for every K of `windows`.

    Runs in evaluation mode; parameters, their gradients, modes and torch's generators stay as they are.

    Args:
        network: called as network(x, state) -> (output, state); causal and splittable.
        loss: as in `through_time`.
        data: sequences with losses; steps with full windows before them are measured where there are any.
        windows: K, 1 .. T.
        state: before the first step, as in `through_time`.
        places: steps whose losses are measured, spread over those that have one.
        seed: of the signs.

    Raises:
        DataError: no step has a loss, or no loss depends on the network's parameters.
    """
    steps, longest = check(data), max(windows)
    ends = _places(steps, longest, places)
    rows = Rows(network, state, 0, None)
    parameters = [p for p in network.parameters() if p.requires_grad]
    signs = torch.Generator().manual_seed(seed)
    apart, whole, losses = dict.fromkeys(windows, 0.0), 0.0, 0
    with left_as_found(network):
        points = _points(rows, steps, {max(0, end - K) for end in ends for K in windows})
        for end in ends:
            sign = torch.randint(0, 2, (steps.rows,), generator=signs) * 2.0 - 1
            losses += int(kept_entries(steps.slice(end - 1, end)).number)
            gradients = {
                K: _gradient(rows, loss, steps, points[max(0, end - K)], (max(0, end - K), end), sign, parameters)
                for K in windows
            }
            whole += float(gradients[longest].square().sum())
            for K, gradient in gradients.items():
                apart[K] += float((gradient - gradients[longest]).square().sum())
    if not whole > 0:
        raise DataError(
            f"The bias of a window compares gradients: over {longest} steps those of {losses} losses are 0 or not "
            "finite. Check requires_grad and detach() in the network and the loss."
        )
    ordered = sorted(windows)
    return Bias(tuple(ordered), tuple(math.sqrt(apart[K] / whole) for K in ordered), losses)


def choose(
    network: nn.Module,
    loss: Loss,
    data: Piece,
    *,
    k1: int | None = None,
    longest: int | None = None,
    tolerance: float = TOLERANCE,
    state: Nest | State = None,
    say: Callable[[str], Any] | None = None,
) -> TBPTT:
    """See `TBPTT.auto`."""
    refuse_unsplittable(network)
    refuse_bidirectional(network, "windows are cut between steps")
    number, steps = as_number(tolerance), check(data).count
    if number is None or not 0 < number < 1:
        raise ConfigError(f"`tolerance` lies between 0 and 1: {tolerance!r} came. 0.3 lets three tenths of it go.")
    most = max(1, min(steps // 2, LONGEST)) if longest is None else as_whole(longest)
    if most is None or not 1 <= most <= steps:
        raise ConfigError(f"`longest` is a number of steps, 1 .. {steps}: {longest!r} came.")
    found = truncation_bias(network, loss, data, ladder(most), state=state)
    k2 = found.shortest(number)
    schedule = TBPTT(k2 if k1 is None else k1, k2)
    if say is not None:
        say(f"TBPTT({schedule}): {found.why(number)}")
    return schedule


def ladder(longest: int) -> list[int]:
    """Windows from 1 to `longest`, each about a factor of `APART` longer than the one before."""
    count = math.ceil(math.log(longest, APART)) if longest > 1 else 0
    return sorted({min(longest, math.ceil(longest / APART**k)) for k in range(count + 1)} | {1, longest})


def _places(steps: Steps, longest: int, places: int) -> list[int]:
    """Steps, as ends of windows, of many losses; with whole windows before them, if there are such."""
    mask = kept_entries(steps).mask
    losses = torch.full((steps.count,), steps.rows) if mask is None else mask.sum(1)
    whole = losses[longest - 1 :]
    if bool(whole.any()):
        losses = torch.cat([torch.zeros(longest - 1, dtype=losses.dtype), whole])
    if not bool(losses.any()):
        raise DataError("The bias of a window is that of losses' gradients: no step of the data has a loss.")
    found = ((losses > 0) & (losses >= losses.max() / 2)).nonzero().squeeze(1).add(1).tolist()
    return sorted({found[round(k * (len(found) - 1) / max(1, places - 1))] for k in range(places)})


def _points(rows: Rows, steps: Steps, starts: set[int]) -> dict[int, Point]:
    """The states at the starts of windows; one pass without gradient, whose outputs are not kept."""
    beginning = rows.beginning(steps.rows)
    found = {0: Point(detached(beginning.state), beginning.resets_seen)}
    with torch.no_grad():
        for a, b in pairwise(sorted(starts | {0})):
            found[b] = rows.run(steps.slice(a, b), a, found[a])[2]
    return found


def _gradient(
    rows: Rows,
    loss: Loss,
    steps: Steps,
    point: Point,
    span: tuple[int, int],
    sign: Tensor,
    parameters: list[nn.Parameter],
) -> Tensor:
    """Of the losses at a window's last step, each row with its sign; parameters of all in one vector."""
    begin, end = span
    last = steps.slice(end - 1, end)
    kept = kept_entries(last)
    stretches, _, _ = rows.run(steps.slice(begin, end), begin, point)
    values = score(loss, stretches, last, end - 1, kept).values
    signs = sign if kept.mask is None else sign[kept.mask[0]]
    if kept.weights is not None:
        signs = signs * kept.weights.to(signs)
    total = (values * signs.to(values)).sum()
    if not total.requires_grad:  # what the loss depends on lies before the window
        return torch.zeros(sum(p.numel() for p in parameters), dtype=torch.float64)
    found = torch.autograd.grad(total, parameters, allow_unused=True)
    flat = [torch.zeros_like(p) if g is None else g for p, g in zip(parameters, found, strict=True)]
    return torch.cat([g.flatten().double() for g in flat])
