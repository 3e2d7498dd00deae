"""What a network that tells sequences apart is set beside: rules and learners that know no order of steps.

    majority class         each class with its share of the training part
    logistic regression    on one block of columns (`features`); block and strength by cross-validation
    boosting               trees on the columns that chi squared picks (letters, words) or on all (series); their
                           number and leaves by cross-validation
    nearest neighbour      series: the class of the nearest one by Euclidean distance; nothing to choose

Cross-validation lies inside the training part and judges by log loss. What else a sequence may be read as (`twin`) goes
into the same fold as the sequence.

Dimensions: N sequences, F features, K classes.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial.distance import cdist
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import SelectKBest, chi2
from sklearn.linear_model import LogisticRegression

from throughtime.recipes.labelling.features import Block, blocks, flattened
from throughtime.recipes.labelling.problem import SERIES, LabelProblem, Places
from throughtime.recipes.labelling.scores import Floats
from throughtime.tasks.labels import folds

FOLDS = 3
# scikit-learn's C: the smaller, the more the weights are held back.
STRENGTHS = (0.01, 0.1, 1.0, 10.0, 100.0)
LEAVES, ROUNDS, RATE = (4, 12), 200, 0.1
# Columns that trees are given; with more they are slow, and no better.
MOST_COLUMNS = 300
# Distance of two equal series, so that nothing is divided by 0.
_NO_DISTANCE = 1e-9
Rows = Any  # [N, F], dense or sparse


@dataclass(frozen=True)
class Answer:
    """What a rival said of the test part.

    Args:
        probability: [N, K].
        parameters: numbers fitted.
        choice: what cross-validation chose, in words.
    """

    probability: Floats
    parameters: int
    choice: str = ""


def majority(problem: LabelProblem) -> Answer:
    """Each class with its share of the training part."""
    shares = np.bincount(problem.codes(problem.train)) / len(problem.train)
    return Answer(np.tile(shares, (len(problem.test), 1)), len(shares) - 1)


def logistic(problem: LabelProblem) -> Answer:
    """Logistic regression on the block of columns that cross-validation takes."""
    labels, parts = _labels(problem), _folds(problem)
    found = _blocks(problem)
    losses = [_loss(block.train, labels, parts, 1.0) for block in found]
    block = found[int(np.argmin(losses))]
    strength = STRENGTHS[int(np.argmin([_loss(block.train, labels, parts, each) for each in STRENGTHS]))]
    model = _logistic(block.train, labels, strength)
    choice = f"{block.name}, C {strength:g}"
    return Answer(_once(problem, model.predict_proba(block.test)), model.coef_.size + model.intercept_.size, choice)


def boosting(problem: LabelProblem) -> Answer:
    """Gradient-boosted trees, as many and as large as cross-validation takes."""
    labels, parts = _labels(problem), _folds(problem)
    train, test = _columns(problem)
    losses = np.array([_staged_loss(train, labels, parts, leaves) for leaves in LEAVES])
    row, column = divmod(int(losses.argmin()), ROUNDS)
    leaves, rounds = LEAVES[row], column + 1
    columns = _picked(train, labels)
    model = _trees(_dense(train, columns), labels, leaves, rounds)
    # scikit-learn has no public count of leaves; `_predictors` is its list of trees.
    count = sum(tree.get_n_leaf_nodes() for trees in model._predictors for tree in trees)
    return Answer(
        _once(problem, model.predict_proba(_dense(test, columns))), count, f"{rounds} trees of {leaves} leaves"
    )


def neighbour(problem: LabelProblem) -> Answer:
    """The class of the nearest training series; the nearer a class, the likelier."""
    train, test = flattened(problem.train.sequences, problem.test.sequences)
    labels, distance = problem.codes(problem.train), cdist(test, train)
    nearest = np.stack([distance[:, labels == k].min(1) for k in range(len(problem.classes))], axis=1)
    near = 1 / (nearest + _NO_DISTANCE)
    return Answer(near / near.sum(1, keepdims=True), train.size)


def _labels(problem: LabelProblem) -> Places:
    return np.tile(problem.codes(problem.train), problem.readings)


def _folds(problem: LabelProblem) -> list[tuple[Places, Places]]:
    """Rows to fit and rows held out; empty where there are too few for any."""
    labels, count = problem.codes(problem.train), len(problem.train)
    parts = folds(labels, FOLDS, 0) if count >= FOLDS else []
    both = range(problem.readings)
    return [(np.concatenate([first + count * twin for twin in both]), second) for first, second in parts]


def _once(problem: LabelProblem, probability: Floats) -> Floats:
    """The mean over a sequence and its twin."""
    return np.mean(np.split(probability, problem.readings), axis=0)


def _blocks(problem: LabelProblem) -> list[Block]:
    return blocks(problem.kind, problem.twice(problem.train.sequences), problem.twice(problem.test.sequences))


def _logistic(rows: Rows, labels: Places, strength: float) -> LogisticRegression:
    with _settled():
        return LogisticRegression(C=strength, max_iter=1000).fit(rows, labels)


def _loss(rows: Rows, labels: Places, parts: Sequence[tuple[Places, Places]], strength: float) -> float:
    return _mean_loss(
        [(_logistic(rows[first], labels[first], strength).predict_proba(rows[held]), held) for first, held in parts],
        labels,
    )


def _mean_loss(found: Sequence[tuple[Floats, Places]], labels: Places) -> float:
    """Mean negative log-likelihood over the rows held out."""
    losses = [-np.log(np.maximum(given[np.arange(len(held)), labels[held]], 1e-12)) for given, held in found]
    return float(np.concatenate(losses).mean()) if losses else 0.0


def _columns(problem: LabelProblem) -> tuple[Rows, Rows]:
    """All there is to pick from: the last block, and letters' places beside their longest runs."""
    found = _blocks(problem)
    if problem.kind == SERIES or "places" not in found[-1].name:
        return found[-1].train, found[-1].test
    return tuple(sparse.hstack([getattr(block, part) for block in found[-2:]]).tocsr() for part in ("train", "test"))  # type: ignore[return-value]


def _picked(rows: Rows, labels: Places) -> Places:
    """The columns that tell most of the labels; all of dense rows."""
    if not sparse.issparse(rows) or rows.shape[1] <= MOST_COLUMNS:
        return np.arange(rows.shape[1])
    return SelectKBest(chi2, k=MOST_COLUMNS).fit(rows, labels).get_support(indices=True)


def _dense(rows: Rows, columns: Places) -> NDArray[Any]:
    return rows[:, columns].toarray() if sparse.issparse(rows) else rows[:, columns]


def _trees(rows: NDArray[Any], labels: Places, leaves: int, rounds: int) -> HistGradientBoostingClassifier:
    # Early stopping would draw a random part of its own; here the folds decide.
    return HistGradientBoostingClassifier(
        learning_rate=RATE, max_iter=rounds, max_leaf_nodes=leaves, early_stopping=False, random_state=0
    ).fit(rows, labels)


def _staged_loss(
    rows: Rows, labels: Places, parts: Sequence[tuple[Places, Places]], leaves: int
) -> NDArray[np.float64]:
    """[ROUNDS] loss on the rows held out after each round."""
    stages: list[list[tuple[Floats, Places]]] = [[] for _ in range(ROUNDS)]
    for first, held in parts:
        columns = _picked(rows[first], labels[first])
        model = _trees(_dense(rows[first], columns), labels[first], leaves, ROUNDS)
        for stage, given in zip(stages, model.staged_predict_proba(_dense(rows[held], columns)), strict=True):
            stage.append((given, held))
    return np.array([_mean_loss(stage, labels) for stage in stages])


@contextmanager
def _settled() -> Iterator[None]:
    """A weight that is still moving after so many steps is where it was, to three digits."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield
