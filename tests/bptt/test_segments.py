"""Every order of segments against a search of all orders, and against what it may store."""

from __future__ import annotations

from functools import cache

import pytest

from throughtime.bptt.segments import Back, Store, actions, fewest


@cache
def searched(segments: int, places: int) -> int:
    """The fewest runs without gradient over every place to store the next state at."""
    if segments == 1 or places == 0:
        return segments * (segments - 1) // 2
    return min(k + searched(segments - k, places - 1) + searched(k, places) for k in range(1, segments))


@pytest.mark.parametrize("places", range(8))
def test_no_order_runs_fewer(places):
    for segments in range(1, 50):
        run = sum(action.last - action.first for action in actions(segments, places))
        assert run == fewest(segments, places) == searched(segments, places)


@pytest.mark.parametrize("places", [0, 1, 2, 5, 100])
@pytest.mark.parametrize("segments", [1, 2, 7, 60])
def test_only_stored_states_are_used_and_they_fit(segments, places):
    stored, most, backwards = {0}, 1, []
    for action in actions(segments, places):
        assert action.first in stored
        if isinstance(action, Store):
            stored.add(action.last)
            most = max(most, len(stored))
        else:
            assert isinstance(action, Back)
            backwards.append(action.last)
            if action.forget:
                stored.remove(action.first)
    assert backwards == list(range(segments - 1, -1, -1))
    assert not stored
    assert most <= places + 1


def test_a_place_for_each_state_runs_each_segment_twice():
    assert fewest(1000, 999) == 999
