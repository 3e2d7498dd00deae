"""Scores of classes against scikit-learn and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_softmax, softmax
from sklearn import metrics as judge

from throughtime.base.errors import DataError
from throughtime.metrics import accuracy, balanced_accuracy, brier, log_loss, macro_f1, matthews, nats_per_step

RNG = np.random.default_rng(0)
PAIRS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40)
Y = RNG.integers(0, 4, size=60)
LOGITS = RNG.normal(size=(60, 4))


@given(PAIRS)
@pytest.mark.filterwarnings("ignore:y_pred contains classes:UserWarning", "ignore:A single label:UserWarning")
def test_against_sklearn(pairs):
    y, f = np.array(pairs).T
    assert accuracy(y, f) == pytest.approx(judge.accuracy_score(y, f))
    assert balanced_accuracy(y, f) == pytest.approx(judge.balanced_accuracy_score(y, f))
    assert matthews(y, f) == pytest.approx(judge.matthews_corrcoef(y, f), abs=1e-12)


def test_text_and_missing_classes():
    target = np.array(["a", None, "b", "b"], dtype=object)
    assert accuracy(target, np.array(["a", "a", "b", "a"])) == pytest.approx(2 / 3)
    assert balanced_accuracy(target, np.array(["a", "a", "b", "a"])) == pytest.approx(0.75)
    with pytest.raises(DataError, match="name classes alike: 'a' and '0' came"):
        accuracy(["a", "b"], [0, 1])
    with pytest.raises(DataError, match="1 of 3 are missing"):
        accuracy([0, 1, 1], [0, 1, np.nan])


def test_matthews_of_one_class_is_zero_and_of_the_truth_is_one():
    assert matthews([1, 0, 1], [1, 1, 1]) == 0
    assert matthews([1, 1], [1, 1]) == 0
    assert matthews(Y, Y) == pytest.approx(1)
    assert matthews([0, 1], [1, 0]) == pytest.approx(-1)


def test_log_loss_and_brier_against_sklearn():
    p = softmax(LOGITS, axis=1)
    assert log_loss(Y, p) == pytest.approx(judge.log_loss(Y, p, labels=range(4)))
    assert brier(Y, p) == pytest.approx(np.mean(np.sum((p - np.eye(4)[Y]) ** 2, axis=1)))
    wet, share = (Y > 1).astype(float), p[:, 2] + p[:, 3]
    assert log_loss(wet, share) == pytest.approx(judge.log_loss(wet, share))
    assert brier(wet, share) == pytest.approx(judge.brier_score_loss(wet, share))
    assert brier(wet, np.stack([1 - share, share], 1)) == pytest.approx(2 * brier(wet, share))


def test_a_certain_and_wrong_forecast_is_infinitely_bad():
    assert log_loss([1, 0], [1.0, 0.25]) == pytest.approx(-np.log(0.75) / 2)
    assert log_loss([0], [1.0]) == np.inf


def test_nats_per_step():
    log_p = log_softmax(LOGITS, axis=1)
    want = judge.log_loss(Y, softmax(LOGITS, axis=1), labels=range(4))
    assert nats_per_step(Y, log_p) == pytest.approx(want)
    assert nats_per_step(Y.reshape(6, 10), log_p.reshape(6, 10, 4)) == pytest.approx(want)
    assert nats_per_step(Y, log_p[np.arange(60), Y]) == pytest.approx(want)
    assert nats_per_step([0.0, np.nan], np.log([[0.5, 0.5], [0.9, 0.1]])) == pytest.approx(np.log(2))
    assert nats_per_step([0], [[0.0, -np.inf]]) == 0  # a certain forecast has a symbol of probability 0


def test_logits_are_no_probabilities():
    for score in (log_loss, brier, nats_per_step):
        with pytest.raises(DataError, match="Apply a softmax"):
            score(Y, LOGITS)
    with pytest.raises(DataError, match="sum to 1"):
        brier([0, 1], [1.5, 0.2])


@given(PAIRS)
def test_macro_f1_against_sklearn(pairs):
    y, f = np.array(pairs).T
    assert macro_f1(y, f) == pytest.approx(judge.f1_score(y, f, average="macro", zero_division=0))
