"""Scores of an order: of cases by how suspicious they look, of items by how likely they come next.

    roc_auc           P(score of a positive > score of a negative) + P(equal) / 2
    average_precision sum over thresholds, from the highest, of (recall - recall before) * precision
    recall_at         the highest recall of a threshold whose share of false positives is at most the one allowed
    hit_rate          share of rows with rank <= k
    ndcg              mean of 1 / log2(1 + rank) where rank <= k, else 0
    reciprocal_rank   mean of 1 / rank

A rank is the place of a row's one true item in its list, 1 the first; a list without it has rank inf. With one true
item the ideal order gains 1 / log2(2) = 1, so that nothing is left to normalise.

Dimensions: N rows, K items listed.

Sources: Hanley & McNeil, Radiology 143(1), 1982 (AUC as a rank statistic); Jarvelin & Kekalainen, ACM Transactions on
Information Systems 20(4), 2002 (discounted gain).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from throughtime.base.checks import Checks
from throughtime.base.errors import ConfigError, DataError, ShapeError
from throughtime.metrics.scored import Floats, check_any, scored


def roc_auc(target: ArrayLike, score: ArrayLike) -> float:
    """Area under the curve of found positives over false alarms, ties counted half.

    Args:
        target: of any shape, 1 or True for a positive, 0 or False for a negative; nan is not scored.
        score: the same shape, higher for what looks more like a positive.

    Returns:
        From 0 to 1; 0.5 is chance.

    Raises:
        ShapeError: shapes differ.
        DataError: nothing to score, a score that is not finite, a target other than 0 and 1, or one class only.
    """
    positive, given = _two_classes(target, score, "roc_auc")
    positives, negatives = int(positive.sum()), int((~positive).sum())
    above = rankdata(given)[positive].sum() - positives * (positives + 1) / 2
    return float(above / (positives * negatives))


def average_precision(target: ArrayLike, score: ArrayLike) -> float:
    """Mean precision over the thresholds that find positives, each weighed by the recall it adds.

    Target, score and errors as `roc_auc`. Chance is the share of positives; equal scores share a threshold.
    """
    positive, given = _two_classes(target, score, "average_precision")
    found, false = _by_threshold(positive, given)
    return float(np.sum(np.diff(found, prepend=0) / found[-1] * found / (found + false)))


def recall_at(target: ArrayLike, score: ArrayLike, false_positives: float) -> float:
    """Share of positives found by the best threshold with so few false positives.

    Args:
        target: as `roc_auc`.
        score: as `roc_auc`.
        false_positives: share of the negatives that may be flagged, from 0 to 1.

    Raises:
        ConfigError: the share is outside 0 to 1.
        ShapeError, DataError: as `roc_auc`.
    """
    if not 0 <= false_positives <= 1:
        raise ConfigError(f"`false_positives` is a share from 0 to 1: {false_positives} came. Write 0.01 for 1 %.")
    positive, given = _two_classes(target, score, "recall_at")
    found, false = _by_threshold(positive, given)
    allowed = found[false / false[-1] <= false_positives]
    return float(allowed[-1] / found[-1]) if len(allowed) else 0.0


def hit_rate(target: ArrayLike, ranked: ArrayLike, k: int) -> float:
    """Share of rows whose true item is among the first k.

    Args:
        target: [N] number of the item that came; nan is not scored.
        ranked: [N, K] item numbers, the likeliest first, none twice in a row; or [N] ranks of the true items, 1 the
            first, inf where an item was not ranked.
        k: how many of the first items count, at least 1.

    Returns:
        A share from 0 to 1.

    Raises:
        ConfigError: `k` is no whole number of at least 1, or the lists are shorter.
        ShapeError: shapes do not fit.
        DataError: nothing to score, an item listed twice in a row, or a rank below 1.
    """
    return float(np.mean(_ranks(target, ranked, k) <= k))


def ndcg(target: ArrayLike, ranked: ArrayLike, k: int) -> float:
    """Mean discounted gain of the true item's place among the first k, at most 1; used as `hit_rate`."""
    ranks = _ranks(target, ranked, k)
    return float(np.mean(np.where(ranks <= k, 1 / np.log2(1 + ranks), 0.0)))


def reciprocal_rank(target: ArrayLike, ranked: ArrayLike) -> float:
    """Mean of 1 / rank of the true item, 0 where it is not listed; target, ranked and errors as `hit_rate`."""
    return float(np.mean(1 / _ranks(target, ranked, 1)))


def _two_classes(target: ArrayLike, score: ArrayLike, name: str) -> tuple[NDArray[np.bool_], Floats]:
    """Which scored rows are positives, some but not all, and the rows' scores."""
    wanted, given = scored(target, score)
    positive = wanted == 1
    if not (positive | (wanted == 0)).all():
        odd = wanted[~positive & (wanted != 0)][0]
        raise DataError(f"A target of `{name}` is 0 or 1: {odd:g} came. Name the positive class: target == label.")
    positives, negatives = int(positive.sum()), int((~positive).sum())
    if not positives or not negatives:
        raise DataError(
            f"`{name}` compares positives with negatives: {positives} and {negatives} came. Score more rows."
        )
    return positive, given


def _by_threshold(positive: NDArray[np.bool_], given: Floats) -> tuple[Floats, Floats]:
    """Positives and negatives at or above each distinct score, the highest first."""
    order = np.argsort(-given, kind="stable")
    last = np.append(np.diff(given[order]) != 0, True)  # of each run of equal scores
    found, false = (np.cumsum(rows[order])[last].astype(np.float64) for rows in (positive, ~positive))
    return found, false


def _ranks(target: ArrayLike, ranked: ArrayLike, k: int) -> Floats:
    """Ranks of the true items of the rows that are scored, inf where not listed."""
    items, lists = np.asarray(target, np.float64), np.asarray(ranked, np.float64)
    if items.ndim != 1 or lists.ndim not in (1, 2) or len(lists) != len(items):
        raise ShapeError(
            f"One true item [N] needs one list [N, K] or one rank [N] each: {items.shape} and {lists.shape} came."
        )
    present = ~np.isnan(items)
    check_any(present, items.size)
    _check_k(k, lists)
    if lists.ndim == 1:
        return _given_ranks(lists[present])
    items, lists = items[present], lists[present]
    _check_unique(lists)
    found = lists == items[:, None]
    return np.where(found.any(axis=1), found.argmax(axis=1) + 1.0, np.inf)


def _given_ranks(ranks: Floats) -> Floats:
    wrong = ~((ranks >= 1) & (ranks == np.floor(ranks)))
    if wrong.any():
        raise DataError(
            f"A rank is a whole number, 1 for the first, inf where an item was not ranked: {ranks[wrong][0]:g} came. "
            "Add 1 to places counted from 0."
        )
    return ranks


def _check_k(k: int, lists: Floats) -> None:
    checks = Checks()
    first = checks.whole("k", k)
    if lists.ndim == 2 and first > lists.shape[1]:
        checks.add(f"`k` is at most the items listed, {lists.shape[1]}: {k} came")
    checks.report("A ranking's score")


def _check_unique(lists: Floats) -> None:
    ordered = np.sort(lists, axis=1)
    twice = ordered[:, 1:] == ordered[:, :-1]
    if twice.any():
        raise DataError(
            f"A list names an item once: item {ordered[:, 1:][twice][0]:g} came twice in a row. Rank each item once."
        )
