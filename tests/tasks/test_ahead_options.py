"""Settings of series and of symbols are checked together, and are not mixed."""

from __future__ import annotations

import pytest

import throughtime as tt
from throughtime.base.errors import ConfigError
from throughtime.tasks.ahead_options import check_ahead
from throughtime.tasks.pair_options import check_pair_options


def test_defaults_are_those_of_the_kind():
    series, symbols = tt.SequenceToSequence(horizon=3), tt.SequenceToSequence()
    assert (check_ahead(series).hidden_size, check_pair_options(symbols).hidden_size) == (64, 256)
    assert (check_ahead(series).share, check_pair_options(symbols).share) == (0.2, 0.05)
    assert check_pair_options(symbols).window_steps == 8
    assert check_ahead(series).window_steps is None
    assert check_ahead(tt.SequenceToSequence(horizon=3, hidden_size=5, validation=0.4)).hidden_size == 5
    assert check_ahead(tt.SequenceToSequence(horizon=3, validation=None)).share is None


def test_every_problem_is_named_at_once():
    with pytest.raises(ConfigError) as caught:
        check_ahead(tt.SequenceToSequence(horizon=0, strategy="oracle", members=0, log=3, calendar="moon"))
    for name in ("horizon", "strategy", "members", "log", "calendar"):
        assert f"`{name}`" in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"copy": True, "heads": 2}, "`heads`, `copy` are of symbols"),
        ({"window_steps": 4, "segment_steps": 5}, "`segment_steps` is at most window_steps=4: 5"),
        ({"smoothing": True, "strategy": "recursive"}, "strategy='recursive' came with it"),
    ],
)
def test_settings_that_do_not_go_together(settings, message):
    with pytest.raises(ConfigError, match=message):
        check_ahead(tt.SequenceToSequence(horizon=3, **settings))


def test_settings_of_series_need_a_horizon():
    with pytest.raises(ConfigError, match="`members` is of series, which need a `horizon`"):
        check_pair_options(tt.SequenceToSequence(members=2))
