"""Runs the engine as tests do, and compares what its updates gave."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tests.bptt.brute_force import Case
from throughtime.bptt import TBPTT, Piece, leaves, through_time

RULES = ["newest", "window", "cut"]
# Only the order of summation may differ, so the tolerance is rounding.
EXACT = {"rtol": 1e-10, "atol": 1e-12}


def squared(output: Tensor, target: Tensor) -> Tensor:
    return (output - target).pow(2)


def take(network, case: Case, schedule: TBPTT, learning_rate: float = 0.0, extra=(), **kwargs):
    """Run the engine; each update with a copy of its gradients, and a plain gradient step after it."""
    parameters = [*network.parameters(), *extra]
    found = []
    arguments = case.arguments() | {"normalise": "sum"} | kwargs
    network.zero_grad()
    for update in through_time(network, squared, case.x, case.y, schedule, **arguments):
        found.append((update, step(parameters, learning_rate)))
    return found


def step(parameters, learning_rate: float) -> list[Tensor]:
    gradients = [torch.zeros_like(p) if p.grad is None else p.grad.clone() for p in parameters]
    with torch.no_grad():
        for p, g in zip(parameters, gradients, strict=True):
            p -= learning_rate * g
            p.grad = None
    return gradients


def assert_equal(found, expected) -> None:
    assert [(u.start, u.stop) for u, _ in found] == [(r.start, r.stop) for r in expected]
    for (update, gradients), reference in zip(found, expected, strict=True):
        torch.testing.assert_close(gradients, reference.gradients, **EXACT)
        assert update.counted == pytest.approx(reference.counted, rel=1e-12)
        inside = slice(max(0, update.window_start - update.start), None)  # the reference has no loss before the window
        torch.testing.assert_close(update.losses[inside], reference.losses[inside], **EXACT)


def pieces_of(case: Case, sizes) -> list[Piece]:
    pieces, start = [], 0
    for size in sizes:
        part = slice(start, start + size)
        lengths = None if case.lengths is None else (case.lengths - start).clamp(0, len(case.x[part]))
        cut = (t if t is None else t[part] for t in (case.weights, case.resets))
        weights, resets = cut
        pieces.append(Piece(case.x[part], case.y[part], weights, lengths, resets))
        start += size
    return pieces


def assert_same_updates(found, expected) -> None:
    def places(updates):
        return [(u.start, u.stop, u.window_start) for u, _ in updates]

    assert places(found) == places(expected)
    for (a, ga), (b, gb) in zip(found, expected, strict=True):
        torch.testing.assert_close((ga, a.loss, a.losses), (gb, b.loss, b.losses), **EXACT)
        torch.testing.assert_close(list(leaves(a.state)), list(leaves(b.state)), **EXACT)
