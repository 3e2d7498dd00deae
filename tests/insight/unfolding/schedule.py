"""The definition of TBPTT(k1, k2), written out step by step from the design's section 4, sharing nothing with the code.

u[j] = min(j k1, n)    w[j] = max(0, u[j] - k2)    N[j] = (u[j-1], u[j]]    W[j] = (w[j], u[j]]
"""

from __future__ import annotations

from typing import NamedTuple


class Drawn(NamedTuple):
    """What one lane shows: sets of steps from 1, and places from 0 to n."""

    new: frozenset[int]
    again: frozenset[int]
    without_gradient: frozenset[int]
    injected: frozenset[int]
    unused: frozenset[int]
    errors: tuple[int, int]  # from u to w
    cut: int | None
    update: int


def defined(n: int, k1: int, k2: int, rule: str) -> list[Drawn]:
    """Every lane."""
    lanes, before = [], 0
    while before < n:
        u = before + k1 if before + k1 < n else n
        w = u - k2 if u - k2 > 0 else 0
        new = {t for t in range(1, n + 1) if before < t <= u}
        window = {t for t in range(1, n + 1) if w < t <= u}
        injected = {"newest": new & window, "window": window, "cut": {u}}[rule]
        reported = {u} if rule == "cut" else new
        lanes.append(
            Drawn(
                new=frozenset(new & window),
                again=frozenset(window - new),
                without_gradient=frozenset(new - window),
                injected=frozenset(injected),
                unused=frozenset(reported - injected),
                errors=(u, w),
                cut=w if w > 0 else None,
                update=u,
            )
        )
        before = u
    return lanes


def every_schedule(most: int) -> list[tuple[int, int, int]]:
    """All n, k1, k2 with 1 <= k1, k2 <= n <= most."""
    return [(n, k1, k2) for n in range(1, most + 1) for k1 in range(1, n + 1) for k2 in range(1, n + 1)]
