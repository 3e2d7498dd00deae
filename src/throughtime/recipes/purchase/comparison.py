"""`throughtime compare purchase`: every method on the same purchases, in one table.

All are fitted on what trains; what validates alone chooses (how fast neighbours forget, the epoch that is kept); what
is to be told is ranked once, at the end. Networks run from several seeds, each trial on one core.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import groupby

import numpy as np

from throughtime.recipes.purchase.methods import NETWORKS, RULES, Trial, try_network, try_rule
from throughtime.recipes.purchase.problem import Problem
from throughtime.recipes.purchase.settings import Model
from throughtime.recipes.purchase.verdict import interval_note
from throughtime.recipes.table import Cell, Column, Spread, Table
from throughtime.recipes.trials import run_trials

Found = dict[str, list[Trial]]
OURS = "LSTM"
RIVALS = ("first-order Markov", "item neighbours", "perceptron", "Elman RNN")


def compare_methods(problem: Problem, model: Model, top: int, tbptt: str, seeds: int, progress: bool) -> Table:
    """Try every method and set the scores side by side.

    Args:
        problem: the purchases.
        model: settings of the networks; `seed` is the first of the seeds.
        top: items that Hit and NDCG look at.
        tbptt: schedule of the networks, such as "40,40".
        seeds: trials of each network, at least 1.
        progress: whether to show how many trials are done.
    """
    trials = [partial(try_rule, problem, name, top) for name in RULES]
    trials += [
        partial(try_network, problem, name, model, tbptt, model.seed + seed)
        for seed in range(seeds)
        for name in NETWORKS
    ]
    order = [*RULES, *NETWORKS]
    done = sorted(run_trials(trials, progress), key=lambda trial: order.index(trial.method))
    found = {name: list(group) for name, group in groupby(done, key=lambda trial: trial.method)}
    headings = found[OURS][0].scores(top)
    costs = Column("parameters"), Column("seconds", digits=1), Column("seeds")
    columns = (Column("method"), *(Column(heading, digits=3) for heading in headings), *costs)
    rows = tuple((name, *_scores(found[name], top), *_costs(name, found[name])) for name in order)
    title = f"{problem.title}: the next purchase of {len(problem.told):,} users out of {len(problem.catalogue):,} items"
    return Table(title, columns, rows, tuple(_notes(problem, found, model, top, tbptt)))


def _scores(trials: list[Trial], top: int) -> Iterator[Cell]:
    scores = [trial.scores(top) for trial in trials]
    for heading in scores[0]:
        values = [each[heading] for each in scores]
        yield Spread.of(values) if len(values) > 1 else values[0]


def _costs(name: str, trials: list[Trial]) -> tuple[Cell, ...]:
    seconds = sum(trial.seconds for trial in trials) / len(trials)
    return trials[0].parameters, seconds, len(trials) if name in NETWORKS else None


def _notes(problem: Problem, found: Found, model: Model, top: int, tbptt: str) -> Iterator[str]:
    yield from (_against(found, rival, top) for rival in RIVALS)
    yield interval_note(found[OURS][0].ranks, top).replace("the first row", "a single LSTM")
    yield (
        f"Rule of selection: everything is fitted on what trains and chosen on what validates; what is told is ranked "
        f"once. Networks: TBPTT({tbptt}), the state carried through a user's whole history; only the perceptron has a "
        f"window, of {model.window_steps} purchases."
    )
    count = len(found[OURS])
    if count > 1:
        yield f"Networks: mean of {count} seeds ± standard deviation over them; seconds are those of one seed."
    yield from (f"Chosen for {name}: {found[name][0].choice}." for name in RULES if found[name][0].choice)
    yield (
        "No ridge, logistic regression or boosting: each asks for a row per user, purchase and item, here "
        f"{len(problem.catalogue):,} for every purchase. Markov counts and neighbours take their place."
    )
    yield from problem.notes


def _against(found: Found, rival: str, top: int) -> str:
    """Whether our network beats a rival, with what chance in who is scored leaves open, in a plain sentence."""
    ours, theirs = (np.mean([trial.ranks <= top for trial in found[name]], axis=0) for name in (OURS, rival))
    gain = ours - theirs  # [N] of each user, mean over seeds
    mean, reach = float(gain.mean()), float(1.96 * gain.std() / len(gain) ** 0.5)
    word = "is level with" if abs(mean) <= reach else "beats" if mean > 0 else "does not beat"
    named = f"the {rival}" if rival in NETWORKS else rival
    return (
        f"The LSTM {word} {named}: Hit@{top} {ours.mean():.3f} against {theirs.mean():.3f}, a difference of "
        f"{mean:+.3f} ±{reach:.3f} (95 % interval over users)."
    )
