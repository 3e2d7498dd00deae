"""Which steps an estimator's answer comes from: one function for all estimators that have attributions."""

from __future__ import annotations

from typing import Any

from throughtime.base.errors import ConfigError, DtypeError
from throughtime.insight.attribution.integrated import MOST_POINTS, TOLERANCE
from throughtime.insight.attribution.result import Attribution
from throughtime.tasks.classifier import SequenceClassifier
from throughtime.tasks.label_attribution import label_attributions
from throughtime.tasks.options import check_fitted
from throughtime.tasks.predictor import SequencePredictor
from throughtime.tasks.series_attribution import series_attributions


def attributions(
    estimator: SequenceClassifier | SequencePredictor,
    given: Any,
    *,
    label: Any = None,
    target: str | int | None = None,
    steps: int | None = None,
    known: Any = None,
    tolerance: float = TOLERANCE,
    most_points: int = MOST_POINTS,
) -> list[Attribution]:
    """What each step of a sequence adds to its label, or of a series to the forecast of the row after its last one.

    Integrated gradients (`insight.integrated_gradients`): the values of a sequence add up to the difference between the
    answer to it and the answer to a baseline.

        classes    the log-odds of a class against the rest, log p / (1 - p), in nats
        numbers    the forecast, in its unit; the last value, from which it goes on, is taken as it is

    The baseline is 0 for all numbers that enter: each variable at its training part's mean (of a forecaster: unchanged,
    no class, none seen, no date). For words, subwords and items it is the vector of 0, which training puts in the place
    of dropped words; for characters, jamo and bytes the mean of their vectors, a character like all others.

    Args:
        estimator: a fitted `SequenceClassifier` or `SequencePredictor`.
        given: a classifier's sequences, or a predictor's history.
        label: the class explained. Of a classifier None, the likeliest of each sequence; one class for all sequences;
            or a list of one for each. Of a predictor's class target None, the likeliest, or one.
        target: the predictor's column explained, by name (of arrays: place); None: its first target.
        steps: how many of the predictor's last steps are explained, the earlier ones left as they are; None: all.
        known: as `SequencePredictor.predict` takes it.
        tolerance, most_points: as `integrated_gradients` takes them.

    Returns:
        One `Attribution` for each sequence or series; `insight.draw_attribution` draws it.

    Raises:
        NotFittedError: before `fit`.
        ConfigError: an argument that this estimator does not have, or one out of range.
        DataError, ShapeError: sequences, history or known break a rule, or there is no such label or target.
        DtypeError: an estimator of another kind.
    """
    if isinstance(estimator, SequenceClassifier):
        check_fitted(estimator)
        _refuse({"target": target, "steps": steps, "known": known}, estimator)
        return label_attributions(estimator, given, label, tolerance, most_points)
    if isinstance(estimator, SequencePredictor):
        check_fitted(estimator)
        return series_attributions(estimator, given, label, target, steps, known, tolerance, most_points)
    raise DtypeError(
        f"Attributions explain a SequenceClassifier or a SequencePredictor: {type(estimator).__name__} came. Use "
        "insight.integrated_gradients on its network."
    )


def _refuse(arguments: dict[str, Any], estimator: Any) -> None:
    came = [f"`{name}`" for name, value in arguments.items() if value is not None]
    if came:
        raise ConfigError(
            f"{' and '.join(came)} is for a SequencePredictor: a {type(estimator).__name__} came. Leave it out."
        )
