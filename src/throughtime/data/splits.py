"""Parts of a series along time: training, validation, test, in this order and never mixed.

by_share   counts of steps:  train = floor(share n), validation likewise, test the rest
by_time    boundaries b_1 < b_2 ...: a part holds the steps with b_i <= time < b_(i+1)
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from throughtime.base.errors import ConfigError, DataError
from throughtime.data.clock import as_time, show_time
from throughtime.data.series import SeriesSet

# Shares are decimal: 0.7 * 10 must be 7 steps, not the 6 that rounding error would leave.
_ROUNDING = 1e-9


def by_share(n: int, *, train: float, validation: float = 0.0) -> tuple[slice, slice, slice]:
    """Cut n steps by share.

    Args:
        n: number of steps.
        train: share of the training part, in (0, 1].
        validation: share of the validation part, in [0, 1 - train].

    Returns:
        Slices of the training, validation and test part; the test part is what is left and may be empty.

    Raises:
        ConfigError: shares out of range.
        DataError: a part with a share above 0 would be empty.
    """
    _check_shares(train, validation)
    stop = int(train * n + _ROUNDING)
    middle = stop + int(validation * n + _ROUNDING) if train + validation < 1 - _ROUNDING else n
    test_wanted = train + validation < 1 - _ROUNDING
    if stop == 0 or (validation > 0 and middle == stop) or (test_wanted and middle == n):
        raise DataError(
            f"Each part needs steps: {n} steps with train={train:g} and validation={validation:g} leave parts of "
            f"{stop}, "
            f"{middle - stop} and {n - middle}. Use more data or other shares."
        )
    return slice(0, stop), slice(stop, middle), slice(middle, n)


def by_time(times: NDArray[Any], boundaries: Sequence[Any], *, allow_empty: bool = False) -> tuple[slice, ...]:
    """Cut a series at times.

    Args:
        times: [T] ascending times of one series.
        boundaries: first times of the second, third, ... part, ascending; text such as "2014-01-01", dates or numbers.
        allow_empty: whether a part may have no steps, as where one of many series starts late.

    Returns:
        One slice more than there are boundaries.

    Raises:
        DataError: boundaries out of order or of another kind than the times, or an empty part.
    """
    given = [as_time(boundary, times) for boundary in boundaries]
    if any(later <= earlier for earlier, later in pairwise(given)):
        raise DataError(f"Boundaries must ascend: {', '.join(map(show_time, given))} came. Put the earliest first.")
    cuts = [0, *(int(np.searchsorted(times, boundary, side="left")) for boundary in given), len(times)]
    if not allow_empty and any(later == earlier for earlier, later in pairwise(cuts)):
        span = f"{show_time(times[0])} to {show_time(times[-1])}" if len(times) else "no time at all"
        raise DataError(
            f"Each part needs steps: the times go from {span}, the boundaries are {', '.join(map(show_time, given))}. "
            "Move the boundaries inside."
        )
    return tuple(slice(start, stop) for start, stop in pairwise(cuts))


def series_by_share(series: SeriesSet, *, train: float, validation: float = 0.0) -> tuple[SeriesSet, ...]:
    """Cut every series by share; category lists are those of the training part.

    Args:
        series: the series.
        train: share of the training part, in (0, 1].
        validation: share of the validation part.

    Returns:
        Training, validation and test part, each with every series.

    Raises:
        ConfigError, DataError: as `by_share`.
    """
    cuts = [by_share(int(length), train=train, validation=validation) for length in series.lengths]
    return _parts(series, cuts)


def series_by_time(series: SeriesSet, boundaries: Sequence[Any]) -> tuple[SeriesSet, ...]:
    """Cut every series at the same times; category lists are those of the first part.

    Args:
        series: the series, with times.
        boundaries: as in `by_time`. Times with a zone are compared in UTC.

    Returns:
        One part more than there are boundaries, each with every series (some may be empty in it).

    Raises:
        DataError: no times, or a part that is empty in every series, or as in `by_time`.
    """
    if series.times is None:
        raise DataError("A split by time needs times: these series have none. Name time=, or split by share.")
    parts = _parts(series, [by_time(times, boundaries, allow_empty=len(series) > 1) for times in series.times])
    empty = [place for place, part in enumerate(parts) if part.lengths.sum() == 0]
    if empty:
        raise DataError(
            f"Each part needs steps: part {empty[0] + 1} of {len(parts)} at {', '.join(map(str, boundaries))} has "
            "none in any "
            "series. Move the boundaries."
        )
    return parts


def _parts(series: SeriesSet, cuts: Sequence[Sequence[slice]]) -> tuple[SeriesSet, ...]:
    parts = [series.part(list(slices)) for slices in zip(*cuts, strict=True)]
    seen = parts[0].seen_categories()
    return tuple(part.recoded(seen) for part in parts)


def _check_shares(train: float, validation: float) -> None:
    if not (0 < train <= 1 and validation >= 0 and train + validation <= 1 + _ROUNDING):
        raise ConfigError(
            f"Shares are above 0 (train), at least 0 (validation), and sum to at most 1: train={train:g}, "
            f"validation={validation:g} came."
        )
