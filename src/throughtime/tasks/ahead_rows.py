"""Series as rows of numbers from which windows are cut: every target of every series is a row by itself.

    window at e      the W values before e; before a row's first value that value stands
    future at e      the values e .. e + H - 1
    beside[e]        what the series' other columns hold, known up to e - 1
    ahead[e]         columns known ahead and the calendar, known for any e

All rows share one network: what is learned of one is there for all, and a table of a few variables gives as many
windows as a table of a few series. Missing values are carried forward for reading, and are never scored. Columns that
are no targets are scaled by the training part's mean and spread, classes become indicators.

Dimensions: R rows, T steps of a row, W steps of a window, H steps ahead, B windows, E numbers beside, A numbers ahead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from throughtime.base.errors import ConfigError, DataError
from throughtime.data import SeriesSet, advance, fill_forward, one_hot
from throughtime.tasks.calendar import calendar_features, choose_periods

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

# So many spreads from the training part's mean a value is like nothing that was learned from; a flag that is up once in
# a thousand rows is 32 from it.
FAR = 100.0


@dataclass(frozen=True)
class Columns:
    """What each column of a table is for, fitted on its training part.

    Args:
        targets, beside, known: places of the columns to forecast, of those read beside them, of those known ahead.
        classes: number of labels of each class column, by place.
        centre, spread: [C] of the training part.
        periods: of the calendar.
    """

    targets: tuple[int, ...]
    beside: tuple[int, ...]
    known: tuple[int, ...]
    classes: Mapping[int, int]
    centre: tuple[float, ...]
    spread: tuple[float, ...]
    periods: tuple[str, ...]

    @classmethod
    def fit(cls, train: SeriesSet, calendar: str | Sequence[str]) -> Columns:
        """Fit on the training part.

        Raises:
            ConfigError: a target is a class, or as `choose_periods`.
        """
        classes = {train.columns.index(name): len(labels) for name, labels in train.categories.items()}
        targets, known = train.places(train.targets), train.places(train.known)
        named = [train.columns[place] for place in targets if place in classes]
        if named:
            raise ConfigError(
                f"Several steps ahead are forecast of numbers: {', '.join(map(repr, named))} holds classes. Leave it "
                "out of target=, or forecast one step with SequencePredictor."
            )
        joined = np.concatenate(train.values)
        count = np.maximum((~np.isnan(joined)).sum(axis=0), 1)
        centre = np.nansum(joined, axis=0) / count
        spread = np.sqrt(np.nansum((joined - centre) ** 2, axis=0) / count)
        return cls(
            targets=tuple(targets),
            beside=tuple(place for place in range(len(train.columns)) if place not in {*targets, *known}),
            known=tuple(known),
            classes=classes,
            centre=tuple(centre.tolist()),
            spread=tuple(np.where(spread > 0, spread, 1.0).tolist()),
            periods=choose_periods(train.times, calendar),
        )

    def numbers_of(self, values: Floats, places: Sequence[int]) -> Floats:
        """Columns [T, C] at some places as the network reads them, [T, n]; missing ones were carried forward."""
        parts = [np.empty((len(values), 0))]
        for place in places:
            column, _ = fill_forward(values[:, [place]], np.nan)
            if place in self.classes:
                parts.append(one_hot(column[:, 0], self.classes[place]))
            else:
                parts.append(np.nan_to_num((column - self.centre[place]) / self.spread[place]))
        return np.concatenate(parts, axis=1)

    def far(self, known: Sequence[Floats]) -> dict[int, float]:
        """Of known columns that hold a number like none that trained, by place, the furthest one.

        Args:
            known: per series the columns known ahead [steps, number of them].
        """
        values = np.concatenate(known)
        found = {}
        for place, column in zip(self.known, values.T, strict=True):
            apart = np.abs(column - self.centre[place]) / self.spread[place]
            if place not in self.classes and len(apart) and apart.max() > FAR:
                found[place] = float(column[apart.argmax()])
        return found

    def to_dict(self) -> dict[str, Any]:
        """Plain lists and numbers."""
        plain = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}
        return plain | {"classes": [list(pair) for pair in self.classes.items()]}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Columns:
        """The columns that `to_dict` wrote."""
        lists = {name: tuple(value) for name, value in plain.items() if name != "classes"}
        return cls(**lists, classes={int(place): int(count) for place, count in plain["classes"]})


@dataclass(frozen=True)
class Rows:
    """Rows of a table, one behind the other.

    Args:
        values: [sum of T] of all rows, missing ones carried forward, and the first one backward.
        observed: the same length, where a value is there.
        starts: [R + 1] where each row's begin.
        series: [R] which series each is of; those of one series lie together, in the order of the targets.
        beside: [sum of T, E] of all series.
        ahead: [sum of T and steps known ahead, A] of all series.
        begins: [2, series] where each series' part of `beside` and of `ahead` begins.
    """

    values: Floats
    observed: NDArray[np.bool_]
    starts: Places
    series: Places
    beside: NDArray[np.float32]
    ahead: NDArray[np.float32]
    begins: Places

    @classmethod
    def of(cls, read: SeriesSet, columns: Columns, known_ahead: Sequence[Floats] | None = None, steps: int = 0) -> Rows:
        """Cut a table into rows.

        Args:
            read: its series.
            columns: what its columns are for.
            known_ahead: per series the columns known ahead [steps, number of them], after its last row; None: none.
            steps: for which what is known ahead is wanted after the last row.

        Raises:
            DataError: a target has no value at all in a series, or there is no step to the times ahead.
        """
        filled, observed = [], []
        for name, values in zip(read.ids, read.values, strict=True):
            row = values[:, list(columns.targets)]
            _refuse_empty(row, name, [read.columns[place] for place in columns.targets])
            first = row[(~np.isnan(row)).argmax(axis=0), np.arange(row.shape[1])]
            carried, there = fill_forward(row, first)
            filled += list(carried.T)
            observed += list(there.T)
        count = len(columns.targets)
        beside = [columns.numbers_of(values, columns.beside).astype(np.float32) for values in read.values]
        ahead = _ahead(read, columns, known_ahead, steps)
        return cls(
            values=np.concatenate(filled),
            observed=np.concatenate(observed),
            starts=np.concatenate([[0], np.cumsum([len(row) for row in filled])]),
            series=np.repeat(np.arange(len(read)), count),
            beside=np.concatenate(beside),
            ahead=np.concatenate(ahead),
            begins=np.stack([np.cumsum([0, *map(len, parts[:-1])]) for parts in (beside, ahead)]),
        )

    def __len__(self) -> int:
        """R."""
        return len(self.series)

    @property
    def lengths(self) -> Places:
        """[R] steps of each row."""
        return np.diff(self.starts)

    def row(self, place: int) -> Floats:
        """The values of a row, [T]."""
        return self.values[self.starts[place] : self.starts[place + 1]]

    def windows(self, rows: Places, ends: Places, steps: int) -> Floats:
        """The values before each end, [B, steps]; before a row's first one, that one.

        Args:
            rows: [B].
            ends: [B] at least 1.
            steps: W.
        """
        within = np.maximum(ends[:, None] + np.arange(-steps, 0), 0)
        return self.values[self.starts[rows][:, None] + within]

    def futures(self, rows: Places, ends: Places, steps: int) -> Floats:
        """The values from each end on, [B, steps], nan where none was observed or the row has ended."""
        within = ends[:, None] + np.arange(steps)
        there = within < self.lengths[rows][:, None]
        places = self.starts[rows][:, None] + np.where(there, within, 0)
        return np.where(there & self.observed[places], self.values[places], np.nan)

    def context(self, rows: Places, ends: Places, steps: int) -> NDArray[np.float32]:
        """What stands beside and what was known ahead in each window, [B, steps, E + A]."""
        within = np.maximum(ends[:, None] + np.arange(-steps, 0), 0)
        first = self.begins[:, self.series[rows]]
        parts = [part[begin[:, None] + within] for part, begin in zip((self.beside, self.ahead), first, strict=True)]
        return np.concatenate(parts, axis=2)

    def known(self, rows: Places, ends: Places, steps: int) -> NDArray[np.float32]:
        """What is known of the steps from each end on, [B, steps, A]."""
        first = self.begins[1, self.series[rows]] + ends
        return self.ahead[first[:, None] + np.arange(steps)]

    @property
    def targets(self) -> Places:
        """[R] which target each is."""
        return np.arange(len(self)) % max(int((self.series == 0).sum()), 1)

    @property
    def context_size(self) -> int:
        """E + A."""
        return self.beside.shape[1] + self.ahead_size

    @property
    def ahead_size(self) -> int:
        """A."""
        return self.ahead.shape[1]


def _refuse_empty(row: Floats, name: Any, targets: Sequence[str]) -> None:
    empty = [target for target, column in zip(targets, row.T, strict=True) if np.isnan(column).all()]
    if empty:
        raise DataError(
            f"A series to forecast has values: {', '.join(map(repr, empty))} of series {name!r} holds none in "
            f"{len(row)} rows. Leave the series out."
        )


def _ahead(
    read: SeriesSet, columns: Columns, known_ahead: Sequence[Floats] | None, steps: int
) -> list[NDArray[np.float32]]:
    found = []
    for place, values in enumerate(read.values):
        known = values[:, list(columns.known)]
        if known_ahead is not None:
            known = np.concatenate([known, known_ahead[place]])
        elif steps:
            known = np.concatenate([known, np.full((steps, known.shape[1]), np.nan)])
        whole = np.full((len(known), values.shape[1]), np.nan)
        whole[:, list(columns.known)] = known
        parts = [columns.numbers_of(whole, columns.known)]
        if columns.periods:
            parts.append(calendar_features(_times(read, place, steps), columns.periods))
        found.append(np.concatenate(parts, axis=1).astype(np.float32))
    return found


def _times(read: SeriesSet, place: int, steps: int) -> NDArray[Any]:
    assert read.times is not None  # there is a calendar only where there are times
    times = read.times[place]
    return np.concatenate([times, advance(times, read.step, steps)]) if steps else times
