"""The score of the Numenta Anomaly Benchmark: early detections in a labelled window gain, false alarms cost.

    A file has rows 0 .. T - 1 and windows [a, b], rows included; rows of its probation, the first min(15 % T, 750),
    are not scored.

    sigma(p)      2 / (1 + exp(5 p)) - 1, and -1 for p > 3
    window        tp sigma(-(b - i + 1) / (b - a + 1)) / sigma(-1) of its first detected row i, or -fn where none is
    false alarm   fp sigma((i - b) / (b - a)) after the last window before it, fp sigma(inf) = -fp where there is none
    score         100 (S + fn n) / ((tp + fn) n)   S the sum over files, n windows: a detector that is silent gets 0,
                                                    one that finds each window's first row and nothing else 100

With the standard profile that is 100 (S + n) / (2 n). Only windows with a scored row count in n.

Source: Lavin & Ahmad, ICMLA 2015, arXiv 1510.03336; where the paper is silent, github.com/numenta/NAB, nab/sweeper.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from throughtime.base.checks import as_whole, did_you_mean
from throughtime.base.errors import ConfigError, DataError, ShapeError
from throughtime.metrics.scored import Floats

Windows = Sequence[tuple[int, int]]

_PROBATION_SHARE, _PROBATION_ROWS = 0.15, 750
# Positions past a window count up to three widths; what lies farther costs all of a false alarm.
_FARTHEST = 3.0


@dataclass(frozen=True)
class Profile:
    """What detections are worth: of a window found early, of a false alarm, of a window missed."""

    found: float = 1.0
    false_alarm: float = 0.11
    missed: float = 1.0


PROFILES = {
    "standard": Profile(),
    "reward_low_FP_rate": Profile(false_alarm=0.22),
    "reward_low_FN_rate": Profile(missed=2.0),
}


def probation(rows: int) -> int:
    """How many first rows of a file are not scored: 15 % of them, at most 750."""
    return min(int(_PROBATION_SHARE * rows), _PROBATION_ROWS)


def nab_score(detections: Sequence[ArrayLike], windows: Sequence[Windows], profile: str = "standard") -> float:
    """Score of one detector over a group of files.

    Args:
        detections: per file [T] bool, true at the rows where it raised an alarm.
        windows: per file (first row, last row) of each labelled window, both included, in order, without overlap;
            none for a file without anomalies.
        profile: one of `PROFILES`.

    Returns:
        100 at best, 0 for silence; negative where false alarms cost more than what was found.

    Raises:
        ConfigError: an unknown profile.
        ShapeError: not as many window lists as files, or detections that are not [T].
        DataError: detections other than true and false, windows outside the file or out of order, or no window at all.
    """
    worth = _profile(profile)
    files = _files(detections, windows)
    total = sum(_sum(_gains(found, spans, worth), found, worth) for found, spans in files)
    n = _count(files)
    return 100 * (total + worth.missed * n) / ((worth.found + worth.missed) * n)


def nab_best_threshold(
    scores: Sequence[ArrayLike], windows: Sequence[Windows], profile: str = "standard"
) -> tuple[float, float]:
    """The one threshold for a group of files with the highest score, chosen on their labels.

    The benchmark's published scores are made so; it is a bound on what a rule that knows no label can reach.

    Args:
        scores: per file [T] anomaly scores, finite; an alarm is a score of the threshold or more.
        windows, profile: as in `nab_score`.

    Returns:
        The threshold, inf where silence is best, and `nab_score` with it.

    Raises:
        ConfigError, ShapeError, DataError: as `nab_score`, or a score is not finite.
    """
    worth = _profile(profile)
    files = _files(scores, windows, of_scores=True)
    n = _count(files)
    values, change = _changes(files, worth)
    order = np.argsort(-values, kind="stable")
    values, sums = values[order], np.cumsum(change[order])
    last = np.append(values[1:] != values[:-1], True)  # all rows of one score become alarms together
    values, sums = np.append(np.inf, values[last]), np.append(0.0, sums[last])
    best = int(np.argmax(sums))
    return float(values[best]), float(100 * sums[best] / ((worth.found + worth.missed) * n))


@dataclass(frozen=True)
class _Gains:
    """Per row what an alarm there is worth, and the number of its window, -1 outside all and -2 in the probation."""

    worth: Floats
    window: NDArray[np.int64]


def _gains(found: NDArray[Any], spans: Windows, worth: Profile) -> _Gains:
    rows = np.arange(len(found))
    values = np.full(len(found), -worth.false_alarm)
    window = np.full(len(found), -1)
    for number, (first, last) in enumerate(spans):
        inside = slice(first, last + 1)
        width = last - first + 1
        values[inside] = worth.found * _sigma(-(last - rows[inside] + 1) / width) / _sigma(np.array(-1.0))
        window[inside] = number
        after = (rows[last + 1 :] - last).astype(np.float64)
        # A window of one row has no width to measure by: every row after it is far away.
        values[last + 1 :] = worth.false_alarm * _sigma(
            after / (width - 1) if width > 1 else np.full_like(after, np.inf)
        )
    window[: probation(len(found))] = -2
    return _Gains(values, window)


def _sigma(position: Floats) -> Floats:
    near = np.minimum(position, _FARTHEST)
    return np.where(position > _FARTHEST, -1.0, 2 / (1 + np.exp(5 * near)) - 1)


def _sum(gains: _Gains, found: NDArray[Any], worth: Profile) -> float:
    total = float(gains.worth[found & (gains.window == -1)].sum())
    for number in _scored_windows(gains.window):
        hits = gains.worth[found & (gains.window == number)]
        total += float(hits[0]) if hits.size else -worth.missed
    return total


def _changes(files: Sequence[tuple[NDArray[Any], Windows]], worth: Profile) -> tuple[Floats, Floats]:
    """Scores of all scored rows, and by how much the sum grows as a row's alarm joins those of higher scores.

    Inside a window only its first alarm counts, so a row adds what it is worth beyond the earliest row above it.
    """
    values, changes = [], []
    for score, spans in files:
        gains = _gains(score, spans, worth)
        outside = gains.window == -1
        values.append(score[outside])
        changes.append(gains.worth[outside])
        for number in _scored_windows(gains.window):
            rows = np.flatnonzero(gains.window == number)
            rows = rows[np.argsort(-score[rows], kind="stable")]
            best = np.maximum.accumulate(gains.worth[rows])
            values.append(score[rows])
            changes.append(np.diff(best, prepend=-worth.missed))
    return np.concatenate(values).astype(np.float64), np.concatenate(changes)


def _scored_windows(window: NDArray[np.int64]) -> NDArray[np.int64]:
    numbers = np.unique(window)
    return numbers[numbers >= 0]


def _count(files: Sequence[tuple[NDArray[Any], Windows]]) -> int:
    n = sum(last >= probation(len(found)) for found, spans in files for _, last in spans)
    if not n:
        raise DataError("A group of files needs at least one labelled window after the probation: none came.")
    return n


def _profile(name: str) -> Profile:
    if name not in PROFILES:
        raise ConfigError(f"`profile`: {name!r} came; {did_you_mean(str(name), PROFILES, 'the profiles are')}")
    return PROFILES[name]


def _files(
    detections: Sequence[ArrayLike], windows: Sequence[Windows], of_scores: bool = False
) -> list[tuple[NDArray[Any], Windows]]:
    if len(detections) != len(windows):
        raise ShapeError(f"Each file needs its windows: {len(detections)} files and {len(windows)} lists came.")
    read = _numbers if of_scores else _alarms
    return [
        (read(found), _spans(spans, len(np.atleast_1d(found))))
        for found, spans in zip(detections, windows, strict=True)
    ]


def _alarms(detections: ArrayLike) -> NDArray[Any]:
    found = np.asarray(detections)
    if found.ndim != 1:
        raise ShapeError(f"Detections of a file are [T]: shape {found.shape} came.")
    if found.dtype != np.bool_ and not np.isin(found, (0, 1)).all():
        raise DataError("Detections are true or false at each row: other values came. Compare scores with a threshold.")
    return found.astype(np.bool_)


def _numbers(scores: ArrayLike) -> NDArray[Any]:
    given = np.asarray(scores, np.float64)
    if given.ndim != 1:
        raise ShapeError(f"Scores of a file are [T]: shape {given.shape} came.")
    if not np.isfinite(given).all():
        raise DataError(f"Every score is finite: {np.count_nonzero(~np.isfinite(given))} of {given.size} are not.")
    return given


def _spans(spans: Windows, rows: int) -> Windows:
    before = -1
    for first, last in spans:
        if as_whole(first) is None or as_whole(last) is None or not before < first <= last < rows:
            raise DataError(
                f"Windows are (first row, last row) in order, without overlap, inside the file's {rows} rows: "
                f"({first}, {last}) came after row {before}."
            )
        before = last
    return spans
