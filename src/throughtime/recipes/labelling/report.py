"""`report.html` of sequences told apart: scores, learning curve, what is taken for what, calibration, examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from throughtime import metrics
from throughtime.recipes.labelling import pictures
from throughtime.recipes.labelling.problem import LabelProblem
from throughtime.recipes.labelling.scores import Floats
from throughtime.recipes.learning import learning_curve
from throughtime.recipes.page import as_html, as_paragraphs, page, quiet, settings_table
from throughtime.recipes.table import Cell, Column, Table
from throughtime.train import History

# Of each kind; and letters of a sequence that fit a row of the page.
EXAMPLES, SHOWN = 3, 60


@dataclass(frozen=True)
class Evidence:
    """What the report shows.

    Args:
        problem: the sequences.
        probability: [N, K] of the test part.
        uncalibrated: [N, K] before division by the temperature.
        history: of the training.
        scores: on the test part.
        settings: what repeats the run.
        network: what there is to say of the network, a line each.
        drawings: headings and HTML of sections to stand before the settings, such as attributions.
    """

    problem: LabelProblem
    probability: Floats
    uncalibrated: Floats
    history: History
    scores: Table
    settings: Mapping[str, Any]
    network: Sequence[str]
    drawings: Sequence[tuple[str, str]] = field(default=())


def render(evidence: Evidence) -> str:
    """The page as text."""
    problem, given = evidence.problem, evidence.probability
    truth, classes = problem.codes(problem.test), [str(label) for label in problem.classes]
    sections = [
        ("Scores on the test part", as_html(evidence.scores) + as_paragraphs(evidence.scores.notes)),
        ("Learning curve", learning_curve(evidence.history, "nats a sequence")),
        ("What is taken for what", pictures.confusion(truth, given, classes)),
        *_shares(evidence, truth, classes),
        ("Calibration on the test part", pictures.reliability(truth, given, evidence.uncalibrated)),
        ("Surest of the test part", _examples(problem, given)),
        *evidence.drawings,
        ("What repeats this run", as_html(settings_table(evidence.settings))),
    ]
    return page(problem.title, evidence.network[0], sections)


def _shares(evidence: Evidence, truth: Any, classes: Sequence[str]) -> list[tuple[str, str]]:
    if len(classes) > 2:
        return [("Class by class", pictures.by_class(truth, evidence.probability, classes))]
    if len(set(truth.tolist())) < 2:
        return []  # no false alarm, or nothing to find
    found = 1 if evidence.problem.wanted is None else evidence.problem.wanted
    truth, given = (truth == found).astype(np.int64), evidence.probability[:, [1 - found, found]]
    area = metrics.roc_auc(truth, given[:, 1])
    return [("Found over false alarms", pictures.roc(truth, given, classes[found], area))]


def _examples(problem: LabelProblem, probability: Floats) -> str:
    """The sequences that were told right, and wrong, with the highest probability."""
    right = probability.argmax(1) == problem.codes(problem.test)
    parts = []
    for title, kept in (("Right:", right), ("Wrong:", ~right)):
        places = np.flatnonzero(kept)
        order = places[np.argsort(-probability.max(1)[places], kind="stable")][:EXAMPLES]
        table = as_html(_listed(problem, probability, order)) if len(order) else quiet("None.")
        parts.append(quiet(title) + table)
    return "".join(parts)


def _listed(problem: LabelProblem, probability: Floats, places: Any) -> Table:
    columns = Column("sequence"), Column("class", words=True), Column("said", words=True), Column("probability")
    rows: list[tuple[Cell, ...]] = []
    for place in places:
        said = probability[place].argmax()
        shown = problem.test.names[place], str((problem.test.labels or [])[place]), str(problem.classes[said])
        rows.append((*shown, float(probability[place, said]), _beginning(problem.test.sequences[place])))
    return Table("examples", (*columns, Column("begins", words=True)), tuple(rows))


def _beginning(sequence: Any) -> str:
    if isinstance(sequence, str):
        return sequence if len(sequence) <= SHOWN else f"{sequence[:SHOWN]}…"
    return f"{len(sequence):,} steps"
