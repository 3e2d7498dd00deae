"""The methods that summarize, beginnings, the nearest document, networks; and their tables."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec

import torch.distributed as dist

from throughtime.base.run_folder import RunFolder
from throughtime.metrics import rouge, rouge_words
from throughtime.recipes.by_method import table_of, trials_of, tried
from throughtime.recipes.by_nats import NETWORK, NOISE, OURS
from throughtime.recipes.summarize.problem import Part, SummaryProblem
from throughtime.recipes.summarize.rules import first_sentence, first_words, nearest, usual_words
from throughtime.recipes.summarize.settings import Model, Writing, estimator_of
from throughtime.recipes.table import Column, Spread, Table
from throughtime.tasks import SequenceToSequence

HAS_ROUGE = find_spec("rouge_score") is not None
WITHOUT = "LSTM without copying"
# What each network changes in the settings; all look at the document.
NETWORKS: dict[str, dict[str, object]] = {
    "perceptron": {"cell": "perceptron"},
    "Elman RNN": {"cell": "rnn"},
    WITHOUT: {"cell": "lstm", "copy": False, "coverage": 0.0},
    OURS: {"cell": "lstm"},
}
LEAD, BODY, SENTENCE, NEAREST = "lead words", "lead words of the body", "lead sentence", "nearest document"


@dataclass(frozen=True)
class Scored:
    """What one method makes of the test part; None where it says nothing of the kind.

    Args:
        method: its name.
        one, two, longest: ROUGE-1, ROUGE-2 and ROUGE-L.
        copied: the share of its words that stand in the document.
        nats: a symbol, the mean of -log p over symbols and ends of the true summaries.
        parameters: numbers fitted.
        seconds: of fitting.
    """

    method: str
    one: float | None
    two: float | None
    longest: float | None
    copied: float
    nats: float | None
    parameters: int
    seconds: float


def fit_network(
    problem: SummaryProblem,
    model: Model,
    tbptt: str,
    *,
    run: RunFolder | None = None,
    progress: bool = False,
    group: dist.ProcessGroup | None = None,
) -> SequenceToSequence:
    """Train a summarizer on the training part.

    Args:
        problem: the documents; it has a part that trains.
        model: network and training.
        tbptt: schedule, such as "n,n".
        run: folder that keeps checkpoints and events, and from which an interrupted training goes on.
        progress: whether to show a progress bar.
        group: ranks that train together.

    Raises:
        ConfigError, DataError: settings or documents break a rule.
        Interrupted: by Ctrl-C or SIGTERM, after a checkpoint.
    """
    train, held = problem.train, problem.validation
    assert train is not None
    validation = None if held is None else (held.documents, held.summaries)
    estimator = estimator_of(model, tbptt, progress, validation)
    return estimator.fit(train.documents, train.summaries, run=run, group=group)


def summaries_of(model: SequenceToSequence, part: Part, writing: Writing) -> list[str]:
    """A summarizer's summaries of all documents of a part."""
    return model.predict(part.documents, beam=writing.beam, no_repeat=writing.no_repeat)


def copied_share(documents: Sequence[str], summaries: Sequence[str]) -> float:
    """The share of the summaries' words that stand in their documents; nan where there is no word."""
    total = there = 0
    for document, summary in zip(documents, summaries, strict=True):
        known, words = set(rouge_words(document)), rouge_words(summary)
        total += len(words)
        there += sum(word in known for word in words)
    return there / total if total else math.nan


def scored(
    part: Part, summaries: Sequence[str], name: str, nats: float | None, parameters: int, seconds: float
) -> Scored:
    """A method's figures, from its summaries of a part."""
    found = rouge(summaries, part.summaries) if HAS_ROUGE else None
    one, two, longest = (None, None, None) if found is None else (found.one, found.two, found.longest)
    return Scored(name, one, two, longest, copied_share(part.documents, summaries), nats, parameters, seconds)


def typical(part: Part, summaries: Sequence[str], places: Sequence[int]) -> int:
    """Of some documents the one whose summary has the median ROUGE-L; the middle one where none is counted."""
    if HAS_ROUGE:
        places = sorted(places, key=lambda at: rouge([summaries[at]], [part.summaries[at]]).longest)
    return places[len(places) // 2]


def score_network(
    problem: SummaryProblem, model: SequenceToSequence, summaries: Sequence[str], name: str = NETWORK
) -> Scored:
    """A summarizer's figures on the test part, from its summaries of it."""
    nats = model.score(problem.test.documents, problem.test.summaries)
    return scored(problem.test, summaries, name, nats, model.parameters_count_, model.seconds_)


def try_network(problem: SummaryProblem, model: Model, writing: Writing, tbptt: str, name: str, seed: int) -> Scored:
    """Fit one of `NETWORKS` from one seed and score the test part."""
    fitted = fit_network(problem, replace(model, **NETWORKS[name], seed=seed), tbptt)  # type: ignore[arg-type]
    return score_network(problem, fitted, summaries_of(fitted, problem.test, writing), name)


def try_rules(problem: SummaryProblem) -> list[Scored]:
    """All that needs no network, on the test part."""
    return [scored(problem.test, said, name, None, parameters, 0.0) for name, said, parameters in _rules(problem)]


def leads(problem: SummaryProblem) -> dict[str, list[str]]:
    """The beginnings of the test documents, and of their bodies, as long as summaries usually are.

    A document whose body is empty begins with what it has.
    """
    assert problem.train is not None
    count, test = usual_words(problem.train.summaries), problem.test
    found = {LEAD: [first_words(each, count) for each in test.documents]}
    if test.bodies:
        found[BODY] = [first_words(each, count) for each in _bodies(test)]
    return found


def scores_table(problem: SummaryProblem, model: SequenceToSequence, summaries: Sequence[str]) -> Table:
    """A summarizer beside the rules, on the test part; alone where there is no training part."""
    rivals = try_rules(problem) if problem.train else []
    return _table(problem, [[each] for each in [*rivals, score_network(problem, model, summaries)]], counted=False)


def compare_methods(
    problem: SummaryProblem, model: Model, writing: Writing, tbptt: str, seeds: int, progress: bool
) -> Table:
    """Try every method and set the scores side by side.

    Args:
        problem: the documents.
        model: settings of the networks; `seed` is the first of the seeds, `cell` is not used.
        writing: how test documents are summarized.
        tbptt: schedule of the networks.
        seeds: trials of each network, at least 1.
        progress: whether to show how many trials are done.
    """
    trials = trials_of(partial(try_network, problem, model, writing, tbptt), NETWORKS, model.seed, seeds)
    networks = tried(trials, progress, NETWORKS)
    return _table(problem, [*([each] for each in try_rules(problem)), *networks], counted=True)


def _rules(problem: SummaryProblem) -> Iterator[tuple[str, list[str], int]]:
    """Name, summaries and numbers fitted of each."""
    train, test = problem.train, problem.test
    assert train is not None
    for name, said in leads(problem).items():
        yield name, said, 1
    yield SENTENCE, [first_sentence(each) for each in _bodies(test)], 0
    yield NEAREST, nearest(train.documents, train.summaries, test.documents), 0


def _bodies(part: Part) -> list[str]:
    if not part.bodies:
        return part.documents
    return [body or document for body, document in zip(part.bodies, part.documents, strict=True)]


def _table(problem: SummaryProblem, found: Sequence[Sequence[Scored]], counted: bool) -> Table:
    """One row a method; with numbers of seeds where networks were tried from several."""
    figures = {
        "one": Column("ROUGE-1", digits=1),
        "two": Column("ROUGE-2", digits=1),
        "longest": Column("ROUGE-L", digits=1),
        "copied": Column("copied", digits=2),
        "nats": Column("nats a symbol", digits=3),
    }
    title = f"{problem.title}: {len(problem.test):,} test documents"
    return table_of(title, figures, found, list(_notes(problem, found)), NETWORKS if counted else None)


def _notes(problem: SummaryProblem, found: Sequence[Sequence[Scored]]) -> Iterator[str]:
    yield from problem.notes
    if problem.train is not None:
        yield (
            f"Lead words are {usual_words(problem.train.summaries)}, the median of the training summaries. Of ROUGE, "
            "the mean of 100 F, larger is better; copied is the share of words that stand in the document."
        )
    if HAS_ROUGE:
        yield from verdict(found)
    else:
        yield "ROUGE is counted by rouge-score, which is not installed here: pip install 'throughtime[rouge]'."


def verdict(found: Sequence[Sequence[Scored]]) -> Iterator[str]:
    """Which method has the most ROUGE-L, and how far ours is from the best of those that are not networks.

    Args:
        found: of each method its trials, all with ROUGE.
    """
    ours = next((trials for trials in found if trials[0].method in (OURS, NETWORK)), None)
    rules = [trials for trials in found if trials[0].method not in (*NETWORKS, NETWORK)]
    if ours is None or not rules:
        return
    best = max(found, key=_mean)
    if best is not ours:
        yield f"{best[0].method} has the most ROUGE-L, {_mean(best) - _mean(ours):.1f} more than {ours[0].method}."
    rule = max(rules, key=_mean)
    gap = _mean(ours) - _mean(rule)
    noise = NOISE * Spread.of(each.longest or 0.0 for each in ours).deviation / len(ours) ** 0.5
    alone = "" if len(ours) > 1 else "; one training, so that no spread is known"
    if len(ours) > 1 and abs(gap) <= noise:
        yield f"Between {ours[0].method} and {rule[0].method}, the best rule, there is no more than noise."
    else:
        more = "above" if gap > 0 else "below"
        yield f"{ours[0].method} is {abs(gap):.1f} {more} {rule[0].method}, the best rule, in ROUGE-L{alone}."


def _mean(trials: Sequence[Scored]) -> float:
    return Spread.of(each.longest or 0.0 for each in trials).mean
