"""Settings, read from text, are those of the estimator."""

from __future__ import annotations

import inspect
from dataclasses import fields

import pytest

from throughtime.base.errors import ConfigError
from throughtime.recipes.ahead.settings import Model, Settings
from throughtime.recipes.settings import parse
from throughtime.tasks import SequenceToSequence
from throughtime.tasks.ahead_options import AHEAD_DEFAULTS


def test_the_networks_settings_are_the_estimators_with_its_defaults():
    taken = inspect.signature(SequenceToSequence).parameters
    for each in fields(Model):
        default = taken[each.name].default
        assert each.default == (AHEAD_DEFAULTS.get(each.name) if default is None else default), each.name


def test_what_is_left_open_is_auto():
    said = parse({"horizon": "auto", "log": "auto", "window_steps": "auto", "season": "24"}, Settings())
    assert (said.ahead.horizon, said.model.log, said.model.window_steps, said.ahead.season) == (None, None, None, 24)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("horizon", "0", "auto, or a whole number, 1 or more"),
        ("log", "maybe", "auto, true or false"),
        ("strategy", "both", "direct"),
        ("horizons", "3", "did you mean"),
    ],
)
def test_what_does_not_fit_is_told(key, value, said):
    with pytest.raises(ConfigError, match=said):
        parse({key: value}, Settings())


def test_settings_go_through_a_run_file_and_back():
    said = parse({"horizon": "3", "target": "a,b", "log": "false"}, Settings())
    assert parse(said.to_flat(), Settings()) == said
