"""How rare errors are among those before them, and where an incident begins: constant memory, one row at a time.

    a_vk       mean of the last k errors of kind v, for a few k: a jump shows at once, a lasting fault in the mean
    window     the last W of a_vk
    u, m       their (1 - q) quantile, and the mean by which those above it exceed it
    P_vk(x)    share of the window that is x or more, for x <= u;   q exp(-(x - u) / m) beyond
    rarity     1 - min(1, n min_vk P_vk(a_vk)), in [0, 1], n how many kinds times k there are (Bonferroni)
    alarm      rarity >= threshold, and none of the last R rows raised one

Beyond a high quantile, errors are taken to thin out exponentially, whatever their unit: so the threshold means the same
for every stream. u and m are taken anew every W / 128 rows, and always from errors before the one that is judged.

Sources: Pickands, Annals of Statistics 3(1), 1975 (excesses over a high threshold; here with shape 0), on streams:
Siffer et al., KDD 2017; the mean of the last few errors against a long window: Ahmad et al., Neurocomputing 262, 2017.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_REFITS_IN_WINDOW = 128
# Fewer errors say nothing of a tail.
_LEAST_ERRORS = 50
# Where all large errors are alike, a larger one is rare, but not by rounding alone.
_LEAST_EXCESS = 1e-6


class Tail:
    """Judges numbers against a window of those before.

    Args:
        window_rows: W, numbers kept, at least 1.
        share: q, the share of the window that counts as its tail, in (0, 1).
    """

    def __init__(self, window_rows: int, share: float) -> None:
        self._ring = np.zeros(window_rows)
        self._share = share
        self._seen = 0
        self._ordered: Floats = np.empty(0)
        self._u, self._m = 0.0, 0.0
        self._every = max(1, window_rows // _REFITS_IN_WINDOW)

    def step(self, x: float) -> float:
        """Judge a number, then take it into the window.

        Args:
            x: 0 or more, finite.

        Returns:
            P(x) in [0, 1]; 1 while fewer than 50 numbers are known.
        """
        if self._seen >= _LEAST_ERRORS and (not len(self._ordered) or self._seen % self._every == 0):
            self._fit()
        chance = self._chance(x) if len(self._ordered) else 1.0
        self._ring[self._seen % len(self._ring)] = x
        self._seen += 1
        return chance

    def to_tree(self) -> dict[str, Any]:
        """What it knows, in a tree (`base.trees`); `restore` takes it."""
        arrays = {"ring": as_tensor(self._ring), "ordered": as_tensor(self._ordered)}
        return arrays | {"seen": self._seen, "u": float(self._u), "m": float(self._m)}

    def restore(self, tree: Mapping[str, Any]) -> None:
        """Go on where `to_tree` of an equal one was."""
        self._ring, self._ordered = tree["ring"].numpy().copy(), tree["ordered"].numpy().copy()
        self._seen, self._u, self._m = tree["seen"], tree["u"], tree["m"]

    def _fit(self) -> None:
        self._ordered = np.sort(self._ring[: self._seen])
        self._u = float(np.quantile(self._ordered, 1 - self._share))
        above = self._ordered[np.searchsorted(self._ordered, self._u, "right") :]
        excess = float(np.mean(above - self._u)) if len(above) else 0.0
        self._m = max(excess, _LEAST_EXCESS * self._u, float(np.finfo(np.float64).tiny))

    def _chance(self, x: float) -> float:
        if x > self._u:
            # Divided first: what overflows here is a chance of 0.
            return self._share * float(np.exp(-min((x - self._u) / self._m, 700.0)))
        return 1 - float(np.searchsorted(self._ordered, x)) / len(self._ordered)


class Rarity:
    """Judges the errors of a row, each alone and in the mean of the last few, against those of the rows before.

    Args:
        kinds: errors a row has, at least 1.
        window_rows: W, rows kept, at least 1.
        tail_share: q, in (0, 1).
        spans: the k, in rows, each at least 1.
    """

    def __init__(self, kinds: int, window_rows: int, tail_share: float, spans: Sequence[int]) -> None:
        self._spans = tuple(spans)
        self._tails = [[Tail(window_rows, tail_share) for _ in range(kinds)] for _ in self._spans]
        self._last: Floats = np.empty((0, kinds))

    def step(self, errors: Sequence[float]) -> float:
        """Judge a row's errors, then take them into the windows.

        Args:
            errors: one of each kind, 0 or more, finite.

        Returns:
            The rarity, in [0, 1].
        """
        self._last = np.concatenate([self._last, [errors]])[-max(self._spans) :]
        chances = [
            tail.step(float(mean))
            for span, tails in zip(self._spans, self._tails, strict=True)
            for mean, tail in zip(self._last[-span:].mean(axis=0), tails, strict=True)
        ]
        return 1 - min(1.0, len(chances) * min(chances))

    def to_tree(self) -> dict[str, Any]:
        """What it knows, in a tree (`base.trees`); `restore` takes it."""
        return {"last": as_tensor(self._last), "tails": [[tail.to_tree() for tail in tails] for tails in self._tails]}

    def restore(self, tree: Mapping[str, Any]) -> None:
        """Go on where `to_tree` of an equal one was."""
        self._last = tree["last"].numpy().copy()
        for tails, stored in zip(self._tails, tree["tails"], strict=True):
            for tail, one in zip(tails, stored, strict=True):
                tail.restore(one)


class WindowMean:
    """Mean of the last W numbers.

    Args:
        window_rows: W, at least 1.
    """

    def __init__(self, window_rows: int) -> None:
        self._ring = np.zeros(window_rows)
        self._seen = 0
        self._sum = 0.0

    @property
    def mean(self) -> float:
        """Of the numbers so far, at most W; 0 before the first."""
        return self._sum / max(1, min(self._seen, len(self._ring)))

    def step(self, x: float) -> None:
        """Take in a number."""
        place = self._seen % len(self._ring)
        self._sum += x - self._ring[place]
        self._ring[place] = x
        self._seen += 1
        if place == len(self._ring) - 1:
            self._sum = float(self._ring.sum())  # what rounding lost does not add up for ever

    def to_tree(self) -> dict[str, Any]:
        """What it knows, in a tree (`base.trees`); `restore` takes it."""
        return {"ring": as_tensor(self._ring), "seen": self._seen, "sum": float(self._sum)}

    def restore(self, tree: Mapping[str, Any]) -> None:
        """Go on where `to_tree` of an equal one was."""
        self._ring, self._seen, self._sum = tree["ring"].numpy().copy(), tree["seen"], tree["sum"]


class Incidents:
    """Turns scores into alarms, one for each incident.

    Args:
        threshold: scores of this or more are alarming.
        rest_rows: R, rows after an alarm in which no other is raised.

    Attributes:
        resting: rows to come in which none is raised.
    """

    def __init__(self, threshold: float, rest_rows: int) -> None:
        self._threshold = threshold
        self._rest_rows = rest_rows
        self.resting = 0

    def step(self, score: float) -> bool:
        """Whether a row of that score raises an alarm."""
        if self.resting:
            self.resting -= 1
            return False
        alarm = bool(score >= self._threshold)
        self.resting = self._rest_rows if alarm else 0
        return alarm


def incidents(scores: ArrayLike, threshold: float, rest_rows: int) -> NDArray[np.bool_]:
    """Where incidents begin.

    Args:
        scores: [T] of one stream.
        threshold, rest_rows: as of `Incidents`.

    Returns:
        [T] bool.
    """
    rule = Incidents(threshold, rest_rows)
    return np.array([rule.step(score) for score in np.asarray(scores, np.float64)], np.bool_)


def as_tensor(values: Floats) -> torch.Tensor:
    """A copy of an array, for a tree."""
    return torch.from_numpy(values.copy())
