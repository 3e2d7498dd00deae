"""The methods that describe images, one caption for all, n-grams without the image, networks; and their tables."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec

import numpy as np
import torch.distributed as dist

from throughtime.base.run_folder import RunFolder
from throughtime.metrics import bleu, cider
from throughtime.recipes.by_method import table_of, trials_of, tried
from throughtime.recipes.by_nats import NETWORK, NETWORKS, OURS
from throughtime.recipes.caption.judging import judge
from throughtime.recipes.caption.problem import CaptionProblem, Part
from throughtime.recipes.caption.settings import Model, Writing, estimator_of
from throughtime.recipes.ngrams import symbols_of
from throughtime.recipes.table import Column, Spread, Table
from throughtime.tasks import CaptionGenerator
from throughtime.tasks.corpus import TextEncoding
from throughtime.tasks.kneser_ney import KneserNey

ORDER = 4  # words of the longest n-gram
HAS_BLEU = find_spec("sacrebleu") is not None


@dataclass(frozen=True)
class Scored:
    """What one method makes of the test part; None where it says nothing of the kind.

    Args:
        method: its name.
        nats: a word, the mean of -log p over words and ends.
        attributes: the share of attributes that captions have right.
        whole: the share of captions with everything right.
        bleu, cider: of the captions.
        parameters: numbers fitted.
        seconds: of fitting.
    """

    method: str
    nats: float | None
    attributes: float | None
    whole: float | None
    bleu: float | None
    cider: float | None
    parameters: int
    seconds: float


def fit_network(
    problem: CaptionProblem,
    model: Model,
    tbptt: str,
    *,
    run: RunFolder | None = None,
    progress: bool = False,
    group: dist.ProcessGroup | None = None,
) -> CaptionGenerator:
    """Train a describer on the training part.

    Args:
        problem: the images; it has a part that trains.
        model: network and training.
        tbptt: schedule, such as "n,n".
        run: folder that keeps checkpoints and events, and from which an interrupted training goes on.
        progress: whether to show a progress bar.
        group: ranks that train together.

    Raises:
        ConfigError, DataError: settings or images break a rule.
        Interrupted: by Ctrl-C or SIGTERM, after a checkpoint.
    """
    train = problem.train
    assert train is not None
    return estimator_of(model, tbptt, progress).fit(train.images, train.sentences, run=run, group=group)


def captions_of(model: CaptionGenerator, part: Part, writing: Writing) -> list[str]:
    """A describer's captions of all images of a part."""
    return model.describe(part.images, beam=writing.beam if writing.beam > 1 else None)


def scored(
    part: Part, captions: Sequence[str], name: str, nats: float | None, parameters: int, seconds: float
) -> Scored:
    """A method's figures, from its captions of a part."""
    verdict = judge(captions, part.scenes) if part.scenes else None
    return Scored(
        name,
        nats,
        None if verdict is None else verdict.attributes,
        None if verdict is None else verdict.whole,
        bleu(captions, part.sentences) if HAS_BLEU else None,
        cider(captions, part.sentences),
        parameters,
        seconds,
    )


def score_network(
    problem: CaptionProblem, model: CaptionGenerator, captions: Sequence[str], name: str = "network"
) -> Scored:
    """A describer's figures on the test part, from its captions of it."""
    nats = model.score(problem.test.images, problem.test.sentences)
    return scored(problem.test, captions, name, nats, model.parameters_count_, model.seconds_)


def try_network(problem: CaptionProblem, model: Model, writing: Writing, tbptt: str, name: str, seed: int) -> Scored:
    """Fit one of `NETWORKS` from one seed and score the test part."""
    fitted = fit_network(problem, replace(model, cell=NETWORKS[name], seed=seed), tbptt)
    return score_network(problem, fitted, captions_of(fitted, problem.test, writing), name)


def try_commonest(problem: CaptionProblem) -> Scored:
    """One caption for all: the one that comes most often in training."""
    assert problem.train is not None
    said = Counter(problem.train.texts).most_common(1)[0][0]
    return scored(problem.test, [said] * len(problem.test), "commonest caption", None, 1, 0.0)


def try_ngrams(problem: CaptionProblem, kind: str) -> Scored:
    """Kneser-Ney on the sentences alone: what words say without the image."""
    assert problem.train is not None
    texts, began = problem.train.texts, time.perf_counter()
    encoding = TextEncoding.fit(texts, kind)
    model = KneserNey(symbols_of(texts, encoding), encoding.size, ORDER)
    seconds = time.perf_counter() - began
    with np.errstate(divide="ignore"):  # where nothing is left over for it, a test sentence is ruled out
        costs = -model.log_probabilities(symbols_of(problem.test.texts, encoding))[1:]  # nobody tells the first end
    return Scored("n-grams without image", float(costs.mean()), None, None, None, None, model.parameters, seconds)


def scores_table(problem: CaptionProblem, model: CaptionGenerator, captions: Sequence[str], kind: str) -> Table:
    """A describer beside those that see no image, on the test part; alone where there is no training part."""
    rivals = [try_commonest(problem), try_ngrams(problem, kind)] if problem.train else []
    rows = [*rivals, score_network(problem, model, captions)]
    return _table(problem, [[each] for each in rows], counted=False)


def compare_methods(
    problem: CaptionProblem, model: Model, writing: Writing, tbptt: str, seeds: int, progress: bool
) -> Table:
    """Try every method and set the scores side by side.

    Args:
        problem: the images.
        model: settings of the networks; `seed` is the first of the seeds, `cell` is not used.
        writing: how test images are described.
        tbptt: schedule of the networks.
        seeds: trials of each network, at least 1.
        progress: whether to show how many trials are done.
    """
    trials = trials_of(partial(try_network, problem, model, writing, tbptt), NETWORKS, model.seed, seeds)
    others = [partial(try_commonest, problem), partial(try_ngrams, problem, model.symbols)]
    return _table(problem, tried([*trials, *others], progress, NETWORKS), counted=True)


def _table(problem: CaptionProblem, found: Sequence[Sequence[Scored]], counted: bool) -> Table:
    """One row a method; with numbers of seeds where networks were tried from several."""
    figures = {"nats": Column("nats a word", digits=3)}
    if problem.test.scenes:
        figures |= {"attributes": Column("attributes right", digits=3), "whole": Column("all right", digits=3)}
    figures |= {"bleu": Column("BLEU", digits=1), "cider": Column("CIDEr-D", digits=2)}
    title = f"{problem.title}: {len(problem.test):,} test images"
    return table_of(title, figures, found, list(_notes(problem, found)), NETWORKS if counted else None)


def _mean_nats(trials: Sequence[Scored]) -> float:
    """Of networks, which all have them."""
    return Spread.of(each.nats or 0.0 for each in trials).mean


def _notes(problem: CaptionProblem, found: Sequence[Sequence[Scored]]) -> Iterator[str]:
    yield from problem.notes
    if not HAS_BLEU:
        yield "BLEU is counted by sacrebleu, which is not installed here: pip install 'throughtime[bleu]'."
    yield "Of nats smaller is better, of all else larger; CIDEr-D runs to 10, and belongs to the set it is counted on."
    ours = next((trials for trials in found if trials[0].method in (OURS, NETWORK)), None)
    best = min((trials for trials in found if trials[0].method in NETWORKS), key=_mean_nats, default=None)
    if ours is not None and best is not None and best is not ours:
        yield (
            f"{best[0].method} tells words better than {ours[0].method}, by {_mean_nats(ours) - _mean_nats(best):.3f} "
            "nats each: on images as few or as plain as these, or after as few updates, no memory is needed."
        )
    blind = next((trials for trials in found if trials[0].method == "n-grams without image"), None)
    if ours is None or blind is None or blind[0].nats is None:
        return
    gap = blind[0].nats - _mean_nats(ours)
    yield (
        f"The image {'saves' if gap > 0 else 'costs'} {ours[0].method} {abs(gap):.3f} nats a word against n-grams "
        f"without it{'' if gap > 0 else ': it has learned less from the images than n-grams from the words'}."
    )
