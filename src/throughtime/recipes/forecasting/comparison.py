"""`throughtime compare`: every method on the same problem, in one table.

All are fitted on the training part; the validation part alone chooses (lags, penalties, trees, harmonics, the epoch
that is kept); the test part is scored once, at the end. Networks run from several seeds, each trial on one core.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import groupby

from throughtime.data.clock import show_time
from throughtime.recipes.forecasting.methods import BASELINES, NETWORKS, Trial, try_baseline, try_network
from throughtime.recipes.forecasting.problem import Problem
from throughtime.recipes.forecasting.scores import LEVELS, few_rows_note
from throughtime.recipes.forecasting.settings import Model
from throughtime.recipes.table import Cell, Column, Spread, Table, three_figures
from throughtime.recipes.trials import run_trials
from throughtime.tasks.baselines import TEST

Found = dict[str, list[Trial]]
REFERENCE, OURS = "persistence", "LSTM"
RIVALS = ("ridge on lags", "boosting on lags", "perceptron", "Elman RNN")
SKILL = "skill against persistence"


def compare_methods(problem: Problem, model: Model, tbptt: str, seeds: int, progress: bool) -> Table:
    """Try every method and set the scores side by side.

    Args:
        problem: table and split.
        model: settings of the networks; `seed` is the first of the seeds.
        tbptt: schedule of the networks, such as "50,50".
        seeds: trials of each network, at least 1.
        progress: whether to show how many trials are done.
    """
    trials = [partial(try_baseline, problem, name) for name in reversed(BASELINES)]
    trials += [
        partial(try_network, problem, name, model, tbptt, model.seed + seed)
        for seed in range(seeds)
        for name in NETWORKS
    ]
    order = [*BASELINES, *NETWORKS]
    done = sorted(run_trials(trials, progress), key=lambda trial: order.index(trial.method))
    found = {name: list(group) for name, group in groupby(done, key=lambda trial: trial.method)}
    columns = [Column("method"), *_score_columns(problem, found), *_cost_columns()]
    rows = [tuple(_cell(column, name, found) for column in columns) for name in order]
    return Table(_title(problem), tuple(columns), tuple(rows), tuple(_notes(problem, found, model, tbptt)))


def _title(problem: Problem) -> str:
    test = problem.parts[TEST]
    times = [moment for series in test.times or [] for moment in series]
    span = f", {show_time(min(times))} to {show_time(max(times))}" if times else ""
    return f"{problem.title}, one step ahead: {int(test.lengths.sum()):,} test rows{span}"


def _score_columns(problem: Problem, found: Found) -> Iterator[Column]:
    numeric, classes = problem.numeric, tuple(problem.classes)
    digits = {name: three_figures(found[REFERENCE][0].scores["RMSE", name]) for name in numeric}
    yield from (Column(name, "RMSE", digits[name]) for name in numeric)
    yield from (Column(name, "Brier", 3) for name in classes)
    yield from (Column(name, SKILL, 3) for name in (*numeric, *classes))
    yield from (Column(name, "MAE", digits[name]) for name in numeric)
    yield from (Column(name, f"coverage {level}", 2) for level in LEVELS for name in numeric)
    yield from (Column(name, measure, 3) for measure in ("log loss", "accuracy") for name in classes)


def _cost_columns() -> tuple[Column, ...]:
    return Column("parameters"), Column("seconds", digits=1), Column("seeds")


def _cell(column: Column, method: str, found: Found) -> Cell:
    trials = found[method]
    if column.name == "method" and not column.group:
        return method
    if not column.group:
        costs: dict[str, Cell] = {
            "parameters": trials[0].parameters,
            "seconds": sum(trial.seconds for trial in trials) / len(trials),
            "seeds": len(trials) if method in NETWORKS else None,
        }
        return costs[column.name]
    values = [_value(trial, column, found[REFERENCE][0]) for trial in trials]
    return Spread.of(values) if len(values) > 1 else values[0]


def _value(trial: Trial, column: Column, reference: Trial) -> float:
    if column.group != SKILL:
        return trial.scores[column.group, column.name]
    measure = "RMSE" if ("RMSE", column.name) in trial.scores else "Brier"
    error, of_reference = trial.scores[measure, column.name], reference.scores[measure, column.name]
    # A target that never moves in the test part leaves persistence without error, and skill without meaning.
    return 1 - error / of_reference if of_reference > 0 else math.nan


def _notes(problem: Problem, found: Found, model: Model, tbptt: str) -> Iterator[str]:
    yield from (_against(problem, found, rival) for rival in RIVALS)
    yield (
        "Rule of selection: everything is fitted on the training part and chosen on the validation part; the test part "
        f"is scored once. Networks: TBPTT({tbptt}), state carried from training through validation and test; only the "
        f"perceptron has a window, of {model.window_steps} steps."
    )
    count = len(found[OURS])
    if count > 1:
        yield f"Networks: mean of {count} seeds ± standard deviation over them; seconds are those of one seed."
    if problem.numeric:
        yield "Intervals of the first four methods: Gaussian, as wide as their validation residuals."
    yield from (f"Chosen for {name}: {found[name][0].choice}." for name in BASELINES if found[name][0].choice)
    yield from problem.notes
    yield from few_rows_note(problem)


def _against(problem: Problem, found: Found, rival: str) -> str:
    """Whether our network beats a rival, target by target, in a plain sentence."""
    verdicts: dict[str, list[str]] = {"beats": [], "is level with": [], "does not beat": []}
    for measure, name in [("RMSE", name) for name in problem.numeric] + [("Brier", name) for name in problem.classes]:
        ours, theirs = (
            sum(trial.scores[measure, name] for trial in found[method]) / len(found[method]) for method in (OURS, rival)
        )
        digits = 3 if measure == "Brier" else three_figures(found[REFERENCE][0].scores["RMSE", name])
        shown = f"{ours:.{digits}f}", f"{theirs:.{digits}f}"
        word = "is level with" if shown[0] == shown[1] else "beats" if ours < theirs else "does not beat"
        verdicts[word].append(f"{name} ({shown[0]} against {shown[1]})")
    words = [f"{word} {_named(rival)} on {_listed(names)}" for word, names in verdicts.items() if names]
    return f"The LSTM {'; it '.join(words)}."


def _named(rival: str) -> str:
    return f"the {rival}" if rival in NETWORKS else rival


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + names[-1]
