"""Relative norms that span a hundred powers of ten: picked, averaged, and put into words short enough for a table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import median

from throughtime.base.errors import ConfigError
from throughtime.bptt import Reach
from throughtime.insight.lettering import by_power

# Between these a number is read as it is; outside, by its power of ten.
_LEAST, _MOST = 0.01, 1000
# A gradient is followed step by step: further back takes minutes and gigabytes.
MOST_LAG = 5000


def at(reach: Reach, leaf: str, lag: int) -> float:
    """The relative norm at one of the lags measured."""
    return reach.relative[leaf][reach.lags.index(lag)]


def middle(values: Sequence[float]) -> float:
    """The median, with what overflowed (inf, or nan behind it) as the largest."""
    return median(math.inf if math.isnan(value) else value for value in values)


def power(value: float) -> str:
    """Two figures, as they are or as "4e-15"; "0", "inf" and "nan" mean exactly that."""
    if value == 0 or not math.isfinite(value):
        return f"{value:.0f}"
    if _LEAST <= abs(value) < _MOST:
        return f"{value:.2g}" if abs(value) < 100 else f"{value:.0f}"
    return by_power(value, 0)


def powers(values: Mapping[str, float]) -> str:
    """Named numbers: "one 4e-15; other 1e-3"."""
    return "; ".join(f"{name} {power(value)}" for name, value in values.items())


def over_seeds(seeds: int) -> str:
    """What a relative norm in a table is, in a sentence."""
    what = "|dL/ds| at the lag over that at lag 0"
    return f"Median over {seeds} seeds of {what}." if seeds > 1 else f"One seed: {what}."


def lags_from(text: str) -> tuple[int, ...]:
    """Lags from "0,10,50", ascending, each once.

    Raises:
        ConfigError: something in it is no whole number of steps, or too far back.
    """
    words = [word.strip() for word in text.split(",")]
    wrong = [word for word in words if not word.isascii() or not word.isdigit()]
    if wrong:
        raise ConfigError(
            f"Lags are whole numbers of steps back, 0 or more, with commas between: {wrong[0]!r} came in {text!r}. "
            "Write 0,10,50,100."
        )
    lags = tuple(sorted({int(word) for word in words}))
    if lags[-1] > MOST_LAG:
        raise ConfigError(f"A lag is at most {MOST_LAG:,} steps: {lags[-1]} came. Take a shorter one.")
    return lags
