"""A trained classifier's scores beside the majority class's, and what it says of each sequence, as tables."""

from __future__ import annotations

from collections import Counter

import numpy as np

from throughtime.recipes.labelling.problem import ACCURACY, ENOUGH, LabelProblem
from throughtime.recipes.labelling.scores import Floats, score, wilson
from throughtime.recipes.table import Cell, Column, Table

# Columns of probabilities; of more classes only the likeliest is shown.
MOST_CLASSES = 8


def scores_table(problem: LabelProblem, probability: Floats) -> Table:
    """One row for each measure: the network's figure, and that of saying the training part's shares of each sequence.

    Args:
        problem: with a labelled test part.
        probability: [N, K] of the test part.
    """
    truth = problem.codes(problem.test)
    shares = np.bincount(problem.codes(problem.train)) / len(problem.train)
    found, naive = (score(truth, each, problem.wanted) for each in (probability, np.tile(shares, (len(truth), 1))))
    low, high = wilson(found[ACCURACY], len(truth))
    columns = Column("measure"), Column("network", digits=3), Column("majority class", digits=3)
    rows = tuple((name, found[name], naive[name]) for name in found)
    title = f"{problem.title}: {len(truth):,} test sequences of {len(problem.classes)} classes"
    said = f"Accuracy on another {len(truth):,} test sequences: {low:.3f} to {high:.3f} (95 %)."
    few = (f"Few sequences: {len(truth)} are scored, and scores of so few say little.",)
    added = few if len(truth) < ENOUGH and not any(note.startswith("Few sequences") for note in problem.notes) else ()
    return Table(title, columns, rows, (*problem.notes, *added, said))


def predictions_table(problem: LabelProblem, probability: Floats) -> Table:
    """One row for each sequence of the test part: its likeliest class, and the probability of each.

    Args:
        problem: the sequences, with or without labels.
        probability: [N, K].
    """
    classes = [str(label) for label in problem.classes]
    many = len(classes) > MOST_CLASSES
    shown = [Column("probability", digits=3)] if many else [Column(label, "probability", 3) for label in classes]
    rows: list[tuple[Cell, ...]] = []
    for name, given in zip(problem.test.names, probability, strict=True):
        best = int(given.argmax())
        rows.append((name, classes[best], *([float(given[best])] if many else map(float, given))))
    counts = Counter(str(row[1]) for row in rows)
    said = "Likeliest classes: " + ", ".join(f"{label} {counts[label]:,}" for label in classes if counts[label]) + "."
    title = f"{problem.title}: {len(rows):,} sequences"
    columns = Column("sequence"), Column("class", words=True), *shown
    return Table(title, columns, tuple(rows), (*problem.notes, said))
