"""The step is found, places and times are each other's inverse, and what fits no grid is not forced on one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughtime.base.errors import DataError
from throughtime.data.grid import advance, infer_step, on_grid, parse_step, positions


def days(*texts):
    return np.array(texts, "datetime64[D]")


def moments(*texts):
    return np.array(texts, "datetime64[us]")


MONTH_ENDS = days("2011-11-30", "2011-12-31", "2012-01-31", "2012-02-29", "2012-03-31")
WEEKDAYS = np.busday_offset(np.datetime64("2012-01-02"), np.arange(15))


@pytest.mark.parametrize(
    ("times", "step"),
    [
        (days("2012-01-01", "2012-01-02", "2012-01-03"), "1d"),
        (days("2012-01-01", "2012-01-02", "2012-01-03", "2012-01-06"), "1d"),
        (days("2012-01-01", "2012-01-08", "2012-01-15"), "7d"),
        (moments("2012-01-01T00", "2012-01-01T01", "2012-01-01T02", "2012-01-01T04"), "1h"),
        (moments("2012-01-01T00:00", "2012-01-01T00:15", "2012-01-01T00:30"), "15m"),
        (days("2012-01-01", "2012-02-01", "2012-03-01", "2012-05-01"), "1mo"),
        (days("2012-07-01", "2012-08-01"), "1mo"),
        (days("2012-01-30", "2012-02-29", "2012-03-30", "2012-04-30"), "1mo"),
        (MONTH_ENDS, "1mo"),
        (days("2012-03-31", "2012-06-30", "2012-09-30", "2012-12-31"), "3mo"),
        (days("2010-01-01", "2011-01-01", "2012-01-01", "2013-01-01"), "12mo"),
        (WEEKDAYS, "1bd"),
        (np.delete(WEEKDAYS, [3, 4]), "1bd"),
        (days("2012-01-02", "2012-01-03", "2012-01-05", "2012-01-06"), "1d"),  # no weekend crossed
        (days("2012-01-06", "2012-01-07", "2012-01-08", "2012-01-09"), "1d"),
        (np.array([3, 5, 7, 11]), 2),
        (np.array([0, 2, 4, 5, 6, 8]), 1),  # the modal 2 does not fit, the least does
        (np.array([0.0, 0.1, 0.2, 0.30000000000000004, 0.5]), 0.1),
        (np.array([1e9, 1e9 + 0.5, 1e9 + 1.0]), 0.5),
    ],
)
def test_step_is_found_and_places_the_times(times, step):
    assert infer_step([times]) == step
    places = positions(times, step)
    assert places is not None
    np.testing.assert_allclose(on_grid(times, step, places).astype(float), times.astype(float), rtol=1e-12)


@pytest.mark.parametrize(
    "times",
    [
        moments("2012-01-01T00:00:00", "2012-01-01T01:00:07", "2012-01-01T02:00:03"),
        # Trading hours: an hourly grid would be three quarters empty.
        np.concatenate([np.datetime64("2012-01-02T09:30") + d * 86_400_000_000 + np.arange(6) * 3_600_000_000
                        for d in np.arange(5)]).astype("datetime64[us]"),
        days("2012-01-01", "2012-01-02", "2102-01-03"),
        np.array([1, 2, 3, 1_000_000]),
        np.array([0.0, 0.1, 0.234]),
    ],
)  # fmt: skip
def test_what_fits_no_grid_has_no_step(times):
    assert infer_step([times]) is None


def test_series_share_the_step_each_with_its_own_start():
    assert infer_step([np.array([0, 2, 4]), np.array([1, 3]), np.array([7])]) == 2
    assert infer_step([np.array([0, 2, 4]), np.array([1, 2, 4])]) == 1
    assert infer_step([np.array([5])]) is None
    assert infer_step([]) is None


def test_positions_of_gaps_and_of_times_off_the_grid():
    np.testing.assert_array_equal(positions(MONTH_ENDS[[0, 1, 4]], "1mo"), [0, 1, 4])
    np.testing.assert_array_equal(positions(WEEKDAYS[[0, 4, 5]], "1bd"), [0, 4, 5])
    assert positions(days("2012-01-01", "2012-01-04"), "2d") is None
    assert positions(days("2012-01-06", "2012-01-07"), "1bd") is None
    assert positions(days("2012-01-30", "2012-02-28"), "1mo") is None  # 2012-02-29 exists
    assert len(positions(days(), "1d")) == 0


def test_advance_keeps_month_ends_and_weekdays():
    np.testing.assert_array_equal(advance(MONTH_ENDS, "1mo", 3), days("2012-04-30", "2012-05-31", "2012-06-30"))
    np.testing.assert_array_equal(advance(days("2012-01-05", "2012-01-06"), "1bd", 2), days("2012-01-09", "2012-01-10"))
    np.testing.assert_array_equal(advance(days("2012-12-31"), "1d", 1), days("2013-01-01"))
    np.testing.assert_array_equal(advance(days("2012-12-31"), "12h", 2), moments("2012-12-31T12", "2013-01-01T00"))
    np.testing.assert_array_equal(advance(np.array([3, 5]), 2, 2), [7, 9])
    assert len(advance(np.array([3, 5]), 2, 0)) == 0
    with pytest.raises(DataError, match="need a regular step"):
        advance(np.array([3, 5]), None, 1)
    with pytest.raises(DataError, match="on the grid of step '2d'"):
        advance(days("2012-01-01", "2012-01-04"), "2d", 1)


@pytest.mark.parametrize("step", ["", "1", "d", "0d", "-1d", "1.5h", "2bd", "1x", 5])
def test_wrong_steps_between_dates(step):
    with pytest.raises(DataError, match="A step between dates"):
        parse_step(step)


@pytest.mark.parametrize("step", ["1d", 0, -2, True])
def test_wrong_steps_between_numbers(step):
    with pytest.raises(DataError, match="positive number as step"):
        positions(np.array([1, 2]), step)


def test_weeks_and_years_are_spans_and_months():
    assert parse_step("2w") == (14, "d")
    assert parse_step("1y") == (12, "mo")
    assert parse_step("15m") == (15, "m")


@given(
    start=st.dates(min_value=np.datetime64("1950-01-01").item(), max_value=np.datetime64("2050-12-31").item()),
    step=st.sampled_from(["1d", "3d", "7d", "1h", "15m", "10s", "1ms", "1mo", "3mo", "12mo"]),
    keep=st.lists(st.booleans(), min_size=12, max_size=40),
)
def test_any_grid_with_few_gaps_is_recovered(start, step, keep):
    # At least three of four present and both first steps, so that the modal difference is the step.
    kept = [0, 1, *(place + 2 for place, yes in enumerate(keep) if yes or place % 4)]
    full = on_grid(np.array([start], "datetime64[us]"), step, np.arange(len(keep) + 2))
    times = full[kept]
    assert infer_step([times]) == step
    np.testing.assert_array_equal(positions(times, step), kept)
    np.testing.assert_array_equal(on_grid(times, step, np.arange(kept[-1] + 1)), full[: kept[-1] + 1])
