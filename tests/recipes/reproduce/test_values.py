"""Text becomes a value, and only for settings there are."""

from __future__ import annotations

import pytest

from throughtime.base.errors import ConfigError
from throughtime.recipes.reproduce.values import settings_of, value_of
from throughtime.tasks import SequenceClassifier


@pytest.mark.parametrize(
    ("text", "value"),
    [("3", 3), ("0.5", 0.5), ("1e-3", 0.001), ("true", True), ("False", False), ("none", None), ("auto", "auto")],
)
def test_values(text, value):
    assert value_of(text) == value
    assert type(value_of(text)) is type(value)


def test_settings_there_are_not():
    model = SequenceClassifier()
    assert settings_of(model, {"epochs": "3"}, ()) == {"epochs": 3}
    with pytest.raises(ConfigError, match="SequenceClassifier; 'epoch' is none: did you mean 'epochs'"):
        settings_of(model, {"epoch": "3"}, ())
    with pytest.raises(ConfigError, match="'seed' is none"):
        settings_of(model, {"seed": "3"}, ("seed",))
