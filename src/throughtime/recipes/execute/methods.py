"""The methods that run programs, one rule that does not read them and four networks; and their tables."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch.distributed as dist

from throughtime.base.run_folder import RunFolder
from throughtime.recipes.by_method import table_of, trials_of, tried
from throughtime.recipes.by_nats import NETWORK
from throughtime.recipes.execute.judging import Marks
from throughtime.recipes.execute.lessons import ProgramLessons, evenly
from throughtime.recipes.execute.problem import Part, ProgramProblem
from throughtime.recipes.execute.programs import TRAIN
from throughtime.recipes.execute.rivals import CommonestByPlace
from throughtime.recipes.execute.settings import Model, estimator_of
from throughtime.recipes.table import Column, Spread, Table
from throughtime.tasks import SequenceToSequence

RULE, OURS = "commonest by place", "LSTM"
# By name what is other than the settings say.
NETWORKS: dict[str, dict[str, object]] = {
    "perceptron": {"cell": "perceptron"},
    "Elman RNN": {"cell": "rnn"},
    "LSTM without attention": {"cell": "lstm", "heads": 0},
    OURS: {"cell": "lstm"},
}
# Outputs that the rule counts, where programs are drawn.
COUNTED = 5000


@dataclass(frozen=True)
class Scored:
    """What one method makes of the test part.

    Args:
        method: its name.
        accuracy: the share of characters right, told after the right ones, ends among them.
        without_ends: the same without ends.
        exact: the share of outputs right, written freely.
        nats: a character, the mean of -log p; None of the rule.
        parameters: numbers fitted.
        seconds: of fitting.
    """

    method: str
    accuracy: float
    without_ends: float
    exact: float
    nats: float | None
    parameters: int
    seconds: float


def fit_network(
    problem: ProgramProblem,
    model: Model,
    tbptt: str,
    *,
    run: RunFolder | None = None,
    progress: bool = False,
    group: dist.ProcessGroup | None = None,
) -> SequenceToSequence:
    """Train a network on the training part.

    Args:
        problem: the programs; it has a part that trains.
        model: network and training.
        tbptt: schedule, such as "n,n".
        run: folder that keeps checkpoints and events, and from which an interrupted training goes on.
        progress: whether to show a progress bar.
        group: ranks that train together.

    Raises:
        ConfigError, DataError: settings or programs break a rule.
        Interrupted: by Ctrl-C or SIGTERM, after a checkpoint.
    """
    estimator, train = estimator_of(model, tbptt, progress), problem.train
    assert train is not None
    if isinstance(train, ProgramLessons):
        return estimator.fit(train, run=run, group=group)
    return estimator.fit(problem.sources(train), list(train.outputs), run=run, group=group)


def marks_of(problem: ProgramProblem, model: SequenceToSequence, beam: int) -> Marks:
    """What is right of the test part."""
    sources, outputs = problem.sources(problem.test), list(problem.test.outputs)
    return Marks.of(outputs, model.told(sources, outputs), model.predict(sources, beam=beam))


def score_network(problem: ProgramProblem, model: SequenceToSequence, marks: Marks, name: str = NETWORK) -> Scored:
    """A network's figures on the test part, from its marks there."""
    nats = model.score(problem.sources(problem.test), list(problem.test.outputs))
    return _scored(name, marks, nats, model.parameters_count_, model.seconds_)


def try_network(problem: ProgramProblem, model: Model, tbptt: str, name: str, seed: int) -> Scored:
    """Fit one of `NETWORKS` from one seed and score the test part."""
    chosen = replace(model, **NETWORKS[name], seed=seed)  # type: ignore[arg-type]
    fitted = fit_network(_drawn_by(problem, seed), chosen, tbptt)
    return score_network(problem, fitted, marks_of(problem, fitted, model.beam), name)


def try_commonest(problem: ProgramProblem) -> Scored:
    """The rule that reads no program."""
    began = time.perf_counter()
    rule = CommonestByPlace.of(_outputs(problem.train))
    return _scored(RULE, rule.marks(problem.test.outputs), None, len(rule.characters), time.perf_counter() - began)


def scores_table(problem: ProgramProblem, model: SequenceToSequence, marks: Marks) -> Table:
    """A network beside the rule, on the test part; alone where there is no training part."""
    rows = [*([try_commonest(problem)] if problem.train else []), score_network(problem, model, marks)]
    return _table(problem, [[each] for each in rows], counted=False)


def compare_methods(problem: ProgramProblem, model: Model, tbptt: str, seeds: int, progress: bool) -> Table:
    """Try every method and set the scores side by side.

    Args:
        problem: the programs.
        model: settings of the networks; `seed` is the first of the seeds, and drawn programs follow it; `cell` is not
            used, and `heads` by those that have any.
        tbptt: schedule of the networks.
        seeds: trials of each network, at least 1.
        progress: whether to show how many trials are done.
    """
    model = replace(model, heads=model.heads or Model().heads)
    trials = trials_of(partial(try_network, problem, model, tbptt), NETWORKS, model.seed, seeds)
    return _table(problem, tried([*trials, partial(try_commonest, problem)], progress, NETWORKS), counted=True)


def _drawn_by(problem: ProgramProblem, seed: int) -> ProgramProblem:
    """The same problem, with programs drawn for training by another seed; the test part stays."""
    if not isinstance(problem.train, ProgramLessons):
        return problem
    lessons = replace(problem.train, curriculum=replace(problem.train.curriculum, seed=seed))
    return replace(problem, train=lessons)


def _outputs(train: ProgramLessons | Part | None) -> Sequence[str]:
    """What training's programs print, as many of each level."""
    assert train is not None
    if isinstance(train, Part):
        return train.outputs
    chosen = train.curriculum
    each = -(-COUNTED // len(chosen.levels))
    return [drawn.output for drawn in evenly(chosen.seed, TRAIN, chosen.kind, chosen.levels, each)]


def _scored(name: str, marks: Marks, nats: float | None, parameters: int, seconds: float) -> Scored:
    return Scored(name, marks.accuracy, marks.accuracy_without_ends, marks.exact, nats, parameters, seconds)


def _table(problem: ProgramProblem, found: Sequence[Sequence[Scored]], counted: bool) -> Table:
    """One row a method; with numbers of seeds where networks were tried from several."""
    figures = {
        "accuracy": Column("characters right", digits=4),
        "without_ends": Column("without ends", digits=4),
        "exact": Column("outputs right", digits=4),
        "nats": Column("nats", digits=3),
    }
    title = f"{problem.title}: {len(problem.test):,} test programs"
    return table_of(title, figures, found, list(_notes(problem, found)), NETWORKS if counted else None)


def _notes(problem: ProgramProblem, found: Sequence[Sequence[Scored]]) -> Iterator[str]:
    yield from problem.notes
    yield (
        "Characters are told after the right ones before them (teacher-forced), an output's end among them, and beside "
        "it without; outputs are written freely, and right as a whole. Nats are of a character: smaller is better."
    )
    means = {each[0].method: Spread.of(one.accuracy for one in each).mean for each in found}
    ours = next((name for name in (OURS, NETWORK) if name in means), None)
    best = max(means, key=means.__getitem__)
    if ours is not None and best != ours:
        yield f"{best} tells more characters rightly than {ours}, by {means[best] - means[ours]:.4f}."
