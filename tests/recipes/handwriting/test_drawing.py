"""Strokes as lines, and their size."""

from __future__ import annotations

import numpy as np

from throughtime.recipes.handwriting.drawing import Drawing, letters_in, phrases_of, points_of

TWO = Drawing(np.array([[5.0, 5, 0], [10, 0, 1], [0, -5, 1]]), "i")


def test_lines_end_where_the_pen_lifts():
    lines = TWO.lines
    assert [line.tolist() for line in lines] == [[[5, 5], [15, 5]], [[15, 0]]]
    assert (len(TWO), TWO.size) == (3, (10.0, 5.0))


def test_a_pen_that_never_lifts_draws_one_line():
    assert len(Drawing(np.ones((4, 3)) * [1, 1, 0]).lines) == 1


def test_what_estimators_take():
    other = Drawing(np.zeros((1, 3)), "if")
    assert [each.shape for each in points_of([TWO, other])] == [(3, 3), (1, 3)]
    assert phrases_of([TWO, other]) == ["i", "if"]
    assert letters_in([TWO, other]) == {"i", "f"}
