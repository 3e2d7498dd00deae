"""Backpropagation over many segments with few stored states: which segments run again, and when.

The states before some segments are stored; going backwards, a segment runs again from the nearest stored state before
it. With a place for each of them every segment runs twice. With fewer the order below is the one that runs the fewest.

    beta(s, r) = (s + r)! / (s! r!)    most segments that s stored states serve if none runs more than r times without
                                       gradient

Pure integers. Sources: Griewank & Walther, ACM TOMS 26(1), 2000 (revolve, optimal for states of one size); for
recurrent networks Gruslys et al. 2016, arXiv 1606.03401.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Store:
    """Run segments first .. last - 1 from the stored state before `first`, and store the state before `last`."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Back:
    """Run segments first .. last - 1 from the stored state before `first`, then `last` with gradient, and go back.

    Args:
        first, last: as above.
        forget: whether the stored state is of no more use.
    """

    first: int
    last: int
    forget: bool


def actions(segments: int, places: int) -> Iterator[Store | Back]:
    """What to do, in order, to go back through all segments; the state before segment 0 is stored from the start.

    Args:
        segments: S >= 1.
        places: states that may be stored beside that one, >= 0.
    """
    stack = [(0, segments, places)]
    while stack:
        first, last, free = stack.pop()
        if free == 0 or last - first == 1:
            yield from (Back(first, segment, segment == first) for segment in range(last - 1, first - 1, -1))
            continue
        middle = first + _split(last - first, free + 1)
        yield Store(first, middle)
        # The state before `middle` takes a place until what is behind it is done.
        stack += [(first, middle, free), (middle, last, free - 1)]


def fewest(segments: int, places: int) -> int:
    """Segments run without gradient in all of `actions`: no order needs fewer.

    Args:
        segments, places: as for `actions`.
    """
    runs = _runs(segments, places + 1)
    return runs * segments - _beta(places + 2, runs - 1)


def _split(segments: int, states: int) -> int:
    """How many segments to run before the next state is stored."""
    runs = _runs(segments, states)
    most = min(segments - 1, _beta(states, runs - 1), segments - _beta(states - 1, runs - 1))
    return max(1, segments - _beta(states - 1, runs), most)


def _runs(segments: int, states: int) -> int:
    """The least r with beta(states, r) >= segments."""
    runs = 0
    while _beta(states, runs) < segments:
        runs += 1
    return runs


def _beta(states: int, runs: int) -> int:
    return math.comb(states + runs, states) if runs >= 0 else 0
