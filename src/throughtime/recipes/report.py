"""`report.html`: what a trained run learned and is worth, on one page that needs nothing else.

Scores, learning curve, reach by epoch where it was measured, forecast with intervals over the test part, calibration,
gates over time, and the settings that repeat the run. Pictures are inline SVG; the page follows the reader's light or
dark setting.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from throughtime import metrics
from throughtime.insight import Gates
from throughtime.recipes import pictures, reach_by_epoch
from throughtime.recipes.problem import Problem
from throughtime.recipes.table import Block, Column, Table
from throughtime.tasks.baselines import TEST, Forecast
from throughtime.train import History

Array = np.ndarray
# Levels of the calibration picture; 80 and 95 are also drawn over time.
LEVELS = (10, 20, 30, 40, 50, 60, 70, 80, 90, 95)
# More rows than this are an unreadable smear, and megabytes of SVG; the last ones are shown.
MOST_ROWS = 500
BINS = 10
# Characters that fit the page beside each other.
PAGE = 90

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem;
       background: Canvas; color: CanvasText; }
h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.15rem; margin: 2rem 0 0.3rem; }
p { margin: 0.4rem 0; } .quiet { opacity: 0.75; font-size: 0.9rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.9rem; margin: 0.6rem 0; }
th, td { padding: 0.2rem 0.7rem; text-align: right;
         border-bottom: 1px solid color-mix(in srgb, CanvasText 20%, Canvas); }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
.groups th { text-align: center; border-bottom: none; padding-bottom: 0; }
.wide { overflow-x: auto; }
svg { width: 100%; height: auto; } svg text { font-family: system-ui, sans-serif !important; }
"""


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
        ("Scores on the test part", _table(evidence.scores) + _notes(evidence.scores.notes)),
        ("Learning curve", pictures.learning_curve(evidence.history)),
        ("Forecasts, one step ahead", _caption(problem, shown) + _forecast_picture(evidence, shown)),
        ("Calibration on the test part", _calibration_picture(evidence)),
    ]
    if reach := reach_by_epoch.picture(evidence.history, evidence.settings.get("tbptt", "n,n")):
        said = reach_by_epoch.sentences(evidence.history, evidence.settings.get("tbptt", "n,n"))
        hint = "Yellow reaches; dashed: where truncation cuts; dotted: the epoch kept."
        sections.insert(2, ("How far gradients reached, by epoch", reach + _notes((*said, hint))))
    if evidence.gates is not None:
        hint = _quiet("A forget gate near 1 keeps the cell's memory; one near 0 clears it. First LSTM layer.")
        sections.append(
            ("Gates over time", hint + pictures.gates_over_time(*_gates_shown(evidence, evidence.gates, shown)))
        )
    sections.append(("What repeats this run", _table(_settings_table(evidence.settings))))
    body = "\n".join(f"<section><h2>{escape(title)}</h2>\n{content}</section>" for title, content in sections)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(problem.title)}</title>\n<style>{STYLE}</style></head>\n<body>\n"
        f"<h1>{escape(problem.title)}</h1>\n{_quiet(evidence.network)}\n{body}\n</body></html>\n"
    )


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
    return _quiet(" ".join(words) + "; each forecast was made from the rows before it.")


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


def _table(table: Table) -> str:
    """The table in blocks that fit the page."""
    return "".join(f'<div class="wide"><table>{_block(block)}</table></div>' for block in table.blocks(PAGE))


def _block(block: Block) -> str:
    groups = "".join(f'<th colspan="{span}">{escape(group)}</th>' for group, span in block.groups())
    names = "".join(f"<th>{escape(column.name)}</th>" for column in block.columns)
    rows = "\n".join("<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>" for row in block.rows)
    above = f'<tr class="groups">{groups}</tr>' if any(group for group, _ in block.groups()) else ""
    return f"{above}<tr>{names}</tr>\n{rows}"


def _settings_table(settings: Mapping[str, Any]) -> Table:
    rows = tuple((key, _written(value)) for key, value in settings.items())
    return Table("settings", (Column("setting"), Column("value")), rows)


def _written(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _notes(notes: Sequence[str]) -> str:
    return "".join(_quiet(note) for note in notes)


def _quiet(text: str) -> str:
    return f'<p class="quiet">{escape(text)}</p>'
