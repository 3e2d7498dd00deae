"""Labelled sequences made ready: which of them train, and which test.

    share    a share of each class, drawn by a seed; sequences of one group all train or all test
    own      a table of its own for the test part, or a column that says of each sequence which part it is of

Validation parts lie inside the training part; whoever trains takes them from it. What the parts hold is said in notes:
sequences a class, classes of a single one, test sequences that stand in the training part too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from throughtime.base.errors import DataError
from throughtime.recipes.labelling.settings import Split
from throughtime.recipes.settings import own_share as share_of
from throughtime.tasks.labels import as_labels, classes_of, held_out, numbered

Places = NDArray[np.int64]
TEXTS, LETTERS, SERIES = "texts", "letters", "series"
ACCURACY, MATTHEWS, AUC = "accuracy", "Matthews", "AUC"
# With fewer sequences the standard error of a share near one half is above 9 %.
ENOUGH = 30
TRAIN, TEST = "train", "test"
# What a column of parts may say of each; the rest of the training part's own words is up to nobody.
_PART = {"train": TRAIN, "training": TRAIN, "test": TEST, "testing": TEST}
_MOST_SHOWN = 8


@dataclass(frozen=True)
class Reading:
    """Sequences as a file gave them.

    Args:
        title: what they are.
        sequences: [N] texts, or arrays [T, C].
        labels: [N]; None where there are none.
        names: [N] what a table of predictions calls them.
        groups: [N] sequences of one group stay together; None: each is its own.
        parts: [N] "train" or "test", where the file says it; else None.
        notes: what was done to them, a line each.
        variables: [C] names of arrays' columns, where the file gives them.
    """

    title: str
    sequences: Sequence[Any]
    labels: Sequence[Any] | None
    names: Sequence[str]
    groups: Sequence[str] | None = None
    parts: Sequence[str] | None = None
    notes: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.sequences)

    def taken(self, places: Sequence[int] | Places) -> Reading:
        """Some of the sequences, with all that belongs to them."""

        def of(values: Sequence[Any] | None) -> list[Any] | None:
            return None if values is None else [values[place] for place in places]

        return replace(
            self,
            sequences=of(self.sequences) or [],
            labels=of(self.labels),
            names=of(self.names) or [],
            groups=of(self.groups),
            parts=of(self.parts),
        )


@dataclass(frozen=True)
class LabelProblem:
    """Sequences that train and sequences that test.

    Args:
        title: what they are, for headings.
        kind: "texts", "letters" or "series".
        train: with labels.
        test: with labels, or without where they are only to be predicted.
        metric: what methods are set against each other by: "accuracy", "Matthews" or "AUC" (of two classes).
        notes: what was done, a line each.
        twin: what else a sequence may be read as, such as DNA's other strand: training reads both, and probabilities
            are means over both; None for nothing.
        positive: the label that is to be found among two, scored also by what is found at few false alarms; None: no
            label is more than the other.
    """

    title: str
    kind: str
    train: Reading
    test: Reading
    metric: str = ACCURACY
    notes: tuple[str, ...] = ()
    twin: Callable[[Any], Any] | None = field(default=None)
    positive: Any = None

    @cached_property
    def classes(self) -> list[Any]:
        """The labels of the training part, in order."""
        return classes_of(as_labels(self.train.labels, len(self.train)))

    def codes(self, part: Reading) -> Places:
        """The place of each label of a part among the classes."""
        return numbered(as_labels(part.labels, len(part)), self.classes)

    @property
    def wanted(self) -> int | None:
        """The place of `positive` among the classes; None where no label is more than the other."""
        return None if self.positive is None else self.classes.index(self.positive)

    def twice(self, sequences: Sequence[Any]) -> list[Any]:
        """The sequences, and behind them their twins where there are such."""
        return [*sequences, *([] if self.twin is None else map(self.twin, sequences))]

    @property
    def readings(self) -> int:
        """How often each sequence is read."""
        return 1 if self.twin is None else 2


def make_problem(
    reading: Reading,
    kind: str,
    split: Split,
    *,
    test: Reading | None = None,
    metric: str = ACCURACY,
    twin: Callable[[Any], Any] | None = None,
) -> LabelProblem:
    """Share sequences out between training and test part.

    Args:
        reading: labelled sequences.
        kind: "texts", "letters" or "series".
        split: how.
        test: the test part where it is a table of its own; then all of `reading` trains.
        metric: see `LabelProblem`.
        twin: see `LabelProblem`.

    Raises:
        ConfigError: a share that is none.
        DataError: one class, empty sequences, labels of an unknown class, a part without sequences.
    """
    _refuse_empty(reading)
    as_labels(reading.labels, len(reading))
    train, tested, how = _parts(reading, split) if test is None else (reading, test, "a table of its own")
    classes_of(as_labels(train.labels, len(train)))
    if test is not None:
        _refuse_empty(test)
    problem = LabelProblem(reading.title, kind, train, tested, metric, (), twin)
    problem.codes(tested)  # refuses labels that are none of the training part's
    if metric == AUC and not len(problem.classes) == len(set(problem.codes(tested).tolist())) == 2:
        problem = replace(problem, metric=ACCURACY)
    apart = () if test is None else tuple(note for note in test.notes if note not in reading.notes)
    return replace(problem, notes=(*reading.notes, *apart, *_notes(problem, how)))


def other_problem(problem: LabelProblem, reading: Reading, scored: bool) -> LabelProblem:
    """A problem whose test part is another table, all of it.

    Args:
        problem: the run's own.
        reading: of the other table.
        scored: whether it has labels to score by.

    Raises:
        DataError: empty sequences, or labels of an unknown class.
    """
    _refuse_empty(reading)
    found = replace(problem, title=reading.title, test=reading, notes=reading.notes)
    if scored:
        found.codes(reading)
    return found


def own_share(split: Split) -> float | None:
    """The share of sequences that tests; None where `test` names a file.

    Raises:
        ConfigError: a number outside (0, 1).
    """
    return share_of(split.test, "other.csv")


def _parts(reading: Reading, split: Split) -> tuple[Reading, Reading, str]:
    """Training part, test part, and in words how they were told apart."""
    if reading.parts is not None:
        parts = [_PART.get(str(part).strip().lower()) for part in reading.parts]
        if None in parts:
            raise DataError(
                f"A column of parts says train or test: {reading.parts[parts.index(None)]!r} came as number "
                f"{parts.index(None) + 1}. Correct it, or leave split= out."
            )
        return *_both(reading, np.array([part == TEST for part in parts])), f"as column {split.split!r} says"
    share = own_share(split)
    assert share is not None  # a file's sequences come as `test`
    tests = _drawn(reading, share, split.split_seed)
    together = "" if reading.groups is None else f", groups of {split.group or 'one origin'} kept together"
    return *_both(reading, tests), f"{share:.3g} of each class, drawn by seed {split.split_seed}{together}"


def _both(reading: Reading, tests: NDArray[np.bool_]) -> tuple[Reading, Reading]:
    for name, count in (("training", (~tests).sum()), ("test", tests.sum())):
        if not count:
            raise DataError(
                f"Each part needs sequences: of {len(reading)} none is in the {name} part. Give more, at least 2 of a "
                "class, or another split."
            )
    return reading.taken(np.flatnonzero(~tests)), reading.taken(np.flatnonzero(tests))


def _drawn(reading: Reading, share: float, seed: int) -> NDArray[np.bool_]:
    """[N] whether each tests; of each class about `share` of its groups."""
    labels = as_labels(reading.labels, len(reading))
    groups = range(len(labels)) if reading.groups is None else reading.groups
    members: dict[Any, list[int]] = {}
    for place, group in enumerate(groups):
        members.setdefault(group, []).append(place)
    # A group of several classes is drawn as one of its most frequent class.
    kinds = [Counter(labels[place] for place in places).most_common(1)[0][0] for places in members.values()]
    _, chosen = held_out(numbered(kinds, sorted(set(kinds))), share, seed)
    gathered = list(members.values())
    tests = np.zeros(len(labels), bool)
    for group in chosen:
        tests[gathered[group]] = True
    return tests


def _refuse_empty(reading: Reading) -> None:
    if not len(reading):
        raise DataError(f"There are sequences to work with: {reading.title} holds none. Give some.")
    empty = [name for name, sequence in zip(reading.names, reading.sequences, strict=True) if not len(sequence)]
    if empty:
        raise DataError(
            f"A sequence has at least one step: {len(empty)} of {len(reading)} are empty, the first is {empty[0]!r}. "
            "Leave them out."
        )


def _notes(problem: LabelProblem, how: str) -> list[str]:
    train, test = (Counter(as_labels(part.labels, len(part))) for part in (problem.train, problem.test))
    shown = [f"{label} {train[label]:,} + {test[label]:,}" for label in problem.classes[:_MOST_SHOWN]]
    more = f", and {len(problem.classes) - _MOST_SHOWN} classes more" if len(problem.classes) > _MOST_SHOWN else ""
    found = [
        f"Parts: {len(problem.train):,} sequences train, {len(problem.test):,} test ({how}); validation is taken from "
        "the training part.",
        f"Classes, training + test part: {', '.join(shown)}{more}.",
    ]
    if lonely := [str(label) for label in problem.classes if train[label] + test[label] == 1]:
        found.append(f"Classes of a single sequence, which trains and is never tested: {', '.join(lonely)}.")
    if same := _also_trained(problem):
        found.append(f"Duplicates: {same:,} of {len(problem.test):,} test sequences stand in the training part too.")
    if len(problem.test) < ENOUGH:
        found.append(f"Few sequences: the test part has {len(problem.test)}, and scores of so few say little.")
    return found


def _also_trained(problem: LabelProblem) -> int:
    known = {_identity(sequence) for sequence in problem.train.sequences}
    return sum(_identity(sequence) in known for sequence in problem.test.sequences)


def _identity(sequence: Any) -> Any:
    return (sequence.shape, sequence.tobytes()) if isinstance(sequence, np.ndarray) else sequence
