"""Sequences as one row of numbers each, for methods that know no order: what the networks have to beat.

    texts     words, pairs of words, and runs of 2 to 5 characters inside words, weighed by tf-idf
    letters   counts of runs of 1 .. k letters, k from 1 to 6; of sequences of one length also each letter at its place
    series    mean, deviation, extremes, quartiles, slope and steps of each variable; and its values, brought to one
              number of steps

A block is a set of such columns; which block is taken, cross-validation decides. Blocks are made of the training part
without its labels.

Dimensions: N sequences, T steps, C variables, F features.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.preprocessing import MaxAbsScaler, StandardScaler

from throughtime.data import fill_forward
from throughtime.recipes.labelling.problem import LETTERS, SERIES

LONGEST_RUN = 6
# Steps that series are brought to at most; more add columns, not knowledge.
MOST_STEPS = 128
# Places of letters, at most: beyond, a column for each says little.
MOST_PLACES = 400
# Words and marks; single letters too, which scikit-learn's own rule drops.
_WORD = r"(?u)\w+|[^\w\s]"


@dataclass(frozen=True)
class Block:
    """Columns that belong together.

    Args:
        name: what they are.
        train: [N, F] of the training part, dense or sparse.
        test: [N, F] of the test part.
    """

    name: str
    train: Any
    test: Any


def blocks(kind: str, train: Sequence[Any], test: Sequence[Any]) -> list[Block]:
    """All blocks of sequences of a kind, those of fewer columns first.

    Args:
        kind: "texts", "letters" or "series".
        train: sequences.
        test: sequences.
    """
    if kind == SERIES:
        return _of_series(train, test)
    return _of_letters(train, test) if kind == LETTERS else _of_words(train, test)


def _of_words(train: Sequence[str], test: Sequence[str]) -> list[Block]:
    kinds: dict[str, dict[str, Any]] = {
        "words": {"ngram_range": (1, 1), "token_pattern": _WORD},
        "words and pairs of words": {"ngram_range": (1, 2), "token_pattern": _WORD},
        "runs of 2 to 5 characters": {"ngram_range": (2, 5), "analyzer": "char_wb", "min_df": min(2, len(train))},
    }
    made = []
    for name, how in kinds.items():
        weighed = TfidfVectorizer(lowercase=True, sublinear_tf=True, **how)
        made.append(Block(name, weighed.fit_transform(train), weighed.transform(test)))
    return made


def _of_letters(train: Sequence[str], test: Sequence[str]) -> list[Block]:
    longest = min(LONGEST_RUN, max(map(len, train)))
    counts = CountVectorizer(analyzer="char", ngram_range=(1, longest), lowercase=False, dtype=np.float64)
    both = [counts.fit_transform(train).tocsc(), counts.transform(test).tocsc()]
    lengths = np.array([len(run) for run in counts.get_feature_names_out()])
    made = []
    for k in range(1, longest + 1):
        columns = np.flatnonzero(lengths <= k)
        made.append(_scaled(f"runs of 1 to {k} letters", both[0][:, columns], both[1][:, columns]))
    if len({*map(len, train), *map(len, test)}) == 1 and len(train[0]) <= MOST_PLACES:
        places = CountVectorizer(analyzer=_placed, binary=True, dtype=np.float64)
        made.append(Block("letters at their places", places.fit_transform(train), places.transform(test)))
    return made


def _scaled(name: str, train: Any, test: Any) -> Block:
    scaling = MaxAbsScaler().fit(train)
    return Block(name, sparse.csr_matrix(scaling.transform(train)), sparse.csr_matrix(scaling.transform(test)))


def _placed(sequence: str) -> list[str]:
    return [f"{place} {letter}" for place, letter in enumerate(sequence)]


def _of_series(train: Sequence[Any], test: Sequence[Any]) -> list[Block]:
    statistics = [np.stack([_statistics(each) for each in part]) for part in (train, test)]
    values = flattened(train, test)
    return [
        _standard("statistics", *statistics),
        _standard("values", *values),
        _standard("statistics and values", *(np.hstack(pair) for pair in zip(statistics, values, strict=True))),
    ]


def _standard(name: str, train: NDArray[Any], test: NDArray[Any]) -> Block:
    scaling = StandardScaler().fit(train)
    return Block(name, scaling.transform(train), scaling.transform(test))


def flattened(train: Sequence[Any], test: Sequence[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Series [T, C] of any lengths as rows [N, S C] of one length S, in between read off straight lines.

    S is that of the longest training series, `MOST_STEPS` at most.
    """
    steps = min(MOST_STEPS, max(len(each) for each in train))
    return _resampled(train, steps), _resampled(test, steps)


def _resampled(series: Sequence[Any], steps: int) -> NDArray[Any]:
    return np.stack([_brought_to(_filled(each), steps).ravel() for each in series])


def _brought_to(values: NDArray[Any], steps: int) -> NDArray[Any]:
    if len(values) == steps:
        return values
    old, new = np.linspace(0, 1, len(values)), np.linspace(0, 1, steps)
    return np.stack([np.interp(new, old, column) for column in values.T], axis=1)


def _filled(series: NDArray[Any]) -> NDArray[Any]:
    """A missing number is the last one seen; before the first, 0."""
    return np.nan_to_num(fill_forward(series)[0])


def _statistics(series: NDArray[Any]) -> NDArray[Any]:
    values = _filled(series)
    steps = np.diff(values, axis=0) if len(values) > 1 else np.zeros((1, values.shape[1]))
    of: list[Callable[..., Any]] = [np.mean, np.std, np.min, np.max]
    parts = [each(values, axis=0) for each in of]
    parts += list(np.quantile(values, (0.25, 0.5, 0.75), axis=0))
    parts += [values[0], values[-1], values[-1] - values[0], steps.std(0), np.abs(steps).mean(0)]
    return np.concatenate([*parts, [len(values)]])
