"""The settings that all recurrent layers have, checked together with a layer's own."""

from __future__ import annotations

from typing import Any, NamedTuple

from throughtime.base.checks import Checks
from throughtime.base.errors import say_once


class Shared(NamedTuple):
    """Settings of `LSTM` and `RNN` alike; see there."""

    input_size: int
    hidden_size: int
    num_layers: int
    bias: bool
    batch_first: bool
    dropout: float
    bidirectional: bool
    recurrent_dropout: float
    weight_drop: float


def check_shared(checks: Checks, given: Shared) -> Shared:
    """The same settings as plain Python values; what is wrong is noted in `checks`."""
    sizes = ("input_size", "hidden_size", "num_layers")
    flags = ("bias", "batch_first", "bidirectional")
    shares = ("dropout", "recurrent_dropout", "weight_drop")
    plain: dict[str, Any] = {name: checks.whole(name, getattr(given, name)) for name in sizes}
    plain |= {name: checks.flag(name, getattr(given, name)) for name in flags}
    plain |= {name: checks.probability(name, getattr(given, name)) for name in shares}
    return Shared(**plain)


def report(checks: Checks, layer: str) -> None:
    """Raise all problems of a constructor at once.

    Raises:
        ConfigError: there is at least one.
    """
    checks.report(f"{layer} cannot be built", f"See help(throughtime.{layer}).")


def notice_idle_dropout(layer: str, dropout: float, num_layers: int) -> None:
    """Say once that dropout lies between layers, when there is nothing between."""
    if dropout > 0 and num_layers == 1:
        say_once(
            f"{layer}.dropout",
            f"{layer}: dropout={dropout} lies between stacked layers and num_layers=1 has none, so it does nothing. "
            "Use recurrent_dropout, or a dropout module after the layer.",
        )
