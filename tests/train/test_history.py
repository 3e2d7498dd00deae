from __future__ import annotations

import json

from throughtime.base.trees import flatten, unflatten
from throughtime.train import Epoch, History


def epoch(validation):
    return Epoch(0.5, validation, 0.1, 10)


def test_the_first_of_equal_values_is_best():
    history = History()
    assert [history.add(epoch(value)) for value in (2.0, 1.0, 1.0, 3.0)] == [True, True, False, False]
    assert (history.best_epoch, history.best_validation, history.epochs_since_best) == (1, 1.0, 2)


def test_without_validation_nothing_is_best():
    history = History()
    assert not history.add(epoch(None))
    assert (history.best_epoch, history.best_validation, history.epochs_since_best) == (None, None, 0)


def test_it_comes_back_from_a_checkpoint():
    watched = Epoch(0.5, 0.2, 0.1, 20, {"lags": [0, 5], "relative": {"h": [1.0, float("inf")]}})
    history = History([0.1, 1e-300], [epoch(None), epoch(0.3), watched], 2, True, 12.5)
    structure, tensors = flatten(history.to_tree())
    assert History.from_tree(unflatten(json.loads(json.dumps(structure)), tensors)) == history
