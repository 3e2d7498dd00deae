"""Labels: checked, numbered, shared out, weighed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

from throughtime.base.errors import ConfigError, DataError
from throughtime.tasks.labels import as_labels, class_weights, classes_of, folds, held_out, numbered


@pytest.mark.parametrize(
    "given",
    [[1, 0], np.array([1, 0]), np.array([1.0, 0.0]), pd.Series([1, 0]), pl.Series([1, 0]), [True, False]],
)
def test_labels_of_every_container_are_pythons_own(given):
    assert as_labels(given, 2) == [1, 0]
    assert all(type(each) in (int, bool) for each in as_labels(given, 2))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, "NoneType came"),
        ("ab", "str came"),
        ([1], "2 sequences and 1 labels"),
        ([1, None], "None came as number 1"),
        ([1, float("nan")], "nan came as number 1"),
        ([1, 0.5], "0.5 came as number 1"),
        ([1, "a"], "all texts or all numbers"),
        (np.zeros((2, 1)), "Flatten"),
    ],
)
def test_what_are_no_labels_is_refused(given, message):
    with pytest.raises(DataError, match=message):
        as_labels(given, 2)


def test_classes_are_in_order_and_at_least_two():
    assert classes_of(["b", "a", "b"]) == ["a", "b"]
    with pytest.raises(DataError, match="at least 2 classes"):
        classes_of([3, 3])


def test_an_unknown_label_is_refused():
    assert numbered(["b", "a"], ["a", "b"]).tolist() == [1, 0]
    with pytest.raises(DataError, match="'c' came"):
        numbered(["c"], ["a", "b"])


@pytest.mark.parametrize("share", [0.1, 0.3, 0.9])
def test_every_class_trains_and_validates_by_its_share(share):
    labels = np.repeat([0, 1, 2], [40, 20, 1])
    train, valid = held_out(labels, share, seed=1)
    assert sorted([*train, *valid]) == list(range(61))
    assert np.bincount(labels[valid], minlength=3).tolist() == [round(40 * share), round(20 * share), 0]
    assert not np.array_equal(held_out(labels, share, seed=2)[1], valid)


def test_weights_balance_the_classes():
    labels = np.repeat([0, 1], [3, 1])
    weights = class_weights("balanced", ["a", "b"], labels)
    assert weights == pytest.approx((2 / 3, 2.0))
    assert class_weights({"b": 2, "a": 1}, ["a", "b"], labels) == (1.0, 2.0)
    assert class_weights(None, ["a", "b"], labels) is None
    for wrong in ("even", {"a": 1}, {"a": 1, "b": 0}):
        with pytest.raises(ConfigError):
            class_weights(wrong, ["a", "b"], labels)


def test_folds_hold_out_each_sequence_once():
    labels = np.repeat([0, 1, 2], [10, 5, 1])
    found = folds(labels, 3, seed=0)
    assert sorted(place for _, held in found for place in held) == list(range(15))  # the only one of its class trains
    for train, held in found:
        assert sorted([*train, *held]) == list(range(16))
        assert np.bincount(labels[held], minlength=2)[:2].min() >= 1
