"""Rules by other means, and that what comes before helps where it tells something."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.mixture import GaussianMixture

from tests.recipes.handwriting.made_up import drawings, found
from throughtime.nn.heads.strokes import ENDS, LEAST_SPREAD, PEN_STATES
from throughtime.recipes.handwriting import rivals
from throughtime.recipes.handwriting.drawing import points_of
from throughtime.recipes.handwriting.problem import make_problem
from throughtime.recipes.handwriting.rivals import ALONE, FIRST, RULES, first_order, moves_of, try_rule, without_memory
from throughtime.recipes.handwriting.settings import Collection
from throughtime.tasks.strokes import scale_of

TRAIN, TEST = points_of(drawings(80)), points_of(drawings(20, seed=1))


def test_points_come_with_what_was_before_them():
    moves = moves_of([np.array([[1.0, 2, 0], [3, 4, 1], [5, 6, 0], [7, 8, 1]]), np.array([[9.0, 9, 1]])])
    assert moves.before.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert moves.lifted.tolist() == [False, True, False]
    assert moves.moves.tolist() == [[3, 4], [5, 6], [7, 8]]
    assert moves.pen.tolist() == [1, 0, ENDS]
    assert len(moves[moves.lifted]) == 1


def test_without_memory_is_sklearns_mixture_and_counts_of_the_pen():
    known, asked = moves_of(TRAIN), moves_of(TEST)
    normals = GaussianMixture(20, reg_covar=(LEAST_SPREAD * scale_of(TRAIN)) ** 2, random_state=0).fit(known.moves)
    chances = normals.predict_proba(known.moves).T @ np.eye(PEN_STATES)[known.pen] + 1
    chances /= chances.sum(1, keepdims=True)
    of_pen = (normals.predict_proba(asked.moves) @ chances)[np.arange(len(asked)), asked.pen]
    wanted = -float(np.mean(normals.score_samples(asked.moves) + np.log(of_pen)))
    nats, parameters = without_memory(TRAIN, TEST)
    assert nats == pytest.approx(wanted, rel=1e-9)
    assert parameters == 19 + 20 * (2 + 3) + 20 * 2


def test_of_one_normal_the_first_order_is_the_normal_given_the_move_before(monkeypatch):
    monkeypatch.setattr(rivals, "COMPONENTS", 1)
    draws = np.random.default_rng(0)
    walks = []
    for _ in range(2):
        moves = [draws.normal(0, 1, 2)]
        for _ in range(400):
            moves.append(0.8 * moves[-1] + draws.normal(0, 0.6, 2))
        walks.append(np.concatenate([np.array(moves), np.zeros((401, 1))], 1))
    known, asked = moves_of(walks[:1]), moves_of(walks[1:])
    both = np.concatenate([known.before, known.moves], 1)
    mean, spread = both.mean(0), np.cov(both.T, bias=True) + np.eye(4) * (LEAST_SPREAD * scale_of(walks[:1])) ** 2
    given = spread[2:, :2] @ np.linalg.inv(spread[:2, :2])
    left = spread[2:, 2:] - given @ spread[:2, 2:]
    means = mean[2:] + (asked.before - mean[:2]) @ given.T
    of_moves = -np.mean([multivariate_normal.logpdf(x, m, left) for x, m in zip(asked.moves, means, strict=True)])
    # Of 400 points one ends; 1 is added to each of three counts.
    of_pen = -(399 * np.log(400 / 403) + np.log(2 / 403)) / 400
    nats, _ = first_order(walks[:1], walks[1:])
    assert nats == pytest.approx(of_moves + of_pen, rel=1e-6)
    assert nats < without_memory(walks[:1], walks[1:])[0] - 0.5


def test_a_pen_that_never_lifted_in_training_may_lift_in_the_test_part():
    never = [np.concatenate([each[:, :2], np.zeros((len(each), 1))], 1) for each in TRAIN]
    nats, _ = first_order(never, TEST)
    assert np.isfinite(nats)


def test_more_points_than_are_wanted_are_drawn_from(monkeypatch):
    whole, _ = without_memory(TRAIN, TEST)
    monkeypatch.setattr(rivals, "ENOUGH", 150)
    some, _ = without_memory(TRAIN, TEST)
    assert some != whole
    assert some == without_memory(TRAIN, TEST)[0]


def test_one_point_to_tell_is_enough():
    nats, _ = without_memory([np.array([[1.0, 1, 0], [2, 1, 1]])], TEST)
    assert np.isfinite(nats)


@pytest.mark.parametrize("name", [ALONE, FIRST])
def test_each_rule_is_tried_without_a_seed(name):
    problem = make_problem("made up", found(train=drawings(40), test=drawings(10, seed=1)), Collection(), 0)
    scored = try_rule(problem, name)
    assert (scored.method, scored.seeded) == (name, False)
    assert scored.nats == RULES[name](points_of(problem.train), points_of(problem.test))[0]
    assert scored.parameters > 0
