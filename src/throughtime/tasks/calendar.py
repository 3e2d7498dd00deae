"""Where a time lies in the day, the week and the year, as numbers a network can read; known for any future time.

    phase = time since the period began / length of the period, in [0, 1)
    features of a period: sin(2 pi j phase), cos(2 pi j phase) for each of its harmonics j

Times with a zone are kept in UTC, so a day's phase moves by an hour where the zone changes its clocks.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from throughtime.base.errors import ConfigError

Floats = NDArray[np.float64]

PERIODS = ("year", "week", "day")
# Two harmonics draw a season or a day that rises faster than it falls; for a week one tells its ends from its middle.
_HARMONICS = {"year": (1, 2), "week": (1,), "day": (1, 2)}
_DAY_S = 86_400.0
_LENGTHS_S = {"year": 365.2425 * _DAY_S, "week": 7 * _DAY_S, "day": _DAY_S}
# A period is drawn by at least four steps, and seen whole at least once, up to a day that a full year may lack.
_STEPS_IN_PERIOD = 4
_WHOLE = 0.99
# 1970-01-01, where numpy counts from, was a Thursday; weeks here begin on Monday.
_MONDAY_S = 4 * _DAY_S


def check_calendar(calendar: Any) -> str | None:
    """What is wrong with a `calendar` argument, in words; None if nothing."""
    listed = isinstance(calendar, Collection) and not isinstance(calendar, str)
    if all(isinstance(each, str) and each in PERIODS for each in calendar) if listed else calendar == "auto":
        return None
    return f"`calendar` is 'auto' or a list out of {', '.join(PERIODS)}: {calendar!r} came"


def choose_periods(times: Sequence[NDArray[Any]] | None, calendar: str | Sequence[str]) -> tuple[str, ...]:
    """The periods that become features.

    Args:
        times: per series the times of the training part; None without times.
        calendar: periods, or "auto": those the training part covers, with steps of at most a quarter of them.

    Returns:
        Periods, in the order of `PERIODS`.

    Raises:
        ConfigError: periods are asked for, and times are absent or numbers.
    """
    dated = times is not None and all(series.dtype.kind == "M" for series in times)
    if calendar != "auto":
        if calendar and not dated:
            raise ConfigError(
                f"Calendar features need dates: calendar={calendar!r} came without. Name time=, or pass calendar=()."
            )
        return tuple(period for period in PERIODS if period in calendar)
    if times is None or not dated or not any(len(series) > 1 for series in times):
        return ()
    seconds = [_seconds(series) for series in times if len(series) > 1]
    step = float(np.median(np.concatenate([np.diff(series) for series in seconds])))
    span = max(float(series[-1] - series[0]) for series in seconds) + step
    lengths = _LENGTHS_S.items()
    return tuple(name for name, length in lengths if step * _STEPS_IN_PERIOD <= length and span >= _WHOLE * length)


def calendar_features(times: NDArray[Any], periods: Sequence[str]) -> Floats:
    """Sines and cosines of the phases.

    Args:
        times: [T] datetime64.
        periods: out of `PERIODS`.

    Returns:
        [T, F] in [-1, 1].
    """
    columns = []
    for period in periods:
        angle = 2 * np.pi * phase(times, period)
        for harmonic in _HARMONICS[period]:
            columns += [np.sin(harmonic * angle), np.cos(harmonic * angle)]
    return np.stack(columns, axis=1) if columns else np.empty((len(times), 0))


def calendar_names(periods: Sequence[str]) -> list[str]:
    """What each of the `calendar_features` is, in words: "year sin", "year cos", of a second wave "year sin 2"."""
    waves = [(period, harmonic) for period in periods for harmonic in _HARMONICS[period]]
    return [
        f"{period} {wave}{'' if harmonic == 1 else f' {harmonic}'}"
        for period, harmonic in waves
        for wave in ("sin", "cos")
    ]


def phase(times: NDArray[Any], period: str) -> Floats:
    """Where times lie in a period.

    Args:
        times: [T] datetime64.
        period: one of `PERIODS`.

    Returns:
        [T] in [0, 1).
    """
    if period == "year":
        start = times.astype("datetime64[Y]")
        length = (start + 1).astype("datetime64[us]") - start.astype("datetime64[us]")
        return (times.astype("datetime64[us]") - start.astype("datetime64[us]")) / length
    since = _seconds(times) - (_MONDAY_S if period == "week" else 0.0)
    return since % _LENGTHS_S[period] / _LENGTHS_S[period]


def _seconds(times: NDArray[Any]) -> Floats:
    return times.astype("datetime64[us]").astype(np.int64) / 1e6
