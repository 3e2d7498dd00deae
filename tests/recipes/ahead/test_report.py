"""What the report shows, and where it is cut out."""

from __future__ import annotations

import numpy as np
import pytest

from tests.recipes.ahead.made import exact, problem, settings, table
from throughtime.recipes.ahead import report
from throughtime.recipes.ahead.scores import PROBABILITIES, errors
from throughtime.recipes.ahead.verdict import scores_table
from throughtime.recipes.page import pictures_of

pytestmark = pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")


def test_a_page_has_scores_and_pictures():
    made = problem()
    found = {name: errors(made, exact(made, error)) for name, error in (("LSTM", 0.5), ("naive2", 1.0))}
    evidence = report.Evidence(
        made, exact(made, 0.5), found, None, scores_table(made, "LSTM", found), {"horizon": 7}, "LSTM"
    )
    page = report.render(evidence)
    assert list(pictures_of(page)) == [
        "Forecasts beside what came",
        "Errors by steps ahead",
        "Calibration on the test part",
    ]
    assert "3 of 3 series" in page


def test_shown_forecasts_lie_where_what_came_does():
    made = problem(table(9), settings(origins=3))
    found = report.shown(made, exact(made))
    assert [each.name for each in found] == ["s0", "s2", "s3", "s5", "s6", "s8"]
    for each in found:
        for start, points in zip(each.starts, each.points, strict=True):
            np.testing.assert_allclose(points, each.truth[start : start + 7])


def test_forecasts_that_overlap_are_not_shown_together():
    made = problem(chosen=settings(origins=6, stride=2))
    assert [len(each.starts) for each in report.shown(made, exact(made))] == [2, 2, 2]


def test_shares_below_quantiles_are_counted():
    made = problem()
    shares = report.shares_below(made, exact(made))
    np.testing.assert_array_equal(shares, [0.0 if each < 0.5 else 1.0 for each in PROBABILITIES])
