from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn import metrics as judge

from throughtime.recipes.labelling.scores import difference, measures, metric_of, score, wilson

RNG = np.random.default_rng(0)


def drawn(classes, count=80):
    given = RNG.dirichlet(np.ones(classes), count)
    return RNG.integers(classes, size=count), given


def test_scores_against_sklearn():
    truth, given = drawn(2)
    found = score(truth, given)
    assert tuple(found) == measures(2)
    assert found["AUC"] == pytest.approx(judge.roc_auc_score(truth, given[:, 1]))
    assert found["Brier"] == pytest.approx(judge.brier_score_loss(truth, given[:, 1]), rel=1e-4)
    truth, given = drawn(3)
    found = score(truth, given)
    assert found["macro F1"] == pytest.approx(judge.f1_score(truth, given.argmax(1), average="macro"))
    assert found["log loss"] == pytest.approx(judge.log_loss(truth, given), rel=1e-4)


def test_certainty_of_the_wrong_class_costs_much_and_not_infinitely():
    found = score(np.array([0, 1]), np.array([[0.0, 1.0], [0.0, 1.0]]))
    assert 5 < found["log loss"] < 10
    assert math.isnan(score(np.array([1, 1]), np.full((2, 2), 0.5))["AUC"])


def test_interval_of_a_share():
    low, high = wilson(0.9, 100)  # Wilson's own formula, by hand
    assert (low, high) == (pytest.approx(0.8256, abs=1e-4), pytest.approx(0.9448, abs=1e-4))
    assert wilson(1.0, 10)[1] == pytest.approx(1.0)
    assert wilson(0.0, 10)[0] == pytest.approx(0.0)


@pytest.mark.parametrize("metric", ["accuracy", "Matthews", "AUC"])
def test_a_gap_and_its_error(metric):
    truth = RNG.integers(2, size=300)
    sure = np.where(np.eye(2)[truth] > 0, 0.9, 0.1)
    noisy = np.where(RNG.random(300)[:, None] < 0.3, sure[:, ::-1], sure)
    ours, theirs, error = difference(truth, [sure], [noisy], metric)
    assert ours == metric_of(metric)(truth, sure) == 1
    assert ours - theirs > 4 * error > 0
    assert difference(truth, [noisy], [noisy], metric)[2] == 0
    assert difference(truth, [sure, noisy], [noisy], metric)[2] > error  # seeds that differ add to it


@pytest.mark.parametrize("wanted", [0, 1])
def test_one_class_to_find(wanted):
    truth, given = drawn(2)
    found = score(truth, given, wanted)
    assert tuple(found) == measures(2, True)
    assert found["AUC"] == pytest.approx(judge.roc_auc_score(truth == wanted, given[:, wanted]))
    assert found["average precision"] == pytest.approx(judge.average_precision_score(truth == wanted, given[:, wanted]))
    assert found["recall at 1 %"] <= found["recall at 5 %"] < 1
    assert math.isnan(score(np.full(3, wanted), given[:3], wanted)["recall at 1 %"])
