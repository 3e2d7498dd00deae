"""How training walks through time: each stretch of sessions is forecast by a model that saw only earlier ones.

A decision is made at the close of session t, and its movement is over at t + h. For a stretch of decisions [a, z)

    validation    decisions [v, a - h]          all over at the close of a
    training      decisions [first, v - h]      all over at the close of v

so that no movement that is learned or chosen by ends later than the first decision after it (purging; the embargo is
the horizon h). The next stretch begins at z. A last training, with nothing to test, reaches the newest session.

Source: López de Prado, Advances in Financial Machine Learning, 2018, chapters 7 and 12 (purging, embargo,
walk-forward).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from throughtime.base.errors import DataError
from throughtime.data import SeriesSet
from throughtime.recipes.forecasting.problem import Problem
from throughtime.recipes.forecasting.settings import Columns as Roles
from throughtime.recipes.stock import settings
from throughtime.recipes.stock.movement import Track

Array = np.ndarray
TARGET, STEP, SERIES = "movement", "session", "series"
# Fewer decisions than this in a training part make any fitted figure noise, and trees of 20 a leaf impossible.
LEAST_DECISIONS = 100


@dataclass(frozen=True)
class Stretch:
    """Sessions from which decisions are tested, and what comes before them; places among all sessions.

    Args:
        first: first session that is read.
        validation: v, the session at whose close training ends.
        test: a, the session at whose close the model is ready, and the first decision is made.
        stop: z, after the last decision; equal to `test` where nothing is tested.
    """

    first: int
    validation: int
    test: int
    stop: int


def stretches(sessions: int, horizon: int, walk: settings.Walk) -> list[Stretch]:
    """The stretches of so many sessions, and the last training.

    Args:
        sessions: N, at least 2.
        horizon: h.
        walk: shares and counts.

    Raises:
        DataError: there are too few sessions.
    """
    start = round(walk.train * sessions)
    last = sessions - horizon  # after the last decision whose movement is over
    if start >= last or _trained(_stretch(start, last, walk), horizon) < LEAST_DECISIONS:
        raise DataError(
            f"A walk through time needs {LEAST_DECISIONS} sessions to train on, a part to validate and one to test: "
            f"{sessions} came, with train={walk.train:g} and validation={walk.validation:g}. Give more sessions, or a "
            "larger train=."
        )
    tested = [_stretch(a, min(a + walk.refit, last), walk) for a in range(start, last, walk.refit)]
    return [*tested, _stretch(sessions - 1, sessions - 1, walk)]


def _stretch(test: int, stop: int, walk: settings.Walk) -> Stretch:
    first = max(0, test + 1 - walk.rolling) if walk.rolling else 0
    return Stretch(first, test - round(walk.validation * (test - first)), test, stop)


def _trained(stretch: Stretch, horizon: int) -> int:
    return stretch.validation - horizon + 1 - stretch.first


@dataclass(frozen=True)
class Stage:
    """A stretch made ready: a forecasting problem of its own, and where its test decisions are.

    Args:
        number: of the stretch, from 0.
        problem: series up to the last movement that is tested; parts as `forecasting` has them.
        tracks: the track of each series.
        rows: per series the rows whose movement is forecast for the test, [n].
        shares: [K] of each class in the training part.
    """

    number: int
    problem: Problem
    tracks: tuple[Track, ...]
    rows: tuple[Array, ...]
    shares: Array

    @property
    def decisions(self) -> tuple[Array, Array, Array, Array]:
        """Of all decisions that are tested: session, security, class that came (nan where unknown), newest sign."""
        pairs = list(zip(self.tracks, self.rows, strict=True))
        session = np.concatenate([track.session[rows - 1] for track, rows in pairs])
        security = np.concatenate([np.full(len(rows), track.security) for track, rows in pairs])
        came = np.concatenate([track.movement[rows] for track, rows in pairs])
        return session, security, came, np.concatenate([track.sign[rows - 1] for track, rows in pairs])


def stage_of(
    number: int, stretch: Stretch, tracks: Sequence[Track], inputs: Sequence[str], classes: Sequence[str], title: str
) -> Stage:
    """Make a stretch ready.

    Args:
        number: of the stretch, from 0.
        stretch: its sessions.
        tracks: of all securities; those with fewer than 2 sessions before the validation part are left out.
        inputs: names of the F inputs.
        classes: of a movement.
        title: of the data.

    Raises:
        DataError: the training part lacks a class, or the validation part has no movement.
    """
    used = [track for track in (_within(track, stretch) for track in tracks) if _rows_until(track, stretch)[0] >= 2]
    inputs, used = _varying(inputs, used, stretch)
    series = _series(used, inputs, classes)
    cuts = [_rows_until(track, stretch) for track in used]
    parts = tuple(
        series.part([slice(*bounds) for bounds in each])
        for each in (
            [(0, train) for train, _ in cuts],
            list(cuts),
            [(ready, None) for _, ready in cuts],
        )
    )
    rows = tuple(_tested(track, stretch) for track in used)
    problem = Problem(title, series, (parts[0], parts[1], parts[2]), _roles(), ())
    return Stage(number, problem, tuple(used), rows, _shares(problem, classes, stretch))


def _series(tracks: Sequence[Track], inputs: Sequence[str], classes: Sequence[str]) -> SeriesSet:
    """The tracks as series whose times are the numbers of their rows: sessions know no gaps."""
    return SeriesSet(
        values=[np.concatenate([track.inputs, track.movement[:, None]], axis=1) for track in tracks],
        times=[np.arange(len(track.session)) for track in tracks],
        ids=tuple(track.name for track in tracks),
        columns=(*inputs, TARGET),
        step=1,
        targets=(TARGET,),
        known=(),
        categories={TARGET: tuple(classes)},
        source_rows=[np.arange(len(track.session)) for track in tracks],
        time=STEP,
        id_name=SERIES,
    )


def _roles() -> Roles:
    return Roles(time=(STEP,), id=SERIES, target=(TARGET,), calendar=())


def _within(track: Track, stretch: Stretch) -> Track:
    """The rows that a stretch reads: from its first session to the end of the last movement it tests.

    A movement that began before the validation part and is over in it is neither learned nor chosen by.
    """
    begun = np.concatenate([np.full(1, -1), track.session[:-1]])
    last = int(np.searchsorted(begun, stretch.stop))  # after the last row whose decision is tested
    seen = int(np.searchsorted(track.session, stretch.test, side="right"))
    rows = slice(int(np.searchsorted(track.session, stretch.first)), max(last, seen))
    straddles = (begun < stretch.validation) & (track.session > stretch.validation) & (track.session <= stretch.test)
    movement = np.where(straddles, np.nan, track.movement)
    return replace(
        track,
        row=track.row[rows],
        session=track.session[rows],
        inputs=track.inputs[rows],
        movement=movement[rows],
        sign=track.sign[rows],
    )


def _varying(inputs: Sequence[str], tracks: Sequence[Track], stretch: Stretch) -> tuple[list[str], list[Track]]:
    """The inputs that vary in the training part; the others, such as a volume that is not told yet, say nothing."""
    train = [track.inputs[: _rows_until(track, stretch)[0]] for track in tracks]
    joined = np.concatenate([*train, np.empty((0, len(inputs)))])
    kept = [place for place, column in enumerate(joined.T) if len(np.unique(column[np.isfinite(column)])) > 1]
    return [inputs[place] for place in kept], [replace(track, inputs=track.inputs[:, kept]) for track in tracks]


def _rows_until(track: Track, stretch: Stretch) -> tuple[int, int]:
    """Rows known when training ends, and when the model is ready."""
    train, ready = np.searchsorted(track.session, [stretch.validation, stretch.test], side="right")
    return int(train), int(ready)


def _tested(track: Track, stretch: Stretch) -> Array:
    """Rows whose movement was decided on in [test, stop)."""
    begun = track.session[:-1]
    return 1 + np.flatnonzero((begun >= stretch.test) & (begun < stretch.stop))


def _shares(problem: Problem, classes: Sequence[str], stretch: Stretch) -> Array:
    """Share of each class in the training part."""
    counts, held = [np.concatenate([v[:, -1] for v in part.values]) for part in problem.parts[:2]]
    found = np.array([(counts == place).sum() for place in range(len(classes))])
    if found.min(initial=1) == 0 or np.isnan(held).all():
        lacking = [name for name, count in zip(classes, found, strict=True) if not count]
        what = f"no {' and no '.join(lacking)} movement to train on" if lacking else "no movement to validate on"
        raise DataError(
            f"A training needs movements of every class, and some to validate: sessions {stretch.first + 1} to "
            f"{stretch.test + 1} have {what}. Give more sessions, a larger train=, or a smaller dead_zone=."
        )
    return found / found.sum()


def whole_stage(
    tracks: Sequence[Track], inputs: Sequence[str], classes: Sequence[str], title: str, shares: Sequence[float] | Array
) -> Stage:
    """Other data, all of whose movements are tested by one model; or the same, to forecast what comes next.

    Args:
        tracks: of all securities.
        inputs: names of the F inputs.
        classes: of a movement.
        title: of the data.
        shares: [K] of each class in what the model was trained on.
    """
    series = _series(tracks, inputs, classes)
    empty = series.part(slice(0, 0))
    rows = tuple(np.arange(1, len(track.session)) for track in tracks)
    problem = Problem(title, series, (empty, empty, series), _roles(), ())
    return Stage(0, problem, tuple(tracks), rows, np.asarray(shares))
