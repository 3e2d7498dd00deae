"""All items ranked for what a user buys next, the same way for every method.

    rank of item t = 1 + number of items j with s_j > s_t, or s_j = s_t and j < t

Equal scores are thus ranked by popularity, as items are numbered from the most bought one on. Where what a user has
already is not to be told again, `WithoutSeen` takes it out of any method's scores.

Dimensions: N users, V items.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from throughtime.tasks.histories import Codes, Histories

# Users whose scores of all items are at hand at once: 51 MB for 50,000 items.
USERS_AT_ONCE = 256


class Ranker(Protocol):
    """What ranks items after histories."""

    def scores(self, histories: Histories) -> Iterator[tuple[NDArray[np.int64], Tensor]]:
        """Some users' places [n] in `histories` and their scores [n, V], the higher the likelier; every user once."""
        ...


class WithoutSeen:
    """A method that never tells what the user bought before: those scores are -inf.

    Args:
        ranker: the method.
    """

    def __init__(self, ranker: Ranker) -> None:
        self._ranker = ranker

    def scores(self, histories: Histories) -> Iterator[tuple[NDArray[np.int64], Tensor]]:
        """As a `Ranker`."""
        for places, scores in self._ranker.scores(histories):
            yield places, without(scores, [histories.of_user(place) for place in places])


def without(scores: Tensor, seen: Sequence[Codes]) -> Tensor:
    """Scores [N, V] with -inf at the items of each row's list; numbers that are no item are passed over."""
    row = np.repeat(np.arange(len(seen)), [len(numbers) for numbers in seen])
    item = np.concatenate(seen)
    known = item < scores.shape[1]
    at = torch.from_numpy(row[known]).to(scores.device), torch.from_numpy(item[known]).to(scores.device)
    return scores.index_put(at, scores.new_tensor(-torch.inf))


def ranks_of(scores: Tensor, target: Tensor) -> Tensor:
    """The rank of the true item among all, from 1.

    Args:
        scores: [N, V].
        target: [N] int64, 0 .. V - 1.

    Returns:
        [N] int64.
    """
    own = scores.gather(1, target[:, None])
    before = torch.arange(scores.shape[1], device=scores.device) < target[:, None]
    return 1 + (scores > own).sum(1) + ((scores == own) & before).sum(1)


def last_ranks(ranker: Ranker, histories: Histories, items: int) -> Codes:
    """The rank of each user's last purchase, told from those before it.

    Args:
        ranker: the method.
        histories: of users with at least two purchases.
        items: V; a last purchase of number V is not known.

    Returns:
        [N] int64, from 1; V + 1 where the last purchase is not known.
    """
    target = torch.from_numpy(histories.last)
    ranks = np.full(len(histories), items + 1, dtype=np.int64)
    for places, scores in ranker.scores(histories.without_last()):
        known = torch.from_numpy(np.flatnonzero(target[places].numpy() < items)).to(scores.device)
        where = places[known.cpu().numpy()]
        ranks[where] = ranks_of(scores[known], target[where].to(scores.device)).cpu().numpy()
    return ranks


def top_items(scores: Tensor, top: int) -> Tensor:
    """The `top` best items [N, top] of scores [N, V], best first; of equal ones the more bought first."""
    found, places = scores.topk(top)
    # topk leaves the order of equal scores open, and which of those at its edge it takes.
    least = found[:, -1:]
    at_edge = ((scores == least).sum(1) > (found == least).sum(1)).nonzero().squeeze(1)
    order = places.argsort(1)
    places, found = places.gather(1, order), found.gather(1, order)
    places = places.gather(1, found.argsort(dim=1, descending=True, stable=True))
    if len(at_edge):
        places[at_edge] = scores[at_edge].argsort(dim=1, descending=True, stable=True)[:, :top]
    return places
