"""Numbers of any size stay short and exact about 0 and infinity; lags are read or refused."""

from __future__ import annotations

import math

import pytest

from throughtime.base.errors import ConfigError
from throughtime.bptt import Reach
from throughtime.recipes.reach.words import at, lags_from, middle, over_seeds, power, powers


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (math.inf, "inf"),
        (math.nan, "nan"),
        (1.0, "1"),
        (0.123, "0.12"),
        (0.00042, "4e-4"),
        (6.4e-43, "6e-43"),
        (3.2e140, "3e140"),
        (456.7, "457"),
        (1234.5, "1e3"),
    ],
)
def test_power(value, text):
    assert power(value) == text
    assert powers({"a": value, "b": 1.0}) == f"a {text}; b 1"


def test_the_median_takes_overflow_as_largest():
    assert middle([1.0, math.nan, 3.0]) == 3.0
    assert middle([math.nan, math.inf, 3.0]) == math.inf


def test_at_picks_a_lag():
    reach = Reach((0, 5), {"h": (2.0, 1.0)}, {"h": (1.0, 0.5)}, 0.0)
    assert at(reach, "h", 5) == 0.5


def test_seeds_are_said():
    assert over_seeds(5).startswith("Median over 5 seeds")
    assert over_seeds(1).startswith("One seed")


def test_lags_are_sorted_once_each():
    assert lags_from(" 50, 0,10 ,10") == (0, 10, 50)


@pytest.mark.parametrize("text", ["", "1,,2", "-1", "1.5", "ten", "1;2", "²", "nan"])
def test_what_is_no_lag_is_refused(text):
    with pytest.raises(ConfigError, match="Lags are whole numbers of steps back, 0 or more"):
        lags_from(text)


def test_lags_too_far_are_refused():
    with pytest.raises(ConfigError, match="at most 5,000 steps: 5001 came"):
        lags_from("10,5001")
