"""Ranks find each other in a store that earlier attempts have written to."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from torch.distributed import HashStore

from throughtime.base.errors import RunError
from throughtime.train import meeting


def meet_all(store, ranks):
    with ThreadPoolExecutor(ranks) as pool:
        return list(pool.map(lambda rank: meeting._agreed(store, rank, ranks), range(ranks)))


def test_all_ranks_get_the_first_ones_number():
    numbers = meet_all(HashStore(), 3)
    assert len(set(numbers)) == 1
    assert len(numbers[0]) == 16


def test_what_an_attempt_before_left_is_not_taken():
    store = HashStore()
    first = meet_all(store, 3)[0]
    # An attempt that was killed half way: rank 2 had said its number, nobody had answered.
    store.set("throughtime/number/2", "0123456789abcdef")
    second = meet_all(store, 3)
    assert len(set(second)) == 1
    assert second[0] != first
    assert meet_all(store, 2)[0] not in (first, second[0])


def test_one_rank_meets_itself():
    assert len(meet_all(HashStore(), 1)[0]) == 16


def test_ranks_that_do_not_come_are_named(monkeypatch):
    monkeypatch.setattr(meeting, "_PATIENCE_S", 0.05)
    with pytest.raises(RunError, match="of 3, 1, 2 did not come"):
        meeting._agreed(HashStore(), 0, 3)
