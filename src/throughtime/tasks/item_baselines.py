"""What a model of purchases must stand beside: what everyone buys, and what is bought after the last item.

    popularity   p(j) = c_j / sum of c
    markov       p(j | i) = (c_ij + m p(j)) / (c_i + m)        c_ij: how often j came right after i

m purchases' worth of popularity stand behind every item: after one that was followed rarely, or never, the ranking is
that of popularity.

Dimensions: N users, V items.
Source: Zhai & Lafferty, ACM TOIS 22(2), 2004 (smoothing by a Dirichlet prior).
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


def _chunks(users: int) -> Iterator[NDArray[np.int64]]:
    for start in range(0, users, USERS_AT_ONCE):
        yield np.arange(start, min(start + USERS_AT_ONCE, users))
