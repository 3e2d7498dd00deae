"""`throughtime compare forecast`: every method from the same origins, in one table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import numpy as np

from throughtime.recipes.ahead.methods import (
    FALLEN_BACK,
    LEARNERS,
    NETWORKS,
    REFERENCE,
    RULES,
    Trial,
    names_for,
    try_network,
    try_rule,
)
from throughtime.recipes.ahead.problem import Problem
from throughtime.recipes.ahead.scores import figures
from throughtime.recipes.ahead.settings import Model
from throughtime.recipes.ahead.verdict import COLUMNS, compared, heading, measures_note
from throughtime.recipes.table import Cell, Column, Spread, Table
from throughtime.recipes.trials import run_trials

OURS = "LSTM"
Found = Mapping[str, Sequence[Trial]]


def compare_methods(problem: Problem, model: Model, tbptt: str, seeds: int, progress: bool) -> Table:
    """Try every method and set the scores side by side.

    Args:
        problem: series and cut.
        model: settings of the networks; `seed` is the first of the seeds.
        tbptt: their schedule.
        seeds: trainings of each network, at least 1.
        progress: whether to show how many trials are done.
    """
    order = names_for(problem)
    # What takes longest first, so that the cores end together.
    trials = [partial(try_rule, problem, name) for name in reversed(LEARNERS)]
    trials += [
        partial(try_network, problem, name, model, tbptt, model.seed + seed)
        for seed in range(seeds)
        for name in NETWORKS
    ]
    trials += [partial(try_rule, problem, name) for name in order if name in RULES]
    done = run_trials(trials, progress)
    found = {name: [trial for trial in done if trial.method == name] for name in order}
    columns = (*COLUMNS, Column("parameters"), Column("seconds", digits=1), Column("seeds"))
    rows = tuple(_row(name, found) for name in order)
    return Table(heading(problem), columns, rows, tuple(_notes(problem, found, tbptt)))


def _row(name: str, found: Found) -> tuple[Cell, ...]:
    trials, reference = found[name], found[REFERENCE][0].errors
    scores = [figures(trial.errors, reference) for trial in trials]
    cells: list[Cell] = []
    for key in scores[0]:
        values = [each[key] for each in scores]
        cells.append(Spread.of(values) if len(values) > 1 else values[0])
    seconds = float(np.mean([trial.seconds for trial in trials]))
    return (name, *cells, trials[0].parameters or None, seconds, len(trials) if name in NETWORKS else None)


def _notes(problem: Problem, found: Found, tbptt: str) -> Iterator[str]:
    rivals = {name: [trial.errors for trial in trials] for name, trials in found.items() if name != OURS}
    yield from compared(OURS, [trial.errors for trial in found[OURS]], rivals, len(problem.truth))
    yield measures_note(problem)
    yield (
        "Rule of selection: learners and networks learn from the training parts, the validation parts choose, the test "
        f"parts are scored once. Rules are fitted anew at each origin. Networks: TBPTT({tbptt})."
    )
    count = len(found[OURS])
    if count > 1:
        yield f"Networks: mean of {count} seeds ± standard deviation over them; seconds are those of one seed."
    yield "Intervals of rules and learners: Gaussian, as wide as one-step errors (rules) or validation errors imply."
    yield from (f"Chosen for {name}: {found[name][0].choice}." for name in LEARNERS)
    for name in NETWORKS:
        given_up = sum(bool(trial.choice) for trial in found[name])
        if given_up:
            yield f"{name}, {given_up} of {len(found[name])} trainings: {FALLEN_BACK}."
    yield from problem.notes
