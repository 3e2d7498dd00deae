"""Scores of an order against scikit-learn and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as judge

from throughtime.base.errors import ConfigError, DataError, ShapeError
from throughtime.metrics import average_precision, hit_rate, ndcg, recall_at, reciprocal_rank, roc_auc

RNG = np.random.default_rng(0)
ITEMS = 12
TARGET = RNG.integers(0, ITEMS, size=50)
SCORE = RNG.normal(size=(50, ITEMS))
RANKED = np.argsort(-SCORE, axis=1)
RANKS = (TARGET[:, None] == RANKED).argmax(axis=1) + 1


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=60))
def test_roc_auc_against_sklearn(pairs):
    y, score = np.array(pairs, dtype=np.float64).T
    if len(set(y)) == 2:
        assert roc_auc(y, score) == pytest.approx(judge.roc_auc_score(y, score))


def test_roc_auc_of_shapes_and_missing_targets():
    y, score = np.array([[1, 0, np.nan], [0, 1, 0]]), np.array([[3.0, 1, 9], [2, 4, 2]])
    assert roc_auc(y, score) == 1
    assert roc_auc([True, False], [0.5, 0.5]) == 0.5


def test_roc_auc_needs_two_classes_named_0_and_1():
    with pytest.raises(DataError, match="3 and 0 came. Score more rows."):
        roc_auc([1, 1, 1], [1, 2, 3])
    with pytest.raises(DataError, match="0 or 1: 2 came. Name the positive class"):
        roc_auc([0, 1, 2], [1, 2, 3])
    with pytest.raises(ShapeError, match="need one shape"):
        roc_auc([0, 1], [1.0])
    with pytest.raises(DataError, match="must be finite"):
        roc_auc([0, 1], [1.0, np.nan])


@pytest.mark.parametrize("k", [1, 3, 10])
def test_hits_and_gains_against_sklearn(k):
    relevance = np.eye(ITEMS)[TARGET]
    hits = judge.top_k_accuracy_score(TARGET, SCORE, k=k, labels=range(ITEMS))
    gains = judge.ndcg_score(relevance, SCORE, k=k)
    for ranked in (RANKED, RANKED[:, :10], RANKS):
        assert hit_rate(TARGET, ranked, k) == pytest.approx(hits)
        assert ndcg(TARGET, ranked, k) == pytest.approx(gains)


def test_reciprocal_rank_against_sklearn():
    # With one relevant item the mean average precision of the labels is the mean reciprocal rank.
    want = judge.label_ranking_average_precision_score(np.eye(ITEMS)[TARGET], SCORE)
    assert reciprocal_rank(TARGET, RANKED) == pytest.approx(want)
    assert reciprocal_rank(TARGET, RANKS) == pytest.approx(want)


def test_items_that_are_not_listed_or_not_known():
    assert reciprocal_rank([7, 1, np.nan], [[1, 2], [2, 1], [3, 4]]) == pytest.approx(0.25)
    assert hit_rate([7, 1, np.nan], [np.inf, 2, 1], 2) == 0.5
    assert ndcg([7, 1], [np.inf, 2], 2) == pytest.approx(1 / np.log2(3) / 2)
    with pytest.raises(DataError, match="none of them present"):
        hit_rate([np.nan], [[1, 2]], 1)


def test_lists_and_ranks_are_checked():
    with pytest.raises(DataError, match="item 2 came twice in a row"):
        hit_rate([1], [[2, 1, 2]], 1)
    with pytest.raises(DataError, match="inf where an item was not ranked: 0 came. Add 1"):
        reciprocal_rank([1], [0])
    with pytest.raises(ConfigError, match="at most the items listed, 2: 3 came"):
        hit_rate([1], [[1, 2]], 3)
    with pytest.raises(ConfigError, match="`k` is a whole number, at least 1: 0 came"):
        ndcg([1], [1], 0)
    with pytest.raises(ShapeError, match=r"one list \[N, K\] or one rank \[N\] each: \(2,\) and \(1, 2\) came"):
        hit_rate([1, 2], [[1, 2]], 1)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=60), st.sampled_from([0, 0.05, 0.3]))
def test_average_precision_and_recall_against_sklearn(pairs, share):
    y, score = np.array(pairs, dtype=np.float64).T
    if len(set(y)) == 2:
        assert average_precision(y, score) == pytest.approx(judge.average_precision_score(y, score))
        alarms, found, _ = judge.roc_curve(y, score, drop_intermediate=False)
        assert recall_at(y, score, share) == pytest.approx(found[alarms <= share].max())


def test_recall_is_of_a_share_and_of_two_classes():
    assert recall_at([1, 1, 0, 0], [3.0, 1, 2, 0], 0) == 0.5
    assert recall_at([1, 1, 0, 0], [3.0, 1, 2, 0], 0.5) == 1
    assert recall_at([1, 0], [0.5, 0.5], 0.01) == 0  # one threshold flags both
    with pytest.raises(ConfigError, match="a share from 0 to 1: 5 came"):
        recall_at([1, 0], [1.0, 0], 5)
    with pytest.raises(DataError, match="`average_precision` compares positives with negatives: 0 and 2 came"):
        average_precision([0, 0], [1.0, 0])
