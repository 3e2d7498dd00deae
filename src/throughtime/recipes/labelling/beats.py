"""Series anomalous or not, each as a whole: a made-up sample, or one's own labelled series.

The sample is `synthetic_beats`. How files are read, and by which rules, is told in `series_reading`. Methods are set
against each other by the area under the ROC curve: it does not depend on where an alarm is to begin.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from throughtime.base.errors import ConfigError, DataError
from throughtime.recipes.labelling.case import LabelCase, case_of_others
from throughtime.recipes.labelling.problem import AUC, SERIES, LabelProblem, Reading, make_problem, own_share
from throughtime.recipes.labelling.series_reading import SeriesColumns, read_series
from throughtime.recipes.labelling.settings import Model
from throughtime.recipes.labelling.settings import Split as AnySplit
from throughtime.recipes.labelling.synthetic_beats import synthetic_beats
from throughtime.recipes.recipe import Case
from throughtime.recipes.settings import Groups, Seed, parse

TITLE = "Made-up heart beats, anomalous or not"
RECALLS = "Recall at 1 % and 5 %: anomalies found where at most that share of the others is flagged."
MADE_UP = "The sample is made up: no heart beat so."


@dataclass(frozen=True)
class Split:
    """Which series test.

    Args:
        test: a share of each class, or a file or folder of series that all test.
        split_seed: of the draw.
    """

    test: str = "0.2"
    split_seed: Seed = 0


@dataclass(frozen=True)
class Kind:
    """What the data are.

    Args:
        mode: "sequences", labelled series.
        anomaly: the label of anomalous series; empty: the rarer one in training.
    """

    mode: Literal["sequences"] = "sequences"
    anomaly: str = ""


@dataclass(frozen=True)
class Settings(Groups):
    """Everything that `--set` can say of labelled series."""

    kind: Kind = field(default_factory=Kind)
    columns: SeriesColumns = field(default_factory=SeriesColumns)
    split: Split = field(default_factory=Split)
    model: Model = field(default_factory=Model)


# What keeps the sample's training below a minute on one core: nothing is left for validation to choose.
SAMPLE = Settings(
    model=Model(hidden_size=24, positions="false", front_steps=7, epochs=30, learning_rate=1e-2, refit=False)
)


def sample() -> Reading:
    """1,000 rows of beats."""
    rows, labels, kinds = synthetic_beats()
    names = [f"row {place}" + (f", {kind}" if kind else "") for place, kind in enumerate(kinds, 1)]
    return Reading(TITLE, rows, labels, names, notes=(MADE_UP, "Label: how a row was made."))


def load_series(data: str | Path | Any | None, settings: Mapping[str, Any]) -> LabelCase:
    """The case of the sample (`data` None) or of a user's series.

    Raises:
        ConfigError: settings that are unknown or do not fit.
        DataError, FileMissingError: whatever is wrong with the series.
    """
    if data is None:
        chosen = parse(settings, SAMPLE)
        return _case(sample(), chosen, None)
    chosen = parse(settings, Settings())
    apart = own_share(_any(chosen.split)) is None
    tests = read_series(chosen.split.test, chosen.columns, True) if apart else None
    return _case(read_series(data, chosen.columns, True), chosen, tests)


def read_other_series(
    data: str | Path | Any, settings: Mapping[str, Any], table: Mapping[str, Any], scored: bool
) -> Case:
    """Other series, read as a run's own were.

    Raises:
        DataError, FileMissingError: whatever is wrong with the series.
    """
    chosen = parse(settings, Settings())
    reading = read_series(data, chosen.columns, scored)
    positive = next((label for label in table["classes"] if str(label) == chosen.kind.anomaly), None)
    problem = LabelProblem(reading.title, SERIES, reading, reading, AUC, (), None, positive)
    return case_of_others(reading, problem, chosen, table, scored)


def _case(reading: Reading, chosen: Settings, tests: Reading | None) -> LabelCase:
    """The case, its settings with the anomaly's label, so that other data are scored by the same."""
    problem = _problem(reading, chosen, tests)
    settled = replace(chosen, kind=replace(chosen.kind, anomaly=str(problem.positive)))
    return LabelCase(problem, settled, None if tests is None else chosen.split.test)


def _problem(reading: Reading, chosen: Settings, tests: Reading | None) -> LabelProblem:
    problem = make_problem(reading, SERIES, _any(chosen.split), test=tests, metric=AUC)
    if len(problem.classes) != 2:
        raise ConfigError(
            f"A series is anomalous or not, one of two labels: {len(problem.classes)} came, "
            f"{', '.join(map(str, problem.classes[:8]))}. Name the anomalies alike; SequenceClassifier takes more."
        )
    counts = Counter(str(label) for label in reading.labels or [])
    _check_both(counts, reading.title, alone=tests is None)
    positive, rule = _anomaly(problem.classes, counts, chosen.kind.anomaly)
    return replace(problem, positive=positive, notes=(*problem.notes, rule, RECALLS))


def _check_both(counts: Counter[str], title: str, alone: bool) -> None:
    rarest, count = counts.most_common()[-1]
    if alone and count < 2:
        raise DataError(
            f"Each label trains and tests, so it has 2 series at least: {title} has {count} of {rarest!r}. Give more, "
            "or a test part of its own with test=FILE."
        )


def _anomaly(classes: Sequence[Any], counts: Counter[str], named: str) -> tuple[Any, str]:
    """The label of the anomaly, and in a sentence why it is it."""
    if named:
        if named not in map(str, classes):
            raise ConfigError(
                f"The anomaly is one of the labels: anomaly={named} came, the labels are "
                f"{', '.join(map(str, classes))}. Write one of them."
            )
        return next(label for label in classes if str(label) == named), f"Anomalies are label {named}, as told."
    rare = min(classes, key=lambda label: counts[str(label)])
    if len(set(counts.values())) == 1:
        return rare, f"Anomalies are label {rare}: both are equally frequent, and anomaly= says it otherwise."
    return rare, f"Anomalies are the rarer label, {rare}."


def _any(split: Split) -> AnySplit:
    return AnySplit(test=split.test, split_seed=split.split_seed)
