"""Purchases that nobody made: a generator of (user, item, time) with what a sequence model could find in real ones.

    group g     `items / groups` items each; g and the items in it are bought by Zipf's law
    user u      favours `FAVOURITES` groups; before each purchase one of them is replaced with probability `DRIFT`
    purchase    with COMPLEMENT  what goes with an item bought `lag` purchases before, if such a lag is that item's
                with REPEAT      something the user bought before
                else             an item of a favoured group

Each item has one complement, in any group, and one lag of 1 .. `LAGS`: to know what comes next, one has to remember
what came several purchases ago. How many purchases a user makes is geometric, from 1 on; the gaps between them are
exponential. Made up from numbers drawn by numpy from one seed, step by step over all users at once.

Dimensions: N purchases, T purchases of the busiest user, U users, V items.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from throughtime.base.checks import Checks

FAVOURITES = 3  # groups a user favours at a time
DRIFT, COMPLEMENT, REPEAT = 0.05, 0.35, 0.1
LAGS = 3  # purchases that a complement is bought later, at most
MOST_PURCHASES = 500  # of one user: a longer tail would be a wholesaler
MEAN_GAP_S = 5 * 86_400
FIRST_DAY = np.datetime64("2024-01-01", "s")


@dataclass(frozen=True)
class Purchases:
    """Purchases in the order of time.

    Args:
        users: [N] int64, from 0.
        items: [N] int64, from 0.
        times: [N] datetime64[s].
    """

    users: NDArray[np.int64]
    items: NDArray[np.int64]
    times: NDArray[np.datetime64]


def synthetic_purchases(
    users: int = 2000, items: int = 1000, events: int = 40_000, *, groups: int | None = None, seed: int = 0
) -> Purchases:
    """Make purchases up.

    Args:
        users: U, at least 1.
        items: V, at least 10.
        events: purchases wanted on average, at least `users`; the number made is within a few per cent of it.
        groups: of items, 1 .. V; None: V / 100, and at least 5.
        seed: 0 or more; the same one gives the same purchases.

    Raises:
        ConfigError: an argument is out of range.
    """
    checks = Checks()
    users, items = checks.whole("users", users), checks.whole("items", items, 10)
    events, seed = checks.whole("events", events, users), checks.whole("seed", seed, 0)
    groups = max(5, items // 100) if groups is None else checks.whole("groups", groups, below=items + 1)
    checks.report("synthetic_purchases")
    rng = np.random.default_rng(seed)
    counts = np.sort(np.minimum(rng.geometric(users / events, users), MOST_PURCHASES))[::-1]
    bought = _Shop(items, groups, rng).serve(counts)
    there = bought >= 0
    gaps = rng.exponential(MEAN_GAP_S, bought.shape)
    starts = rng.uniform(0, 365 * 86_400, users)
    seconds = (starts + gaps.cumsum(0))[there].astype(np.int64)
    names = rng.permutation(users)  # so that a number says nothing of how busy its user is
    who = np.broadcast_to(names, bought.shape)[there]
    order = np.argsort(seconds, kind="stable")  # of purchases at the same second, the user's earlier one first
    return Purchases(who[order], bought[there][order], FIRST_DAY + seconds[order].astype("timedelta64[s]"))


class _Shop:
    """Items in groups, with complements; serves all users, a purchase each at a time."""

    def __init__(self, items: int, groups: int, rng: np.random.Generator) -> None:
        self._rng = rng
        self._members = np.array_split(rng.permutation(items), groups)
        self._sizes = np.array([len(each) for each in self._members])
        self._first = np.concatenate([[0], self._sizes.cumsum()[:-1]])
        self._numbers = np.concatenate(self._members)
        self._complement, self._lag = rng.permutation(items), rng.integers(1, LAGS + 1, items)
        self._group_ends = _zipf_ends(groups)
        self._item_ends = _zipf_ends(int(self._sizes.max()))

    def serve(self, counts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Items [T, U] that users with so many purchases, falling, buy one after another; -1 past a user's last."""
        rng, users = self._rng, len(counts)
        favoured = self._groups((users, FAVOURITES))
        bought = np.full((int(counts[0]), users), -1, dtype=np.int64)
        for step in range(len(bought)):
            active = int(np.searchsorted(-counts, -step, side="left"))  # those with more than `step` purchases
            places = np.arange(active)
            moved = np.flatnonzero(rng.random(active) < DRIFT)
            favoured[moved, rng.integers(FAVOURITES, size=len(moved))] = self._groups(len(moved))
            chosen = self._from_group(favoured[places, rng.integers(FAVOURITES, size=active)])
            if step:
                kind = rng.random(active)
                again = bought[rng.integers(step, size=active), places]
                chosen = np.where(kind < REPEAT, again, chosen)
                due = self._due(bought[max(0, step - LAGS) : step, :active])
                chosen = np.where((kind > 1 - COMPLEMENT) & (due >= 0), due, chosen)
            bought[step, :active] = chosen
        return bought

    def _due(self, recent: NDArray[np.int64]) -> NDArray[np.int64]:
        """The complement whose lag is over now, of the latest such purchase; -1 where there is none."""
        due = np.full(recent.shape[1], -1, dtype=np.int64)
        for lag in range(len(recent), 0, -1):
            item = recent[-lag]
            due = np.where(self._lag[item] == lag, self._complement[item], due)
        return due

    def _groups(self, shape: int | tuple[int, ...]) -> NDArray[np.int64]:
        return np.searchsorted(self._group_ends, self._rng.random(shape))

    def _from_group(self, groups: NDArray[np.int64]) -> NDArray[np.int64]:
        ranks = np.searchsorted(self._item_ends, self._rng.random(len(groups)))
        return self._numbers[self._first[groups] + ranks % self._sizes[groups]]


def _zipf_ends(count: int) -> NDArray[np.float64]:
    """Ends of `count` intervals of [0, 1] that are as long as 1 / rank."""
    ends = (1 / np.arange(1, count + 1)).cumsum()
    return ends / ends[-1]
