import numpy as np
import pytest

from throughtime.base.errors import ConfigError
from throughtime.tasks.calendar import calendar_features, calendar_names, check_calendar, choose_periods


def dates(start, count, unit):
    return np.datetime64(start, unit) + np.arange(count)


@pytest.mark.parametrize(
    ("start", "count", "unit", "expected"),
    [
        ("2012-01-01", 731, "D", ("year", "week")),
        ("2012-01-01", 300, "D", ("week",)),
        ("2012-01-01T00", 24 * 400, "h", ("year", "week", "day")),
        ("2012-01-01T00", 24 * 3, "h", ("day",)),
        ("2012-01", 36, "M", ("year",)),
        ("2012", 30, "Y", ()),
        ("2012-01-01", 1, "D", ()),
    ],
)
def test_periods_are_those_the_training_part_covers(start, count, unit, expected):
    assert choose_periods([dates(start, count, unit)], "auto") == expected


def test_periods_can_be_named_and_need_dates():
    assert choose_periods([dates("2012-01-01", 3, "D")], ["day", "year"]) == ("year", "day")
    assert choose_periods(None, ()) == ()
    assert choose_periods([np.arange(500)], "auto") == ()
    with pytest.raises(ConfigError, match="Calendar features need dates"):
        choose_periods([np.arange(5)], ("year",))
    assert check_calendar("auto") is None
    assert check_calendar(("week",)) is None
    assert "'month'" in check_calendar(["month"])
    assert "'year'" in check_calendar("year")


def test_features_return_after_their_period():
    hours = dates("2013-01-01T00", 24 * 15, "h")
    day, week = calendar_features(hours, ["day"]), calendar_features(hours, ["week"])
    np.testing.assert_allclose(day[24:], day[:-24], atol=1e-9)
    np.testing.assert_allclose(week[168:], week[:-168], atol=1e-9)
    assert abs(week[24:] - week[:-24]).max() > 0.5
    monday = calendar_features(np.array(["2024-01-01T00"], "datetime64[h]"), ["week", "day", "year"])
    np.testing.assert_allclose(monday, [[0, 1] + [0, 1] * 2 + [0, 1] * 2], atol=1e-9)


def test_a_leap_year_ends_where_every_year_ends():
    ends = np.array(["2012-12-31T23:59:59", "2013-12-31T23:59:59"], "datetime64[s]")
    features = calendar_features(ends, ["year"])
    np.testing.assert_allclose(features[0], features[1], atol=1e-6)
    assert calendar_features(ends, []).shape == (2, 0)


def test_features_have_names():
    assert calendar_names(["year", "day"]) == [
        *("year sin", "year cos", "year sin 2", "year cos 2"),
        *("day sin", "day cos", "day sin 2", "day cos 2"),
    ]
    assert calendar_names([]) == []
