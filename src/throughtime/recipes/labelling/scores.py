"""What probabilities of classes were worth on a test part.

    two classes   accuracy, balanced accuracy, Matthews, AUC, Brier score ((p - y)^2 of the second), log loss in nats
    more          accuracy, balanced accuracy, Matthews, macro F1, Brier score (summed over classes), log loss
    one to find   AUC, average precision, recall at 1 % and 5 % false positives, then the rest of two classes

AUC is of the second class in order, or of the one to find. The interval of an accuracy is Wilson's, at 95 %: it says
how far another test part of that size may lead, not what another seed may.

Dimensions: N sequences, K classes.

Source of the interval: Wilson, Journal of the American Statistical Association 22, 1927.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from throughtime import metrics
from throughtime.recipes.labelling.problem import ACCURACY, AUC, MATTHEWS, Places

Floats = NDArray[np.float64]
Scores = dict[str, float]
BALANCED, F1, BRIER, LOG_LOSS = "balanced accuracy", "macro F1", "Brier", "log loss"
AVERAGE_PRECISION = "average precision"
# Recall where so large a share of the others is flagged.
RECALLS = {"recall at 1 %": 0.01, "recall at 5 %": 0.05}
# Normal quantile of 95 %.
_Z = 1.959964
# A probability of 0 makes a log loss infinite for one sequence; neighbours and trees give such.
_LEAST = 1e-6


def measures(classes: int, finding: bool = False) -> tuple[str, ...]:
    """The scores there are for so many classes, those of the class to find first where there is one."""
    if finding:
        return (AUC, AVERAGE_PRECISION, *RECALLS, ACCURACY, BALANCED, MATTHEWS, BRIER, LOG_LOSS)
    return (ACCURACY, BALANCED, MATTHEWS, AUC if classes == 2 else F1, BRIER, LOG_LOSS)


def score(truth: Places, probability: Floats, wanted: int | None = None) -> Scores:
    """All measures of some probabilities.

    Args:
        truth: [N] classes 0 .. K - 1.
        probability: [N, K]; the likeliest class is the answer. AUC is nan where one class did not come.
        wanted: of two classes the one to find; None: neither is more than the other.
    """
    given = np.clip(probability, _LEAST, None)
    given = given / given.sum(1, keepdims=True)
    said = probability.argmax(1)
    two = probability.shape[1] == 2
    found = {
        ACCURACY: metrics.accuracy(truth, said),
        BALANCED: metrics.balanced_accuracy(truth, said),
        MATTHEWS: metrics.matthews(truth, said),
        BRIER: metrics.brier(truth, given[:, 1] if two else given),
        LOG_LOSS: metrics.log_loss(truth, given),
    }
    if wanted is not None:
        found |= _finding(truth == wanted, probability[:, wanted])
    elif two:
        found[AUC] = metrics.roc_auc(truth, probability[:, 1]) if len(set(truth.tolist())) == 2 else math.nan
    else:
        found[F1] = metrics.macro_f1(truth, said)
    return {name: found[name] for name in measures(probability.shape[1], wanted is not None)}


def _finding(truth: NDArray[np.bool_], probability: Floats) -> Scores:
    """What is found of one class, by its probability; nan where that class, or all else, did not come."""
    if truth.all() or not truth.any():
        return dict.fromkeys((AUC, AVERAGE_PRECISION, *RECALLS), math.nan)
    found = {AUC: metrics.roc_auc(truth, probability), AVERAGE_PRECISION: metrics.average_precision(truth, probability)}
    return found | {name: metrics.recall_at(truth, probability, share) for name, share in RECALLS.items()}


def metric_of(name: str) -> Callable[[Places, Floats], float]:
    """The one measure by which methods are set against each other: "accuracy", "Matthews" or "AUC"."""

    def by_class(of: Callable[..., float]) -> Callable[[Places, Floats], float]:
        return lambda truth, probability: of(truth, probability.argmax(1))

    if name == AUC:
        return lambda truth, probability: metrics.roc_auc(truth, probability[:, 1])
    return by_class(metrics.matthews if name == MATTHEWS else metrics.accuracy)


def wilson(share: float, count: int) -> tuple[float, float]:
    """The ends of a share's interval at 95 %.

    Args:
        share: of successes, 0 .. 1.
        count: tries, at least 1.
    """
    middle = (share + _Z**2 / (2 * count)) / (1 + _Z**2 / count)
    half = _Z / (1 + _Z**2 / count) * math.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def difference(
    truth: Places, ours: Sequence[Floats], theirs: Sequence[Floats], metric: str, draws: int = 300, seed: int = 0
) -> tuple[float, float, float]:
    """Two methods' means of a metric, and the standard error of their difference.

    The error counts both what another test part may change (test sequences drawn anew with replacement, the same for
    both methods) and what other seeds may (their deviation, divided by the root of their number).

    Args:
        truth: [N] classes 0 .. K - 1.
        ours: probabilities [N, K] of each seed.
        theirs: likewise; one where nothing is drawn.
        metric: "accuracy", "Matthews" or "AUC".
        draws: test parts drawn anew.
        seed: of the draws.
    """
    of, rng = metric_of(metric), np.random.default_rng(seed)
    values = [[of(truth, each) for each in method] for method in (ours, theirs)]
    gaps = []
    for _ in range(draws):
        rows = rng.integers(len(truth), size=len(truth))
        if len(set(truth[rows].tolist())) < 2:
            continue  # no test part of one class says anything
        mean = [np.mean([of(truth[rows], each[rows]) for each in method]) for method in (ours, theirs)]
        gaps.append(mean[0] - mean[1])
    by_seed = sum(np.var(each, ddof=1) / len(each) for each in values if len(each) > 1)
    spread = np.var(gaps, ddof=1) if len(gaps) > 1 else 0.0
    return float(np.mean(values[0])), float(np.mean(values[1])), float(np.sqrt(spread + by_seed))
