"""Which steps of a sequence its class comes from: drawn in the report, and as a table for `inspect`.

Integrated gradients of the class's log-odds against the rest (`tasks.attributions`).
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from throughtime.base.atomic import write_text
from throughtime.base.errors import ConfigError, Notice
from throughtime.insight import Attribution, draw_attribution
from throughtime.recipes.labelling.problem import LabelProblem
from throughtime.recipes.labelling.scores import Floats
from throughtime.recipes.page import quiet
from throughtime.recipes.recipe import Look
from throughtime.recipes.table import Cell, Column, Table
from throughtime.tasks import SequenceClassifier, attributions

# A report shows few drawings, of sequences that a page can hold; each stops at so many points, and says its gap.
DRAWN, MOST_STEPS, REPORT_POINTS, REPORT_TOLERANCE = 3, 600, 256, 0.05
LISTED = 20  # steps of the table
HINT = (
    "What each step adds to the log-odds of the class said, against all others (integrated gradients). The surest of "
    "the test part: two told right, one told wrong."
)


def drawings(model: SequenceClassifier, problem: LabelProblem, probability: Floats) -> list[tuple[str, str]]:
    """A section for the report; none where no test sequence fits a page.

    Args:
        model: fitted.
        problem: its test part has labels.
        probability: [N, K] of the test part.
    """
    places = _shown(problem, probability)
    if not places:
        return []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Notice)  # each drawing says its own gap
        sequences = [problem.test.sequences[place] for place in places]
        found = attributions(model, sequences, tolerance=REPORT_TOLERANCE, most_points=REPORT_POINTS)
        found = [_named(each, problem) for each in found]
    parts = [quiet(HINT)]
    for place, each in zip(places, found, strict=True):
        truth = str((problem.test.labels or [])[place])
        parts.append(quiet(f"{problem.test.names[place]}, whose class is {truth}:"))
        parts.append(draw_attribution(each, page=True))
    return [("Which steps it comes from", "\n".join(parts))]


def look_into(model: SequenceClassifier, problem: LabelProblem, look: Look) -> Table:
    """The steps of one sequence that its class owes most to.

    Args:
        model: fitted.
        problem: the sequence is of its test part.
        look: `series` is the sequence's name, or its number from 1; None: the first.

    Raises:
        ConfigError: there is no such sequence, or a step, unit or layer is asked for.
    """
    extra = [name for name in ("step", "unit", "layer") if getattr(look, name) is not None]
    if extra:
        raise ConfigError(
            f"--{' and --'.join(extra)} is for a network that forecasts step by step: {problem.title} has one class "
            "for each whole sequence. Leave it out, and choose the sequence with --series."
        )
    place = 0 if look.series is None else _place(problem, look.series)
    name = problem.test.names[place]
    (found,) = attributions(model, [problem.test.sequences[place]])
    found = replace(_named(found, problem), name=str(name))
    notes = [
        f"Explained: {found.subject}; {found.answer:.3f}, from {found.start:.3f} of the baseline ({found.baseline}); "
        f"what is listed and not listed misses {found.gap:.1e} of the difference."
    ]
    if look.svg is not None:
        write_text(Path(look.svg), draw_attribution(found))
        notes.append(f"Drawing: {look.svg}.")
    return _table(f"{problem.title}: {name}, said to be {found.label} ({found.probability:.3f})", found, notes)


def _table(title: str, found: Attribution, notes: list[str]) -> Table:
    numbers = found.read is not None
    columns = [Column("step"), Column("number"), *([Column("variable", words=True)] if found.variables else [])]
    columns += [Column("read", digits=None)] if numbers else []
    columns += [Column("adds", digits=3), Column("share", digits=3)]
    rows: list[tuple[Cell, ...]] = []
    for each in found.strongest(LISTED):
        named = [each.variable] if found.variables else []
        read = [each.read] if numbers else []
        rows.append((each.step, found.first + each.place, *named, *read, each.value, each.share))
    return Table(title, tuple(columns), tuple(rows), tuple(notes))


def _named(found: Attribution, problem: LabelProblem) -> Attribution:
    """With the file's own names of variables, where it has such."""
    names = problem.test.variables
    return replace(found, variables=names) if names and found.variables else found


def _shown(problem: LabelProblem, probability: Floats) -> list[int]:
    """The surest right of two classes, and the surest wrong, of those that fit a page."""
    fits = np.array([len(sequence) <= MOST_STEPS for sequence in problem.test.sequences])
    truth, said = problem.codes(problem.test), probability.argmax(1)
    sure = probability.max(1)
    groups = [fits & (said == truth) & (truth == code) for code in range(probability.shape[1])]
    chosen = [_surest(sure, kept) for kept in groups if kept.any()][: DRAWN - 1]
    wrong = fits & (said != truth)
    return chosen + ([_surest(sure, wrong)] if wrong.any() else [])


def _surest(sure: Floats, kept: Any) -> int:
    places = np.flatnonzero(kept)
    return int(places[sure[places].argmax()])


def _place(problem: LabelProblem, given: str) -> int:
    names = [str(name) for name in problem.test.names]
    if given in names:
        return names.index(given)
    if given.isdecimal() and 1 <= int(given) <= len(names):
        return int(given) - 1
    raise ConfigError(
        f"A sequence is called by its name, such as {names[0]!r}, or by its number from 1 to {len(names):,} in the "
        f"test part: {given!r} came. Choose another."
    )
