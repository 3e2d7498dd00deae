"""Truncated backpropagation through time by its definition, loss by loss, row by row, step by step.

Nothing here is shared with the engine but the network: no windows object, no masks, no batches. Each loss that an
update counts gets its own forward pass over single steps from the constant state at w_j and its own call of autograd.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

Parameters = list[nn.Parameter]
Known = dict[tuple[int, int, int], tuple[Tensor, tuple[Tensor | None, ...]]]


@dataclass
class Case:
    """Rows of unequal length that restart, with some losses absent."""

    x: Tensor  # [T, B, C]
    y: Tensor  # [T, B, K]
    weights: Tensor | None = None  # [T, B]
    lengths: Tensor | None = None  # [B]
    resets: Tensor | None = None  # [T, B]
    fresh: Callable[[Tensor, int], Any] | None = None

    @property
    def n(self) -> int:
        return self.x.shape[0]

    @property
    def rows(self) -> int:
        return self.x.shape[1]

    def arguments(self) -> dict[str, Any]:
        return {"weights": self.weights, "lengths": self.lengths, "resets": self.resets, "state": self.fresh}

    def ends(self, row: int) -> int:
        return self.n if self.lengths is None else int(self.lengths[row])

    def weight(self, step: int, row: int) -> float:
        if step > self.ends(row):
            return 0.0
        return 1.0 if self.weights is None else float(self.weights[step - 1, row])

    def restarts(self, step: int, row: int) -> bool:
        return self.resets is not None and bool(self.resets[step - 1, row])


@dataclass
class Reference:
    """What an update is to be."""

    start: int
    stop: int
    gradients: list[Tensor]
    losses: Tensor
    counted: float
    states: dict[int, Any] = field(default_factory=dict)  # row -> state after `stop`


def ragged_case(n: int, rows: int = 3, seed: int = 0, inputs: int = 2, outputs: int = 2, **parts: bool) -> Case:
    """A case in float64; `parts` leaves out lengths, resets or weights where false."""
    g = torch.Generator().manual_seed(1000 * seed + n)
    draw = {"generator": g, "dtype": torch.float64}
    x, y = torch.randn(n, rows, inputs, **draw), torch.randn(n, rows, outputs, **draw)
    lengths = torch.randint(0, n + 1, (rows,), generator=g)
    lengths[0] = n  # n is the longest row's length
    resets = torch.rand(n, rows, generator=g) < 0.2
    weights = torch.rand(n, rows, **draw) * (torch.rand(n, rows, generator=g) < 0.7)
    return Case(
        x,
        y,
        weights if parts.get("weights", True) else None,
        lengths if parts.get("lengths", True) else None,
        resets if parts.get("resets", True) else None,
    )


def brute_force(
    network: nn.Module,
    loss: Callable[[Tensor, Tensor], Tensor],
    case: Case,
    k1: int | None,
    k2: int | None,
    rule: str = "newest",
    learning_rate: float = 0.0,
    extra: Parameters | None = None,
    known: Known | None = None,
) -> list[Reference]:
    """Every update's gradient of the sum of weighted losses; between updates a plain gradient step of `learning_rate`.

    Updates that count nothing are left out. `known` keeps single losses of one case from call to call, for weights at
    rest: then a loss and its gradient depend on nothing but its step, its row and where its window begins.
    """
    assert known is None or learning_rate == 0
    n = case.n
    k1, k2 = k1 or n, k2 or n
    parameters = [*network.parameters(), *(extra or [])]
    stored: dict[int, dict[int, Any]] = {}
    found = []
    for before in range(0, n, k1):
        u = min(before + k1, n)
        w = max(0, u - k2)
        following = min(u + k1, n)
        if w > 0 and w not in stored:  # k2 < k1: the steps before the window run first
            stored[w] = {b: run(network, case, b, before, w, stored.get(before), None)[0] for b in range(case.rows)}
        update = one_update(network, loss, case, before, u, w, stored.get(w), rule, parameters, known)
        after = {step: {} for step in {u, max(0, following - k2)} if w < step <= u}
        for b in range(case.rows):
            for step in after:
                after[step][b] = run(network, case, b, w, step, stored.get(w), None)[0]
        stored.update(after)
        if update.counted:
            update.states = stored[u]
            found.append(update)
            with torch.no_grad():
                for p, g in zip(parameters, update.gradients, strict=True):
                    p -= learning_rate * g
    return found


def one_update(network, loss, case, before, u, w, constant, rule, parameters, known=None) -> Reference:
    counted_steps = {"newest": range(max(before, w) + 1, u + 1), "window": range(w + 1, u + 1), "cut": [u]}[rule]
    reported_steps = [u] if rule == "cut" else range(before + 1, u + 1)
    gradients = [torch.zeros_like(p) for p in parameters]
    losses = torch.zeros(u - before, case.rows, dtype=parameters[0].dtype)
    counted = 0.0
    for b in range(case.rows):
        for t in sorted({*counted_steps, *reported_steps}):
            weight = case.weight(t, b)
            if weight == 0:
                continue
            origin, begin = (w, constant) if t > w else (None, None)
            if origin is None:
                continue  # before the window: compared by the caller where it matters
            value, parts = one_loss(network, loss, case, (origin, t, b), begin, parameters, known)
            if t in reported_steps:
                losses[t - before - 1, b] = value
            if t in counted_steps:
                counted += weight
                gradients = [g if part is None else g + weight * part for g, part in zip(gradients, parts, strict=True)]
    return Reference(before, u, gradients, losses, counted)


def one_loss(network, loss, case, place, begin, parameters, known=None) -> tuple[Tensor, tuple[Tensor | None, ...]]:
    """The loss at a place (where its window begins, step, row), and its gradient."""
    if known is not None and place in known:
        return known[place]
    origin, t, b = place
    _, value = run(network, case, b, origin, t, begin, loss)
    found = value.detach(), torch.autograd.grad(value, parameters, allow_unused=True)
    if known is not None:
        known[place] = found
    return found


def run(network, case, row, start, stop, states, loss):
    """Row `row` over steps start + 1 .. stop, one at a time, from the constant `states`; its state and last loss."""
    initial = case.fresh or (lambda rows, step: None)
    state = initial(torch.tensor([row]), 0) if start == 0 else states[row]
    value = None
    for t in range(start + 1, stop + 1):
        if t > case.ends(row):
            continue
        if case.restarts(t, row):
            state = initial(torch.tensor([row]), t - 1)
        output, state = network(case.x[t - 1 : t, row : row + 1], state)
        if loss is not None and t == stop:
            value = loss(output.flatten(0, 1), case.y[t - 1 : t, row : row + 1].flatten(0, 1)).reshape(1, -1).mean()
    if loss is None:
        state = torch.utils._pytree.tree_map(lambda s: s.detach() if isinstance(s, Tensor) else s, state)
    return state, value
