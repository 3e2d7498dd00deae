"""A trained network's scores beside the rules', in words where it loses; and its forecasts of what comes next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from throughtime.base.errors import DataError
from throughtime.recipes.ahead.methods import REFERENCE, RULES, known_columns, names_for, rule_forecasts
from throughtime.recipes.ahead.problem import Problem
from throughtime.recipes.ahead.reading import named
from throughtime.recipes.ahead.scores import LEVELS, Errors, errors, figures, gain, mean_mase
from throughtime.recipes.table import Cell, Column, Table
from throughtime.tasks import SequenceToSequence

COLUMNS = (
    Column("method"),
    *(Column(name, digits=3) for name in ("OWA", "sMAPE", "MASE")),
    Column("RMSE", digits=None),
    Column("CRPS", digits=3),
    *(Column(f"{level} %", "coverage", 3) for level in LEVELS),
)
NAMED = {"lstm": "LSTM", "rnn": "Elman RNN", "perceptron": "perceptron"}
SURE = 2  # standard errors from which on a difference is told as one


def rule_errors(problem: Problem) -> dict[str, Errors]:
    """The errors of the rules that are fitted at each origin."""
    names = [name for name in names_for(problem) if name in RULES]
    fitted = {name: RULES[name]().fit(problem.tracks, problem.plan.horizon, problem.plan.season) for name in names}
    return {name: errors(problem, rule_forecasts(problem, rule)) for name, rule in fitted.items()}


def scores_table(problem: Problem, ours: str, found: Mapping[str, Errors], given_up: str = "") -> Table:
    """One row for each method.

    Args:
        problem: series and cut.
        ours: the network's name among the methods.
        found: errors by method, naive2's among them.
        given_up: why the network does not tell its own forecasts; "" where it does.
    """
    rows: list[tuple[Cell, ...]] = [(name, *figures(each, found[REFERENCE]).values()) for name, each in found.items()]
    rivals = {name: [each] for name, each in found.items() if name != ours}
    said = compared(ours, [found[ours]], rivals, len(problem.truth))
    said = (*([f"The {ours}: {given_up}."] if given_up else []), *said)
    return Table(heading(problem), COLUMNS, tuple(rows), (*said, measures_note(problem), *problem.notes))


def heading(problem: Problem) -> str:
    """What is forecast, of how much."""
    count, plan = len(problem.truth), problem.plan
    return (
        f"{problem.title}: {count:,} series, {plan.horizon} step{'s' * (plan.horizon > 1)} ahead, "
        f"{len(problem.origins()):,} forecasts"
    )


def compared(ours: str, own: Sequence[Errors], rivals: Mapping[str, Sequence[Errors]], series: int) -> tuple[str, ...]:
    """Where a network loses, is level, and wins, one sentence each; losses first. Nothing where no MASE is known."""
    said: dict[str, list[str]] = {"loses to": [], "is level with": [], "beats": []}
    for name, theirs in rivals.items():
        mean, error = gain(own, theirs, series)
        word = "is level with" if not abs(mean) > SURE * error else "beats" if mean > 0 else "loses to"
        reach = f" ±{SURE * error:.3f}" if np.isfinite(error) else ""
        said[word].append(f"{name} ({mean_mase(theirs):.3f}, {-mean:+.3f}{reach})")
    if not np.isfinite(mean_mase(own)):
        return ()
    start = f"The {ours} (MASE {mean_mase(own):.3f})"
    return tuple(f"{start} {word} {', '.join(names)}." for word, names in said.items() if names)


def measures_note(problem: Problem) -> str:
    """What the figures are in units of."""
    season = problem.plan.season
    change = f"mean change over a season of {season} steps" if season > 1 else "mean change from step to step"
    return (
        f"OWA: mean of sMAPE and MASE in units of {REFERENCE}'s, less is better. MASE and CRPS are in units of each "
        f"series' {change} before it is tested; RMSE is in the table's unit. A difference is told as one beyond "
        f"the number behind ±, {SURE} standard errors over series."
    )


def next_table(problem: Problem, fitted: SequenceToSequence) -> Table:
    """The steps after the last row of every series with 80 and 95 % intervals.

    Where columns are known ahead, the table goes on with rows that hold them and no targets, one for each step.

    Raises:
        DataError: columns are known ahead, and a series does not go on far enough.
    """
    series, horizon = problem.series, problem.plan.horizon
    known = None
    if series.known:
        places = series.places(series.known)
        heads = [values[:horizon, places] for values in problem.ahead.values]
        short = [
            name
            for name, values in zip(series.ids, heads, strict=True)
            if len(values) < horizon or np.isnan(values).any()
        ]
        if short:
            raise DataError(
                f"What is known ahead is needed for every step to be forecast, {', '.join(series.known)}: "
                f"{len(short)} of {len(series)} series do not go on with {horizon} rows of it, {named(short)}. Add "
                "rows that hold id, time and these columns, and no targets."
            )
        known = known_columns(problem.ahead.part(slice(0, horizon)).to_frame(), problem)
    frame = fitted.predict(series.to_frame(), level=list(LEVELS), known=known)
    return _as_table(frame, problem)


def _as_table(frame: pl.DataFrame, problem: Problem) -> Table:
    series = problem.series
    index = [name for name in (series.id_name, series.time_name) if name and name in frame.columns]
    ends = [Column(end, f"{level} % interval", None) for level in LEVELS for end in ("from", "to")]
    several = len(series.targets) > 1
    columns = [
        *(Column(name) for name in index),
        *([Column("target")] if several else []),
        Column("forecast", digits=None),
        *ends,
    ]
    rows: list[tuple[Cell, ...]] = []
    for row in frame.iter_rows(named=True):
        for name in series.targets:
            reach = [row[f"{name}_{end}_{level}"] for level in LEVELS for end in ("lo", "hi")]
            rows.append((*(row[each] for each in index), *([name] if several else []), row[name], *reach))
    title = f"{problem.title}: the next {problem.plan.horizon} steps of {', '.join(series.targets)}"
    return Table(title, tuple(columns), tuple(rows), problem.notes)
