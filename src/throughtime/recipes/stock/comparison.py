"""Every method along the same walk, in one table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from throughtime.recipes.stock.methods import METHODS, NAIVE, NETWORKS, Trial, try_method
from throughtime.recipes.stock.scores import Forecasts, Scores, resampled_matthews, score, standard_error
from throughtime.recipes.stock.verdict import heading, rule_notes, said_gain
from throughtime.recipes.stock.walk import Stage
from throughtime.recipes.table import Cell, Column, Spread, Table
from throughtime.recipes.trials import run_trials

if TYPE_CHECKING:
    from throughtime.recipes.stock.case import StockCase

OURS = "LSTM"
FIGURES = (("Matthews", 3), ("balanced accuracy", 3), ("accuracy", 3), ("log loss", 4))


def compare_methods(
    case: StockCase, prepare: Sequence[Callable[[], Stage]], tbptt: str, seeds: int, progress: bool
) -> Table:
    """Walk with every method and set the scores side by side.

    Args:
        case: prices and settings.
        prepare: makes each stretch ready.
        tbptt: schedule of the networks.
        seeds: walks of each network.
        progress: whether to show how many trials are done.
    """
    model, how = case.chosen.model, case.chosen.walk.call
    trials = [
        partial(try_method, stage, method, model, tbptt, model.seed + seed, how)
        for method in METHODS
        for seed in range(seeds if method in NETWORKS else 1)
        for stage in prepare
    ]
    walks = _walks(run_trials(trials, progress), len(prepare))
    draws = {
        method: resampled_matthews([each.forecasts for each in found], case.chosen.movement.horizon).mean(axis=0)
        for method, found in walks.items()
    }
    columns: tuple[Column, ...] = (Column("method"), Column("Matthews", digits=3), Column("± s.e.", digits=3))
    columns += tuple(Column(name, digits=digits) for name, digits in FIGURES[1:])
    columns += (Column("parameters"), Column("seconds", digits=1), Column("seeds"))
    rows = tuple(_row(method, found, draws[method]) for method, found in walks.items())
    return Table(heading(case, walks[OURS][0].forecasts), columns, rows, tuple(_notes(case, walks, draws, tbptt)))


def _walks(done: Sequence[Trial], stretches: int) -> dict[str, list[Trial]]:
    """The trials of a method and seed joined along the walk."""
    found: dict[str, list[Trial]] = {}
    for start in range(0, len(done), stretches):
        parts = done[start : start + stretches]
        joined = Forecasts.joined([part.forecasts for part in parts])
        whole = Trial(parts[0].method, parts[0].seed, joined, parts[-1].parameters, sum(part.seconds for part in parts))
        found.setdefault(whole.method, []).append(whole)
    return found


def _row(method: str, found: Sequence[Trial], draws: np.ndarray) -> tuple[Cell, ...]:
    scores = [score(each.forecasts) for each in found]

    def cell(name: str) -> Cell:
        values = [_figure(each, name) for each in scores]
        return Spread.of(values) if len(values) > 1 else values[0]

    cost: tuple[Cell, ...] = (
        found[0].parameters or None,
        float(np.mean([each.seconds for each in found])),
        len(found) if method in NETWORKS else None,
    )
    return (method, cell("Matthews"), standard_error(draws), *(cell(name) for name, _ in FIGURES[1:]), *cost)


def _figure(scores: Scores, name: str) -> float:
    return float(getattr(scores, name.lower().replace(" ", "_")))


def _notes(case: StockCase, walks: dict[str, list[Trial]], draws: dict[str, np.ndarray], tbptt: str) -> list[str]:
    mean = {name: float(np.mean([score(each.forecasts).matthews for each in found])) for name, found in walks.items()}
    rivals = [*NAIVE, *(name for name in walks if name not in (*NAIVE, OURS))]
    gains = [
        said_gain(OURS, name, mean[OURS] - mean[name], standard_error(draws[OURS] - draws[name])) for name in rivals
    ]
    shares = score(walks[OURS][0].forecasts).share_loss
    count = len(walks[OURS])
    words = f"Networks: TBPTT({tbptt}), mean of {count} seed{'s' * (count > 1)}" + (
        " ± standard deviation over them; the standard error is of that mean, over sessions." if count > 1 else "."
    )
    return [
        *gains,
        f"Log loss of the training part's class shares: {shares:.4f}; lower is better.",
        words,
        *rule_notes(case, walks[OURS][0].forecasts),
        *case.notes,
    ]
