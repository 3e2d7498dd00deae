"""What rules say of the test part: each key's rate and a Markov chain for each key, or n-grams of a melody's symbols.

    rates     p_k = (frames with key k down + 1) / (frames + 2)
    Markov    p_k(v), likewise, counted after frames in which the key was v

Both take each key by itself. The mean is over all frames but a piece's first, as the network's.

Dimensions: T frames, K keys.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from throughtime.data.midi import Roll
from throughtime.recipes.by_nats import Scored
from throughtime.recipes.music.kinds import Melody
from throughtime.recipes.music.problem import MusicProblem
from throughtime.recipes.music.reading import TEST, TRAIN
from throughtime.recipes.ngrams import count_ngrams

RATES, MARKOV = "rates of keys", "Markov of each key"
# Pitch and duration are one symbol: longer runs come once.
ORDERS = (1, 2, 4)


def key_by_key(train: Sequence[Roll], test: Sequence[Roll], memory: bool) -> float:
    """Nats a frame where each key has its own chance.

    Args:
        train: [T, K] each, that is counted.
        test: [T, K] each, that is scored; one of them has two frames at least.
        memory: whether there is one chance for each state that the key was in a frame before.
    """
    before = np.concatenate([roll[:-1] for roll in train]).astype(int) * memory
    after = np.concatenate([roll[1:] for roll in train])
    chances = np.zeros((2, after.shape[1]))
    for state in (0, 1):
        there = before == state
        chances[state] = ((after & there).sum(0) + 1) / (there.sum(0) + 2)
    total = 0.0
    for roll in test:
        p = np.take_along_axis(chances, roll[:-1].astype(int) * memory, 0)
        total -= float(np.log(np.where(roll[1:], p, 1 - p)).sum())
    return total / sum(len(roll) - 1 for roll in test)


def rules(problem: MusicProblem) -> list[Callable[[], Scored]]:
    """Trials of the rules there are for a problem's kind."""
    if isinstance(problem.kind, Melody):
        return [partial(try_ngrams, problem, order) for order in ORDERS]
    return [partial(try_keys, problem, memory) for memory in (False, True)]


def try_keys(problem: MusicProblem, memory: bool) -> Scored:
    """Rates of keys, with `memory` after each state, on the test part."""
    began = time.perf_counter()
    nats = key_by_key(problem.read[TRAIN], problem.read[TEST], memory)
    keys = problem.read[TRAIN][0].shape[1]
    seconds = time.perf_counter() - began
    return Scored(MARKOV if memory else RATES, nats, keys * (1 + memory), seconds, seeded=False)


def try_ngrams(problem: MusicProblem, order: int) -> Scored:
    """N-grams of a melody's symbols on the test part."""
    found = count_ngrams(problem.read[TRAIN], problem.read[TEST], "characters", order)
    return Scored(found.name, found.nats, found.parameters, found.seconds, seeded=False)
