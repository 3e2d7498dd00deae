"""The regular grid under a series of times: its step, each time's place on it, and the times that are absent.

A step is one of

    "7d", "1h", "15m", "1s", "5ms", "1us"   a fixed span of time
    "1mo", "3mo", "12mo"                    calendar months: same day of the month, or every month's end
    "1bd"                                   Monday to Friday
    an int or a float                       for times that are numbers
    None                                    no regular step: rows are consecutive steps

The step is the modal difference (failing that, the smallest) if every time lies on the grid it makes and at least half
of that grid is present; months and business days are tried before fixed spans. Times are numpy arrays, ascending.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from throughtime.base.errors import DataError

Step: TypeAlias = str | int | float | None
Times = NDArray[np.generic]

_UNITS_US = {
    "d": 86_400_000_000,
    "h": 3_600_000_000,
    "m": 60_000_000,
    "s": 1_000_000,
    "ms": 1000,
    "us": 1,
}
_DAY_US = _UNITS_US["d"]
# Below this share of present steps a grid would invent more rows than it orders (trading hours, bursts).
_LEAST_PRESENT = 0.5
# Times given as floats are decimal fractions of their step at best, so a thousandth of a step is still on the grid.
_FLOAT_SLACK = 1e-3


def infer_step(times: Sequence[Times]) -> Step:
    """Find the step that fits every series.

    Args:
        times: per series an ascending array without duplicates: datetime64, int64 or float64.

    Returns:
        The step, or None if no regular grid fits or no series has two times.
    """
    pairs = [series for series in times if len(series) > 1]
    if not pairs:
        return None
    for step in _candidates(pairs):
        places = [positions(series, step) for series in pairs]
        if all(place is not None for place in places):
            spans = sum(int(place[-1]) + 1 for place in places if place is not None)
            if sum(map(len, pairs)) >= _LEAST_PRESENT * spans:
                return step
    return None


def positions(times: Times, step: Step) -> NDArray[np.int64] | None:
    """Place of each time on the grid that starts at the first one, or None if one of them lies off it.

    Args:
        times: ascending times of one series [T].
        step: a step of the kinds above, not None.

    Returns:
        int64 [T], starting at 0.

    Raises:
        DataError: the step does not suit this kind of time.
    """
    if len(times) == 0:
        return np.zeros(0, np.int64)
    if times.dtype.kind != "M":
        return _number_positions(times, _number_step(step))
    amount, unit = parse_step(step)
    if unit == "mo":
        return _month_positions(times, amount)
    if unit == "bd":
        return _business_positions(times)
    return _multiples(_microseconds(times), amount * _UNITS_US[unit])


def on_grid(times: Times, step: Step, places: NDArray[np.int64]) -> Times:
    """Times at the given places of the grid through `times`; a place past the end continues it.

    Args:
        times: times of one series that lie on the grid, at least one.
        step: the grid's step, not None.
        places: int64 places, 0 is `times[0]`.

    Returns:
        Array of the kind of `times`; dates become datetimes where the step is not whole days.
    """
    if times.dtype.kind != "M":
        return np.asarray(times[0] + places * _number_step(step), dtype=times.dtype)
    amount, unit = parse_step(step)
    if unit == "mo":
        return _months_on_grid(times, amount, places)
    if unit == "bd":
        day = times[:1].astype("datetime64[D]")
        of_day = _microseconds(times[:1]) % _DAY_US
        days = np.busday_offset(day, places)
        return (days.astype("datetime64[us]") + of_day.astype("timedelta64[us]")).astype(times.dtype)
    span = amount * _UNITS_US[unit]
    kind = times.dtype if span % _DAY_US == 0 else np.dtype("datetime64[us]")
    return (_microseconds(times[:1]) + places * span).astype("datetime64[us]").astype(kind)


def advance(times: Times, step: Step, count: int) -> Times:
    """The next `count` times after the last one.

    Args:
        times: times of one series, at least one.
        step: the grid's step.
        count: how many, at least 0.

    Returns:
        Array of length `count`.

    Raises:
        DataError: there is no step, or the times do not lie on its grid.
    """
    if step is None:
        raise DataError("Future times need a regular step: this series has none. Pass step= when reading the table.")
    places = positions(times, step)
    if places is None or len(places) == 0:
        raise DataError(f"Future times need times on the grid of step {step!r}: these are not. Check step=.")
    return on_grid(times, step, places[-1] + np.arange(1, count + 1))


def parse_step(step: Step) -> tuple[int, str]:
    """Split "15m" into (15, "m").

    Raises:
        DataError: it is not a whole positive number and one of d h m s ms us mo bd ("w" is read as 7 d).
    """
    match = re.fullmatch(r"(\d+)(d|h|m|s|ms|us|mo|bd|w|y)", step) if isinstance(step, str) else None
    if match is None or int(match[1]) == 0 or (match[2] == "bd" and match[1] != "1"):
        raise DataError(
            f"A step between dates is a number and a unit (d, h, m, s, ms, us, w, mo, y) or '1bd'; {step!r} came. "
            "Examples: '1d', '15m', '1mo'."
        )
    amount, unit = int(match[1]), match[2]
    if unit == "w":
        return 7 * amount, "d"
    return (12 * amount, "mo") if unit == "y" else (amount, unit)


def _candidates(pairs: Sequence[Times]) -> list[Step]:
    if pairs[0].dtype.kind != "M":
        return list(_number_candidates(pairs))
    differences = np.concatenate([np.diff(_microseconds(series)) for series in pairs])
    found: list[Step] = []
    if differences.min() >= 28 * _DAY_US:
        months = np.concatenate([np.diff(_month_numbers(series)) for series in pairs])
        found += [f"{amount}mo" for amount in _modal_then_least(months) if amount > 0]
    if _modal_then_least(differences)[0] == _DAY_US and any(_crosses_weekend(series) for series in pairs):
        found.append("1bd")
    return found + [_span_name(span) for span in _modal_then_least(differences)]


def _number_candidates(pairs: Sequence[Times]) -> Sequence[int | float]:
    differences = np.concatenate([np.diff(series) for series in pairs])
    if pairs[0].dtype.kind == "i":
        return _modal_then_least(differences)
    digits = 9 - int(np.floor(np.log10(differences.min())))
    return _modal_then_least(np.round(differences, digits))


def _modal_then_least(differences: NDArray[np.generic]) -> list[int | float]:
    values, counts = np.unique(differences, return_counts=True)
    modal, least = values[counts.argmax()].item(), values[0].item()
    return [modal] if modal == least else [modal, least]


def _span_name(span_us: int | float) -> str:
    unit = next(unit for unit, size in _UNITS_US.items() if span_us % size == 0)
    return f"{int(span_us) // _UNITS_US[unit]}{unit}"


def _number_step(step: Step) -> int | float:
    if isinstance(step, bool) or not isinstance(step, int | float) or step <= 0:
        raise DataError(f"Times that are numbers need a positive number as step; {step!r} came.")
    return step


def _number_positions(times: Times, step: int | float) -> NDArray[np.int64] | None:
    if times.dtype.kind == "i" and isinstance(step, int):
        return _multiples(times.astype(np.int64), step)
    places = (times - times[0]).astype(np.float64) / step
    nearest = np.round(places)
    return nearest.astype(np.int64) if np.abs(places - nearest).max() < _FLOAT_SLACK else None


def _multiples(times: NDArray[np.int64], step: int) -> NDArray[np.int64] | None:
    places, rest = np.divmod(times - times[0], step)
    return None if rest.any() else places


def _business_positions(times: Times) -> NDArray[np.int64] | None:
    days = times.astype("datetime64[D]")
    of_day = _microseconds(times) % _DAY_US
    if not np.is_busday(days).all() or (of_day != of_day[0]).any():
        return None
    return np.busday_count(days[0], days).astype(np.int64)


def _crosses_weekend(times: Times) -> bool:
    first, last = times[[0, -1]].astype("datetime64[D]")
    return bool(np.busday_count(first, last) < (last - first).astype(np.int64))


def _month_positions(times: Times, amount: int) -> NDArray[np.int64] | None:
    of_day = _microseconds(times) % _DAY_US
    days = _days_of_month(times)
    if (of_day != of_day[0]).any() or (days != np.minimum(_anchor_day(times), _month_lengths(times))).any():
        return None
    return _multiples(_month_numbers(times), amount)


def _months_on_grid(times: Times, amount: int, places: NDArray[np.int64]) -> Times:
    months = (_month_numbers(times)[0] + places * amount).astype("datetime64[M]")
    starts = months.astype("datetime64[D]")
    days = starts + (np.minimum(_anchor_day(times), _month_lengths(starts)) - 1)
    of_day = _microseconds(times[:1]) % _DAY_US
    return (days.astype("datetime64[us]") + of_day.astype("timedelta64[us]")).astype(times.dtype)


def _anchor_day(times: Times) -> int:
    """The day of the month a monthly series keeps to, 31 for one of month ends."""
    days = _days_of_month(times)
    return 31 if len(times) > 1 and (days == _month_lengths(times)).all() else int(days.max())


def _days_of_month(times: Times) -> NDArray[np.int64]:
    return (times.astype("datetime64[D]") - times.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64) + 1


def _month_lengths(times: Times) -> NDArray[np.int64]:
    months = times.astype("datetime64[M]")
    return ((months + 1).astype("datetime64[D]") - months.astype("datetime64[D]")).astype(np.int64)


def _month_numbers(times: Times) -> NDArray[np.int64]:
    return times.astype("datetime64[M]").astype(np.int64)


def _microseconds(times: Times) -> NDArray[np.int64]:
    return times.astype("datetime64[us]").astype(np.int64)
