"""What a layer's constructor was given, checked as a whole: every problem is found, all are raised at once."""

from __future__ import annotations

from typing import Any

from throughtime.base.errors import ConfigError, say_once


def check_sizes(problems: list[str], **sizes: Any) -> None:
    """Add a line for each size that is no positive whole number."""
    for name, size in sizes.items():
        if not isinstance(size, int) or isinstance(size, bool) or size < 1:
            problems.append(f"`{name}` must be a whole number of at least 1: got {size!r}.")


def check_probabilities(problems: list[str], **probabilities: Any) -> None:
    """Add a line for each probability outside 0 .. 1."""
    for name, p in probabilities.items():
        if isinstance(p, bool) or not isinstance(p, int | float) or not 0 <= p <= 1:
            problems.append(f"`{name}` is a probability in 0 .. 1: got {p!r}.")


def check_flags(problems: list[str], **flags: Any) -> None:
    """Add a line for each switch that is neither True nor False."""
    for name, flag in flags.items():
        if not isinstance(flag, bool):
            problems.append(f"`{name}` must be True or False: got {flag!r}.")


def report(problems: list[str], layer: str) -> None:
    """Raise all problems of a constructor at once.

    Raises:
        ConfigError: there is at least one.
    """
    if problems:
        raise ConfigError(f"{layer} cannot be built: " + " ".join(problems) + f" See help(throughtime.{layer}).")


def notice_idle_dropout(layer: str, dropout: float, num_layers: int) -> None:
    """Say once that dropout lies between layers, when there is nothing between."""
    if dropout > 0 and num_layers == 1:
        say_once(
            f"{layer}.dropout",
            f"{layer}: dropout={dropout} lies between stacked layers and num_layers=1 has none, so it does nothing. "
            "Use recurrent_dropout, or a dropout module after the layer.",
        )
