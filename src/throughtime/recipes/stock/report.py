"""The page of a walk: scores, probabilities of the last year, Matthews by stretch, calibration, confusion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from throughtime import metrics
from throughtime.insight.svg import BLUE
from throughtime.recipes.figure import INK, as_element, legend_above
from throughtime.recipes.learning import learning_curve
from throughtime.recipes.page import as_html, as_paragraphs, page, quiet, settings_table
from throughtime.recipes.stock.scores import Forecasts, resampled_matthews, standard_error
from throughtime.recipes.table import Cell, Column, Table
from throughtime.train import History

if TYPE_CHECKING:
    from throughtime.recipes.stock.case import StockCase

YEAR_SESSIONS = 252
BINS = 10
# Fewer decisions than this in a bin say nothing of how often a class came.
LEAST_IN_BIN = 10


def render(
    case: StockCase,
    forecasts: Forecasts,
    history: History | None,
    scores: Table,
    record: Mapping[str, Any],
    network: str,
) -> str:
    """The page as text.

    Args:
        case: prices and settings.
        forecasts: the decisions that were tested.
        history: of the last training.
        scores: of the decisions.
        record: what repeats the run.
        network: one line on it.
    """
    shown = quiet("Line: probability stated at the close before; marks: what came. Flat movements left out have none.")
    sections = [
        ("Scores along the walk", as_html(scores) + as_paragraphs(scores.notes)),
        ("Probabilities of the last year", shown + probabilities(case, forecasts)),
        ("Matthews correlation of each stretch", quiet("Bars: two standard errors.") + by_stretch(case, forecasts)),
        ("Calibration", calibration(case, forecasts)),
        ("What was called, and what came", as_html(confusion(case, forecasts))),
        *([("Learning curve of the last training", learning_curve(history))] if history else []),
        ("What repeats this run", as_html(settings_table(record))),
    ]
    return page(case.title, network, sections)


def probabilities(case: StockCase, forecasts: Forecasts) -> str:
    """Probability of up over the last year of the first security, with outcomes."""
    own = np.flatnonzero(forecasts.security == forecasts.security[0])
    own = own[np.argsort(forecasts.session[own])][-YEAR_SESSIONS:]
    times, up = case.market.times[forecasts.session[own]], len(case.classes) - 1
    came = np.where(np.isnan(forecasts.came[own]), np.nan, forecasts.came[own] / up)

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        axes.plot(times, forecasts.probability[own, up], color=BLUE, label="probability of up")
        axes.plot(times, forecasts.share[own, up], ":", color=INK, lw=0.8, label="share of up in training")
        axes.plot(times, came, "|", color=INK, ms=5, label="what came")
        axes.set_ylim(-0.08, 1.08)
        legend_above(axes, 3)

    return as_element(draw, 2.6, "probabilities")


def by_stretch(case: StockCase, forecasts: Forecasts) -> str:
    """Matthews correlation of each stretch with two standard errors."""
    numbers = [n for n in np.unique(forecasts.stretch) if forecasts.of_stretch(n).scored.any()]
    parts = [forecasts.of_stretch(number) for number in numbers]
    values = [metrics.matthews(part.came[part.scored], part.called[part.scored]) for part in parts]
    horizon = case.chosen.movement.horizon
    errors = [2 * standard_error(resampled_matthews([part], horizon)[0]) for part in parts]
    starts = [str(case.market.times[part.session.min()])[:10] for part in parts]

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        axes.errorbar(range(len(values)), values, yerr=errors, fmt="o", color=BLUE, capsize=3)
        axes.axhline(0, color=INK, lw=0.8, ls=":")
        axes.set_xticks(range(len(values)), starts, rotation=45, ha="right")
        axes.set_ylabel("Matthews correlation")

    return as_element(draw, 3.0, "stretches")


def calibration(case: StockCase, forecasts: Forecasts) -> str:
    """How often up came where its probability was so."""
    kept, up = forecasts.scored, len(case.classes) - 1
    stated, came = forecasts.probability[kept, up], forecasts.came[kept] == up
    place = np.minimum((stated * BINS).astype(int), BINS - 1)
    filled = [b for b in range(BINS) if (place == b).sum() >= LEAST_IN_BIN]
    mean = np.array([stated[place == b].mean() for b in filled])
    share = np.array([came[place == b].mean() for b in filled])
    count = np.array([(place == b).sum() for b in filled])

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], ":", color=INK, lw=0.8, label="perfect")
        error = 2 * np.sqrt(share * (1 - share) / np.maximum(count, 1))
        axes.errorbar(mean, share, yerr=error, fmt="o", color=BLUE, capsize=3, label="share that came, ± 2 s.e.")
        axes.set_xlabel("probability of up")
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        axes.set_aspect("equal")
        legend_above(axes, 2)

    return as_element(draw, 3.6, "calibration")


def confusion(case: StockCase, forecasts: Forecasts) -> Table:
    """Counts of what came (rows) and what was called (columns)."""
    kept = forecasts.scored
    came, called = forecasts.came[kept], forecasts.called[kept]
    columns = (Column("came"), *(Column(name, "called") for name in case.classes))
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (name, *(int(((came == i) & (called == j)).sum()) for j in range(len(case.classes))))
        for i, name in enumerate(case.classes)
    )
    return Table("confusion", columns, rows)
