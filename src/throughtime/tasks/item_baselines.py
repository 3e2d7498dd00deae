"""What a model of purchases must stand beside: what everyone buys, what is bought after the last item, and with others.

    popularity   p(j) = c_j / sum of c
    markov       p(j | i) = (c_ij + m p(j)) / (c_i + m)        c_ij: how often j came right after i
    neighbours   s_j = sum over i != j of w_i cos(i, j)        w_i = d^(purchases since the user's last i)

m purchases' worth of popularity stand behind every item: after one that was followed rarely, or never, the ranking is
that of popularity. cos(i, j) = u_ij / sqrt(u_i u_j), where u_i users bought i and u_ij both. No table [V, V] is kept:
weights are spread over the users that bought the items, and from them over what these bought.

Dimensions: N users, V items, U users in training.
Sources: Zhai & Lafferty, ACM TOIS 22(2), 2004 (smoothing by a Dirichlet prior); Linden, Smith & York, IEEE Internet
Computing 7(1), 2003 (items like those bought); Ludewig & Jannach 2018, arXiv 1803.09587 (weights that fall with age).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor

from throughtime.base.checks import Checks
from throughtime.tasks.histories import Histories
from throughtime.tasks.item_ranking import USERS_AT_ONCE


class Popularity:
    """Ranks items by how often they were bought, for every user alike.

    Attributes:
        share_: [V] of all purchases in training.
    """

    def fit(self, histories: Histories, items: int) -> Self:
        """Count.

        Args:
            histories: of training.
            items: V; purchases of number V are not known, and not counted.
        """
        counts = np.bincount(histories.items, minlength=items + 1)[:items]
        self.share_ = counts / max(counts.sum(), 1)
        return self

    def scores(self, histories: Histories) -> Iterator[tuple[NDArray[np.int64], Tensor]]:
        """As a `Ranker`; scores are probabilities."""
        for places in _chunks(len(histories)):
            yield places, torch.from_numpy(self.share_).expand(len(places), -1)


class Markov:
    """Ranks items by how often they came right after the user's last one.

    Args:
        back_off: m, purchases that popularity counts for, above 0.

    Raises:
        ConfigError: `back_off` is out of range.
    """

    def __init__(self, back_off: float = 1.0) -> None:
        checks = Checks()
        self.back_off = checks.number("back_off", back_off, above=0)
        checks.report("Markov")

    def fit(self, histories: Histories, items: int) -> Self:
        """Count pairs.

        Args:
            histories: of training.
            items: V; pairs with a purchase of number V are not counted.
        """
        self._popularity = Popularity().fit(histories, items)
        follows = np.ones(len(histories.items), dtype=bool)
        follows[histories.starts[1:] - 1] = False  # a user's last has none after it
        places = np.flatnonzero(follows)
        before, after = histories.items[places], histories.items[places + 1]
        known = (before < items) & (after < items)
        ones = np.ones(int(known.sum()))
        # One row more, empty: nothing is known of what comes after an unknown item.
        self._counts = csr_array((ones, (before[known], after[known])), shape=(items + 1, items))
        return self

    def scores(self, histories: Histories) -> Iterator[tuple[NDArray[np.int64], Tensor]]:
        """As a `Ranker`; scores are probabilities."""
        for places in _chunks(len(histories)):
            counts = self._counts[histories.last[places]].toarray()
            total = counts.sum(1, keepdims=True) + self.back_off
            yield places, torch.from_numpy((counts + self.back_off * self._popularity.share_) / total)


class Neighbours:
    """Ranks items by how often the same users bought them and what this user bought, the latest counting most.

    Args:
        decay: d, what a purchase counts against the one after it, above 0 and at most 1.

    Raises:
        ConfigError: `decay` is out of range.
    """

    def __init__(self, decay: float = 0.7) -> None:
        checks = Checks()
        self.decay = checks.number("decay", decay, above=0, most=1)
        checks.report("Neighbours")

    def fit(self, histories: Histories, items: int) -> Self:
        """Note who bought what.

        Args:
            histories: of training.
            items: V; purchases of number V are not counted.
        """
        who, bought = _of_users(histories, items)
        has = csr_array((np.ones(len(bought)), (who, bought)), shape=(len(histories), items))
        has.data[:] = 1.0  # bought twice counts once
        self._scale = 1 / np.sqrt(np.maximum(has.sum(0), 1))
        self._has, self._of_item = has, has.T.tocsr()
        self._popularity = Popularity().fit(histories, items)
        return self

    def scores(self, histories: Histories) -> Iterator[tuple[NDArray[np.int64], Tensor]]:
        """As a `Ranker`; scores are similarities, popularity's order among those of 0."""
        # Smaller than any similarity that counts: one purchase of a decay's far end.
        tie = 1e-9 * self._popularity.share_
        for places in _chunks(len(histories)):
            weights = self._weights(histories, places)
            scaled = weights * self._scale
            found = ((scaled @ self._of_item) @ self._has).toarray() * self._scale
            yield places, torch.from_numpy(found - weights.toarray() + tie)

    def _weights(self, histories: Histories, places: NDArray[np.int64]) -> csr_array:
        """[n, V] what each item of these users' histories counts; of one bought twice, its last purchase."""
        some = histories.some(places)
        who, bought = _of_users(some, self._has.shape[1])
        age = (np.repeat(some.starts[1:], some.lengths) - 1 - np.arange(len(some.items)))[
            some.items < self._has.shape[1]
        ]
        order = np.lexsort((age, bought, who))
        newest = np.ones(len(order), dtype=bool)
        newest[1:] = (np.diff(who[order]) != 0) | (np.diff(bought[order]) != 0)
        kept = order[newest]
        return csr_array((self.decay ** age[kept], (who[kept], bought[kept])), shape=(len(places), self._has.shape[1]))


def _of_users(histories: Histories, items: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """User places and items of all purchases of a known item."""
    known = histories.items < items
    return np.repeat(np.arange(len(histories)), histories.lengths)[known], histories.items[known]


def _chunks(users: int) -> Iterator[NDArray[np.int64]]:
    for start in range(0, users, USERS_AT_ONCE):
        yield np.arange(start, min(start + USERS_AT_ONCE, users))
