from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from throughtime.base.checks import Checks, as_number, as_whole, did_you_mean, plain
from throughtime.base.errors import ConfigError


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3), np.int32(3)])
def test_whole_numbers_of_any_library_become_int(value):
    checks = Checks()
    for got in (checks.whole("it", value), as_whole(value), plain(value)):
        assert (type(got), got) == (int, 3)
    checks.report("Settings")


@pytest.mark.parametrize("value", [0.5, np.float64(0.5), np.float32(0.5), np.float16(0.5), Fraction(1, 2)])
def test_numbers_of_any_library_become_float(value):
    checks = Checks()
    found = (checks.number("it", value), checks.probability("it", value), as_number(value), plain(value))
    for got in found:
        assert (type(got), got) == (float, 0.5)
    assert type(checks.number("it", 1)) is float
    assert checks.number("it", 5, most=5) == checks.whole("it", 5, below=6) == 5
    checks.report("Settings")


@pytest.mark.parametrize(
    ("check", "message"),
    [
        *[(lambda c, v=v: c.whole("it", v), "`it` is a whole number, at least 1: ") for v in (0, -1, 1.0, "3", None)],
        *[(lambda c, v=v: c.whole("it", v), "`it` is a whole number") for v in (True, np.bool_(True), np.float64(2))],
        (lambda c: c.whole("it", 2**63), f"at least 1 and at most {2**63 - 1}: {2**63} came"),
        (lambda c: c.whole("it", 5, 0, below=5), "at least 0 and at most 4: 5 came"),
        (lambda c: c.number("it", 5.1, above=0, most=5), "`it` is a number above 0 and at most 5: 5.1 came"),
        *[(lambda c, v=v: c.number("it", v), "`it` is a number of 0 or more: ") for v in (-0.1, "1", None, True)],
        *[
            (lambda c, v=v: c.number("it", v), "(nan|inf).* came")
            for v in (float("nan"), float("inf"), np.float32("nan"))
        ],
        (lambda c: c.number("it", 10**400), "`it` is a number of 0 or more"),
        (lambda c: c.number("it", 0, above=0), "`it` is a number above 0: 0 came"),
        (lambda c: c.number("it", 1, below=1), "`it` is a number of 0 or more and below 1: 1 came"),
        *[(lambda c, v=v: c.probability("it", v), "`it` is a probability") for v in (-0.1, 1.1, True, "0.5", None)],
        *[(lambda c, v=v: c.flag("it", v), "`it` is True or False: ") for v in (0, 1, None, "yes")],
        (lambda c: c.choice("it", "lst", ("lstm", "rnn")), r"one of lstm, rnn: 'lst' came \(did you mean 'lstm'\?\)"),
        (lambda c: c.choice("it", 5, ("lstm",)), r"`it` is one of lstm: 5 came\. Change it\."),
        (lambda c: c.choice("it", ["lstm"], ("lstm",)), "`it` is one of lstm"),
    ],
)
def test_what_is_wrong_is_said_by_name(check, message):
    checks = Checks()
    check(checks)
    with pytest.raises(ConfigError, match=message):
        checks.report("Settings")


def test_all_problems_come_at_once():
    checks = Checks()
    checks.whole("a", 0)
    checks.add("`b` is odd.")
    checks.add(None)
    with pytest.raises(ConfigError, match=r"^Settings: `a` is .*: 0 came; `b` is odd\. Change them\.$"):
        checks.report("Settings")
    with pytest.raises(ConfigError, match=r"; `b` is odd\. See help\.$"):
        checks.report("Settings", "See help.")


@pytest.mark.parametrize("value", [True, "text", None, float("inf")])
def test_what_is_no_number_stays(value):
    assert plain(value) is value


def test_the_nearest_name_is_asked_for_else_all_are_listed():
    known = {"epochs": 20, "dropout": 0.1}
    assert did_you_mean("epoch", known, "the keys are") == "did you mean 'epochs'?"
    assert did_you_mean("xyz", known, "the keys are") == "the keys are epochs, dropout."
