"""Purchases as a case: trained by `tasks.PurchasePredictor`, one purchase ahead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch.distributed as dist

from throughtime.base.run_folder import RunFolder
from throughtime.recipes.purchase import report
from throughtime.recipes.purchase.comparison import compare_methods
from throughtime.recipes.purchase.methods import RULES, check_network, fit_network, ranks_by, rule
from throughtime.recipes.purchase.problem import Problem, other_problem
from throughtime.recipes.purchase.reading import read_own
from throughtime.recipes.purchase.settings import Settings
from throughtime.recipes.purchase.verdict import NAMED, ranks_of_run, recommended, scores_table
from throughtime.recipes.recipe import Case, ProblemCase
from throughtime.recipes.settings import parse
from throughtime.recipes.table import Table
from throughtime.tasks import PurchasePredictor
from throughtime.train.ranks import Ranks


@dataclass(frozen=True)
class PurchaseCase(ProblemCase):
    """A table's problem with the settings it was made by.

    Args:
        problem: purchases and their split.
        chosen: settings, every guess filled in.
    """

    problem: Problem
    chosen: Settings

    def table(self) -> dict[str, Any]:
        """What the items' ids are."""
        return {"items": self.problem.item_kind}

    def check(self, tbptt: str | None, ranks: Ranks) -> None:
        """See `Case.check`."""
        check_network(self.problem, self.chosen.model, tbptt, ranks)

    def fit(
        self, tbptt: str, *, run: RunFolder | None, progress: bool, group: dist.ProcessGroup | None
    ) -> PurchasePredictor:
        """See `Case.fit`."""
        return fit_network(self.problem, self.chosen.model, tbptt, run=run, progress=progress, group=group)

    def scores(self, model: PurchasePredictor) -> Table:
        """See `Case.scores`."""
        return scores_table(self.problem, ranks_of_run(self.problem, model), self.chosen.ranking.top)

    def predictions(self, model: PurchasePredictor) -> Table:
        """What each user is likeliest to buy next."""
        return recommended(self.problem, model, self.chosen.ranking.listed)

    def report(self, model: PurchasePredictor, tbptt: str, record: Mapping[str, Any]) -> tuple[Table, str]:
        """See `Case.report`."""
        top, history = self.chosen.ranking.top, model.history_
        assert history is not None
        assert history.best_epoch is not None  # there was a validation part
        ranks = ranks_of_run(self.problem, model)
        ranks |= {name: ranks_by(rule(self.problem, name, top)[0], self.problem) for name in RULES[1:]}
        table = scores_table(self.problem, ranks, top)
        network = (
            f"{NAMED[model.cell]} with {model.parameters_count_:,} parameters for {len(model.items_):,} items, "
            f"TBPTT({tbptt}), seed {model.seed}; epoch {history.best_epoch + 1} of {len(history.epochs)} kept; trained "
            f"in {model.seconds_:.1f} s."
        )
        page = report.render(report.Evidence(self.problem, model, ranks, table, top, record, network))
        return replace(table, notes=(*table.notes, network)), page

    def compare(self, tbptt: str, seeds: int, progress: bool) -> Table:
        """See `Case.compare`."""
        check_network(self.problem, replace(self.chosen.model, cell="perceptron"), tbptt)
        return compare_methods(self.problem, self.chosen.model, self.chosen.ranking.top, tbptt, seeds, progress)


def read_other(data: str | Path | Any, settings: Mapping[str, Any], table: Mapping[str, Any], scored: bool) -> Case:
    """Another table, read as a run's own was; each user's last purchase is told from those before it."""
    chosen = parse(settings, Settings())
    frame, title = read_own(data)
    return PurchaseCase(other_problem(frame, title, chosen, table["items"], scored), chosen)
