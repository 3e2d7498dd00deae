"""Forecasts several steps ahead as the frames and arrays they leave the library as.

Columns of a frame: id and time of each step ahead; NAME for the forecast of a target, NAME_lo_80 and NAME_hi_80 for the
ends of its 80 % interval. A backtest has before them `origin`, the time of the last row that was read (its number from
0 on, without times), and `step`, from 1 to H; sample paths have `path`, from 0 on.

Dimensions: B series, H steps ahead, K targets, L levels, N origins, P paths.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from throughtime.base.errors import DataError, ShapeError
from throughtime.data import SeriesSet, advance
from throughtime.data.clock import Clock, as_column, show_time
from throughtime.tasks.ahead_rows import Floats
from throughtime.tasks.intake import Reader, check_known, plain, read_known

ORIGIN, STEP, PATH = "origin", "step", "path"


@dataclass(frozen=True)
class Told:
    """Forecasts, of whatever shape: [H, K] of a series, [N, H, K] of its origins.

    Args:
        value: points.
        intervals: for each level in percent the lower and upper ends, of the same shape.
        ends: [N] steps before each origin.
    """

    value: Floats
    intervals: Mapping[float, tuple[Floats, Floats]]
    ends: NDArray[np.int64]

    def map(self, change: Callable[[Floats], Floats]) -> Told:
        """With every array changed alike."""
        ends = {level: (change(low), change(high)) for level, (low, high) in self.intervals.items()}
        return replace(self, value=change(self.value), intervals=ends)

    def arrays(self) -> tuple[Floats, Floats]:
        """Values [..., K], and interval ends [..., K, L, 2]."""
        pairs = [np.stack(each, axis=-1) for each in self.intervals.values()]
        return self.value, np.stack(pairs, axis=-2) if pairs else np.empty((*self.value.shape, 0, 2))

    def columns(self, targets: Sequence[str]) -> list[pl.Series]:
        """Of a frame, with a row for each step."""
        flat = self.map(lambda part: part.reshape(-1, part.shape[-1]))
        found = []
        for place, name in enumerate(targets):
            found.append(pl.Series(name, flat.value[:, place]))
            for level, (low, high) in flat.intervals.items():
                found += [
                    pl.Series(f"{name}_lo_{level:g}", low[:, place]),
                    pl.Series(f"{name}_hi_{level:g}", high[:, place]),
                ]
        return found


def times_ahead(read: SeriesSet, horizon: int) -> list[NDArray[Any]] | None:
    """Of each series the times of the steps after its last row [H]; None without times, or without a regular step."""
    if read.times is None or read.step is None:
        return None
    return [advance(times, read.step, horizon) for times in read.times]


def ahead_frame(read: SeriesSet, told: Sequence[Told], horizon: int) -> pl.DataFrame:
    """A frame of forecasts [H, K] of each series, a row a step."""
    times = times_ahead(read, horizon)
    parts = []
    for place, each in enumerate(told):
        steps = np.arange(horizon)
        parts.append(pl.DataFrame([*_index(read, place, times, steps), *each.columns(read.targets)]))
    return pl.concat(parts)


def paths_frame(read: SeriesSet, paths: Sequence[Floats], horizon: int) -> pl.DataFrame:
    """A frame of paths [P, H, K] of each series, a row a step of a path."""
    times = times_ahead(read, horizon)
    parts = []
    for place, drawn in enumerate(paths):
        count = len(drawn)
        index = _index(read, place, times, np.tile(np.arange(horizon), count))
        number = pl.Series(PATH, np.repeat(np.arange(count), horizon))
        columns = [pl.Series(name, drawn[..., k].reshape(-1)) for k, name in enumerate(read.targets)]
        parts.append(pl.DataFrame([*index, number, *columns]))
    return pl.concat(parts)


def backtest_frame(read: SeriesSet, told: Sequence[tuple[int, Told]], horizon: int) -> pl.DataFrame:
    """A frame of forecasts [N, H, K] from N origins of each series, a row a step of an origin."""
    parts = []
    for place, each in told:
        before = np.repeat(each.ends - 1, horizon)
        step = np.tile(np.arange(1, horizon + 1), len(each.ends))
        index = _index(read, place, read.times, before + step)
        if read.times is None:
            origin = pl.Series(ORIGIN, before)
        else:
            origin = as_column(Clock(read.times[place][before], ORIGIN, None, read.zone))
        parts.append(pl.DataFrame([*index, origin, pl.Series(STEP, step), *each.columns(read.targets)]))
    return pl.concat(parts)


def known_ahead(read: SeriesSet, known: Any, reader: Reader, horizon: int) -> list[Floats] | None:
    """Of each series the columns known ahead [H, number of them].

    Args:
        read: the history.
        known: None; for frames a frame with id, time and the known columns, H rows a series; for arrays [H, number of
            known columns], or a list of one for each series.
        reader: how the history was read.
        horizon: H.

    Raises:
        DataError: known columns without their values, or rows that are not the H steps after each series.
        ShapeError: values of another shape.
    """
    if not read.known:
        if known is not None:
            raise DataError("No column was fitted as known ahead, and known= came. Leave it out.")
        return None
    if known is None:
        raise DataError(
            f"The columns known ahead are needed for the {horizon} steps to be forecast: {', '.join(read.known)} came "
            "without. Pass their next values as known=."
        )
    return _known_rows(read, known, reader, horizon) if reader.frames else _known_arrays(read, known, horizon)


def _known_arrays(read: SeriesSet, known: Any, horizon: int) -> list[Floats]:
    known = plain(known)
    given = known if isinstance(known, list | tuple) else [known]
    arrays = [np.asarray(each, np.float64) for each in given]
    wanted = (horizon, len(read.known))
    arrays = [each[:, None] if each.ndim == 1 and wanted[1] == 1 else each for each in arrays]
    if len(arrays) != len(read) or any(each.shape != wanted for each in arrays):
        shapes = ", ".join(str(each.shape) for each in arrays[:3])
        raise ShapeError(
            f"`known` is {wanted} for each of {len(read)} series, steps and known columns: {len(arrays)} of {shapes} "
            "came."
        )
    for each in arrays:
        check_known(each, read.known)
    return arrays


def _known_rows(read: SeriesSet, known: Any, reader: Reader, horizon: int) -> list[Floats]:
    ahead = read_known(known, reader)
    places = {name: place for place, name in enumerate(ahead.ids)}
    if set(places) != set(read.ids) or (ahead.lengths != horizon).any():
        raise DataError(
            f"`known` has {horizon} rows for each series of the history: {int(ahead.lengths.sum())} rows of "
            f"{len(ahead)} series came for {len(read)}. Give each its next {horizon}."
        )
    order = [places[name] for name in read.ids]
    due = times_ahead(read, horizon)
    if due is not None and ahead.times is not None:
        for name, wanted, place in zip(read.ids, due, order, strict=True):
            came = ahead.times[place]
            if (came != wanted).any():
                wrong = int((came != wanted).argmax())
                raise DataError(
                    f"`known` is for the times to be forecast, {show_time(wanted[wrong])} in series {name!r}: "
                    f"{show_time(came[wrong])} came. Correct its times."
                )
    return [ahead.values[place] for place in order]


def _index(
    read: SeriesSet, place: int, times: Sequence[NDArray[Any]] | None, steps: NDArray[np.int64]
) -> list[pl.Series]:
    """Id and time of some steps, as many of the two as there are."""
    index = []
    if read.id_name is not None:
        index.append(pl.Series(read.id_name, [read.ids[place]] * len(steps)))
    if read.times is not None and times is not None:
        index.append(as_column(Clock(times[place][steps], read.time_name, None, read.zone)))
    return index
