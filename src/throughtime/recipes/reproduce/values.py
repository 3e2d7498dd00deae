"""Settings of an estimator, written as text on a command line."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from throughtime.base.checks import did_you_mean
from throughtime.base.errors import ConfigError

_WORDS: dict[str, Any] = {"true": True, "false": False, "none": None}


def settings_of(estimator: Any, settings: Mapping[str, str], taken: Collection[str]) -> dict[str, Any]:
    """Each setting's value, if the estimator has a setting of that name.

    Args:
        estimator: one of ours, with scikit-learn's `get_params`.
        settings: values as text, by name.
        taken: names that a trial sets itself.

    Raises:
        ConfigError: an unknown name; the message names the nearest.
    """
    known = [name for name in estimator.get_params() if name not in taken]
    for name in settings:
        if name not in known:
            hint = did_you_mean(name, known, "there are")
            raise ConfigError(f"--set takes settings of {type(estimator).__name__}; {name!r} is none: {hint}")
    return {name: value_of(text) for name, text in settings.items()}


def value_of(text: str) -> Any:
    """A number, True, False, None, or the text itself; the estimator checks it."""
    try:
        return float(text) if "." in text or "e" in text else int(text)
    except ValueError:
        return _WORDS.get(text.lower(), text)
