"""`throughtime compare` of sequences told apart: every method on the same problem, in one table.

All are fitted on the training part and chosen inside it; the test part is scored once, at the end. Networks run from
several seeds, each trial on one core. Whether the LSTM is better than another method is said in a sentence, by the
problem's own measure, and only where the gap is more than two of its standard errors.

Dimensions: N test sequences, K classes.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import groupby

from throughtime.recipes.labelling.methods import MAJORITY, NETWORKS, Trial, baselines, try_baseline, try_network
from throughtime.recipes.labelling.problem import ACCURACY, LabelProblem
from throughtime.recipes.labelling.scores import Scores, difference, measures, score, wilson
from throughtime.recipes.labelling.settings import Model
from throughtime.recipes.table import Cell, Column, Spread, Table
from throughtime.recipes.trials import run_trials

Found = dict[str, list[Trial]]
OURS = "LSTM"
INTERVAL = "accuracy, 95 %"
# Standard errors of a gap that are taken for more than noise: about one gap in twenty is as large by chance.
NOISE = 2.0


def compare_methods(problem: LabelProblem, model: Model, tbptt: str, seeds: int, progress: bool) -> Table:
    """Try every method and set the scores side by side.

    Args:
        problem: the sequences.
        model: settings of the networks; `seed` is the first of the seeds, `cell` is not used.
        tbptt: schedule of the networks, such as "n,n".
        seeds: trials of each network, at least 1.
        progress: whether to show how many trials are done.
    """
    rivals = list(baselines(problem.kind))
    trials = [
        partial(try_network, problem, name, model, tbptt, model.seed + seed)
        for seed in range(seeds)
        for name in reversed(NETWORKS)
    ]
    trials += [partial(try_baseline, problem, name) for name in reversed(rivals)]
    order = [*rivals, *NETWORKS]
    done = sorted(run_trials(trials, progress), key=lambda trial: order.index(trial.method))
    found = {name: list(group) for name, group in groupby(done, key=lambda trial: trial.method)}
    return table_of(problem, found)


def table_of(problem: LabelProblem, found: Found) -> Table:
    """The table of some trials, by method."""
    columns = [
        Column("method"),
        *(Column(name, digits=3) for name in measures(len(problem.classes), problem.wanted is not None)),
        *(Column(end, INTERVAL, 3) for end in ("from", "to")),
        Column("parameters"),
        Column("seconds", digits=1),
        Column("seeds"),
    ]
    rows = []
    for name, trials in found.items():
        cells = _cells(problem, trials, name in NETWORKS)
        rows.append((name, *(cells[column.key] for column in columns[1:])))
    title = f"{problem.title}: {len(problem.test):,} test sequences of {len(problem.classes)} classes"
    return Table(title, tuple(columns), tuple(rows), tuple(_notes(problem, found)))


def _cells(problem: LabelProblem, trials: list[Trial], network: bool) -> dict[str, Cell]:
    truth = problem.codes(problem.test)
    scores: list[Scores] = [score(truth, trial.probability, problem.wanted) for trial in trials]
    cells: dict[str, Cell] = {}
    for name in scores[0]:
        values = [each[name] for each in scores]
        cells[name] = Spread.of(values) if len(values) > 1 else values[0]
    right = sum(each[ACCURACY] for each in scores) / len(scores)
    ends = wilson(right, len(truth))
    cells |= {f"{INTERVAL}.{end}": value for end, value in zip(("from", "to"), ends, strict=True)}
    cells["parameters"] = trials[0].parameters
    cells["seconds"] = sum(trial.seconds for trial in trials) / len(trials)
    cells["seeds"] = len(trials) if network else None
    return cells


def _notes(problem: LabelProblem, found: Found) -> Iterator[str]:
    if OURS in found:
        yield from (_against(problem, found, rival) for rival in found if rival not in (OURS, MAJORITY))
        yield (
            f"A gap counts where it is more than {NOISE:g} of its standard errors, which hold what another test part "
            "and other seeds may change."
        )
    yield (
        "Rule of selection: everything is fitted on the training part and chosen inside it, by cross-validation or by "
        "a validation part; the test part is scored once."
    )
    count = max(len(trials) for trials in found.values())
    if count > 1:
        yield f"Networks: mean of {count} seeds ± standard deviation over them; seconds are those of one seed."
    yield from (f"Chosen for {name}: {trials[0].choice}." for name, trials in found.items() if trials[0].choice)
    yield from problem.notes


def _against(problem: LabelProblem, found: Found, rival: str) -> str:
    """Whether our network beats a rival, in a plain sentence."""
    given = [[trial.probability for trial in found[name]] for name in (OURS, rival)]
    ours, theirs, error = difference(problem.codes(problem.test), given[0], given[1], problem.metric)
    gap, other = ours - theirs, f"the {rival}" if rival in NETWORKS else rival
    shown = (
        f"{problem.metric} {ours:.3f} against {theirs:.3f}, a gap of {gap:+.3f} with a standard error of {error:.3f}"
    )
    if abs(gap) <= NOISE * error or gap == 0:
        return f"The LSTM does not differ from {other} by more than noise: {shown}."
    return f"The LSTM {'beats' if gap > 0 else 'does not beat'} {other}: {shown}."
