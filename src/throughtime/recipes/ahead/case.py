"""Many series as a case: trained by `tasks.SequenceToSequence`, scored from rolling origins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch.distributed as dist

from throughtime.base.run_folder import RunFolder
from throughtime.recipes.ahead import report
from throughtime.recipes.ahead.comparison import compare_methods
from throughtime.recipes.ahead.methods import check_network, fallen_back, fit_network, network_forecasts
from throughtime.recipes.ahead.problem import Problem, other_problem
from throughtime.recipes.ahead.scores import errors
from throughtime.recipes.ahead.settings import Settings
from throughtime.recipes.ahead.verdict import NAMED, next_table, rule_errors, scores_table
from throughtime.recipes.forecasting.problem import read_own
from throughtime.recipes.learning import in_words
from throughtime.recipes.recipe import Case, ProblemCase
from throughtime.recipes.settings import parse
from throughtime.recipes.table import Table
from throughtime.tasks import SequenceToSequence
from throughtime.train.ranks import Ranks


@dataclass(frozen=True)
class AheadCase(ProblemCase):
    """Series with the settings they were read by.

    Args:
        problem: series and cut.
        chosen: settings, every guess filled in.
    """

    problem: Problem
    chosen: Settings

    def table(self) -> dict[str, Any]:
        """See `Case.table`."""
        return self.problem.series.arguments()

    def check(self, tbptt: str | None, ranks: Ranks) -> None:
        """See `Case.check`."""
        check_network(self.problem, self.chosen.model, tbptt, ranks)

    def fit(
        self, tbptt: str, *, run: RunFolder | None, progress: bool, group: dist.ProcessGroup | None
    ) -> SequenceToSequence:
        """See `Case.fit`."""
        return fit_network(self.problem, self.chosen.model, tbptt, run=run, progress=progress, group=group)

    def scores(self, model: SequenceToSequence) -> Table:
        """See `Case.scores`."""
        ours = NAMED[model.cell]
        found = {ours: errors(self.problem, network_forecasts(self.problem, model)), **rule_errors(self.problem)}
        return scores_table(self.problem, ours, found, fallen_back(model))

    def predictions(self, model: SequenceToSequence) -> Table:
        """The steps after each series' last row."""
        return next_table(self.problem, model)

    def report(self, model: SequenceToSequence, tbptt: str, record: Mapping[str, Any]) -> tuple[Table, str]:
        """See `Case.report`."""
        ours, forecasts = NAMED[model.cell], network_forecasts(self.problem, model)
        found = {ours: errors(self.problem, forecasts), **rule_errors(self.problem)}
        table = scores_table(self.problem, ours, found, fallen_back(model))
        trained = in_words(model.history_, model.seconds_) if model.history_ else f"trained in {model.seconds_:.1f} s."
        network = (
            f"{ours} with {model.parameters_count_:,} parameters, TBPTT({tbptt}), seed {self.chosen.model.seed}; "
            f"{trained}"
        )
        page = report.render(report.Evidence(self.problem, forecasts, found, model.history_, table, record, network))
        return replace(table, notes=(*table.notes, network)), page

    def compare(self, tbptt: str, seeds: int, progress: bool) -> Table:
        """See `Case.compare`."""
        check_network(self.problem, replace(self.chosen.model, cell="perceptron"), tbptt)
        return compare_methods(self.problem, self.chosen.model, tbptt, seeds, progress)


def read_other(data: str | Path | Any, settings: Mapping[str, Any], table: Mapping[str, Any], scored: bool) -> Case:
    """Another table, read as a run's own was; forecasts from its series' last origins are tested."""
    chosen = parse(settings, Settings())
    frame, title = read_own(data)
    return AheadCase(other_problem(frame, title, chosen, table, scored), chosen)
