"""What a learner of series is asked beside `predict`: possible courses, a backtest from many origins, its skill.

Dimensions: B series, T rows, H steps ahead, K targets, L levels, N origins, P paths.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from throughtime.base.checks import Checks
from throughtime.base.errors import ConfigError, DataError
from throughtime.data.tables import in_kind_of
from throughtime.metrics import skill
from throughtime.tasks.ahead_frames import ahead_frame, backtest_frame, known_ahead, paths_frame
from throughtime.tasks.ahead_medium import AheadMedium
from throughtime.tasks.ahead_rows import Floats
from throughtime.tasks.forecasts import as_levels, given_back
from throughtime.tasks.intake import plain
from throughtime.tasks.options import check_fitted

# Origins of a series that its skill is taken over, about: more tell the same.
MOST_ORIGINS = 1000


class AheadMethods:
    """The methods of `SequenceToSequence` for series alone."""

    _medium: Any

    def sample(self, history: Any, paths: int = 100, *, known: Any = None, seed: int = 0) -> Any:
        """Possible courses of the steps after each series' last row.

        Each step of a course is drawn from what an interval of that step would say, and steps hang together as errors
        did in the validation part.

        Args:
            history: as `predict` takes it.
            paths: P, at least 1.
            known: as `predict` takes it.
            seed: of the draws, at least 0.

        Returns:
            Of frames a frame of their kind: id, time, `path` from 0 on, NAME for each target, H rows a path. Of one
            array [P, H, K], of a list one of each.

        Raises:
            NotFittedError: before `fit`.
            ConfigError, DataError, ShapeError: history, known or a number breaks a rule.
        """
        checks = Checks()
        count, start = checks.whole("paths", paths), checks.whole("seed", seed, 0)
        checks.report("Courses")
        medium, history = self._ahead(), plain(history)
        read = medium.reader.read(history)
        drawn = medium.paths(read, known_ahead(read, known, medium.reader, medium.horizon), count, start)
        if medium.reader.frames:
            return in_kind_of(paths_frame(read, drawn, medium.horizon), history)
        return drawn[0] if isinstance(history, np.ndarray) else drawn

    def backtest(self, series: Any, *, stride: int | None = None, level: Any = None) -> Any:
        """Forecasts from many origins of each series, every one from the rows before it alone.

        Args:
            series: as given to `fit`, with what came after each origin; columns known ahead are read where they stand.
            stride: rows from one origin to the next, at least 1; None: `horizon`. The last origin has `horizon` rows
                behind it, the first a whole window before it, or half of the series where that is shorter.
            level: percentages of the intervals wanted.

        Returns:
            Of frames a frame of their kind: id, time, `origin`, `step` from 1 to H, and columns as `predict` gives. Of
            one array the origins, rows before each [N], and values [N, H, K], of a list one such pair of each; with
            levels the interval ends [N, H, K, L, 2] as a third.

        Raises:
            NotFittedError: before `fit`.
            DataError, ShapeError, ConfigError: a series, the stride or a level breaks a rule; no series is as long as
                two horizons.
        """
        medium, series = self._ahead(), plain(series)
        checks = Checks()
        every = medium.horizon if stride is None else checks.whole("stride", stride)
        checks.report("A backtest")
        levels, read = as_levels(level), medium.reader.read(series)
        told = list(medium.origins(read, levels, every))
        if not told:
            raise DataError(
                f"A backtest needs {medium.horizon} rows before an origin and {medium.horizon} behind it: the longest "
                f"series has {int(read.lengths.max())}. Give longer series."
            )
        if medium.reader.frames:
            return in_kind_of(backtest_frame(read, told, medium.horizon), series)
        parts = {place: (each.ends, *each.arrays()) if levels else (each.ends, each.value) for place, each in told}
        return parts[0] if isinstance(series, np.ndarray) else [parts.get(place) for place in range(len(read))]

    def _predict_ahead(self, history: Any, level: Any, known: Any) -> Any:
        medium, levels, history = self._ahead(), as_levels(level), plain(history)
        read = medium.reader.read(history)
        told = medium.ahead(read, known_ahead(read, known, medium.reader, medium.horizon), levels)
        if medium.reader.frames:
            return in_kind_of(ahead_frame(read, told, medium.horizon), history)
        values, ends = (list(part) for part in zip(*(each.arrays() for each in told), strict=True))
        return given_back(history, values, ends, levels)

    def _skill_ahead(self, series: Any) -> float:
        medium = self._ahead()
        read = medium.reader.read(plain(series))
        places = list(medium.columns.targets)
        sums = np.zeros(3)
        stride = max(1, int(read.lengths.max()) // MOST_ORIGINS)
        for place, told in medium.origins(read, (), stride):
            sums += _errors(read.values[place][:, places], told.ends, told.value, medium.season)
        if not sums[1:].min() > 0:
            raise DataError(
                "Skill is measured against repeating the last value or season, which makes no error here: no target "
                "ever changes, or no series is as long as two horizons. Score on others."
            )
        return skill(float(sums[0]), float(sums[1:].min()))

    def _ahead(self) -> AheadMedium:
        """The medium, which must be one of series."""
        check_fitted(self)
        if not isinstance(self._medium, AheadMedium):
            raise ConfigError("This is asked of a learner of series: it was fitted on symbols, without a horizon.")
        return self._medium


def _errors(values: Floats, ends: Any, told: Floats, season: int) -> Floats:
    """Sums of absolute errors of a forecast, of repeating the last value, and of repeating the last season.

    Args:
        values: [T, K].
        ends: [N] origins.
        told: [N, H, K].
        season: steps in one.
    """
    steps = np.arange(told.shape[1])
    future = values[ends[:, None] + steps]
    unit = np.nanmean(np.abs(np.diff(values, axis=0)), axis=0)
    filled = _carried(values)
    last = filled[ends - 1][:, None]
    back = np.maximum(ends[:, None] - season + steps % season, 0)
    rules = (told, np.broadcast_to(last, told.shape), filled[back])
    moving = unit > 0
    return np.array([np.nansum(np.abs(future - rule)[..., moving] / unit[moving]) for rule in rules])


def _carried(values: Floats) -> Floats:
    """Values with missing ones carried forward; before the first one it stands."""
    rows = np.where(np.isnan(values), 0, np.arange(len(values))[:, None])
    first = (~np.isnan(values)).argmax(axis=0)
    return np.take_along_axis(values, np.maximum(np.maximum.accumulate(rows, axis=0), first), axis=0)
