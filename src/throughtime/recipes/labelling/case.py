"""Sequences told apart as a case: trained by `tasks.SequenceClassifier`, every sequence read whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch.distributed as dist

from throughtime.base.run_folder import RunFolder
from throughtime.recipes.labelling import report
from throughtime.recipes.labelling.comparison import compare_methods
from throughtime.recipes.labelling.explaining import drawings, look_into
from throughtime.recipes.labelling.methods import check_network, fit_network, probabilities
from throughtime.recipes.labelling.problem import LabelProblem, Reading, other_problem
from throughtime.recipes.labelling.settings import Model
from throughtime.recipes.labelling.tables import predictions_table, scores_table
from throughtime.recipes.learning import in_words
from throughtime.recipes.recipe import Look, ProblemCase
from throughtime.recipes.settings import Groups
from throughtime.recipes.table import Table
from throughtime.tasks import SequenceClassifier
from throughtime.tasks.labels import as_labels
from throughtime.train.ranks import Ranks


@dataclass(frozen=True)
class LabelCase(ProblemCase):
    """A problem of labelled sequences with the settings it was made by.

    Args:
        problem: training and test part; where another table was read, the classifier's classes stand for the first.
        chosen: all settings, in groups; one of them is `model`.
        test_file: of a test part that lies in a file of its own; None: there is none.
    """

    problem: LabelProblem
    chosen: Groups
    test_file: str | None = None

    @property
    def model(self) -> Model:
        """Settings of network and training."""
        return self.chosen.model  # type: ignore[attr-defined]  # every such recipe has this group

    def beside(self) -> tuple[Path, ...]:
        """The file of the test part, where it has one of its own."""
        return () if self.test_file is None else (Path(self.test_file),)

    def table(self) -> dict[str, Any]:
        """The classes and their counts in training, so that other data can be set beside them."""
        labels = as_labels(self.problem.train.labels, len(self.problem.train))
        counts = {str(label): labels.count(label) for label in self.problem.classes}
        return {"classes": list(self.problem.classes), "counts": list(counts.values())}

    def check(self, tbptt: str | None, ranks: Ranks) -> None:
        """See `Case.check`."""
        check_network(self.problem, self.model, tbptt, ranks)

    def fit(
        self, tbptt: str, *, run: RunFolder | None, progress: bool, group: dist.ProcessGroup | None
    ) -> SequenceClassifier:
        """See `Case.fit`."""
        return fit_network(self.problem, self.model, tbptt, run=run, progress=progress, group=group)

    def scores(self, model: SequenceClassifier) -> Table:
        """See `Case.scores`."""
        return scores_table(self.problem, probabilities(model, self.problem, self.problem.test.sequences))

    def predictions(self, model: SequenceClassifier) -> Table:
        """The class of each sequence of the test part, with calibrated probabilities."""
        return predictions_table(self.problem, probabilities(model, self.problem, self.problem.test.sequences))

    def report(self, model: SequenceClassifier, tbptt: str, record: Mapping[str, Any]) -> tuple[Table, str]:
        """See `Case.report`."""
        given = probabilities(model, self.problem, self.problem.test.sequences)
        table, history = scores_table(self.problem, given), model.history_
        assert history is not None  # it was trained just now
        said = self._said(model, tbptt)
        plain = _at_temperature(given, model.temperature_)
        drawn = drawings(model, self.problem, given)
        evidence = report.Evidence(self.problem, given, plain, history, table, record, said, drawn)
        return replace(table, notes=(*table.notes, *said)), report.render(evidence)

    def compare(self, tbptt: str, seeds: int, progress: bool) -> Table:
        """See `Case.compare`."""
        # Of all cells the perceptron, which has a window too, asks most of the settings.
        check_network(self.problem, replace(self.model, cell="perceptron"), tbptt)
        return compare_methods(self.problem, self.model, tbptt, seeds, progress)

    def inspect(self, model: SequenceClassifier, look: Look) -> Table:
        """What a sequence of the test part owes its class to."""
        return look_into(model, self.problem, look)

    def _said(self, model: SequenceClassifier, tbptt: str) -> tuple[str, ...]:
        """What there is to say of the network, the network itself first."""
        history = model.history_
        assert history is not None  # it was trained just now
        network = (
            f"{self.model.cell} with {model.parameters_count_:,} parameters, TBPTT({tbptt}), seed {self.model.seed}; "
            f"{in_words(history, model.seconds_)}"
        )
        calibrated = f"Calibration: logits divided by {model.temperature_:.2f}, chosen inside the training part."
        return (network, *model.chosen_, calibrated)


def case_of_others(
    reading: Reading, problem: LabelProblem, chosen: Groups, table: Mapping[str, Any], scored: bool
) -> LabelCase:
    """Other sequences as a case whose test part they all are.

    Args:
        reading: the others.
        problem: what is to be the same as in the run's own: kind, metric, twin; its parts are not used.
        chosen: the run's settings.
        table: as the run's own case gave it.
        scored: whether labels are needed.

    Raises:
        DataError: empty sequences, no labels to score by, or a label of no class of the run.
    """
    labels = [label for label, count in zip(table["classes"], table["counts"], strict=True) for _ in range(count)]
    nothing = Reading(reading.title, [""] * len(labels), labels, [""] * len(labels))
    return LabelCase(other_problem(replace(problem, train=nothing), reading, scored), chosen)


def _at_temperature(given: Any, temperature: float) -> Any:
    """Probabilities [N, K] as they were before their logits were divided."""
    raised = given**temperature
    return raised / raised.sum(1, keepdims=True)
