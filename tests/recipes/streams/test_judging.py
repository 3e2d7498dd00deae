"""Figures of flags, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from throughtime.metrics import nab_score
from throughtime.recipes.streams.judging import Flagged, incidents, judge


def marked(rows: int, *places: int) -> np.ndarray:
    found = np.zeros(rows, np.bool_)
    found[list(places)] = True
    return found


def test_incidents_are_runs_of_labels() -> None:
    assert incidents(marked(6, 0, 1, 5)) == [(0, 1), (5, 5)]
    assert incidents(None) == []


def test_flags_are_counted_from_the_first_scored_row() -> None:
    labels = marked(100, 50, 51, 52, 80, 81)
    figures = judge([Flagged(marked(100, 5, 40, 51), labels, 20)])
    assert (figures.flags, figures.precision, figures.recall) == (2, 0.5, 0.5)
    assert figures.per_thousand == 25
    assert figures.nab == pytest.approx(nab_score([marked(100, 40, 51)], [[(50, 52), (80, 81)]]))


def test_without_labels_or_flags_nothing_is_made_up() -> None:
    unlabelled = judge([Flagged(marked(100, 40), None, 20)])
    assert (unlabelled.nab, unlabelled.precision, unlabelled.recall, unlabelled.flags) == (None, None, None, 1)
    silent = judge([Flagged(marked(100), marked(100, 50), 20)])
    assert (silent.nab, silent.precision, silent.recall) == (0, None, 0)


def test_a_stream_that_goes_on_is_scored_from_its_first_row() -> None:
    figures = judge([Flagged(marked(100, 2), marked(100, 2, 3, 4), 0, goes_on=True)])
    assert figures.nab == pytest.approx(100)
    assert figures.recall == 1
