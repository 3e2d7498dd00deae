"""What the baselines learn with: scikit-learn's ridge, logistic regression and boosted trees, judged on held-out rows.

A learner gets training and held-out rows, fits each of its settings on the former and says how well the latter are
forecast: mean squared error for numbers, mean negative log-likelihood for classes. Where the training rows hold one
class only, there is nothing to tell apart: the class is forecast for sure, and the setting says so.

Dimensions: N rows, D features.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge

Array = np.ndarray

# Small steps and many of them; validation decides how many are kept.
BOOSTING_RATE, BOOSTING_ROUNDS = 0.05, 200
# A class that training never showed has probability 0; its log loss must stay finite to be compared.
SMALLEST = 1e-12


@dataclass(frozen=True)
class Fitted:
    """A fitted learner.

    Args:
        loss: on the held-out rows; smaller is better.
        setting: what distinguishes it from the learner's other settings, in words.
        predict: features [N, D] to values [N], or to probabilities [N, classes].
        parameters: numbers fitted.
        classes: the classes `predict` gives probabilities of; empty for numbers.
    """

    loss: float
    setting: str
    predict: Callable[[Array], Array]
    parameters: int
    classes: tuple[int, ...] = ()


Learner = Callable[[Array, Array, Array, Array], Iterator[Fitted]]


def ridge(penalties: Sequence[float]) -> Learner:
    """Linear least squares with each of `penalties` (> 0) on the squared weights; the intercept is free."""

    def learn(x: Array, y: Array, held_x: Array, held_y: Array) -> Iterator[Fitted]:
        for penalty in penalties:
            model = Ridge(alpha=penalty).fit(x, y)
            loss = float(np.mean((model.predict(held_x) - held_y) ** 2))
            yield Fitted(loss, _named("penalty", penalty, penalties), model.predict, _size(model))

    return learn


def logistic(strengths: Sequence[float]) -> Learner:
    """Logistic regression with each of `strengths` (> 0, scikit-learn's C: the smaller, the more it is held back)."""

    def learn(x: Array, y: Array, held_x: Array, held_y: Array) -> Iterator[Fitted]:
        if len(np.unique(y)) == 1:
            yield _constant(y, held_y)
            return
        for strength in strengths:
            model = LogisticRegression(C=strength, max_iter=5000).fit(x, y)
            loss = _log_loss(model.predict_proba(held_x), model.classes_, held_y)
            yield Fitted(
                loss, _named("C", strength, strengths), model.predict_proba, _size(model), _integers(model.classes_)
            )

    return learn


def boosted_trees(leaves: Sequence[int]) -> Learner:
    """Gradient-boosted regression trees of at most `leaves` leaves each; as many as the held-out rows want."""

    def learn(x: Array, y: Array, held_x: Array, held_y: Array) -> Iterator[Fitted]:
        for count in leaves:
            model = HistGradientBoostingRegressor(**_boosting(count)).fit(x, y)
            losses = [float(np.mean((value - held_y) ** 2)) for value in model.staged_predict(held_x)]
            rounds = int(np.argmin(losses)) + 1
            predict = _Staged(model.staged_predict, rounds)
            yield Fitted(losses[rounds - 1], f"{rounds} trees of {count} leaves", predict, _leaves(model, rounds))

    return learn


def boosted_classes(leaves: Sequence[int]) -> Learner:
    """Gradient-boosted classification trees of at most `leaves` leaves each; as many as the held-out rows want."""

    def learn(x: Array, y: Array, held_x: Array, held_y: Array) -> Iterator[Fitted]:
        if len(np.unique(y)) == 1:
            yield _constant(y, held_y)
            return
        for count in leaves:
            model = HistGradientBoostingClassifier(**_boosting(count)).fit(x, y)
            losses = [_log_loss(value, model.classes_, held_y) for value in model.staged_predict_proba(held_x)]
            rounds = int(np.argmin(losses)) + 1
            predict = _Staged(model.staged_predict_proba, rounds)
            setting = f"{rounds} trees of {count} leaves"
            yield Fitted(losses[rounds - 1], setting, predict, _leaves(model, rounds), _integers(model.classes_))

    return learn


def _constant(y: Array, held_y: Array) -> Fitted:
    """The only class of the training rows, for sure."""
    classes = _integers(y[:1])
    loss = _log_loss(_certain(held_y), np.array(classes), held_y)
    return Fitted(loss, "the only class in training", _certain, 0, classes)


def _certain(x: Array) -> Array:
    return np.ones((len(x), 1))


@dataclass(frozen=True)
class _Staged:
    """Prediction after the first `rounds` trees."""

    stages: Callable[[Array], Iterator[Array]]
    rounds: int

    def __call__(self, x: Array) -> Array:
        return next(islice(self.stages(x), self.rounds - 1, None))


def _boosting(leaves: int) -> dict[str, Any]:
    # Early stopping would draw its own random part; here the validation part decides.
    return {
        "learning_rate": BOOSTING_RATE,
        "max_iter": BOOSTING_ROUNDS,
        "max_leaf_nodes": leaves,
        "early_stopping": False,
        "random_state": 0,
    }


def _leaves(model: Any, rounds: int) -> int:
    """Leaf values of the first `rounds` trees. scikit-learn has no public count; `_predictors` is its list of trees."""
    return sum(tree.get_n_leaf_nodes() for trees in model._predictors[:rounds] for tree in trees)


def _size(model: Ridge | LogisticRegression) -> int:
    return int(model.coef_.size + np.size(model.intercept_))


def _integers(classes: Array) -> tuple[int, ...]:
    return tuple(int(label) for label in classes)


def _named(name: str, value: float, among: Sequence[float]) -> str:
    return f"{name} {value:g}" if len(among) > 1 else ""


def _log_loss(probability: Array, classes: Array, truth: Array) -> float:
    """Mean negative log-likelihood of the true classes."""
    place = {int(label): i for i, label in enumerate(classes)}
    given = [probability[row, place[int(label)]] if int(label) in place else 0.0 for row, label in enumerate(truth)]
    return float(-np.log(np.maximum(given, SMALLEST)).mean())
