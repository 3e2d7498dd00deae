"""The methods that music is tried with: rules, and perceptron, Elman RNN and LSTM; and their tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import torch.distributed as dist

from throughtime.base.run_folder import RunFolder
from throughtime.recipes.by_method import trials_of, tried
from throughtime.recipes.by_nats import NETWORK, NETWORKS, OF_NGRAMS, OURS, Scored, Unit, scores_of
from throughtime.recipes.music.kinds import Kind, Melody
from throughtime.recipes.music.problem import MusicProblem
from throughtime.recipes.music.reading import TEST, TRAIN, VALID
from throughtime.recipes.music.rivals import rules
from throughtime.recipes.music.settings import Model, estimator_of
from throughtime.recipes.table import Column, Table
from throughtime.tasks import SequenceGenerator
from throughtime.tasks.generator_options import OVER_KEYS

# Beside a network that tells keys together, the same one that does not: what of a gap to the rules chords account for.
ALONE = "LSTM, each key alone"
_OF_ROLLS = "Smaller is better; a piece's first frame is read, not told."
_CHORDS = (
    "Rates and Markov take each key by itself, the network tells a frame's keys together (emission=keys): a part of "
    "its gain is that chords are whole; "
)
ADVICE = "rules are enough for this music, or the network wants more training"


def fit_network(
    problem: MusicProblem,
    model: Model,
    tbptt: str,
    *,
    run: RunFolder | None = None,
    progress: bool = False,
    group: dist.ProcessGroup | None = None,
) -> SequenceGenerator:
    """Train a generator on the training part.

    Args:
        problem: the music.
        model: network and training.
        tbptt: schedule, such as "100,100".
        run: folder that keeps checkpoints and events, and from which an interrupted training goes on.
        progress: whether to show a progress bar.
        group: ranks that train together.

    Raises:
        ConfigError, DataError: settings or pieces break a rule.
        Interrupted: by Ctrl-C or SIGTERM, after a checkpoint.
    """
    emission = problem.kind.emission(model.emission)
    estimator = estimator_of(model, emission, tbptt, progress, problem.read[VALID])
    return estimator.fit(problem.read[TRAIN], run=run, group=group)


def scored(problem: MusicProblem, model: SequenceGenerator, name: str) -> Scored:
    """What a generator makes of the test part."""
    nats = model.score(problem.read[TEST])
    return Scored(name, nats, model.parameters_count_, model.seconds_, seeded=True)


def try_network(problem: MusicProblem, model: Model, tbptt: str, name: str, seed: int) -> Scored:
    """Fit one of `NETWORKS`, or `ALONE`, from one seed and score the test part."""
    model = replace(model, emission="bernoulli") if name == ALONE else model
    chosen = replace(model, cell=NETWORKS[OURS if name == ALONE else name], seed=seed)
    return scored(problem, fit_network(problem, chosen, tbptt), name)


def scores_table(problem: MusicProblem, model: SequenceGenerator) -> Table:
    """A generator beside rules on the test part; alone where there is no training part to count."""
    rivals = [rule() for rule in (rules(problem) if problem.train else ())]
    return _table(
        problem, model.emission, [[each] for each in (*rivals, scored(problem, model, NETWORK))], counted=False
    )


def compare_methods(problem: MusicProblem, model: Model, tbptt: str, seeds: int, progress: bool) -> Table:
    """Try every method and set the scores side by side.

    Args:
        problem: the music.
        model: settings of the networks; `seed` is the first of the seeds, `cell` is not used.
        tbptt: schedule of the networks.
        seeds: trials of each network, at least 1.
        progress: whether to show how many trials are done.
    """
    emission = problem.kind.emission(model.emission)
    networks = [*([ALONE] if emission == OVER_KEYS else []), *NETWORKS]
    trials = trials_of(partial(try_network, problem, model, tbptt), networks, model.seed, seeds)
    return _table(problem, emission, tried([*trials, *rules(problem)], progress, networks), counted=True)


def unit_of(kind: Kind) -> Unit:
    """What nats are of."""
    beside = {"perplexity": Column("perplexity")} if isinstance(kind, Melody) else {}
    return Unit(kind.step, beside, ADVICE)


def _table(problem: MusicProblem, emission: str, found: Sequence[Sequence[Scored]], counted: bool) -> Table:
    title = f"{problem.title}: {problem.steps:,} {problem.kind.step}s of {len(problem.test):,} test pieces"
    notes = [*problem.notes, OF_NGRAMS if isinstance(problem.kind, Melody) else _OF_ROLLS]
    if emission == OVER_KEYS and problem.train:
        notes.append(_CHORDS + (f"{ALONE}, shows the rest." if counted else "throughtime compare shows the rest."))
    return scores_of(title, unit_of(problem.kind), found, notes, counted)
