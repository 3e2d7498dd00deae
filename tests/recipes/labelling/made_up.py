"""Small problems of each kind that a test can learn at once."""

from __future__ import annotations

import numpy as np

from throughtime.recipes.labelling.problem import LETTERS, SERIES, TEXTS, Reading, make_problem
from throughtime.recipes.labelling.settings import Split


def reading(sequences, labels, **more):
    return Reading("made up", sequences, labels, [f"s{place}" for place in range(len(sequences))], **more)


def letters(count=40, seed=0):
    """Class b holds GGG."""
    rng = np.random.default_rng(seed)
    rows = ["".join(rng.choice(list("ACT"), 12)) for _ in range(count)]
    rows = [row if place % 2 else row[:4] + "GGG" + row[7:] for place, row in enumerate(rows)]
    return reading(rows, ["a" if place % 2 else "b" for place in range(count)])


def texts(count=40):
    ends = ("good fun", "bad bore")
    return reading(
        [f"film {place % 7} {ends[place % 2]}" for place in range(count)], [place % 2 for place in range(count)]
    )


def series(count=40, classes=2, seed=0):
    rng = np.random.default_rng(seed)
    rows = [rng.normal(place % classes * 3, 1, (int(rng.integers(5, 9)), 2)) for place in range(count)]
    rows[0][1, 0] = np.nan
    return reading(rows, [f"k{place % classes}" for place in range(count)])


def problem(kind=LETTERS, split=Split(), **more):  # noqa: B008
    made = {LETTERS: letters, TEXTS: texts, SERIES: series}[kind]()
    return make_problem(made, kind, split, **more)
