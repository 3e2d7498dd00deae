"""The methods a corpus is tried with: n-grams, and perceptron, Elman RNN and LSTM; and their tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import torch.distributed as dist

from throughtime.base.run_folder import RunFolder
from throughtime.recipes.by_method import trials_of, tried
from throughtime.recipes.by_nats import NETWORK, NETWORKS, OF_NGRAMS, Scored, Unit, scores_of
from throughtime.recipes.ngrams import symbols_of
from throughtime.recipes.table import Column, Table
from throughtime.recipes.text.problem import TextProblem
from throughtime.recipes.text.rivals import TextScored, bits_of, orders, try_ngrams
from throughtime.recipes.text.settings import Model, estimator_of
from throughtime.tasks import SequenceGenerator

UNIT = Unit(
    "symbol",
    {"bits": Column("bits a character", digits=3), "perplexity": Column("perplexity", digits=2)},
    "n-grams are enough for this corpus, or the network wants more training",
)


def fit_network(
    problem: TextProblem,
    model: Model,
    tbptt: str,
    *,
    run: RunFolder | None = None,
    progress: bool = False,
    group: dist.ProcessGroup | None = None,
) -> SequenceGenerator:
    """Train a generator on the training part.

    Args:
        problem: the corpus.
        model: network and training.
        tbptt: schedule, such as "100,100".
        run: folder that keeps checkpoints and events, and from which an interrupted training goes on.
        progress: whether to show a progress bar.
        group: ranks that train together.

    Raises:
        ConfigError, DataError: settings or texts break a rule.
        Interrupted: by Ctrl-C or SIGTERM, after a checkpoint.
    """
    return estimator_of(model, tbptt, progress).fit(problem.train, run=run, group=group)


def scored(problem: TextProblem, model: SequenceGenerator, name: str) -> TextScored:
    """What a generator makes of the test part."""
    nats = model.score(problem.test)
    symbols = len(symbols_of(problem.test, model.encoding_)) - 1
    bits = bits_of(nats, symbols, problem)
    return TextScored(name, nats, model.parameters_count_, model.seconds_, seeded=True, bits=bits)


def try_network(problem: TextProblem, model: Model, tbptt: str, name: str, seed: int) -> TextScored:
    """Fit one of `NETWORKS` from one seed and score the test part."""
    return scored(problem, fit_network(problem, replace(model, cell=NETWORKS[name], seed=seed), tbptt), name)


def scores_table(problem: TextProblem, model: SequenceGenerator, kind: str) -> Table:
    """A generator beside n-grams on the test part; alone where there is no training part to count."""
    rivals = [try_ngrams(problem, kind, order) for order in (orders(kind) if problem.train else ())]
    return _table(problem, [[each] for each in (*rivals, scored(problem, model, NETWORK))], counted=False)


def compare_methods(problem: TextProblem, model: Model, tbptt: str, seeds: int, progress: bool) -> Table:
    """Try every method and set the scores side by side.

    Args:
        problem: the corpus.
        model: settings of the networks; `seed` is the first of the seeds, `cell` is not used.
        tbptt: schedule of the networks.
        seeds: trials of each network, at least 1.
        progress: whether to show how many trials are done.
    """
    trials = trials_of(partial(try_network, problem, model, tbptt), list(NETWORKS), model.seed, seeds)
    ngrams = [partial(try_ngrams, problem, model.symbols, order) for order in orders(model.symbols)]
    return _table(problem, tried([*trials, *ngrams], progress, list(NETWORKS)), counted=True)


def _table(problem: TextProblem, found: Sequence[Sequence[Scored]], counted: bool) -> Table:
    title = f"{problem.title}: {problem.characters:,} characters of test text"
    return scores_of(title, UNIT, found, (*problem.notes, OF_NGRAMS), counted)
