"""Labels of sequences: checked, numbered, shared out between training and validation, weighed.

    balanced weights   w_k = N / (K N_k)        N_k sequences of class k

Dimensions: N sequences, K classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from throughtime.base.checks import as_number
from throughtime.base.errors import ConfigError, DataError
from throughtime.data.ragged import epoch_order

Places = NDArray[np.int64]
BALANCED = "balanced"


def as_labels(given: Any, count: int) -> list[Any]:
    """Labels one by one, as Python's own values.

    Args:
        given: [N] labels: texts, whole numbers, Booleans; a list, an array, a pandas or polars Series.
        count: N, sequences.

    Raises:
        DataError: none, another number of them, missing ones, or numbers that are not whole.
    """
    if given is None or isinstance(given, str | bytes) or not hasattr(given, "__iter__"):
        raise DataError(f"`labels` is a list with a label for each sequence: {type(given).__name__} came.")
    array = given.to_numpy() if hasattr(given, "to_numpy") else given
    if getattr(array, "ndim", 1) != 1:
        raise DataError(f"`labels` is a list with a label for each sequence: an array {array.shape} came. Flatten it.")
    labels = [each.item() if isinstance(each, np.generic) else each for each in array]
    if len(labels) != count:
        raise DataError(f"Each sequence has a label: {count} sequences and {len(labels)} labels came.")
    labels = [int(each) if isinstance(each, float) and each.is_integer() else each for each in labels]
    wrong = [place for place, each in enumerate(labels) if not isinstance(each, str | int)]
    if wrong:
        raise DataError(
            f"A label is a text or a whole number: {labels[wrong[0]]!r} came as number {wrong[0]} (from 0), and "
            f"{len(wrong) - 1} more. Leave these sequences out."
        )
    if len({isinstance(each, str) for each in labels}) > 1:
        raise DataError("Labels are all texts or all numbers: both came. Name the classes alike.")
    return labels


def classes_of(labels: Sequence[Any]) -> list[Any]:
    """The classes, in order.

    Raises:
        DataError: fewer than two.
    """
    classes = sorted(set(labels))
    if len(classes) < 2:
        raise DataError(
            f"Sequences of at least 2 classes are needed to tell them apart: all {len(labels)} have the label "
            f"{labels[0]!r}. Train on sequences of another class too."
        )
    return classes


def numbered(labels: Sequence[Any], classes: Sequence[Any]) -> Places:
    """The place of each label among the classes.

    Raises:
        DataError: a label that is none of them.
    """
    place = {label: number for number, label in enumerate(classes)}
    strange = [label for label in labels if label not in place]
    if strange:
        raise DataError(
            f"A label is one of the classes in training, {', '.join(map(repr, classes[:8]))}: {strange[0]!r} came."
        )
    return np.array([place[label] for label in labels], np.int64)


def held_out(labels: Places, share: float, seed: int) -> tuple[Places, Places]:
    """Training and validation places: of each class about `share` validates; a class of one trains.

    Args:
        labels: [N] classes 0 .. K - 1.
        share: in (0, 1).
        seed: of the draw.
    """
    order = epoch_order(len(labels), seed, 0)
    validates = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        members = order[labels[order] == label]
        count = min(max(1, round(share * len(members))), len(members) - 1)
        validates[members[:count]] = True
    return np.flatnonzero(~validates), np.flatnonzero(validates)


def folds(labels: Places, count: int, seed: int) -> list[tuple[Places, Places]]:
    """Places to train on and places held out, for each of some folds; each class is spread over them evenly.

    Args:
        labels: [N] classes 0 .. K - 1, N >= count.
        count: folds, 2 or more. A fold that would hold all there is of a class leaves it in training.
        seed: of the draw.
    """
    order = epoch_order(len(labels), seed, 0)
    fold = np.empty(len(labels), np.int64)
    sorted_ = order[np.argsort(labels[order], kind="stable")]
    fold[sorted_] = np.arange(len(labels)) % count
    lonely = np.isin(labels, np.flatnonzero(np.bincount(labels) == 1))
    parts = [(np.flatnonzero((fold != k) | lonely), np.flatnonzero((fold == k) & ~lonely)) for k in range(count)]
    return [(first, second) for first, second in parts if len(second)]


def class_weights(given: Any, classes: Sequence[Any], labels: Places) -> tuple[float, ...] | None:
    """What each class counts in the loss.

    Args:
        given: None: 1; "balanced": all classes count alike; or a number above 0 for each class, by label.
        classes: K labels.
        labels: [N] of the training part.

    Raises:
        ConfigError: anything else.
    """
    if given is None:
        return None
    if isinstance(given, str) and given == BALANCED:
        counts = np.bincount(labels, minlength=len(classes))
        return tuple(float(len(labels) / (len(classes) * count)) for count in counts)
    if not isinstance(given, Mapping) or set(given) != set(classes):
        raise ConfigError(
            f"`class_weight` is None, {BALANCED!r} or a number for each of the classes {list(classes)!r}: {given!r} "
            "came."
        )
    weights = [as_number(given[label]) for label in classes]
    if any(weight is None or weight <= 0 for weight in weights):
        raise ConfigError(f"A class's weight is a number above 0: {given!r} came.")
    return tuple(float(weight) for weight in weights if weight is not None)
