"""What flags are worth where rows are labelled: the benchmark's score, precision and recall; counts where they are not.

    incident     labelled rows in a run; it is found by a flag in one of its rows
    precision    share of the flags that lie in an incident
    recall       share of the incidents with a scored row that are found
    NAB score    `metrics.nab_score`, standard profile, over all streams

Rows of the warm-up are flagged by no method, and count nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from throughtime.metrics import nab_score
from throughtime.metrics.nab import probation

Flags = NDArray[np.bool_]

# Of the benchmark's probation, which no stream exceeds: rows of silence before one that goes on.
SILENCE_ROWS = 750


@dataclass(frozen=True)
class Flagged:
    """A method's flags on one stream.

    Args:
        flags: [T].
        labels: [T]; None: nobody knows.
        first: the first row that is scored.
        goes_on: whether the detector was warmed up on rows before these.
    """

    flags: Flags
    labels: Flags | None
    first: int
    goes_on: bool = False


@dataclass(frozen=True)
class Figures:
    """A method's figures over all streams; None where there is nothing to score.

    Args:
        nab: at most 100, 0 for silence.
        precision, recall: in [0, 1].
        flags: raised.
        per_thousand: of them for 1,000 scored rows.
    """

    nab: float | None
    precision: float | None
    recall: float | None
    flags: int
    per_thousand: float


def judge(streams: Sequence[Flagged]) -> Figures:
    """The figures of a method's flags on all streams."""
    kept = [each.flags & (np.arange(len(each.flags)) >= each.first) for each in streams]
    flags = sum(int(each.sum()) for each in kept)
    rows = sum(len(each.flags) - each.first for each in streams)
    labelled = [(one, each.labels, each) for one, each in zip(kept, streams, strict=True) if each.labels is not None]
    true = sum(int((one & labels).sum()) for one, labels, _ in labelled)
    found = [
        bool(one[a : b + 1].any()) for one, labels, each in labelled for a, b in incidents(labels) if b >= each.first
    ]
    return Figures(
        nab=_nab([(one, labels, each.goes_on) for one, labels, each in labelled]),
        precision=true / flags if flags and labelled else None,
        recall=sum(found) / len(found) if found else None,
        flags=flags,
        per_thousand=1000 * flags / rows,
    )


def incidents(labels: Flags | None) -> list[tuple[int, int]]:
    """First and last row of each run of labelled rows."""
    if labels is None:
        return []
    edges = np.flatnonzero(np.diff(np.concatenate([[False], labels, [False]]).astype(np.int8)))
    return [(int(a), int(b) - 1) for a, b in edges.reshape(-1, 2)]


def _nab(labelled: Sequence[tuple[Flags, Flags, bool]]) -> float | None:
    """Of flags, labels, and whether the detector was warmed up before."""
    detections, windows = [], []
    for flags, labels, goes_on in labelled:
        before = SILENCE_ROWS if goes_on else 0
        detections.append(np.concatenate([np.zeros(before, np.bool_), flags]))
        windows.append([(a + before, b + before) for a, b in incidents(labels)])
    scored = any(b >= probation(len(one)) for one, spans in zip(detections, windows, strict=True) for _, b in spans)
    return nab_score(detections, windows) if scored else None
