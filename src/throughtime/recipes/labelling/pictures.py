"""The report's pictures of classes told apart: what is taken for what, probabilities kept, found against false alarms.

Dimensions: N sequences, K classes.
"""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from throughtime.insight.svg import BLUE, ORANGE
from throughtime.recipes.figure import INK, as_element, legend_above
from throughtime.recipes.labelling.problem import Places
from throughtime.recipes.labelling.scores import Floats

BINS = 10
# Classes whose numbers are written into the squares; of more they do not fit.
MOST_WRITTEN = 12


def confusion(truth: Places, probability: Floats, classes: Sequence[str]) -> str:
    """Sequences by class (row) and likeliest class (column); colours are shares of the row.

    Args:
        truth: [N] classes 0 .. K - 1.
        probability: [N, K].
        classes: K names.
    """
    counts = confused(truth, probability)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        axes.imshow(shares, cmap=_from_clear(), vmin=0, vmax=1, aspect="auto")
        axes.set_xticks(range(len(classes)), classes, rotation=30 if len(classes) > 6 else 0)
        axes.set_yticks(range(len(classes)), classes)
        axes.set_xlabel("likeliest class")
        axes.set_ylabel("class")
        if len(classes) <= MOST_WRITTEN:
            for (row, column), count in np.ndenumerate(counts):
                axes.text(column, row, f"{count:,}", ha="center", va="center", color=INK)

    return as_element(draw, 1.4 + 0.3 * min(len(classes), 20), "confusion")


def confused(truth: Places, probability: Floats) -> NDArray[np.int64]:
    """[K, K] sequences by class and likeliest class."""
    count = probability.shape[1]
    return np.bincount(truth * count + probability.argmax(1), minlength=count**2).reshape(count, count)


def reliability(truth: Places, probability: Floats, uncalibrated: Floats) -> str:
    """How often sequences said with a probability are of that class, with the temperature and without.

    All classes' probabilities count, in `BINS` bins.

    Args:
        truth: [N] classes 0 .. K - 1.
        probability: [N, K].
        uncalibrated: [N, K] before division by the temperature.
    """
    came = np.eye(probability.shape[1])[truth].ravel()

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        for name, colour, given in (("as the network gave it", ORANGE, uncalibrated), ("reported", BLUE, probability)):
            mean, share, count = binned(given.ravel(), came)
            axes.plot(mean, share, "-", color=colour, label=name)
            axes.scatter(mean, share, s=12 + 120 * count / count.sum(), color=colour)
        _diagonal(axes, "probability", "share that was of the class")
        legend_above(axes, 2)

    return as_element(draw, 3.4, "calibration", 4.6)


def binned(stated: NDArray[np.float64], came: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Mean probability, share that came, and number of cases, in the bins that hold any."""
    place = np.minimum((stated * BINS).astype(int), BINS - 1)
    count = np.bincount(place, minlength=BINS)
    filled = count > 0
    sums = [np.bincount(place, weights=values, minlength=BINS)[filled] for values in (stated, came)]
    return sums[0] / count[filled], sums[1] / count[filled], count[filled].astype(float)


def roc(truth: Places, probability: Floats, positive: str, area: float) -> str:
    """The share found over the share of false alarms, at every threshold.

    Args:
        truth: [N] of two classes, 0 and 1, both there.
        probability: [N, 2].
        positive: name of class 1.
        area: below the curve.
    """
    alarms, found = roc_points(truth, probability[:, 1])

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        axes.plot(alarms, found, color=BLUE, label=f"AUC {area:.3f}")
        _diagonal(axes, f"share of the others said to be {positive}", f"share of {positive} found")
        legend_above(axes, 1)

    return as_element(draw, 3.4, "roc", 4.6)


def roc_points(truth: Places, score: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shares of false alarms and of positives found, from no alarm to all; equal scores are one threshold."""
    order = np.argsort(-score, kind="stable")
    last = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)
    hits = np.cumsum(truth[order] == 1)[last]
    alarms = last + 1 - hits
    return np.append(0, alarms / alarms[-1]), np.append(0, hits / hits[-1])


def by_class(truth: Places, probability: Floats, classes: Sequence[str]) -> str:
    """Of each class the share found, and of what is said to be of it the share that is.

    Arguments as `confusion`.
    """
    counts = confused(truth, probability)
    right = np.diag(counts)
    shares = (right / np.maximum(counts.sum(1), 1), right / np.maximum(counts.sum(0), 1))

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        places = np.arange(len(classes))
        for move, share, colour, name in (
            (-0.2, shares[0], BLUE, "found"),
            (0.2, shares[1], ORANGE, "right where said"),
        ):
            axes.bar(places + move, share, 0.38, color=colour, label=name)
        axes.set_xticks(places, classes, rotation=30 if len(classes) > 6 else 0)
        axes.set_ylim(0, 1)
        legend_above(axes, 2)

    return as_element(draw, 2.6, "classes")


def _diagonal(axes: Axes, below: str, beside: str) -> None:
    axes.plot([0, 1], [0, 1], color=INK, lw=0.7, alpha=0.6)
    axes.set_xlabel(below)
    axes.set_ylabel(beside)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)


def _from_clear() -> mpl.colors.Colormap:
    """From nothing to blue, so that light and dark pages both show through."""
    clear, full = mpl.colors.to_rgba(BLUE, 0.0), mpl.colors.to_rgba(BLUE, 0.85)
    return mpl.colors.LinearSegmentedColormap.from_list("clear", [clear, full])
