"""`report.html`: what a trained run learned and is worth, on one page that needs nothing else.

Scores, learning curve, reach by epoch where it was measured, forecast with intervals over the test part, calibration,
gates over time, and the settings that repeat the run. Pictures are inline SVG; the page follows the reader's light or
dark setting.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from throughtime import metrics
from throughtime.insight import Gates
from throughtime.recipes import reach_by_epoch
from throughtime.recipes.forecasting import pictures
from throughtime.recipes.forecasting.problem import Problem
from throughtime.recipes.learning import learning_curve
from throughtime.recipes.page import as_html, as_paragraphs, page, quiet, settings_table
from throughtime.recipes.table import Table
from throughtime.tasks.baselines import TEST, Forecast
from throughtime.train import History

Array = np.ndarray
# Levels of the calibration picture; 80 and 95 are also drawn over time.
LEVELS = (10, 20, 30, 40, 50, 60, 70, 80, 90, 95)
# More rows than this are an unreadable smear, and megabytes of SVG; the last ones are shown.
MOST_ROWS = 500
BINS = 10


@dataclass(frozen=True)
class Evidence:
    """What the report shows.

    Args:
        problem: the table, its split and its truth.
        forecasts: one per series, aligned with its rows, with all of `LEVELS`.
        history: of the training.
        gates: of the first LSTM layer at every step of the first series; None where the network has no LSTM.
        scores: on the test part.
        settings: what repeats the run.
        network: one line on the network.
    """

    problem: Problem
    forecasts: Sequence[Forecast]
    history: History
    gates: Gates | None
    scores: Table
    settings: Mapping[str, Any]
    network: str


def render(evidence: Evidence) -> str:
    """The page as text."""
    problem = evidence.problem
    shown = _shown_rows(problem)
    sections = [
        ("Scores on the test part", as_html(evidence.scores) + as_paragraphs(evidence.scores.notes)),
        ("Learning curve", learning_curve(evidence.history)),
        ("Forecasts, one step ahead", _caption(problem, shown) + _forecast_picture(evidence, shown)),
        ("Calibration on the test part", _calibration_picture(evidence)),
    ]
    if reach := reach_by_epoch.picture(evidence.history, evidence.settings.get("tbptt", "n,n")):
        said = reach_by_epoch.sentences(evidence.history, evidence.settings.get("tbptt", "n,n"))
        hint = "Yellow reaches; dashed: where truncation cuts; dotted: the epoch kept."
        sections.insert(2, ("How far gradients reached, by epoch", reach + as_paragraphs((*said, hint))))
    if evidence.gates is not None:
        hint = quiet("A forget gate near 1 keeps the cell's memory; one near 0 clears it. First LSTM layer.")
        sections.append(
            ("Gates over time", hint + pictures.gates_over_time(*_gates_shown(evidence, evidence.gates, shown)))
        )
    sections.append(("What repeats this run", as_html(settings_table(evidence.settings))))
    return page(problem.title, evidence.network, sections)


def _shown_rows(problem: Problem) -> slice:
    """The rows of the first series that the pictures over time show: its test part, or the end of it."""
    test = np.flatnonzero(problem.part[0] == TEST)
    return slice(max(int(test[0]), int(test[-1]) + 1 - MOST_ROWS), int(test[-1]) + 1)


def _times(problem: Problem) -> Array:
    """Times of the first series, or step numbers."""
    times = problem.series.times
    return np.arange(len(problem.series.values[0])) if times is None else times[0]


def _caption(problem: Problem, shown: slice) -> str:
    test, rows = int((problem.part[0] == TEST).sum()), shown.stop - shown.start
    words = [f"The last {rows} of {test:,} test rows" if rows < test else f"All {rows} test rows"]
    if len(problem.series) > 1:
        words.append(f"of the first of {len(problem.series):,} series, {problem.series.ids[0]}")
    return quiet(" ".join(words) + "; each forecast was made from the rows before it.")


def _forecast_picture(evidence: Evidence, shown: slice) -> str:
    problem, forecast = evidence.problem, evidence.forecasts[0]
    labels = problem.class_labels()[0][shown]
    classes = []
    for n, (name, known) in enumerate(problem.classes.items()):
        label = len(known) - 1  # of true and false, true
        outcome = np.where(labels[:, n] >= 0, labels[:, n] == label, np.nan)
        classes.append((f"probability of {name} = {known[label]}", forecast.probability[n][shown, label], outcome))
    intervals = {level: (ends[0][shown], ends[1][shown]) for level, ends in forecast.intervals.items()}
    part = Forecast(forecast.point[shown], intervals, ())
    truth = problem.numeric_values()[0][shown]
    return pictures.forecast_over_time(_times(problem)[shown], problem.numeric, truth, part, classes)


def _calibration_picture(evidence: Evidence) -> str:
    problem, forecasts = evidence.problem, evidence.forecasts
    test = [part == TEST for part in problem.part]
    numbers = problem.numeric_values()
    coverage: dict[str, list[float]] = {}
    for k, name in enumerate(problem.numeric):
        truth = _joined([values[:, k] for values in numbers], test)
        ends = [
            [_joined([f.intervals[level][end][:, k] for f in forecasts], test) for end in (0, 1)] for level in LEVELS
        ]
        coverage[name] = [metrics.coverage(np.where(np.isnan(low), np.nan, truth), low, high) for low, high in ends]
    labels = problem.class_labels()
    reliability = {
        name: _reliability(
            _joined([values[:, n] for values in labels], test), _joined([f.probability[n] for f in forecasts], test)
        )
        for n, name in enumerate(problem.classes)
    }
    return pictures.calibration(LEVELS, coverage, reliability)


def _joined(parts: Sequence[Array], masks: Sequence[Array]) -> Array:
    return np.concatenate([part[mask] for part, mask in zip(parts, masks, strict=True)])


def _reliability(labels: Array, probability: Array) -> tuple[Array, Array, Array]:
    """Mean probability, observed frequency and number of cases in bins of the last class's probability."""
    kept = (labels >= 0) & np.isfinite(probability[:, -1])
    came, stated = labels[kept] == probability.shape[1] - 1, probability[kept, -1]
    place = np.minimum((stated * BINS).astype(int), BINS - 1)
    count = np.bincount(place, minlength=BINS)
    filled = count > 0
    sums = [np.bincount(place, weights=values, minlength=BINS)[filled] for values in (stated, came.astype(float))]
    return sums[0] / count[filled], sums[1] / count[filled], count[filled]


def _gates_shown(evidence: Evidence, gates: Gates, shown: slice) -> tuple[Array, Gates]:
    """Each row's time, and the gates at the step that forecast it: the step before."""
    steps = slice(shown.start - 1, shown.stop - 1)
    return _times(evidence.problem)[shown], Gates(*(values[steps] for values in gates))
