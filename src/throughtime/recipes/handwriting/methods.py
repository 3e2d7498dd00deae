"""The methods that handwriting is tried with: rules, and perceptron, Elman RNN and LSTM; and their tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import torch.distributed as dist

from throughtime.base.run_folder import RunFolder
from throughtime.recipes.by_method import trials_of, tried
from throughtime.recipes.by_nats import NETWORK, NETWORKS, OURS, Scored, Unit, scores_of
from throughtime.recipes.handwriting.drawing import phrases_of, points_of
from throughtime.recipes.handwriting.problem import HandwritingProblem
from throughtime.recipes.handwriting.rivals import RULES, try_rule
from throughtime.recipes.handwriting.settings import Model, estimator_of
from throughtime.recipes.table import Table
from throughtime.tasks import SequenceGenerator

# Beside a network that reads the phrase, the same kind of one that does not: what of a gap the phrase accounts for.
UNREAD = "LSTM without the phrase"
UNIT = Unit("point", {}, "rules are enough for these strokes, or the network wants more training")
_NATS = (
    "Smaller is better; of a density in the strokes' own units, so that it may lie below 0. A drawing's first point is "
    "read, not told."
)
_READS = "Of all methods only the {} reads the phrase; "


def fit_network(
    problem: HandwritingProblem,
    model: Model,
    tbptt: str,
    *,
    run: RunFolder | None = None,
    progress: bool = False,
    group: dist.ProcessGroup | None = None,
) -> SequenceGenerator:
    """Train a generator on the training part, with its phrases where the problem has them.

    Args:
        problem: the drawings.
        model: network and training.
        tbptt: schedule, such as "100,100".
        run: folder that keeps checkpoints and events, and from which an interrupted training goes on.
        progress: whether to show a progress bar.
        group: ranks that train together.

    Raises:
        ConfigError, DataError: settings or drawings break a rule.
        Interrupted: by Ctrl-C or SIGTERM, after a checkpoint.
    """
    strokes, valid = points_of(problem.train), points_of(problem.valid)
    if not problem.phrased:
        return estimator_of(model, tbptt, progress, valid).fit(strokes, run=run, group=group)
    own = (valid, phrases_of(problem.valid)) if valid else None
    return estimator_of(model, tbptt, progress, own).fit(strokes, phrases_of(problem.train), run=run, group=group)


def scored(problem: HandwritingProblem, model: SequenceGenerator, name: str) -> Scored:
    """What a generator makes of the test part."""
    phrases = phrases_of(problem.test) if problem.phrased else None
    nats = model.score(points_of(problem.test), phrases)
    return Scored(name, nats, model.parameters_count_, model.seconds_, seeded=True)


def try_network(problem: HandwritingProblem, model: Model, tbptt: str, name: str, seed: int) -> Scored:
    """Fit one of `NETWORKS`, or `UNREAD`, from one seed and score the test part; of all only our own reads phrases."""
    chosen = replace(model, cell=NETWORKS[OURS if name == UNREAD else name], seed=seed)
    asked = problem if name == OURS else replace(problem, phrased=False)
    return scored(asked, fit_network(asked, chosen, tbptt), name)


def scores_table(problem: HandwritingProblem, model: SequenceGenerator) -> Table:
    """A generator beside rules on the test part; alone where there is no training part to count."""
    rivals = [try_rule(problem, name) for name in (RULES if problem.train else ())]
    return _table(problem, [[each] for each in (*rivals, scored(problem, model, NETWORK))], counted=False)


def compare_methods(problem: HandwritingProblem, model: Model, tbptt: str, seeds: int, progress: bool) -> Table:
    """Try every method and set the scores side by side.

    Args:
        problem: the drawings.
        model: settings of the networks; `seed` is the first of the seeds, `cell` is not used.
        tbptt: schedule of the networks.
        seeds: trials of each network, at least 1.
        progress: whether to show how many trials are done.
    """
    perceptron, rnn, ours = NETWORKS
    networks = [perceptron, rnn, *([UNREAD] if problem.phrased else []), ours]
    trials = trials_of(partial(try_network, problem, model, tbptt), networks, model.seed, seeds)
    rules = [partial(try_rule, problem, name) for name in RULES]
    return _table(problem, tried([*trials, *rules], progress, networks), counted=True)


def _table(problem: HandwritingProblem, found: Sequence[Sequence[Scored]], counted: bool) -> Table:
    title = f"{problem.title}: {problem.points:,} points of {len(problem.test):,} test drawings"
    notes = [*problem.notes, _NATS]
    if problem.phrased and problem.train:
        of = _READS.format(OURS if counted else NETWORK)
        notes.append(of + (f"{UNREAD} shows what of its gain that is." if counted else "throughtime compare has more."))
    return scores_of(title, UNIT, found, notes, counted)
