"""The methods a problem is tried with: rivals that know no order, and perceptron, Elman RNN and LSTM.

All are fitted on the training part and chosen inside it, `rivals` by cross-validation, networks as `SequenceClassifier`
does it. What else a sequence may be read as trains beside it, but never where the sequence validates.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch.distributed as dist

from throughtime.base.errors import ConfigError
from throughtime.base.run_folder import RunFolder
from throughtime.recipes.labelling.problem import LETTERS, SERIES, LabelProblem
from throughtime.recipes.labelling.rivals import Answer, boosting, logistic, majority, neighbour
from throughtime.recipes.labelling.scores import Floats
from throughtime.recipes.labelling.settings import Model, estimator_of
from throughtime.recipes.settings import Cell
from throughtime.tasks import SequenceClassifier
from throughtime.tasks.label_options import check_label_options
from throughtime.tasks.labels import as_labels, held_out
from throughtime.train.ranks import Ranks, refuse_too_few

MAJORITY = "majority class"
NETWORKS: dict[str, Cell] = {"perceptron": "perceptron", "Elman RNN": "rnn", "LSTM": "lstm"}
_ON = {SERIES: "statistics and values", LETTERS: "letters"}


def baselines(kind: str) -> dict[str, Callable[[LabelProblem], Answer]]:
    """The rivals there are for sequences of a kind, by name."""
    on = _ON.get(kind, "words")
    found = {MAJORITY: majority, f"logistic on {on}": logistic, f"boosting on {on}": boosting}
    return found | ({"nearest neighbour": neighbour} if kind == SERIES else {})


@dataclass(frozen=True)
class Trial:
    """What one fit of one method came to.

    Args:
        method: its name.
        probability: [N, K] of the test part's sequences.
        parameters: numbers fitted.
        seconds: of fitting and choosing.
        choice: what was chosen, in words; empty where there was nothing to choose.
    """

    method: str
    probability: Floats
    parameters: int
    seconds: float
    choice: str


def try_baseline(problem: LabelProblem, name: str) -> Trial:
    """Fit one of `baselines` and ask it for the test part."""
    began = time.perf_counter()
    answer = baselines(problem.kind)[name](problem)
    return Trial(name, answer.probability, answer.parameters, time.perf_counter() - began, answer.choice)


def try_network(problem: LabelProblem, name: str, model: Model, tbptt: str, seed: int) -> Trial:
    """Fit one of `NETWORKS` from one seed and ask it for the test part."""
    classifier = fit_network(problem, replace(model, cell=NETWORKS[name], seed=seed), tbptt)
    given = probabilities(classifier, problem, problem.test.sequences)
    return Trial(name, given, classifier.parameters_count_, classifier.seconds_, "")


def fit_network(
    problem: LabelProblem,
    model: Model,
    tbptt: str,
    *,
    run: RunFolder | None = None,
    progress: bool = False,
    group: dist.ProcessGroup | None = None,
) -> SequenceClassifier:
    """Train a classifier on the training part.

    Args:
        problem: the sequences.
        model: network and training.
        tbptt: schedule, such as "n,n".
        run: folder that keeps checkpoints and events, and from which an interrupted training goes on.
        progress: whether to show a progress bar.
        group: ranks that train together.

    Raises:
        ConfigError, DataError: settings or sequences break a rule.
        Interrupted: by Ctrl-C or SIGTERM, after a checkpoint.
    """
    sequences, labels, given = _training(problem, model)
    return estimator_of(model, tbptt, progress, **given).fit(sequences, labels, run=run, group=group)


def check_network(problem: LabelProblem, model: Model, tbptt: str | None, ranks: Ranks | None = None) -> None:
    """Raise what `fit_network` would raise before its first update.

    Args:
        problem: the sequences.
        model: network and training.
        tbptt: schedule; None: open.
        ranks: that are to train together.

    Raises:
        ConfigError, DataError, ScheduleError: settings do not fit the sequences or each other.
    """
    check_label_options(estimator_of(model, tbptt, False))
    if model.validation and np.bincount(problem.codes(problem.train)).max() < 2:
        raise ConfigError(
            "Validation needs a class with at least 2 training sequences: every class has one. Give more sequences, or "
            "write validation=0."
        )
    refuse_too_few(len(problem.train), ranks or Ranks())


def probabilities(classifier: SequenceClassifier, problem: LabelProblem, sequences: Sequence[Any]) -> Floats:
    """Probability of each class [N, K], the mean over all a sequence is read as."""
    given = classifier.predict_proba(problem.twice(list(sequences)))
    return np.mean(np.split(given, problem.readings), axis=0)


def _training(problem: LabelProblem, model: Model) -> tuple[list[Any], list[Any], dict[str, Any]]:
    """Sequences and labels to train on; with twins also the validation part, which must hold none of theirs."""
    sequences, labels = list(problem.train.sequences), as_labels(problem.train.labels, len(problem.train))
    if problem.twin is None:
        return sequences, labels, {}
    if not model.validation:
        return problem.twice(sequences), labels * 2, {}
    first, second = held_out(problem.codes(problem.train), model.validation, model.seed)
    train, valid = ([sequences[place] for place in part] for part in (first, second))
    names, others = ([labels[place] for place in part] for part in (first, second))
    return problem.twice(train), names * 2, {"validation": (valid, others)}
