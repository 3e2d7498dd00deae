"""Ridge and gradient boosting on lags, several steps ahead, one model of all series.

    base   the window's last value, so that a forecast of 0 is the naive one
    unit   mean |change| from step to step in the window, but no less than in the series until then; 1 where both are 0
    (y[t+h] - base) / unit = f(window scaled alike, known features of the steps ahead)

Direct: a forecast of step h does not read forecasts of earlier steps. Ridge has a set of weights for each h and reads
the known features of all H steps; the trees are of one model that reads h, the features of step h, the newest values
and, where there is a season, the value a whole season before. Windows of the training part are learned from; the length
of the window, penalty and trees are chosen where the whole horizon lies in the validation part, and the errors there
give the width of the Gaussian intervals, step by step. A window that begins before the series is filled with its first
value; such windows are learned from only in series shorter than two of them, from the middle on.

Dimensions: N windows, L lags, H steps ahead, F known features.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from throughtime.base.errors import DataError
from throughtime.tasks.ahead_baselines import Floats, GaussianAhead, Origins, Track
from throughtime.tasks.learners import Fitted, Learner, boosted_trees, ridge

Places = NDArray[np.int64]
# Windows that are learned from, evenly thinned beyond; ridge's table of them stays below 100 MB with 100 lags.
MOST_WINDOWS = 100_000
# Trees take a row for each step of each window.
MOST_TREE_ROWS = 30_000
# The newest values that trees read; each costs them time, and older ones come as the value a season before.
MOST_TREE_LAGS = 28


@dataclass(frozen=True)
class Windows:
    """N windows, and what followed.

    Args:
        lags: [N, L] scaled, oldest first.
        known: [N, H, F] of the steps ahead.
        base: [N, 1].
        unit: [N, 1].
        target: [N, H] scaled; None where it is not known.
    """

    lags: Floats
    known: Floats
    base: Floats
    unit: Floats
    target: Floats | None

    @classmethod
    def of(
        cls, tracks: Sequence[Track], origins: Origins, lags: int, horizon: int, period: int, learned: bool
    ) -> Windows:
        """The windows that end at these origins.

        Args:
            tracks: the series.
            origins: place of the track, and steps that are known.
            lags: L, at least 2.
            horizon: H.
            period: steps in a season.
            learned: whether what followed is wanted.
        """
        rows = np.stack([_before(tracks[place].values, step, lags) for place, step in origins])
        base = rows[:, -1:]
        unit = _units(tracks, origins, np.abs(np.diff(rows, axis=1)).mean(axis=1, keepdims=True))
        known = np.stack([tracks[place].known[step : step + horizon] for place, step in origins])
        after = [tracks[place].values[step : step + horizon] for place, step in origins] if learned else None
        return cls((rows - base) / unit, known, base, unit, None if after is None else (np.stack(after) - base) / unit)


# From windows and season to features, one row for each window or for each step of each.
Features = Callable[[Windows, int], Floats]


class OnLags:
    """A learner on scaled windows, with the length of window and the setting that validation prefers.

    Args:
        learner: of `tasks.learners`.
        features: that it reads.
        each_step: whether it learns a row for each step ahead; else all steps of a window at once.

    Attributes:
        parameters_count_: numbers fitted.
        choice_: what validation chose, in words.
        deviation_: [H] of scaled validation errors.
    """

    def __init__(self, learner: Learner, features: Features, each_step: bool) -> None:
        self._learner, self._features, self._each_step = learner, features, each_step

    def fit(self, tracks: Sequence[Track], horizon: int, period: int) -> Self:
        """Learn from the training parts and choose on the validation parts.

        Args:
            tracks: the series.
            horizon: H.
            period: steps in a season.

        Raises:
            DataError: no training part, or no validation part, holds a window and what followed.
        """
        self._horizon, self._period = horizon, period
        held = _thinned(_validating(tracks, horizon), MOST_WINDOWS // 4)
        if not held or not _learned(tracks, horizon, 1):
            raise DataError(
                f"A forecast on lags needs {horizon + 1} steps to train on and {horizon} to validate in some series: "
                f"the longest trains on {max(each.train for each in tracks)}. Take a smaller horizon= or longer series."
            )
        found = [each for lags in _lag_counts(tracks, horizon, period) for each in self._tried(tracks, held, lags)]
        self._lags, self._fitted = min(found, key=lambda pair: pair[1].loss)
        self.parameters_count_ = self._fitted.parameters
        self.choice_ = ", ".join([f"{self._lags} lags", *([self._fitted.setting] if self._fitted.setting else [])])
        windows = self._windows(tracks, held, self._lags, True)
        assert windows.target is not None
        errors = self._scaled(windows) - windows.target
        self.deviation_ = np.sqrt((errors**2).mean(axis=0))
        return self

    def forecast(self, tracks: Sequence[Track], origins: Origins) -> GaussianAhead:
        """Forecast after each origin; known features of the steps ahead are read off the tracks."""
        windows = self._windows(tracks, origins, self._lags, False)
        return GaussianAhead(windows.base + windows.unit * self._scaled(windows), windows.unit * self.deviation_)

    def _windows(self, tracks: Sequence[Track], origins: Origins, lags: int, learned: bool) -> Windows:
        return Windows.of(tracks, origins, lags, self._horizon, self._period, learned)

    def _tried(self, tracks: Sequence[Track], held: Origins, lags: int) -> Iterator[tuple[int, Fitted]]:
        most = MOST_TREE_ROWS // self._horizon if self._each_step else MOST_WINDOWS
        learned = _thinned(_learned(tracks, self._horizon, lags), max(1, most))
        x, y = self._table(self._windows(tracks, learned, lags, True))
        for fitted in self._learner(x, y, *self._table(self._windows(tracks, held, lags, True))):
            yield lags, fitted

    def _table(self, windows: Windows) -> tuple[Floats, Floats]:
        assert windows.target is not None
        target = windows.target.reshape(-1) if self._each_step else windows.target
        return self._features(windows, self._period), target

    def _scaled(self, windows: Windows) -> Floats:
        found = self._fitted.predict(self._features(windows, self._period))
        return np.asarray(found).reshape(len(windows.lags), self._horizon)


def ridge_ahead() -> OnLags:
    """Linear in the window and in what is known of the steps ahead, with a squared penalty."""
    return OnLags(ridge((1.0, 10.0, 100.0, 1000.0)), _flat, each_step=False)


def boosting_ahead() -> OnLags:
    """Gradient-boosted trees on the newest values, the value a season before, the step and what is known of it."""
    return OnLags(boosted_trees(leaves=(8, 24)), _by_step, each_step=True)


def _flat(windows: Windows, period: int) -> Floats:
    """[N, L + H F]."""
    del period
    return np.concatenate([windows.lags, windows.known.reshape(len(windows.known), -1)], axis=1)


def _by_step(windows: Windows, period: int) -> Floats:
    """[N H, lags + 2 + F]: newest values, the value a season before (nan beyond the window), h, what is known."""
    count, horizon, _ = windows.known.shape
    newest = windows.lags[:, -MOST_TREE_LAGS:]
    ahead = np.arange(horizon)
    back = ahead - period * (1 + ahead // period)  # -period .. -1
    before = windows.lags[:, back] if period <= windows.lags.shape[1] else np.full((count, horizon), np.nan)
    columns = [
        np.repeat(newest, horizon, axis=0),
        before.reshape(-1, 1),
        np.tile(ahead + 1.0, count)[:, None],
        windows.known.reshape(count * horizon, -1),
    ]
    return np.concatenate(columns, axis=1)


def _before(values: Floats, step: int, lags: int) -> Floats:
    """The last values before a step [L]; before the first, the first."""
    window = values[max(0, step - lags) : step]
    return np.concatenate([np.full(lags - len(window), window[0]), window])


def _units(tracks: Sequence[Track], origins: Origins, recent: Floats) -> Floats:
    """What windows are divided by [N, 1]: their mean change, but no less than that of all steps; 1 without any."""
    changes = [np.concatenate([np.zeros(1), np.abs(np.diff(track.values)).cumsum()]) for track in tracks]
    usual = np.array([[changes[place][step - 1] / max(step - 1, 1)] for place, step in origins])
    unit = np.maximum(recent, usual)
    return np.where(unit > 0, unit, 1.0)


def _learned(tracks: Sequence[Track], horizon: int, lags: int) -> list[tuple[int, int]]:
    """Every origin whose horizon lies in a training part, with a window before it or half of that part."""
    return [
        (place, step)
        for place, track in enumerate(tracks)
        for step in range(max(1, min(lags, track.train // 2)), track.train - horizon + 1)
    ]


def _validating(tracks: Sequence[Track], horizon: int) -> list[tuple[int, int]]:
    """Every origin whose horizon lies in a validation part."""
    return [
        (place, step)
        for place, track in enumerate(tracks)
        for step in range(max(track.train, 1), track.validation - horizon + 1)
    ]


def _thinned(origins: Origins, most: int) -> Origins:
    """At most so many, evenly spread."""
    if len(origins) <= most:
        return origins
    return [origins[place] for place in np.linspace(0, len(origins) - 1, most).round().astype(int)]


def _lag_counts(tracks: Sequence[Track], horizon: int, period: int) -> list[int]:
    """Lengths of window that are tried: once and twice the longer of horizon and season, within the longest series."""
    longest = max(track.train for track in tracks)
    base = max(horizon, period)
    return sorted({max(2, min(each, longest - horizon)) for each in (base, 2 * base)})
