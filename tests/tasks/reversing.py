"""A small task whose answer is known: tell a short text backwards."""

from __future__ import annotations

import numpy as np

from throughtime.tasks import SequenceToSequence

LETTERS = "abcdef"
SMALL = {
    "symbols": "characters",
    "hidden_size": 32,
    "embedding_size": 16,
    "heads": 2,
    "num_layers": 1,
    "dropout": 0.0,
    "label_smoothing": 0.0,
    "averaging": 0.9,
    "learning_rate": 0.02,
    "batch_size": 16,
    "epochs": 8,
    "progress": False,
}


def small(**changes):
    return SequenceToSequence(**(SMALL | changes))


def texts(count, seed=0, longest=5, letters=LETTERS):
    draws = np.random.default_rng(seed)
    return ["".join(draws.choice(list(letters), draws.integers(1, longest + 1))) for _ in range(count)]


def reversed_pairs(count, seed=0, longest=5, letters=LETTERS):
    sources = texts(count, seed, longest, letters)
    return sources, [each[::-1] for each in sources]


class Growing:
    """Lessons whose texts grow with the epochs, and with success."""

    vocabulary = ([LETTERS], ["a" * 5, LETTERS])

    def pairs(self, epoch, losses):
        return reversed_pairs(48, seed=epoch + int(1000 * sum(losses)), longest=min(2 + epoch, 5))

    def validation(self, epoch, losses):
        return reversed_pairs(20, seed=99)
