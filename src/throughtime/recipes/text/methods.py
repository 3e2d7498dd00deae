"""The methods a corpus is tried with: n-grams, and perceptron, Elman RNN and LSTM; and their tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby

import torch.distributed as dist

from throughtime.base.run_folder import RunFolder
from throughtime.recipes.settings import Cell
from throughtime.recipes.table import Column, Spread, Table
from throughtime.recipes.text.problem import TextProblem
from throughtime.recipes.text.rivals import Scored, bits_of, orders, symbols_of, try_ngrams
from throughtime.recipes.text.settings import Model, estimator_of
from throughtime.recipes.trials import run_trials
from throughtime.tasks import SequenceGenerator

NETWORKS: dict[str, Cell] = {"perceptron": "perceptron", "Elman RNN": "rnn", "LSTM": "lstm"}
OURS = "LSTM"
# Standard errors of a gap between seeds that are taken for more than noise.
NOISE = 2.0


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


def scored(problem: TextProblem, model: SequenceGenerator, name: str) -> Scored:
    """What a generator makes of the test part."""
    nats = model.score(problem.test)
    symbols = len(symbols_of(problem.test, model.encoding_)) - 1
    return Scored(name, nats, bits_of(nats, symbols, problem), model.parameters_count_, model.seconds_)


def try_network(problem: TextProblem, name: str, model: Model, tbptt: str, seed: int) -> Scored:
    """Fit one of `NETWORKS` from one seed and score the test part."""
    return scored(problem, fit_network(problem, replace(model, cell=NETWORKS[name], seed=seed), tbptt), name)


def scores_table(problem: TextProblem, model: SequenceGenerator, kind: str) -> Table:
    """A generator beside n-grams on the test part; alone where there is no training part to count."""
    rivals = [try_ngrams(problem, kind, order) for order in (orders(kind) if problem.train else ())]
    rows = [*rivals, scored(problem, model, "network")]
    return _table(problem, [[each] for each in rows], counted=False)


def compare_methods(problem: TextProblem, model: Model, tbptt: str, seeds: int, progress: bool) -> Table:
    """Try every method and set the scores side by side.

    Args:
        problem: the corpus.
        model: settings of the networks; `seed` is the first of the seeds, `cell` is not used.
        tbptt: schedule of the networks.
        seeds: trials of each network, at least 1.
        progress: whether to show how many trials are done.
    """
    trials = [
        partial(try_network, problem, name, model, tbptt, model.seed + seed)
        for seed in range(seeds)
        for name in reversed(NETWORKS)
    ]
    trials += [partial(try_ngrams, problem, model.symbols, order) for order in orders(model.symbols)]
    done = run_trials(trials, progress)
    ngrams = [each.method for each in done if each.method not in NETWORKS]
    order = [*ngrams, *NETWORKS]
    found = sorted(done, key=lambda each: order.index(each.method))
    return _table(problem, [list(group) for _, group in groupby(found, key=lambda each: each.method)], counted=True)


def _table(problem: TextProblem, found: Sequence[Sequence[Scored]], counted: bool) -> Table:
    """One row a method; with numbers of seeds where networks were tried from several."""
    columns = [
        Column("method"),
        Column("nats a symbol", digits=3),
        Column("bits a character", digits=3),
        Column("perplexity", digits=2),
        Column("parameters"),
        Column("seconds", digits=1),
        *([Column("seeds")] if counted else []),
    ]
    rows = []
    for trials in found:
        spread = [Spread.of(getattr(each, name) for each in trials) for name in ("nats", "bits", "perplexity")]
        shown = spread if len(trials) > 1 else [each.mean for each in spread]
        seconds = sum(each.seconds for each in trials) / len(trials)
        seeds = [len(trials) if trials[0].method in NETWORKS else None] if counted else []
        rows.append((trials[0].method, *shown, trials[0].parameters, seconds, *seeds))
    title = f"{problem.title}: {problem.characters:,} characters of test text"
    return Table(title, tuple(columns), tuple(rows), tuple(_notes(problem, found)))


def _notes(problem: TextProblem, found: Sequence[Sequence[Scored]]) -> Iterator[str]:
    yield from problem.notes
    yield "Smaller is better. Parameters of n-grams are those counted; a symbol that is not known counts as unknown."
    ours = next((trials for trials in found if trials[0].method in (OURS, "network")), None)
    rivals = [trials for trials in found if trials[0].method not in (*NETWORKS, "network")]
    if ours is None or not rivals:
        return
    rival = min(rivals, key=_mean)
    gap = _mean(rival) - _mean(ours)
    noise = NOISE * Spread.of(each.nats for each in ours).deviation / len(ours) ** 0.5
    if abs(gap) <= noise:
        yield f"Between {ours[0].method} and {rival[0].method} there is no more than noise."
        return
    yield (
        f"{ours[0].method} is {'better' if gap > 0 else 'worse'} than {rival[0].method} by {abs(gap):.3f} nats a symbol"
        f"{'' if gap > 0 else ': n-grams are enough for this corpus, or the network wants more training'}"
        f"{'' if len(ours) > 1 else '; one training, so that no spread is known'}."
    )


def _mean(trials: Sequence[Scored]) -> float:
    return Spread.of(each.nats for each in trials).mean
