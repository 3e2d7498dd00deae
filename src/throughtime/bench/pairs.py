"""Two ways to do the same, timed in turn: what disturbs one disturbs the other.

In every round each side runs once with every number of threads; a side's time is the median over rounds at its best
number. Ratios of such times hold on a busy machine; single times do not. A side that takes very long is timed once.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch

# A sample shorter than this is repeated inside: the clock and its call cost about 0.1 microseconds.
SAMPLE_SECONDS = 2e-3
# A side that takes longer than this is timed by its first run alone.
ONCE_SECONDS = 20.0


@dataclass(frozen=True)
class Timing:
    """One side's times.

    Args:
        samples: seconds of one run, a list for each number of threads.
    """

    samples: dict[int, list[float]]

    @property
    def threads(self) -> int:
        """The number of threads with the shortest median."""
        return min(self.samples, key=lambda n: statistics.median(self.samples[n]))

    @property
    def seconds(self) -> float:
        """Median at the best number of threads."""
        return statistics.median(self.samples[self.threads])


def interleaved(
    sides: Sequence[Callable[[], object]], rounds: int, threads: Sequence[int] | None = None
) -> list[Timing]:
    """Time several sides in turn.

    Args:
        sides: each does the work once.
        rounds: samples of each side and number of threads.
        threads: numbers of threads to try; None: one, and as many as torch uses.

    Returns:
        A timing for each side.
    """
    tried = sorted({1, torch.get_num_threads()}) if threads is None else threads
    samples: list[dict[int, list[float]]] = [{n: [] for n in tried} for _ in sides]
    with _threads_kept():
        torch.set_num_threads(tried[-1])
        repeats = [_repeats(side) for side in sides]
        for _ in range(rounds):
            for n in tried:
                torch.set_num_threads(n)
                for side, (times, _), found in zip(sides, repeats, samples, strict=True):
                    if times:
                        found[n].append(_seconds(side, times))
    once = [{tried[-1]: [first]} for _, first in repeats]
    return [
        Timing(found if times else single) for found, single, (times, _) in zip(samples, once, repeats, strict=True)
    ]


def _repeats(side: Callable[[], object]) -> tuple[int, float]:
    """How often a sample runs a side, 0 where its first run is all there will be; and that run's seconds."""
    first = _seconds(side, 1)  # the first run warms up
    if first > ONCE_SECONDS:
        return 0, first
    return max(1, round(SAMPLE_SECONDS / max(_seconds(side, 1), 1e-7))), first


def _seconds(side: Callable[[], object], times: int) -> float:
    began = time.perf_counter()
    for _ in range(times):
        side()
    return (time.perf_counter() - began) / times


@contextmanager
def _threads_kept() -> Iterator[None]:
    before = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(before)
