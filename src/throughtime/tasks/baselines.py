"""Rules every forecast must stand beside: persistence, climatology, ridge and gradient boosting on lags.

    persistence   y[t] = last observed y before t
    climatology   y[t] = a + sum over periods p and orders j <= J of b[p, j] sin(2 pi j phase[t, p]) + c[p, j] cos(...)
    on lags       y[t] = f(x[t-1], ..., x[t-L], known[t]); f linear with a ridge penalty, or boosted trees

All are fitted on training rows. Validation rows choose the number of harmonics or lags and the penalty, target by
target, and their residuals give the width of the Gaussian intervals; test rows are never read. The forecast of row t
uses rows before t and what is known of t. Class targets get the matching classifiers.

Dimensions: T steps, C inputs, K numeric targets, N class targets, F known features, P periods.
Source: Wilks, Statistical Methods in the Atmospheric Sciences, 2011, chapters 8 (reference forecasts), 9 (harmonics).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Self

import numpy as np

from throughtime.base.errors import DataError
from throughtime.tasks.learners import Fitted, Learner, boosted_classes, boosted_trees, logistic, ridge

Array = np.ndarray
Features = Callable[["Steps"], Array]
TRAIN, VALIDATION, TEST = 0, 1, 2

# The annual and the semi-annual wave; a third would follow the noise of a training part of a few years.
HARMONICS = (1, 2)
# A day, some days, a week, a fortnight, four weeks of daily data; trees pay for every column, so they stop earlier.
RIDGE_LAGS = (1, 3, 7, 14, 28)
BOOSTING_LAGS = (1, 3, 7, 14)
LOGISTIC_LAGS = (1, 3, 7)


@dataclass(frozen=True)
class Steps:
    """One series on a regular grid, as the rules see it.

    Args:
        numeric: [T, K] numeric targets in their unit; nan where missing.
        labels: [T, N] class targets as numbers from 0; -1 where missing.
        inputs: [T, C] scaled inputs without gaps.
        known: [T, F] features of row t that are known before t.
        phase: [T, P] position within each calendar period, in cycles.
        part: [T] TRAIN, VALIDATION or TEST.
    """

    numeric: Array
    labels: Array
    inputs: Array
    known: Array
    phase: Array
    part: Array


@dataclass(frozen=True)
class Forecast:
    """One-step-ahead forecasts of a series, row by row.

    Args:
        point: [T, K] point forecasts; nan where there is none.
        intervals: for each level in per cent the lower and upper end, [T, K] each; empty if the method has none.
        probability: for each class target [T, classes]; nan where there is none.
    """

    point: Array
    intervals: Mapping[int, tuple[Array, Array]]
    probability: Sequence[Array]


class Persistence:
    """Tomorrow is as today; a class stays with the share of training steps in which it stayed.

    Attributes:
        parameters_count_: numbers fitted.
        choice_: what validation chose for each target, in words; nothing here.
        deviation_: [K] root mean square of the validation residuals, the intervals' Gaussian scale.
    """

    choice_: tuple[str, ...] = ()

    def fit(self, series: Sequence[Steps], classes: Sequence[int]) -> Self:
        """Learn the shares of stays and the intervals' width.

        Args:
            series: at least one.
            classes: number of classes of each class target, in the order of `Steps.labels`.

        Raises:
            DataError: a numeric target is missing in all validation rows.
        """
        self._classes = tuple(classes)
        self._stays = [_share_of_stays(series, target) for target in range(len(classes))]
        self.parameters_count_ = len(self._stays)
        self.deviation_ = _deviation(series, [self._point(steps) for steps in series])
        return self

    def forecast(self, steps: Steps, levels: Sequence[int] = (80, 95)) -> Forecast:
        """Forecast every row of a series from the rows before it; `levels` in per cent, each in (0, 100)."""
        point = self._point(steps)
        return Forecast(point, _gaussian(point, self.deviation_, levels), self._probability(steps))

    def _point(self, steps: Steps) -> Array:
        return last_before(steps.numeric, np.isfinite(steps.numeric), np.nan)

    def _probability(self, steps: Steps) -> list[Array]:
        last = last_before(steps.labels, steps.labels >= 0, -1)
        return [_stay_or_move(last[:, n], *pair) for n, pair in enumerate(zip(self._stays, self._classes, strict=True))]


class Learned:
    """A learner on features of the past, for each target with the features and setting that validation prefers.

    Args:
        candidates: name, reach and features of each candidate, e.g. {"7 lags": (7, ...)}; features are [T, D] without
            gaps, and rows with less past than the reach are left out of training, unless a class would be lost or
            nothing left: then the choice says "first rows padded".
        numbers: learner of numeric targets.
        labels: learner of class targets; `label_candidates` are its features where they differ.

    Attributes:
        parameters_count_: numbers fitted, over all targets.
        choice_: what validation chose for each target, in words.
        deviation_: [K] root mean square of the validation residuals, the intervals' Gaussian scale.
    """

    def __init__(
        self,
        candidates: Mapping[str, tuple[int, Features]],
        numbers: Learner,
        labels: Learner,
        label_candidates: Mapping[str, tuple[int, Features]] | None = None,
    ) -> None:
        self._candidates, self._label_candidates = candidates, label_candidates or candidates
        self._numbers, self._labels = numbers, labels

    def fit(self, series: Sequence[Steps], classes: Sequence[int]) -> Self:
        """Fit every candidate on training rows and keep the best on validation rows, target by target.

        Args:
            series: at least one.
            classes: number of classes of each class target, in the order of `Steps.labels`.

        Raises:
            DataError: a target is missing in all training or all validation rows.
        """
        self._classes = tuple(classes)
        self._chosen = [
            _best(self._candidates, self._numbers, series, [steps.numeric[:, k] for steps in series])
            for k in range(series[0].numeric.shape[1])
        ]
        self._chosen_labels = [
            _best(
                self._label_candidates, self._labels, series, [_labels(steps, n) for steps in series], of_classes=True
            )
            for n in range(len(classes))
        ]
        everything = [*self._chosen, *self._chosen_labels]
        self.parameters_count_ = sum(chosen.fitted.parameters for chosen in everything)
        self.choice_ = tuple(chosen.name for chosen in everything)
        self.deviation_ = _deviation(series, [self._point(steps) for steps in series])
        return self

    def forecast(self, steps: Steps, levels: Sequence[int] = (80, 95)) -> Forecast:
        """Forecast every row of a series from the rows before it; `levels` in per cent, each in (0, 100)."""
        point = self._point(steps)
        probability = [
            _spread_over(chosen.fitted, chosen.features(steps), count)
            for chosen, count in zip(self._chosen_labels, self._classes, strict=True)
        ]
        return Forecast(point, _gaussian(point, self.deviation_, levels), probability)

    def _point(self, steps: Steps) -> Array:
        columns = [chosen.fitted.predict(chosen.features(steps)) for chosen in self._chosen]
        return np.stack(columns, axis=1) if columns else np.empty((len(steps.part), 0))


def climatology() -> Learned:
    """The usual value for the time of year, week and day; the training mean where no period is covered."""
    candidates = {_counted(order, "harmonic"): (0, _Harmonics(order)) for order in HARMONICS}
    # The penalties only keep the normal equations solvable when the rows cover a period just once.
    return Learned(candidates, ridge(penalties=(1e-3,)), logistic(strengths=(1e3,)))


def ridge_on_lags() -> Learned:
    """Linear in the last L steps and what is known, squared penalty; logistic regression for classes."""
    return Learned(
        _lags(RIDGE_LAGS), ridge((1.0, 10.0, 100.0, 1000.0)), logistic((1e-3, 1e-2, 1e-1, 1.0)), _lags(LOGISTIC_LAGS)
    )


def boosting_on_lags() -> Learned:
    """Gradient-boosted trees on the last L steps and what is known."""
    return Learned(_lags(BOOSTING_LAGS), boosted_trees(leaves=(4, 12)), boosted_classes(leaves=(4, 12)))


def harmonics(phase: Array, order: int) -> Array:
    """Sines and cosines of calendar phases.

    Args:
        phase: [T, P] position within each period, in cycles.
        order: highest multiple of each period's frequency, at least 1.

    Returns:
        [T, 2 P order]; one column of zeros where P is 0, so that a learner always has a feature.
    """
    angles = [2 * np.pi * multiple * phase for multiple in range(1, order + 1)]
    waves = np.concatenate([wave(angle) for angle in angles for wave in (np.sin, np.cos)], axis=1)
    return waves if waves.shape[1] else np.zeros((len(phase), 1))


def lagged(inputs: Array, known: Array, lags: int) -> Array:
    """Features of row t: inputs of rows t-1 .. t-lags, and what is known of t.

    Args:
        inputs: [T, C]; before the first row they count as 0, the training mean of scaled inputs.
        known: [T, F].
        lags: at least 1.

    Returns:
        [T, C lags + F].
    """
    padded = np.concatenate([np.zeros((lags, inputs.shape[1])), inputs])
    past = [padded[lags - lag : lags - lag + len(inputs)] for lag in range(1, lags + 1)]
    return np.concatenate([*past, known], axis=1)


def last_before(values: Array, present: Array, nothing: float) -> Array:
    """The last present value of each column before each row: persistence.

    Args:
        values: [T, K].
        present: [T, K] bool, where a value counts.
        nothing: what stands where no value came before.

    Returns:
        [T, K].
    """
    index = np.where(present, np.arange(len(values))[:, None], -1)
    last = np.concatenate([np.full((1, values.shape[1]), -1), np.maximum.accumulate(index, axis=0)[:-1]])
    return np.where(last >= 0, np.take_along_axis(values, np.maximum(last, 0), axis=0), nothing)


@dataclass(frozen=True)
class _Harmonics:
    order: int

    def __call__(self, steps: Steps) -> Array:
        return harmonics(steps.phase, self.order)


@dataclass(frozen=True)
class _Lags:
    lags: int

    def __call__(self, steps: Steps) -> Array:
        return lagged(steps.inputs, steps.known, self.lags)


@dataclass(frozen=True)
class _Chosen:
    name: str
    features: Features
    fitted: Fitted


def _lags(counts: Sequence[int]) -> dict[str, tuple[int, Features]]:
    return {_counted(lags, "lag"): (lags, _Lags(lags)) for lags in counts}


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _best(
    candidates: Mapping[str, tuple[int, Features]],
    learner: Learner,
    series: Sequence[Steps],
    targets: Sequence[Array],
    of_classes: bool = False,
) -> _Chosen:
    """The candidate and setting with the smallest validation loss; the first, and so the smallest, of equals."""
    found: list[tuple[float, _Chosen]] = []
    for name, (reach, features) in candidates.items():
        table = [features(steps) for steps in series]
        kept, padded = _training_rows(series, targets, reach, of_classes)
        x, y = _joined(table, targets, kept)
        held_x, held_y = _joined(table, targets, _rows_of(series, targets, VALIDATION))
        for fitted in learner(x, y, held_x, held_y):
            words = [name, *(["first rows padded"] if padded else []), *([fitted.setting] if fitted.setting else [])]
            found.append((fitted.loss, _Chosen(", ".join(words), features, fitted)))
    return min(found, key=lambda pair: pair[0])[1]


def _training_rows(
    series: Sequence[Steps], targets: Sequence[Array], reach: int, of_classes: bool
) -> tuple[list[Array], bool]:
    """Which rows train, per series [T]; and whether some of them have less past than `reach`, so that it is padded.

    Those are left out, unless nothing, or not every class, would be left: a part of short series has no full past
    anywhere, and a class may come in the first rows only.
    """
    kept = _rows_of(series, targets, TRAIN)
    full = [mask & (np.arange(len(mask)) >= reach) for mask in kept]
    some = any(mask.any() for mask in full)
    if some and not (of_classes and _classes_in(targets, full) != _classes_in(targets, kept)):
        return full, False
    return kept, True


def _rows_of(series: Sequence[Steps], targets: Sequence[Array], part: int) -> list[Array]:
    """Per series [T]: which rows of one part have the target."""
    kept = [(one.part == part) & np.isfinite(target) for one, target in zip(series, targets, strict=True)]
    if not any(mask.any() for mask in kept):
        rows = sum(int((one.part == part).sum()) for one in series)
        raise DataError(
            f"Baselines need {'training' if part == TRAIN else 'validation'} rows with every target: {rows} rows came, "
            "and one target is missing in all. Move the split or leave the target out."
        )
    return kept


def _joined(tables: Sequence[Array], targets: Sequence[Array], kept: Sequence[Array]) -> tuple[Array, Array]:
    """Features and targets of the kept rows of all series."""
    x = np.concatenate([table[mask] for table, mask in zip(tables, kept, strict=True)])
    return x, np.concatenate([target[mask] for target, mask in zip(targets, kept, strict=True)])


def _classes_in(targets: Sequence[Array], kept: Sequence[Array]) -> set[float]:
    return {float(label) for target, mask in zip(targets, kept, strict=True) for label in np.unique(target[mask])}


def _labels(steps: Steps, target: int) -> Array:
    return np.where(steps.labels[:, target] >= 0, steps.labels[:, target], np.nan)


def _deviation(series: Sequence[Steps], points: Sequence[Array]) -> Array:
    """Root mean square of the validation residuals, target by target."""
    residuals = [(one.numeric - point)[one.part == VALIDATION] for one, point in zip(series, points, strict=True)]
    errors = np.concatenate(residuals)
    if np.isnan(errors).all(axis=0).any():
        raise DataError(
            f"Intervals need validation rows with every target: {len(errors)} rows came, and one target is missing in "
            "all. Move the split or leave the target out."
        )
    return np.sqrt(np.nanmean(errors**2, axis=0))


def _gaussian(point: Array, deviation: Array, levels: Sequence[int]) -> dict[int, tuple[Array, Array]]:
    reach = {level: NormalDist().inv_cdf(0.5 + level / 200) * deviation for level in levels}
    return {level: (point - width, point + width) for level, width in reach.items()}


def _share_of_stays(series: Sequence[Steps], target: int) -> float:
    """Share of training steps whose class is that of the step before; Laplace's rule keeps it off 0 and 1."""
    stays = steps = 0
    for one in series:
        labels = one.labels[one.part == TRAIN, target]
        both = (labels[1:] >= 0) & (labels[:-1] >= 0)
        stays, steps = stays + int((labels[1:] == labels[:-1])[both].sum()), steps + int(both.sum())
    return (stays + 1) / (steps + 2)


def _stay_or_move(last: Array, stays: float, count: int) -> Array:
    probability = np.full((len(last), count), (1 - stays) / (count - 1))
    probability[np.arange(len(last)), np.maximum(last, 0)] = stays
    return np.where((last >= 0)[:, None], probability, np.nan)


def _spread_over(fitted: Fitted, features: Array, count: int) -> Array:
    """Probabilities over all classes; one that training never showed gets 0."""
    probability = np.zeros((len(features), count))
    probability[:, fitted.classes] = fitted.predict(features)
    return probability
