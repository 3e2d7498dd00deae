from __future__ import annotations

import pytest

from throughtime.base.errors import ConfigError, Notice
from throughtime.nn.settings import check_flags, check_probabilities, check_sizes, notice_idle_dropout, report


def test_what_is_right_passes():
    problems: list[str] = []
    check_sizes(problems, size=1)
    check_probabilities(problems, none=0, all=1, some=0.5)
    check_flags(problems, on=True)
    report(problems, "LSTM")
    assert problems == []


@pytest.mark.parametrize(
    ("check", "value"),
    [(check_sizes, v) for v in (0, -1, 1.0, True, "3", None)]
    + [(check_probabilities, v) for v in (-0.1, 1.1, float("nan"), True, "0.5", None)]
    + [(check_flags, v) for v in (0, 1, None, "yes")],
)
def test_what_is_wrong_is_reported_by_name(check, value):
    problems: list[str] = []
    check(problems, it=value)
    with pytest.raises(ConfigError, match=r"LSTM cannot be built: `it` .*got"):
        report(problems, "LSTM")


def test_idle_dropout_is_said():
    notice_idle_dropout("LSTM", 0.5, 2)
    with pytest.warns(Notice, match="does nothing"):
        notice_idle_dropout("LSTM", 0.5, 1)
