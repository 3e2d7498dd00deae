"""A forecasting problem as a case: trained by `tasks.SequencePredictor`, one step ahead, the state carried on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch.distributed as dist

from throughtime.base.errors import DataError
from throughtime.base.run_folder import RunFolder
from throughtime.data import read_again
from throughtime.insight import Gates, inspect
from throughtime.nn import LSTM
from throughtime.recipes import reach_by_epoch
from throughtime.recipes.forecasting import report
from throughtime.recipes.forecasting.comparison import compare_methods
from throughtime.recipes.forecasting.look import look_into
from throughtime.recipes.forecasting.methods import (
    check_network,
    fit_network,
    forecasts_of,
    measured_tbptt,
    usual_tbptt,
)
from throughtime.recipes.forecasting.problem import Problem, prepared, read_own
from throughtime.recipes.forecasting.scores import LEVELS
from throughtime.recipes.forecasting.settings import Settings
from throughtime.recipes.forecasting.verdict import next_step_table, scores_table
from throughtime.recipes.recipe import Case, Look, ProblemCase
from throughtime.recipes.settings import parse
from throughtime.recipes.table import Table
from throughtime.tasks import SequencePredictor
from throughtime.train import ReachWatch, watching
from throughtime.train.ranks import Ranks


@dataclass(frozen=True)
class ForecastCase(ProblemCase):
    """A table's problem with the settings it was made by.

    Args:
        problem: table and split.
        chosen: settings, every guess filled in.
        own: whether the table is the user's, whose length decides the schedule.
    """

    problem: Problem
    chosen: Settings
    own: bool = False

    def table(self) -> dict[str, Any]:
        """See `Case.table`."""
        return self.problem.series.arguments()

    def check(self, tbptt: str | None, ranks: Ranks) -> None:
        """See `Case.check`."""
        check_network(self.problem, self.chosen.model, tbptt, ranks)

    def usual_tbptt(self, recipes: str) -> str:
        """See `Case.usual_tbptt`; for a user's table that of `SequencePredictor(tbptt=None)`."""
        return usual_tbptt(self.problem, self.chosen.model) if self.own else recipes

    def measured_tbptt(self, progress: bool, group: dist.ProcessGroup | None) -> str:
        """See `Case.measured_tbptt`."""
        return measured_tbptt(self.problem, self.chosen.model, progress, group)

    def fit(
        self, tbptt: str, *, run: RunFolder | None, progress: bool, group: dist.ProcessGroup | None
    ) -> SequencePredictor:
        """See `Case.fit`."""
        with watching(ReachWatch() if self.chosen.model.reach else None):
            return fit_network(self.problem, self.chosen.model, tbptt, run=run, progress=progress, group=group)

    def scores(self, model: SequencePredictor) -> Table:
        """See `Case.scores`."""
        rows = max(int(length) for length in self.problem.series.lengths)
        if rows < 2:
            raise DataError(
                f"An evaluation needs at least 2 rows of a series, one to forecast the next from: {self.title} has "
                f"{rows}. Give it more; predict takes one."
            )
        return scores_table(self.problem, forecasts_of(model, self.problem, LEVELS))

    def predictions(self, model: SequencePredictor) -> Table:
        """The step after each series' last row."""
        return next_step_table(self.problem, model)

    def report(self, model: SequencePredictor, tbptt: str, record: Mapping[str, Any]) -> tuple[Table, str]:
        """See `Case.report`."""
        forecasts = forecasts_of(model, self.problem, report.LEVELS)
        table, history = scores_table(self.problem, forecasts), model.history_
        assert history is not None
        assert history.best_epoch is not None  # there was a validation part
        network = (
            f"{self.chosen.model.cell} with {model.parameters_count_:,} parameters, TBPTT({tbptt}), seed "
            f"{self.chosen.model.seed}; epoch {history.best_epoch + 1} of {len(history.epochs)} kept; trained in "
            f"{model.seconds_:.1f} s."
        )
        gates = _gates(model, self.problem)
        page = report.render(report.Evidence(self.problem, forecasts, history, gates, table, record, network))
        reach = reach_by_epoch.sentences(history, tbptt)
        return replace(table, notes=(*table.notes, network, *reach)), page

    def compare(self, tbptt: str, seeds: int, progress: bool) -> Table:
        """See `Case.compare`."""
        # Of all cells the perceptron, which has a window too, asks most of the settings.
        check_network(self.problem, replace(self.chosen.model, cell="perceptron"), tbptt)
        return compare_methods(self.problem, self.chosen.model, tbptt, seeds, progress)

    def inspect(self, model: SequencePredictor, look: Look) -> Table:
        """The memory cell of the LSTM at one step."""
        return look_into(model, self.problem, look)


def read_other(data: str | Path | Any, settings: Mapping[str, Any], table: Mapping[str, Any], scored: bool) -> Case:
    """Another table, read as a run's own was; all of its rows count as test rows."""
    del scored  # the last row of a table is forecast whether or not others are scored
    chosen = parse(settings, Settings())
    frame, title = read_own(data)
    series = read_again(prepared(frame, chosen.columns), table)
    empty = series.part(slice(0, 0))
    return ForecastCase(Problem(title, series, (empty, empty, series), chosen.columns, ()), chosen)


def _gates(predictor: SequencePredictor, problem: Problem) -> Gates | None:
    """Gates of the first series at every step but the last; None where the network has no LSTM."""
    layers = [layer for layer in predictor.network_.modules() if isinstance(layer, LSTM)]
    if not layers:
        return None
    first = problem.series.to_frame()[: int(problem.series.lengths[0])]
    return inspect(layers[0], predictor.network_input(first)).layer(0)
