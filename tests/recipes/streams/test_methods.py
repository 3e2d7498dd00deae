"""Rules pass over missing values, and flag as the LSTM's detector does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from throughtime.recipes.streams import made_up_stream
from throughtime.recipes.streams.methods import AT_REST, GAUSSIAN, OURS, RULES, rule_flags, rules_for, try_method
from throughtime.recipes.streams.reading import read_feed
from throughtime.recipes.streams.settings import Columns, Detector

SETTINGS = Detector(warm_up_rows=100, epochs=1, hidden_size=4)


@pytest.fixture(scope="module")
def stream():
    return read_feed(made_up_stream(700), Columns()).streams[0]


@pytest.mark.parametrize("method", RULES)
def test_missing_values_are_passed_over(stream, method) -> None:
    holed = replace(stream, values=stream.values.copy())
    holed.values[::7] = np.nan
    flags = rule_flags(method, holed, 100, SETTINGS)
    assert not flags[::7].any()
    assert not flags[:100].any()
    present = ~np.isnan(holed.values[:, 0])
    if method in (GAUSSIAN, "last value", "window's mean"):
        alone = rule_flags(method, holed.rows(present), 100, replace(SETTINGS, rest_rows=0))
        np.testing.assert_array_equal(rule_flags(method, holed, 100, replace(SETTINGS, rest_rows=0))[present], alone)


def test_the_spike_is_flagged_by_the_errors_of_the_last_value(stream) -> None:
    spike = int(0.4 * 700)
    assert rule_flags("last value", stream, 100, replace(SETTINGS, rest_rows=0))[spike]


def test_networks_and_rules(stream) -> None:
    short = stream.rows(slice(0, 300))
    awake, resting = (try_method(short, name, SETTINGS, "50,100", 0) for name in (OURS, AT_REST))
    assert awake.parameters == resting.parameters > 0
    assert try_method(short, GAUSSIAN, SETTINGS, "50,100", 0).parameters == 0
    assert "day before" not in rules_for(False)
    assert rules_for(True) == RULES
