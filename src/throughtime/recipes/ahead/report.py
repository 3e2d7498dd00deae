"""`report.html` of forecasts several steps ahead: scores, forecasts drawn, errors by step, calibration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from throughtime.recipes.ahead import pictures
from throughtime.recipes.ahead.problem import Floats, Problem
from throughtime.recipes.ahead.scores import LEVELS, PROBABILITIES, Errors, Forecasts
from throughtime.recipes.page import as_html, as_paragraphs, page, quiet, settings_table
from throughtime.recipes.table import Table
from throughtime.train import History

# Panels of two columns that are looked at and not skipped, and forecasts in each.
MOST_SHOWN, MOST_FORECASTS = 6, 3
# What came before the first forecast shown, in horizons.
BEFORE = 2
# Beside the network: the naive rule of the season, and the strongest of the rules.
BESIDE = ("naive", "seasonal naive", "exponential smoothing")


@dataclass(frozen=True)
class Evidence:
    """What the report shows.

    Args:
        problem: series and cut.
        forecasts: the network's.
        errors: by method, the network's first.
        history: of the training; None without one.
        scores: table of the scores.
        record: what repeats the run.
        network: one line on the network.
    """

    problem: Problem
    forecasts: Forecasts
    errors: Mapping[str, Errors]
    history: History | None
    scores: Table
    record: Mapping[str, Any]
    network: str


def render(evidence: Evidence) -> str:
    """The page as text."""
    problem, ours = evidence.problem, next(iter(evidence.errors))
    steps = {name: each.by_step for name, each in evidence.errors.items() if name in (ours, *BESIDE)}
    chosen = shown(problem, evidence.forecasts)
    hint = f"{len(chosen)} of {len(problem.truth):,} series, evenly chosen; each forecast reads what lies before it."
    sections = [
        ("Scores on the test part", as_html(evidence.scores) + as_paragraphs(evidence.scores.notes)),
        ("Forecasts beside what came", quiet(hint) + pictures.forecasts(chosen)),
        ("Errors by steps ahead", pictures.errors_by_step(steps)),
        (
            "Calibration on the test part",
            pictures.calibration(np.array(PROBABILITIES), {ours: shares_below(problem, evidence.forecasts)}),
        ),
        *([("Learning curve", pictures.learning(evidence.history))] if evidence.history else []),
        ("What repeats this run", as_html(settings_table(evidence.record))),
    ]
    return page(problem.title, evidence.network, sections)


def shown(problem: Problem, forecasts: Forecasts) -> list[pictures.Shown]:
    """Some series, evenly chosen, with their newest forecasts that do not overlap."""
    count, plan = len(problem.truth), problem.plan
    apart = -(-plan.horizon // plan.stride)  # origins from one shown to the next
    places = list(range(plan.origins))[::-1][::apart][:MOST_FORECASTS][::-1]
    tracks = np.unique(np.linspace(0, count - 1, min(count, MOST_SHOWN)).round().astype(int))
    names = problem.names
    return [_one(problem, forecasts, int(track), places, names[track]) for track in tracks]


def shares_below(problem: Problem, forecasts: Forecasts) -> Floats:
    """[Q] of all outcomes the share that is not above each quantile."""
    truth = problem.outcomes()
    there = np.isfinite(truth)
    return np.asarray((truth[..., None] <= forecasts.quantiles)[there].mean(axis=0))


def _one(problem: Problem, forecasts: Forecasts, track: int, places: list[int], name: str) -> pictures.Shown:
    count, horizon = len(problem.truth), problem.plan.horizon
    series = track // len(problem.series.targets)
    starts = [problem.starts(place)[series] for place in places]
    first = max(0, starts[0] - BEFORE * horizon)
    stop = starts[-1] + horizon
    rows: list[int] = [place * count + track for place in places]
    intervals = {level: tuple(ends[rows] for ends in forecasts.interval(level)) for level in LEVELS}
    return pictures.Shown(
        name=name,
        times=_times(problem, series)[first:stop],
        truth=problem.truth[track][first:stop],
        starts=[start - first for start in starts],
        points=forecasts.point[rows],
        intervals=intervals,  # type: ignore[arg-type]  # of two ends each
    )


def _times(problem: Problem, series: int) -> NDArray[Any]:
    """Times of a series, or step numbers."""
    times = problem.series.times
    return np.arange(int(problem.series.lengths[series])) if times is None else times[series]
