"""Ranks, judged by sorting all scores."""

import numpy as np
import pytest
import torch

from throughtime.tasks.histories import Histories
from throughtime.tasks.item_ranking import WithoutSeen, last_ranks, ranks_of, top_items, without


@pytest.mark.parametrize("ties", [False, True])
def test_ranks_are_places_in_a_stable_sort(ties):
    torch.manual_seed(0)
    scores = torch.randint(4, (50, 30)).float() if ties else torch.randn(50, 30)
    target = torch.randint(30, (50,))
    order = np.argsort(-scores.numpy(), axis=1, kind="stable")
    wanted = [int(np.flatnonzero(row == t)[0]) + 1 for row, t in zip(order, target.tolist(), strict=True)]
    assert ranks_of(scores, target).tolist() == wanted


@pytest.mark.parametrize("levels", [2, 5, 1000])
def test_top_items_are_the_first_of_a_stable_sort(levels):
    torch.manual_seed(0)
    scores = torch.randint(levels, (40, 60)).float()
    order = np.argsort(-scores.numpy(), axis=1, kind="stable")
    for top in (1, 7, 60):
        assert top_items(scores, top).tolist() == order[:, :top].tolist()


class Newest:
    """Ranks the newest purchase first, the others by number; gives users in chunks and backwards."""

    def __init__(self, items):
        self.items = items

    def scores(self, histories):
        for place in range(len(histories))[::-1]:
            scores = torch.zeros(1, self.items)
            if histories.last[place] < self.items:
                scores[0, histories.last[place]] = 1
            yield np.array([place]), scores


def test_last_purchases_are_ranked_from_those_before_them():
    histories, _ = Histories.of(list("aabbbccdd"), [3, 3, 1, 2, 0, 1, 0, 4, 5])
    histories = histories.renumbered(np.array([3, 1, 2, 0, 4, 5]))
    # a: 3 after 3; b: 0 after 2; c: 0 after 1; d: item 5, which is not known, after an unknown one
    assert last_ranks(Newest(4), histories, 4).tolist() == [1, 2, 2, 5]


def test_what_was_seen_is_taken_out_and_nothing_else_moves():
    scores = torch.arange(12.0).view(3, 4)
    found = without(scores, [np.array([1, 1, 4]), np.array([], dtype=np.int64), np.array([0, 3])])
    wanted = scores.clone()
    wanted[0, 1] = wanted[2, 0] = wanted[2, 3] = -torch.inf
    assert torch.equal(found, wanted)
    assert torch.equal(scores, torch.arange(12.0).view(3, 4))


def test_a_method_without_what_was_seen_ranks_the_rest_as_before():
    histories, _ = Histories.of(list("aaabb"), [2, 0, 1, 3, 1])
    histories = histories.renumbered(np.array([2, 0, 1, 3]))
    # a: 1 after 2 and 0, of which 0 would be first; b: 1 after 3, before it 0 alone
    assert last_ranks(Newest(4), histories, 4).tolist() == [2, 3]
    assert last_ranks(WithoutSeen(Newest(4)), histories, 4).tolist() == [1, 2]
