"""Missing targets are skipped, missing forecasts and empty scores are refused, shapes are never broadcast."""

from __future__ import annotations

import numpy as np
import pytest

from throughtime import metrics
from throughtime.base.errors import DataError, ShapeError
from throughtime.metrics.scored import class_places, scored, scored_classes

NAN = np.nan
Y = np.array([[1.0, NAN], [3.0, 0.0]])
P = np.array([[0.2, 0.8], [NAN, NAN], [0.5, 0.5], [0.9, 0.1]])
# Every score on a target with and without a missing entry; what stands at the missing one must not matter.
SCORES = {
    "rmse": lambda y, f: metrics.rmse(y, f),
    "mae": lambda y, f: metrics.mae(y, f),
    "smape": lambda y, f: metrics.smape(y, f),
    "mase": lambda y, f: metrics.mase(y, f, [1.0, 3.0]),
    "rse": lambda y, f: metrics.rse(y, f),
    "coverage": lambda y, f: metrics.coverage(y, f - 1, f + 1),
    "interval_width": lambda y, f: metrics.interval_width(y, f - 1, f + f),
    "pinball": lambda y, f: metrics.pinball(y, f, 0.3),
    "crps_gaussian": lambda y, f: metrics.crps_gaussian(y, f, np.abs(f) + 1),
    "accuracy": lambda y, f: metrics.accuracy(y, np.round(f)),
    "balanced_accuracy": lambda y, f: metrics.balanced_accuracy(y, np.round(f)),
    "matthews": lambda y, f: metrics.matthews(y, np.round(f)),
    "log_loss": lambda y, f: metrics.log_loss(y, np.stack([1 - f / 5, f / 5], -1)),
    "brier": lambda y, f: metrics.brier(y, f / 5),
    "macro_f1": lambda y, f: metrics.macro_f1(y, np.round(f)),
    "roc_auc": lambda y, f: metrics.roc_auc(y, f),
    "average_precision": lambda y, f: metrics.average_precision(y, f),
    "recall_at": lambda y, f: metrics.recall_at(y, f, 0.4),
    "nats_per_step": lambda y, f: metrics.nats_per_step(y, np.log(np.stack([1 - f / 5, f / 5], -1))),
}
# What takes other things than targets and forecasts of one shape; their own tests check them.
OTHERS = {"skill", "owa", "hit_rate", "ndcg", "reciprocal_rank", "nab_score", "nab_best_threshold"}
OTHERS |= {"known_words", "longest_copy", "ngram_divergence", "bleu", "cider"}
OTHERS |= {"Rouge", "rouge", "rouge_words", "word_spans"}


def test_every_score_is_here():
    assert set(SCORES) | OTHERS == set(metrics.__all__)


@pytest.mark.parametrize("name", SCORES)
def test_missing_targets_are_not_scored(name):
    score = SCORES[name]
    target, forecast = np.array([1.0, 0.0, NAN, 1.0]), np.array([1.5, 1.25, 2.0, 3.0])
    kept = ~np.isnan(target)
    want = score(target[kept], forecast[kept])
    assert isinstance(want, float)
    assert score(target, forecast) == want
    assert score(target, np.where(kept, forecast, NAN)) == want
    assert score(target.reshape(2, 2), forecast.reshape(2, 2)) == want


@pytest.mark.parametrize("name", SCORES)
def test_nothing_to_score_and_missing_forecasts_are_errors(name):
    score = SCORES[name]
    for target in (np.full(2, NAN), np.zeros(0)):
        with pytest.raises(DataError, match=f"at least one present target: {target.size} came"):
            score(target, np.ones(target.size))
    with pytest.raises(DataError):
        score(np.array([1.0, 0.0]), np.array([1.0, NAN]))


@pytest.mark.parametrize("name", SCORES)
def test_shapes_are_not_broadcast(name):
    with pytest.raises(ShapeError):
        SCORES[name](np.zeros((3, 1)), np.ones(3))


def test_scored_keeps_pairs():
    np.testing.assert_array_equal(scored(Y, Y + 1), ([1, 3, 0], [2, 4, 1]))
    with pytest.raises(DataError, match="1 of 3 are nan or infinite"):
        scored(Y, np.where(Y == 3, np.inf, Y))
    with pytest.raises(DataError, match="1 of 3"):
        scored(np.where(Y == 3, np.inf, Y), Y)


def test_classes_of_every_kind():
    assert scored_classes(np.array(["a", "b"]))[1].all()
    assert scored_classes(np.array(["a", None, NAN], dtype=object))[1].tolist() == [True, False, False]
    assert scored_classes([1, 0])[1].tolist() == [True, True]


def test_class_places():
    places, rows = class_places([1, NAN, 0, 0], P)
    assert places.tolist() == [1, 0, 0]
    np.testing.assert_array_equal(rows, P[[0, 2, 3]])
    for bad in ([2, 0, 0, 0], [-1, 0, 0, 0], [0.5, 0, 0, 0]):
        with pytest.raises(DataError, match="whole numbers from 0 to 1"):
            class_places(bad, np.nan_to_num(P))
    with pytest.raises(DataError, match="nan came where a target is present"):
        class_places([0, 0, 0, 0], P)
    with pytest.raises(ShapeError, match=r"\(3,\) and \(4, 2\)"):
        class_places([0, 1, 0], P)
