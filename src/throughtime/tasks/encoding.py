"""How a series becomes the numbers a network reads, and a network's forecast becomes a value again.

At step t, which forecasts row t + 1, the network reads, clipped to [-CLIP, CLIP]:

    level    (x[t] - m[t]) / s[t]      of every number column, missing cells filled forward
    change   (x[t] - x[t-1]) / q[t]    of the same
    class    one-hot code of x[t], all zeros while missing
    seen     1 if x[t] was observed    of columns with gaps in the training part
    ahead    columns known of row t + 1, scaled, and the calendar of its time

and a number is forecast as its change in units of the typical change:  y = (x[t+1] - x[t]) / q[t].

m, s, q (centre, spread, typical change) are one number each, from the training part; for series on very different
scales they are running figures of the series so far, drawn towards the training part's proportions:

    s^2 = (n var + N (r |m|)^2) / (n + N)      r = median over series of sd / |mean|
    q^2 = (sum of changes^2 + N (p s)^2) / (number of changes + N)       p = median of rms change / sd

Only rows up to t enter step t, so nothing here can leak the future. All sums are carried in a `Track`, so that a series
read row by row is encoded as if read at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from throughtime.data import SeriesSet, one_hot
from throughtime.tasks.calendar import calendar_features, calendar_names, choose_periods

Floats = NDArray[np.float64]

# Ten spreads out, a value says "far" and no more; without a bound one bad cell would decide a step.
CLIP = 10.0
# The proportions of other series count like this many own rows: enough for a first scale, gone after a few dozen.
PRIOR_ROWS = 4.0
# Series whose typical changes differ by more than this between the 10th and the 90th percentile are scaled each by
# itself: with one scale for all, the loss would hear only the loud ones.
SCALES_DIFFER = 3.0


@dataclass(frozen=True)
class Track:
    """What is remembered of a series' earlier rows; everything [C].

    Args:
        last: value in the last row, filled forward; nan before the first one.
        first: first observed value, about which sums are taken; nan before it.
        count: observed values.
        total, squares: sum of (x - first) and of its square.
        changes: observed changes.
        change_squares: sum of their squares.
    """

    last: Floats
    first: Floats
    count: Floats
    total: Floats
    squares: Floats
    changes: Floats
    change_squares: Floats

    @classmethod
    def fresh(cls, columns: int) -> Track:
        """Before the first row."""
        nothing, zero = np.full(columns, np.nan), np.zeros(columns)
        return cls(nothing, nothing, zero, zero, zero, zero, zero)


@dataclass(frozen=True)
class Encoded:
    """Steps of one series, T of them.

    Args:
        inputs: [T, F] what the network reads.
        numbers: [T, K] targets in units of the typical change, nan where missing.
        classes: [T, N] codes of the class targets, nan where missing.
        last_classes: [T, N] codes of the row before, filled forward; nan where there is none yet.
        base: [T, K] last values, in the columns' units.
        unit: [T, K] typical changes, in the columns' units.
    """

    inputs: Floats
    numbers: Floats
    classes: Floats
    last_classes: Floats
    base: Floats
    unit: Floats

    def first(self, steps: int) -> Encoded:
        """The first steps only."""
        return Encoded(*(getattr(self, entry.name)[:steps] for entry in fields(self)))


@dataclass(frozen=True)
class Encoding:
    """The rule of the module's head, fitted.

    Args:
        columns: names of the C columns.
        numeric, categorical: places of the target columns of either kind.
        known: places of the columns known ahead.
        classes: labels of each categorical column, by place.
        gaps: places of the columns with missing values in the training part.
        periods: calendar periods.
        own: places of the columns that each series scales by itself.
        centre, spread, change: [C] m, s, q of the training part.
        level_ratio, change_ratio: [C] r and p.
    """

    columns: tuple[str, ...]
    numeric: tuple[int, ...]
    categorical: tuple[int, ...]
    known: tuple[int, ...]
    classes: dict[int, tuple[Any, ...]]
    gaps: tuple[int, ...]
    periods: tuple[str, ...]
    own: tuple[int, ...]
    centre: tuple[float, ...]
    spread: tuple[float, ...]
    change: tuple[float, ...]
    level_ratio: tuple[float, ...]
    change_ratio: tuple[float, ...]

    @classmethod
    def fit(cls, train: SeriesSet, calendar: str | Sequence[str]) -> Encoding:
        """Fit on the training part.

        Args:
            train: its series; categories are those that occur in it.
            calendar: as `choose_periods` takes it.

        Raises:
            ConfigError: as `choose_periods`.
        """
        classes = {train.columns.index(name): labels for name, labels in train.categories.items()}
        targets, known = train.places(train.targets), tuple(train.places(train.known))
        joined = np.concatenate(train.values)
        blank = np.flatnonzero(np.isnan(joined).any(axis=0))
        figures = _figures(train.values, joined)
        skipped = {*classes, *known}
        return cls(
            columns=train.columns,
            numeric=tuple(place for place in targets if place not in classes),
            categorical=tuple(place for place in targets if place in classes),
            known=known,
            classes=classes,
            gaps=tuple(int(place) for place in blank if place not in skipped),
            periods=choose_periods(train.times, calendar),
            own=tuple(place for place in _on_own_scales(train.values) if place not in skipped),
            **{name: tuple(values.tolist()) for name, values in figures.items()},
        )

    @property
    def numbers(self) -> list[int]:
        """Places of the number columns that are read at step t."""
        return [place for place in range(len(self.columns)) if place not in self.classes and place not in self.known]

    @property
    def target_classes(self) -> dict[str, tuple[Any, ...]]:
        """Labels of each class target, by name."""
        return {self.columns[place]: self.classes[place] for place in self.categorical}

    @property
    def input_size(self) -> int:
        """F, numbers the network reads at each step."""
        track = Track.fresh(len(self.columns))
        times = np.array(["2000-01-01", "2000-01-02"], "datetime64[D]")
        return self.encode(np.full((2, len(self.columns)), np.nan), times, track)[0].inputs.shape[1]

    @property
    def input_names(self) -> tuple[str, ...]:
        """What each of the F inputs of a step is, in words."""
        numbers = [self.columns[place] for place in self.numbers]
        names = [*numbers, *(f"change of {name}" for name in numbers)]
        names += [label for place in self.classes if place not in self.known for label in self._names_of(place)]
        names += [f"{self.columns[place]} seen" for place in self.gaps]
        names += [f"next {name}" for place in self.known for name in self._names_of(place)]
        return (*names, *calendar_names(self.periods))

    def encode(self, values: Floats, times: NDArray[Any] | None, track: Track) -> tuple[Encoded, Track]:
        """Encode T steps from T + 1 rows.

        Args:
            values: [T + 1, C]; of the last row inputs need only the columns known ahead.
            times: [T + 1], or None where no calendar is read.
            track: of the rows before.

        Returns:
            The steps, and the track after row T (of T + 1).
        """
        observed = ~np.isnan(values)
        filled = _filled(values, observed, track.last)
        tracks = _follow(values[:-1], observed[:-1], filled[:-1], track)
        centre, spread, unit = self._figures_at(tracks)
        before = np.concatenate([track.last[None], filled])[: len(values) - 1]
        now = filled[:-1]
        level = np.where(np.isnan(now), 0.0, (now - centre) / spread)
        change = np.where(np.isnan(now) | np.isnan(before), 0.0, (now - before) / unit)
        base = np.where(np.isnan(now), centre, now)
        numeric = list(self.numeric)
        parts = [level[:, self.numbers], change[:, self.numbers]]
        parts += [self._one_hot(now, place) for place in self.classes if place not in self.known]
        parts += [observed[:-1][:, list(self.gaps)].astype(np.float64)]
        parts += self._ahead(filled[1:], None if times is None else times[1:])
        encoded = Encoded(
            inputs=np.clip(np.concatenate(parts, axis=1), -CLIP, CLIP),
            numbers=(values[1:][:, numeric] - base[:, numeric]) / unit[:, numeric],
            classes=values[1:][:, list(self.categorical)],
            last_classes=now[:, list(self.categorical)],
            base=base[:, numeric],
            unit=unit[:, numeric],
        )
        return encoded, Track(filled[-2], *(part[-1] for part in tracks)) if len(values) > 1 else track

    def encode_whole(self, values: Floats, times: NDArray[Any] | None) -> Encoded:
        """Encode a whole series of T + 1 rows from its beginning."""
        return self.encode(values, times, Track.fresh(len(self.columns)))[0]

    def to_dict(self) -> dict[str, Any]:
        """Plain lists and numbers, exact under JSON."""
        plain = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}
        return plain | {"classes": [[place, list(labels)] for place, labels in self.classes.items()]}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Encoding:
        """The encoding that `to_dict` wrote."""
        classes = {place: tuple(labels) for place, labels in plain["classes"]}
        lists = {entry.name: tuple(plain[entry.name]) for entry in fields(cls) if entry.name != "classes"}
        return cls(**lists, classes=classes)

    def _ahead(self, filled: Floats, times: NDArray[Any] | None) -> list[Floats]:
        centre, spread = np.array(self.centre), np.array(self.spread)
        parts = []
        for place in self.known:
            column = filled[:, [place]]
            scaled = np.nan_to_num((column - centre[place]) / spread[place])
            parts.append(self._one_hot(filled, place) if place in self.classes else scaled)
        if self.periods:
            assert times is not None  # the reader has checked that series have times
            parts.append(calendar_features(times, self.periods))
        return parts

    def _names_of(self, place: int) -> list[str]:
        """A column's name, or one for each of its labels."""
        name = self.columns[place]
        return [f"{name} = {label}" for label in self.classes[place]] if place in self.classes else [name]

    def _one_hot(self, filled: Floats, place: int) -> Floats:
        return one_hot(filled[:, place], len(self.classes[place]))

    def _figures_at(self, tracks: tuple[Floats, ...]) -> tuple[Floats, Floats, Floats]:
        """m, s, q at each step [T, C]."""
        first, count, total, squares, changes, change_squares = tracks
        fixed = [np.broadcast_to(np.array(part), count.shape) for part in (self.centre, self.spread, self.change)]
        if not self.own:
            return fixed[0], fixed[1], fixed[2]
        mean = total / np.maximum(count, 1)
        variance = np.maximum(squares - count * mean**2, 0)
        centre = np.where(count > 0, first + mean, fixed[0])
        expected = (np.array(self.level_ratio) * centre) ** 2
        spread = np.sqrt((variance + PRIOR_ROWS * expected) / (count + PRIOR_ROWS))
        spread = np.where((count > 0) & (spread > 0), spread, fixed[1])
        expected = (np.array(self.change_ratio) * spread) ** 2
        unit = np.sqrt((change_squares + PRIOR_ROWS * expected) / (changes + PRIOR_ROWS))
        own = np.isin(np.arange(len(self.columns)), self.own)
        unit = np.where(unit > 0, unit, fixed[2])
        return np.where(own, centre, fixed[0]), np.where(own, spread, fixed[1]), np.where(own, unit, fixed[2])


def _filled(values: Floats, observed: NDArray[np.bool_], last: Floats) -> Floats:
    """Values filled forward, going on from `last`; nan before a column's first value."""
    rows = np.where(observed, np.arange(1, len(values) + 1)[:, None], 0)
    joined = np.concatenate([last[None], values])
    return np.take_along_axis(joined, np.maximum.accumulate(rows, axis=0), axis=0)


def _follow(values: Floats, observed: NDArray[np.bool_], filled: Floats, track: Track) -> tuple[Floats, ...]:
    """The sums of a `Track` after each row [T, C], all but `last`."""
    some = observed.any(axis=0)
    opening = values[observed.argmax(axis=0), np.arange(values.shape[1])] if len(values) else track.first
    first = np.where(np.isnan(track.first) & some, opening, track.first)
    apart = np.where(observed, values - first, 0.0)
    before = np.concatenate([track.last[None], filled[:-1]])[: len(values)]
    moved = observed & ~np.isnan(before)
    step = np.where(moved, values - before, 0.0)
    return (
        np.broadcast_to(first, values.shape),
        track.count + np.cumsum(observed, axis=0),
        track.total + np.cumsum(apart, axis=0),
        track.squares + np.cumsum(apart**2, axis=0),
        track.changes + np.cumsum(moved, axis=0),
        track.change_squares + np.cumsum(step**2, axis=0),
    )


def _figures(series: Sequence[Floats], joined: Floats) -> dict[str, Floats]:
    """The training part's m, s, q, r and p, each [C]; 1 where a column does not vary."""
    sums = [_sums(values) for values in series]
    squares, changes = (np.sum([part[name] for part in sums], axis=0) for name in ("change_squares", "changes"))
    count = np.maximum((~np.isnan(joined)).sum(axis=0), 1)
    centre = np.nansum(joined, axis=0) / count
    spread = np.sqrt(np.nansum((joined - centre) ** 2, axis=0) / count)
    change = np.sqrt(squares / np.maximum(changes, 1))
    level = [_ratio(part["sd"], np.abs(part["mean"])) for part in sums]
    steps = [_ratio(part["change"], part["sd"]) for part in sums]
    return {
        "centre": centre,
        "spread": _or_one(spread),
        "change": _or_one(change, spread),
        "level_ratio": _or_one(_median(level)),
        "change_ratio": _or_one(_median(steps)),
    }


def _sums(values: Floats) -> dict[str, Floats]:
    observed = ~np.isnan(values)
    track = Track.fresh(values.shape[1])
    parts = _follow(values, observed, _filled(values, observed, track.last), track)
    first, count, total, squares, changes, change_squares = (part[-1] for part in parts)
    mean = total / np.maximum(count, 1)
    sd = np.sqrt(np.maximum(squares / np.maximum(count, 1) - mean**2, 0))
    change = np.sqrt(change_squares / np.maximum(changes, 1))
    return {
        "mean": first + mean,
        "sd": sd,
        "change": change,
        "changes": changes,
        "change_squares": change_squares,
    }


def _on_own_scales(series: Sequence[Floats]) -> list[int]:
    """Columns whose typical changes differ much between series, or whose means differ more than values within one."""
    if len(series) < 2:
        return []
    sums = [_sums(values) for values in series]
    mean, sd, change = (np.array([part[name] for part in sums]) for name in ("mean", "sd", "change"))
    found = []
    for place in range(mean.shape[1]):
        moving = change[:, place][change[:, place] > 0]
        low, high = np.percentile(moving, [10, 90]) if len(moving) else (1.0, 1.0)
        apart = np.nanstd(mean[:, place]) > np.sqrt(np.nanmean(sd[:, place] ** 2))
        if high > SCALES_DIFFER * low or apart:
            found.append(place)
    return found


def _ratio(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0)


def _median(rows: Sequence[Floats]) -> Floats:
    """Median over series of each column; nan where no series has a figure."""
    table = np.array(rows)
    found = ~np.isnan(table).all(axis=0)
    result = np.full(table.shape[1], np.nan)
    result[found] = np.nanmedian(table[:, found], axis=0)
    return result


def _or_one(figure: Floats, otherwise: Floats | float = 1.0) -> Floats:
    figure = np.where(figure > 0, figure, otherwise)
    return np.where(figure > 0, figure, 1.0)
