"""Many short histories as few long rows: the users of an epoch, one after the other, side by side in B rows.

    row b:     user 7 ............ user 2 ... user 9 ....... user 4 ..
    resets     ^                  ^          ^              ^            the state begins afresh
    x, y       a purchase, and the one after it; a history of n purchases has n - 1 such pairs, one of 1 has none

No step is padded but at the rows' ends. TBPTT(k, k) cuts the rows every k steps: the state is carried over the cut, so
a user's past is known however long, while the gradient goes back to the cut. A pure function of (seed, epoch).

Dimensions: T steps, B rows, V items.
Source: Hidasi et al. 2016, arXiv 1511.06939 (sessions side by side, one following the other).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch

from throughtime.bptt import TBPTT, Piece
from throughtime.data.ragged import epoch_order
from throughtime.tasks.histories import Histories

# Steps of a window, and updates an epoch has at least. A longer window trains on longer memories and takes fewer
# updates; histories of customers are short.
WINDOW_STEPS, UPDATES_AN_EPOCH = 40, 20


class PackedRows:
    """One piece an epoch, with every history in it.

    Args:
        histories: of at least one user with two purchases.
        items: V; a purchase of number V is read, but not to be told.
        rows: B, at least 1.
        seed: of the order of users.
        device: where the pieces go.
    """

    def __init__(self, histories: Histories, items: int, rows: int, seed: int, device: torch.device) -> None:
        self._histories = histories.some(np.flatnonzero(histories.lengths > 1))
        self._items, self._rows, self._seed, self._device = items, rows, seed, device
        self._piece = lru_cache(maxsize=1)(self._packed)

    def __len__(self) -> int:
        """One piece an epoch."""
        return 1

    def __getitem__(self, place: tuple[int, int]) -> Piece:
        """The piece of (epoch, 0)."""
        return self._piece(place[0])

    def _packed(self, epoch: int) -> Piece:
        shuffled = self._histories.some(epoch_order(len(self._histories), self._seed, epoch))
        pairs = shuffled.lengths - 1
        ends = pairs.cumsum()
        row = (ends - 1) * self._rows // ends[-1]  # of each user: that in which its last pair lies
        lengths = np.bincount(row, pairs, self._rows).astype(np.int64)
        at = np.repeat(row, pairs)
        step = np.arange(ends[-1]) - (lengths.cumsum() - lengths)[at]
        first = ends - pairs
        has_next = np.ones(len(shuffled.items), dtype=bool)
        has_next[shuffled.starts[1:] - 1] = False
        places = np.flatnonzero(has_next)
        shape = (int(lengths.max()), self._rows)
        read, told = (np.zeros(shape, dtype=np.int64) for _ in range(2))
        resets = np.zeros(shape, dtype=bool)
        read[step, at], told[step, at] = shuffled.items[places], shuffled.items[places + 1]
        resets[step[first], at[first]] = True
        known = told < self._items
        weights = None if known.all() else torch.from_numpy(known).float()
        told[~known] = 0
        x, y = (torch.from_numpy(each).to(self._device) for each in (read, told))
        return Piece(x, y, weights, torch.from_numpy(lengths), torch.from_numpy(resets))


def choose_rows(pairs: int, rows: int) -> int:
    """B for so many pairs: `rows`, fewer where an epoch would have under 20 updates of 40 steps."""
    return max(1, min(rows, pairs // (WINDOW_STEPS * UPDATES_AN_EPOCH)))


def choose_schedule(pairs: int, rows: int) -> TBPTT:
    """TBPTT(k, k) with k <= 40, shorter where an epoch would have under 20 updates."""
    k = max(1, min(WINDOW_STEPS, pairs // (rows * UPDATES_AN_EPOCH)))
    return TBPTT(k, k)
