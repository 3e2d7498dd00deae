"""Many series cut for forecasts of several steps: what trains, what validates, and the origins that are tested.

    reach = (K - 1) d + H      steps of a part with K origins, d steps apart, each with a horizon of H
    test         origins n - reach, n - reach + d, ..., n - H, counted from each series' own end n
    validation   the reach before the test part;  training  what is before that

A forecast from an origin reads what lies before it. Scores are set in proportion to the mean change over a season
before the first tested origin, as MASE does.

Dimensions: S series, K origins, H steps ahead, J = S x targets tracks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from throughtime.base.errors import ConfigError, DataError, say_once
from throughtime.data import SeriesSet, one_hot
from throughtime.data.filling import fill_forward
from throughtime.recipes.ahead import reading
from throughtime.recipes.ahead.settings import Ahead, Settings
from throughtime.recipes.forecasting.settings import AUTO
from throughtime.tasks.ahead_baselines import Origins, Track
from throughtime.tasks.calendar import calendar_features, check_calendar, choose_periods
from throughtime.tasks.season import find_period

Floats = NDArray[np.float64]
# A season of more steps than this is a long horizon, which has to be asked for.
LONGEST_GUESS = 48
USUAL_HORIZON = 12
# The share of a series that is tested where nobody says, and the most origins then.
TESTED, MOST_ORIGINS = 0.2, 8
# With fewer forecasts the mean of their errors says little: a standard error of a fifth of their spread.
ENOUGH = 30


@dataclass(frozen=True)
class Plan:
    """How far ahead, and from where.

    Args:
        horizon: H.
        season: steps in a season, 1 for none.
        origins: K.
        stride: d.
    """

    horizon: int
    season: int
    origins: int
    stride: int

    @property
    def reach(self) -> int:
        """Steps of a part."""
        return (self.origins - 1) * self.stride + self.horizon


@dataclass(frozen=True)
class Problem:
    """Series with values and what is known after them, and how they are cut.

    Args:
        title: what the table is, for headings.
        series: S series up to their last values.
        ahead: of the same series what is known after that.
        plan: horizon, season and origins.
        trains: whether there are parts that train and validate; else all of it is history and test.
        calendar: as the estimator takes it.
        notes: one line for each guess and rule.
    """

    title: str
    series: SeriesSet
    ahead: SeriesSet
    plan: Plan
    trains: bool
    calendar: str | tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """Of each track: its series, and its target where there are several."""
        several = len(self.series.targets) > 1
        ids = [str(each) for each in self.series.ids]
        return [f"{name}, {target}" if several else name for name in ids for target in self.series.targets]

    def stops(self) -> tuple[list[int], list[int]]:
        """Per series the steps after training and after validation."""
        reach = self.plan.reach
        tests = [int(length) - reach for length in self.series.lengths]
        return [test - reach if self.trains else 0 for test in tests], tests

    def part(self, first: Sequence[int], stop: Sequence[int]) -> pl.DataFrame:
        """A frame of the steps in [first, stop) of each series."""
        return self.series.part([slice(*pair) for pair in zip(first, stop, strict=True)]).to_frame()

    def starts(self, place: int) -> list[int]:
        """Per series how many steps are known at the tested origin of this place, 0 .. K - 1."""
        return [stop + place * self.plan.stride for stop in self.stops()[1]]

    @cached_property
    def truth(self) -> list[Floats]:
        """Per track [T], nan where missing."""
        return _columns(self.series, self.series.targets)

    @cached_property
    def tracks(self) -> list[Track]:
        """As the rules see them, one after the other for the targets of a series."""
        trains, validates = self.stops()
        known = self._known()
        count = len(self.series.targets)
        return [
            Track(fill_forward(values[:, None], np.full(1, np.nan))[0][:, 0], known[s], trains[s], validates[s])
            for s, values in ((track // count, values) for track, values in enumerate(self.truth))
        ]

    def origins(self) -> Origins:
        """Every tested origin of every track: all tracks for the first, then for the second, ..."""
        count = len(self.series.targets)
        return [
            (track, self.starts(place)[track // count])
            for place in range(self.plan.origins)
            for track in range(len(self.truth))
        ]

    def outcomes(self) -> Floats:
        """What came after each origin, [N, H], nan where missing."""
        return np.stack([self.truth[track][step : step + self.plan.horizon] for track, step in self.origins()])

    def scales(self) -> Floats:
        """Mean change over a season before the first tested origin, of each track; nan where it is 0."""
        firsts = [step for _, step in self.origins()[: len(self.truth)]]
        found = [_mean_change(values[:stop], self.plan.season) for values, stop in zip(self.truth, firsts, strict=True)]
        return np.array(found)

    def _known(self) -> list[Floats]:
        """Per series [T, F]: where each step lies in the calendar, and the columns known ahead, scaled."""
        stops = self.stops()[0] if self.trains else [int(length) for length in self.series.lengths]
        calendar = [np.empty((int(length), 0)) for length in self.series.lengths]
        if self.series.times is not None:
            times = [each[:stop] for each, stop in zip(self.series.times, stops, strict=True)]
            periods = choose_periods(times, self.calendar)
            calendar = [calendar_features(each, periods) for each in self.series.times]
        blocks = [[each] for each in calendar]
        for name in self.series.known:
            for block, column in zip(blocks, self._encoded(name, stops), strict=True):
                block.append(column)
        return [np.concatenate(block, axis=1) for block in blocks]

    def _encoded(self, name: str, stops: Sequence[int]) -> list[Floats]:
        """Per series one column, scaled by its training part; or one for each label."""
        columns = [values[:, self.series.columns.index(name)] for values in self.series.values]
        if name in self.series.categories:
            count = len(self.series.categories[name])
            return [one_hot(fill_forward(column[:, None], np.full(1, -1.0))[0][:, 0], count) for column in columns]
        learned = np.concatenate([column[:stop] for column, stop in zip(columns, stops, strict=True)])
        centre, unit = float(np.nanmean(learned)), float(np.nanstd(learned)) or 1.0
        return [(fill_forward(column[:, None], np.full(1, centre))[0] - centre) / unit for column in columns]


def load_problem(table: pl.DataFrame, title: str, settings: Settings) -> tuple[Problem, Settings]:
    """Settle roles, season, horizon and cut of a table.

    Args:
        table: a row for each step of each series.
        title: what the table is.
        settings: what the user said; what is left open is guessed.

    Returns:
        The problem, and the settings with the guesses filled in.

    Raises:
        ConfigError: a calendar that there is not.
        DataError: whatever in the table breaks a rule.
    """
    notes: list[str] = []
    columns = reading.with_roles(table, settings.columns, notes)
    read = reading.read(table, columns)
    if read.series.step is None:
        columns = reading.by_rows(columns, notes)
        read = reading.read(table, columns)
    columns = reading.with_targets(read.series, columns, notes)
    plan = _plan(read.series, settings.ahead, notes)
    kept, ahead = _long_enough(read, plan, 2 * plan.reach + plan.horizon + 1, notes)
    notes += [note for note in (reading.missing_note(kept),) if note]
    for note in notes:
        say_once(note, note)
    calendar = AUTO if columns.calendar == (AUTO,) else columns.calendar
    if wrong := check_calendar(calendar):
        raise ConfigError(f"{wrong}. Change it.")
    problem = Problem(title, kept, ahead, plan, True, calendar, ())
    notes += _said(problem)
    _check(problem)
    return replace(problem, notes=tuple(notes)), Settings(columns, Ahead(**vars(plan)), settings.model)


def other_problem(
    table: pl.DataFrame, title: str, settings: Settings, arguments: Mapping[str, Any], scored: bool
) -> Problem:
    """Another table, read as a run's own was.

    Args:
        table: a row for each step of each series.
        title: what it is.
        settings: of the run.
        arguments: how its series were read.
        scored: whether forecasts are to be tested by what came.

    Raises:
        DataError: whatever in the table breaks a rule.
    """
    read = reading.read(table, settings.columns, arguments)
    plan = _plan(read.series, settings.ahead, [])  # a run has all of it
    notes: list[str] = []
    series, after = _long_enough(read, plan, plan.reach + 2, notes) if scored else (read.series, read.ahead)
    calendar = AUTO if settings.columns.calendar == (AUTO,) else settings.columns.calendar
    return Problem(title, series, after, plan, False, calendar, tuple(notes))


def _plan(series: SeriesSet, given: Ahead, notes: list[str]) -> Plan:
    """Season, horizon, origins and stride, those that are left open guessed."""
    length = int(np.median(series.lengths))
    season = given.season or _found_season(series, given.horizon or 1, notes)
    horizon = given.horizon
    if horizon is None:
        horizon = season if 2 <= season <= LONGEST_GUESS else USUAL_HORIZON
        notes.append(f"horizon: {horizon} steps{', a season' if horizon == season else ''}; horizon= sets another.")
    stride = given.stride or horizon
    origins = given.origins or max(1, min(MOST_ORIGINS, int((TESTED * length - horizon) // stride) + 1))
    return Plan(horizon, season, origins, stride)


def _found_season(series: SeriesSet, horizon: int, notes: list[str]) -> int:
    """The season that most series show before what is tested."""
    parts = []
    for values in (column for name in series.targets for column in _columns(series, (name,))):
        filled = fill_forward(values[:, None], np.full(1, np.nan))[0][:, 0]
        parts.append(filled[: max(min(len(filled), 2), len(filled) - max(horizon, round(2 * TESTED * len(filled))))])
    season = find_period(parts, series.step)
    what = f"{season} steps, by the autocorrelation of changes" if season > 1 else "none that half of the series show"
    notes.append(f"season: {what}; season= sets another, season=1 none.")
    return season


def _long_enough(read: reading.Read, plan: Plan, least: int, notes: list[str]) -> tuple[SeriesSet, SeriesSet]:
    """The series of at least so many steps, the others told."""
    kept = [place for place, length in enumerate(read.series.lengths) if length >= least]
    short = [name for name, length in zip(read.series.ids, read.series.lengths, strict=True) if length < least]
    if not kept:
        longest = int(max(read.series.lengths))
        raise DataError(
            f"A history is longer than what is forecast from it: horizon={plan.horizon} with origins={plan.origins} "
            f"needs {least:,} steps, and the longest of {len(short)} series has {longest:,}. Take a smaller horizon="
            f"{' or origins=1' if plan.origins > 1 else ''}, or give longer series."
        )
    if short:
        notes.append(
            f"Left out: {len(short)} of {len(read.series)} series with fewer than {least:,} steps, "
            f"{reading.named(short)}; {'origins=1 or ' if plan.origins > 1 else ''}a smaller horizon= keeps more."
        )
    return reading.chosen(read.series, kept), reading.chosen(read.ahead, kept)


def _said(problem: Problem) -> list[str]:
    """The rule of the cut, and what cannot be scored in full."""
    plan, said = problem.plan, []
    origins = f"{plan.origins} origins, {plan.stride} steps apart," if plan.origins > 1 else "one origin"
    said.append(
        f"split: forecasts of {plan.horizon} steps from {origins} at each series' end are tested, as many steps before "
        "validate, the rest trains (origins=, stride=)."
    )
    constant = int(np.isnan(problem.scales()).sum())
    if constant:
        said.append(
            f"Constant: {constant} of {len(problem.truth)} series do not change before they are tested; MASE and CRPS, "
            "which divide by the change, leave them out."
        )
    forecasts = len(problem.origins())
    if forecasts < ENOUGH:
        said.append(f"Few forecasts: {forecasts} are tested, and scores of fewer than {ENOUGH} say little.")
    return said


def _check(problem: Problem) -> None:
    """Refuse what no method could learn from, or be scored on."""
    trained = [values[: track.train] for values, track in zip(problem.truth, problem.tracks, strict=True)]
    if problem.plan.season >= (longest := max(map(len, trained))):
        raise DataError(
            f"A season is shorter than what trains: season={problem.plan.season:,} came with {longest:,} steps at "
            "most. Take a smaller season=, season=1 for none, or give longer series."
        )
    if all(np.ptp(each[np.isfinite(each)]) == 0 for each in trained if np.isfinite(each).any()):
        raise DataError(
            f"Series must vary to be learned from: all {len(trained)} in {problem.title} are constant before "
            "validation. Check that target= names the right column."
        )
    if not np.isfinite(problem.outcomes()).any():
        raise DataError("Forecasts are scored by what came: the test part has no value. Move it with origins=.")


def _columns(series: SeriesSet, names: Sequence[str]) -> list[Floats]:
    """Per series and name the values [T]."""
    places = series.places(list(names))
    return [np.ascontiguousarray(values[:, place]) for values in series.values for place in places]


def _mean_change(values: Floats, season: int) -> float:
    """Mean |y[t] - y[t-m]|, of single steps where the history has no season; nan where it is 0 or there is none."""
    lag = season if np.isfinite(values[season:] - values[: max(len(values) - season, 0)]).any() else 1
    changes = np.abs(values[lag:] - values[:-lag])
    changes = changes[np.isfinite(changes)]
    return float(changes.mean()) if changes.size and changes.mean() > 0 else float("nan")
