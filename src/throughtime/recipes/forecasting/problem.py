"""A table made ready for forecasting: what is time, input and target, and which rows train, validate and test.

What the settings leave open is guessed, and every guess is said in one line: the first date-like column is the time,
numeric columns are inputs and targets, the first 60 % of the rows train, the next 20 % validate, the rest test.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from throughtime.base.errors import ConfigError, DataError, say_once
from throughtime.data import (
    Scaling,
    SeriesSet,
    by_time,
    from_frame,
    guess_time,
    one_hot,
    read_table,
    series_by_share,
    series_by_time,
)
from throughtime.data.tables import check_names
from throughtime.recipes.forecasting.settings import AUTO, Columns, Settings, Split
from throughtime.tasks.baselines import TEST, TRAIN, VALIDATION, Steps
from throughtime.tasks.calendar import calendar_features, check_calendar, choose_periods, phase

Array = np.ndarray
SHARES = Split(train="0.6", validation="0.2")
# The column that makes the class target `wet`, in any table that has it.
RAIN, WET = "precipitation", "wet"
# The time of a table without one: the number of the row in its series.
ROW = "row"


@dataclass(frozen=True)
class Problem:
    """One forecasting problem: series on a regular grid, cut into three parts.

    Args:
        title: what the table is, for headings.
        series: all rows of all parts; class labels are those that occur in the training part.
        parts: training, validation and test part, the same rows again.
        columns: the roles of the columns, nothing left to guess.
        notes: one line for each guess.
    """

    title: str
    series: SeriesSet
    parts: tuple[SeriesSet, SeriesSet, SeriesSet]
    columns: Columns
    notes: tuple[str, ...]

    @property
    def numeric(self) -> tuple[str, ...]:
        """Targets that are numbers."""
        return tuple(name for name in self.series.targets if name not in self.series.categories)

    @property
    def classes(self) -> dict[str, tuple[Any, ...]]:
        """Targets that are classes, with their labels."""
        return {name: self.series.categories[name] for name in self.series.targets if name in self.series.categories}

    @cached_property
    def part(self) -> list[Array]:
        """Per series [T]: TRAIN, VALIDATION or TEST."""
        lengths = [part.lengths for part in self.parts]
        return [
            np.repeat([TRAIN, VALIDATION, TEST], [counts[i] for counts in lengths]) for i in range(len(self.series))
        ]

    @cached_property
    def scaling(self) -> Scaling:
        """Scaling of all columns, fitted on the training part."""
        labels = self.series.categories
        values = self.parts[TRAIN].values
        chosen = Scaling.fit(values, transforms="auto").transforms
        kinds = ["none" if name in labels else kind for name, kind in zip(self.series.columns, chosen, strict=True)]
        return Scaling.fit(values, transforms=kinds)

    def numeric_values(self) -> list[Array]:
        """Per series [T, K]: the numeric targets in their unit, nan where missing."""
        places = self.series.places(self.numeric)
        return [values[:, places] for values in self.series.values]

    def class_labels(self) -> list[Array]:
        """Per series [T, N]: the class targets as places in their label lists, -1 where missing."""
        places = self.series.places(list(self.classes))
        return [np.nan_to_num(values[:, places], nan=-1).astype(np.int64) for values in self.series.values]

    def steps(self) -> list[Steps]:
        """Every series as the baselines see it."""
        inputs, known, phases = self._inputs(), self._known(), self._phases()
        numbers, labels = self.numeric_values(), self.class_labels()
        return [Steps(*one) for one in zip(numbers, labels, inputs, known, phases, self.part, strict=True)]

    @property
    def calendar(self) -> str | tuple[str, ...]:
        """What the estimators take as `calendar`."""
        return AUTO if self.columns.calendar == (AUTO,) else self.columns.calendar

    @property
    def _periods(self) -> tuple[str, ...]:
        return choose_periods(self.parts[TRAIN].times, self.calendar)

    def _phases(self) -> list[Array]:
        """Per series [T, P]: position in each period of the calendar; P is 0 without dates."""
        if self.series.times is None or not self._periods:
            return [np.empty((len(values), 0)) for values in self.series.values]
        return [np.stack([phase(times, period) for period in self._periods], axis=1) for times in self.series.times]

    def _inputs(self) -> list[Array]:
        filled, _ = self.series.filled(self.scaling.centre)
        return [self._encoded(values, self.series.columns) for values in filled]

    def _known(self) -> list[Array]:
        """Per series [T, F]: the estimators' own calendar features, and the columns known ahead."""
        filled, _ = self.series.filled(self.scaling.centre)
        times = self.series.times or [np.empty(len(values), "datetime64[D]") for values in filled]
        return [
            np.concatenate([calendar_features(one, self._periods), self._encoded(values, self.series.known)], axis=1)
            for one, values in zip(times, filled, strict=True)
        ]

    def _encoded(self, values: Array, names: Sequence[str]) -> Array:
        """Scaled columns [T, ...]; a class becomes one column per label."""
        scaled = self.scaling.apply(values)
        blocks = [np.empty((len(values), 0))]
        for name in names:
            place, labels = self.series.columns.index(name), self.series.categories.get(name)
            blocks.append(scaled[:, [place]] if labels is None else one_hot(values[:, place], len(labels)))
        return np.concatenate(blocks, axis=1)


def load_problem(table: pl.DataFrame, title: str, settings: Settings) -> tuple[Problem, Settings]:
    """Settle roles and parts of a table.

    Args:
        table: the table; a column `precipitation` gives the class target `wet` unless one of that name is there.
        title: what the table is.
        settings: what the user said; empty entries are guessed.

    Returns:
        The problem, and the settings with the guesses filled in: with them the same table gives the same problem.

    Raises:
        ConfigError: a split that mixes shares and times, or shares that do not add up.
        DataError: whatever in the table breaks a rule.
    """
    notes: list[str] = []
    table = with_wet(table)
    check_names(settings.columns.ignore, table.columns)
    columns = with_time(table, settings.columns, notes)
    series = from_frame(
        prepared(table, columns),
        time=",".join(columns.time) or None,
        id=columns.id or None,
        target=list(columns.target) or None,
        known=list(columns.known) or None,
        fitting=False,  # what is learned from is the training part alone; it is checked below
    )
    named = {*columns.target, *columns.known}
    columns = _with_target(series, columns, notes)
    split = _with_shares(settings.split, notes)
    for note in notes:
        say_once(note, note)
    used, parts = cut(series, split)
    whole = used.recoded(parts[TRAIN].seen_categories())
    problem = Problem(title, whole, parts, columns, tuple(notes))
    _check(problem, named)
    return problem, replace(settings, columns=columns, split=split)


def counted(present: Array, part_of: Array, part: int) -> Array:
    """Where targets count in a part: present, and seen before, so that persistence has a forecast too.

    Args:
        present: [T, K] bool, of one series.
        part_of: [T] the part of each row.
        part: TRAIN, VALIDATION or TEST.

    Returns:
        [T, K] bool.
    """
    seen_before = np.zeros_like(present)
    seen_before[1:] = np.maximum.accumulate(present, axis=0)[:-1]
    return present & seen_before & (part_of == part)[:, None]


def with_wet(table: pl.DataFrame) -> pl.DataFrame:
    """Add `wet`, true where `precipitation` is above 0, to a table that has the one and not the other."""
    if RAIN not in table.columns or WET in table.columns or not table[RAIN].dtype.is_numeric():
        return table
    return table.with_columns((pl.col(RAIN).fill_nan(None) > 0).alias(WET))


def cut(series: SeriesSet, split: Split) -> tuple[SeriesSet, tuple[SeriesSet, SeriesSet, SeriesSet]]:
    """The rows that belong to a part, and training, validation and test part of them.

    Rows before a training part that starts late are cut away first, so that nothing in them decides anything.

    Raises:
        ConfigError: shares and times are mixed, one is missing, or shares do not add up.
        DataError: a part would be empty.
    """
    given = {name: text for name, text in vars(split).items() if text}
    _check_numbers(series, given)
    shares = {name: share for name, text in given.items() if (share := _share(text)) is not None}
    if shares and len(shares) < len(given):
        raise ConfigError(
            f"A split is by share or by time, not both: {_shown(given)} came. Give shares, all of them below 1 "
            "(train=0.6 validation=0.2), or first times (validation=2014-01-01 test=2015-01-01)."
        )
    if shares:
        train, validation, test = _by_share(series, shares)
    else:
        boundaries = _first_times(series, given)
        series = _from_training_on(series, boundaries) if "train" in given else series
        train, validation, test = series_by_time(series, boundaries[-2:])
    return series, (train, validation, test)


def _by_share(series: SeriesSet, shares: Mapping[str, float]) -> tuple[SeriesSet, ...]:
    train, validation = shares.get("train"), shares.get("validation")
    left = 1 - (train or 0) - (validation or 0)
    if train is None or validation is None or left <= 0 or abs(shares.get("test", left) - left) > 1e-6:
        raise ConfigError(
            f"A split by share names train= and validation=, with a rest above 0 for the test part: {_shown(shares)} "
            "came. For example train=0.6 validation=0.2."
        )
    return series_by_share(series, train=train, validation=validation)


def _first_times(series: SeriesSet, times: Mapping[str, str]) -> list[Any]:
    """First times of training (where it is named), validation and test part, of the kind that the series have."""
    if "validation" not in times or "test" not in times:
        raise ConfigError(
            f"A split by time names the first times of validation and test part: {_shown(times)} came. "
            "For example validation=2014-01-01 test=2015-01-01."
        )
    numbers = series.times is not None and series.times[0].dtype.kind != "M"
    return [_number(text) if numbers else text for text in times.values()]


def _from_training_on(series: SeriesSet, boundaries: Sequence[Any]) -> SeriesSet:
    before = [by_time(times, boundaries, allow_empty=True)[0] for times in series.times or []]
    return series.part([slice(unused.stop, None) for unused in before])


def _check_numbers(series: SeriesSet, given: Mapping[str, str]) -> None:
    """Refuse numbers that are neither shares nor times of these series; a number of four digits is a year."""
    dated = series.times is None or series.times[0].dtype.kind == "M"
    numbers = {name: number for name, text in given.items() if isinstance(number := _number(text), float)}
    wrong = [name for name, number in numbers.items() if math.isnan(number) or (dated and not 0 < number < 1)]
    wrong = [name for name in wrong if not re.fullmatch(r"[12]\d{3}", given[name])]
    if wrong:
        raise ConfigError(
            f"A share of the rows lies above 0 and below 1: {_shown({name: given[name] for name in wrong})} came. Give "
            "shares (train=0.6 validation=0.2) or first times (validation=2014-01-01 test=2015-01-01)."
        )


def _share(text: str) -> float | None:
    """The share a text states: a decimal fraction between 0 and 1; None for anything else."""
    try:
        share = float(text)
    except ValueError:
        return None
    return share if 0 < share < 1 else None


def _number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


def _shown(given: Mapping[str, object]) -> str:
    return " ".join(f"{name}={value}" for name, value in given.items()) or "nothing"


def prepared(table: pl.DataFrame, columns: Columns) -> pl.DataFrame:
    """The table with `wet` and row numbers where they are wanted, without the columns to ignore."""
    table = with_wet(table)
    if columns.time == (ROW,) and ROW not in table.columns:
        number = pl.int_range(pl.len(), dtype=pl.Int64).alias(ROW)
        table = table.with_columns(number.over(columns.id) if columns.id else number)
    return table.drop(columns.ignore, strict=False)


def with_time(table: pl.DataFrame, columns: Columns, notes: list[str]) -> Columns:
    """The columns with the time guessed where the settings are silent; `ROW`, and a note, where nothing is like one."""
    if columns.time:
        return columns
    guess = guess_time(table.drop(name for name in columns.ignore if name in table.columns))
    if guess is None:
        notes.append("time: no column looks like dates, so that rows count as consecutive steps; time= names one.")
        return replace(columns, time=(ROW,))
    if guess in table.columns:
        notes.append(f"time: {guess}, the first date-like column; time= names another.")
        return replace(columns, time=(guess,))
    parts = tuple(guess.split(","))
    notes.append(f"time: the columns {', '.join(parts[:-1])} and {parts[-1]} together; time= names others.")
    return replace(columns, time=parts)


def _with_target(series: SeriesSet, columns: Columns, notes: list[str]) -> Columns:
    if columns.target:
        return columns
    notes.append(f"target: every numeric column, {', '.join(series.targets)}; target= names others.")
    return replace(columns, target=series.targets)


def _with_shares(split: Split, notes: list[str]) -> Split:
    if any((split.train, split.validation, split.test)):
        return split
    notes.append(
        "split: the first 60 % of the rows train, 20 % validate, the rest test; train=, validation= set others."
    )
    return SHARES


def _check(problem: Problem, named: set[str]) -> None:
    """Refuse what a fit or a score would stumble over, all of it at once, before anything is written.

    Args:
        problem: as it will be fitted.
        named: columns that the user asked for by name.
    """
    calendar = check_calendar(problem.calendar)
    if calendar:
        raise ConfigError(f"{calendar}. Change it.")
    choose_periods(problem.parts[TRAIN].times, problem.calendar)
    short = [name for name, rows in zip(problem.series.ids, problem.parts[TRAIN].lengths, strict=True) if rows == 1]
    if short:
        raise DataError(
            f"A series needs at least 2 rows in the training part, a step and what follows it: {len(short)} of "
            f"{len(problem.series)} have 1, first {short[0]!r}. Leave them out, or move the split."
        )
    useless = [*_unlearnable(problem), *_unscored(problem)]
    if useless:
        names = list(dict.fromkeys(name for name, _ in useless))
        again = [name for name in names if name in named]
        raise DataError(
            f"{'; '.join(why for _, why in useless)}. Leave it out with --set ignore={','.join(names)}"
            f"{' and name it no more in target= or known=' if again else ''}, or move the split."
        )
    _ = problem.scaling  # refuses what no scale fits


def _unlearnable(problem: Problem) -> Iterator[tuple[str, str]]:
    """Columns that say nothing in the training part, and why."""
    values = np.concatenate(problem.parts[TRAIN].values)
    for name, column in zip(problem.series.columns, values.T, strict=True):
        labels = problem.series.categories.get(name)
        present = np.unique(column[~np.isnan(column)])
        if len(present) == 0:
            yield name, f"A column needs values to learn from: every cell of {name!r} in the training part is missing"
        elif len(present) == 1 and name in problem.classes:
            yield name, f"A class target needs two classes in the training part: {name!r} has {_only(present, labels)}"
        elif len(present) == 1:
            only = _only(present, labels)
            yield name, f"A column must vary to be learned from: {name!r} is {only} in every row in the training part"


def _only(present: Array, labels: Sequence[Any] | None) -> str:
    return f"{present[0]:g}" if labels is None else str(labels[int(present[0])])


def _unscored(problem: Problem) -> Iterator[tuple[str, str]]:
    """Targets that validation or test part cannot score, and why."""
    places = problem.series.places(problem.series.targets)
    present = [np.isfinite(values[:, places]) for values in problem.series.values]
    for part, word in ((VALIDATION, "validation"), (TEST, "test")):
        counts = sum(counted(*one, part).sum(axis=0) for one in zip(present, problem.part, strict=True))
        for name, count in zip(problem.series.targets, np.asarray(counts), strict=True):
            if count == 0:
                yield name, f"A target needs values to be scored by: {name!r} has none in the {word} part"


def read_own(data: str | PathLike[str] | Any) -> tuple[pl.DataFrame, str]:
    """A user's table, and its name for headings."""
    title = Path(data).name if isinstance(data, str | PathLike) else "your table"
    return read_table(data), title
