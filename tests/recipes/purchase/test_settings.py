"""What the recipe's settings take."""

from dataclasses import fields

import pytest

from throughtime.base.errors import ConfigError
from throughtime.recipes.purchase.settings import Model, Settings
from throughtime.recipes.settings import parse
from throughtime.tasks import PurchasePredictor


def test_the_networks_settings_are_the_estimators_own():
    theirs = PurchasePredictor().get_params()
    assert {entry.name: entry.default for entry in fields(Model)} == {
        entry.name: theirs[entry.name] for entry in fields(Model)
    }


def test_texts_are_read():
    said = {"time": "day,hour", "split": "time", "test": "0.2", "mask_seen": "true", "top": "10"}
    parsed = parse(said, Settings())
    assert parsed.columns.time == ("day", "hour")
    assert (parsed.split.split, parsed.split.test) == ("time", 0.2)
    assert (parsed.ranking.mask_seen, parsed.ranking.top) == (True, 10)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"split": "first"}, "`split`.*last.*time"),
        ({"test": "1"}, "a share above 0 and below 1"),
        ({"validation": "0"}, "a share above 0 and below 1"),
        ({"top": "0"}, "`top` is a whole number, 1 or more"),
        ({"mask_sen": "true"}, "mask_seen"),
        ({"cell": "gru"}, "`cell`.*lstm"),
    ],
)
def test_what_does_not_fit_is_refused(said, message):
    with pytest.raises(ConfigError, match=message):
        parse(said, Settings())
