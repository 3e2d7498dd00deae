"""Learners report the loss of what they return, on the rows held out."""

from __future__ import annotations

import numpy as np
import pytest

from throughtime.tasks.learners import boosted_classes, boosted_trees, logistic, ridge


def rows(seed: int, count: int = 160) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(count, 3))
    return x, x @ [1.0, -2.0, 0.0] + 0.3 * draw.normal(size=count)


@pytest.mark.parametrize("learner", [ridge((0.1, 10.0)), boosted_trees((4, 8))])
def test_number_loss_is_that_of_the_predictions(learner) -> None:
    (x, y), (held_x, held_y) = rows(0), rows(1)
    found = list(learner(x, y, held_x, held_y))
    assert len(found) == 2
    for fitted in found:
        assert fitted.loss == pytest.approx(np.mean((fitted.predict(held_x) - held_y) ** 2))
        assert fitted.loss < np.var(held_y) / 2
        assert fitted.parameters > 0


@pytest.mark.parametrize("learner", [logistic((0.1, 1.0)), boosted_classes((4, 8))])
def test_class_loss_is_that_of_the_predictions(learner) -> None:
    (x, y), (held_x, held_y) = rows(0), rows(1)
    labels, held = np.digitize(y, [-1, 1]).astype(float), np.digitize(held_y, [-1, 1])
    found = list(learner(x, labels, held_x, held.astype(float)))
    assert len(found) == 2
    for fitted in found:
        probability = fitted.predict(held_x)
        assert fitted.classes == (0, 1, 2)
        np.testing.assert_allclose(probability.sum(axis=1), 1.0)
        assert fitted.loss == pytest.approx(-np.log(probability[np.arange(len(held)), held]).mean())


def test_boosting_keeps_as_many_trees_as_the_held_out_rows_want() -> None:
    (x, _), (held_x, held_y) = rows(0), rows(1)
    noise = np.random.default_rng(2).normal(size=len(x))  # nothing to learn: the first trees are the best ones
    fitted = next(boosted_trees((4,))(x, noise, held_x, np.zeros_like(held_y)))
    trees = int(fitted.setting.split()[0])
    assert trees < 20
    assert fitted.parameters <= 4 * trees


def test_the_setting_is_named_only_among_several() -> None:
    (x, y), (held_x, held_y) = rows(0), rows(1)
    assert next(ridge((1.0,))(x, y, held_x, held_y)).setting == ""
    assert [fitted.setting for fitted in ridge((1.0, 10.0))(x, y, held_x, held_y)] == ["penalty 1", "penalty 10"]


def test_a_class_unseen_in_training_costs_a_finite_loss() -> None:
    x, y = rows(0)
    fitted = next(logistic((1.0,))(x, (y > 0).astype(float), x, np.full(len(x), 2.0)))
    assert np.isfinite(fitted.loss)


@pytest.mark.parametrize("learner", [logistic((0.1, 1.0)), boosted_classes((4, 8))])
def test_one_class_in_training_is_forecast_for_sure_and_said(learner) -> None:
    x, y = rows(0)
    (fitted,) = learner(x, np.full(len(x), 2.0), x, np.where(y > 0, 2.0, 1.0))
    assert fitted.setting == "the only class in training"
    assert (fitted.classes, fitted.parameters) == ((2,), 0)
    np.testing.assert_array_equal(fitted.predict(x), np.ones((len(x), 1)))
    assert fitted.loss == pytest.approx(-np.log(1e-12) * np.mean(y <= 0))
