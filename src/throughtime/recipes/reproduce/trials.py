"""Trials of `SequenceClassifier` on public sets: one training each, the test part scored once.

Trials run one thread each, as many at once as there are cores.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegressionCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler

from throughtime.metrics import accuracy, matthews, roc_auc
from throughtime.recipes.reproduce.row import MEASURED, RECALLED, SEEN
from throughtime.recipes.reproduce.sets import (
    FOLDS,
    Labelled,
    Parted,
    draw,
    folds,
    own_parts,
    pen_digits,
    promoters,
    rna,
    sentences,
    splice,
    trec,
)
from throughtime.recipes.trials import run_trials
from throughtime.tasks import SequenceClassifier

DRAWS, SEEDS = 5, 5
IN_FOLDS, IN_DRAWS, ITS_OWN = "10 folds, by class", "5 random draws of 80 / 20", "its own test part, 5 seeds"
ARABIDOPSIS, MOUSE = ("Arabidopsis_tata", "Arabidopsis_non_prom"), ("Mouse_tata", "Mouse_nonprom")
ON_TEST = "(chosen on test)"


@dataclass(frozen=True)
class Task:
    """One set of labelled sequences.

    Args:
        read: from the folder of all data and the number of a trial to training and test part.
        trials: folds, draws or seeds.
        metric: its name.
        published: what others reached, and where it is from.
        least: what is asked of us.
        split: what trains and what tests, in words.
        known: how well the published figure is known.
    """

    read: Callable[[Path, int], Parted]
    trials: int
    metric: str
    published: str
    least: float | None
    split: str
    known: str = ""


def _of_sentences(name: str, published: str, least: float) -> Task:
    return Task(partial(folds, partial(sentences, name)), FOLDS, "accuracy", published, least, IN_FOLDS, SEEN)


def _of_series(name: str, published: str, least: float | None) -> Task:
    known = SEEN if published else ""
    return Task(partial(own_parts, name), SEEDS, "accuracy", published, least, ITS_OWN, known)


def _of_promoters(names: tuple[str, str], published: str, least: float) -> Task:
    return Task(partial(draw, partial(promoters, names)), DRAWS, "Matthews", published, least, IN_DRAWS, RECALLED)


TASKS = {
    "dna_splice": Task(
        partial(folds, splice), FOLDS, "accuracy", "CNN .9618 (Nguyen 2016, recalled)", 0.960, IN_FOLDS, RECALLED
    ),
    "promoter_arabidopsis": _of_promoters(ARABIDOPSIS, "CNNProm .91 (recalled)", 0.93),
    "promoter_mouse": _of_promoters(MOUSE, "CNNProm .93 (recalled)", 0.91),
    "rna_coding": Task(
        rna,
        DRAWS,
        "AUC",
        "a 6-mer logistic regression beside it",
        None,
        "windows of 600 nt, as many of each class, 5 draws of transcripts 80 / 20",
    ),
    "cr": _of_sentences("custrev", "CNN-rand .783", 0.785),
    "mpqa": _of_sentences("mpqa", "CNN-rand .846", 0.846),
    "subj": _of_sentences("subj", "CNN-rand .892", 0.910),
    "trec": Task(trec, SEEDS, "accuracy", "CNN-rand .882", 0.885, ITS_OWN, SEEN),
    "basic_motions": _of_series("BasicMotions", "", 0.99),
    "gun_point": _of_series("GunPoint", f"LSTM-FCN 1.000 {ON_TEST}", 0.96),
    "italy_power_demand": _of_series("ItalyPowerDemand", f"LSTM-FCN .9631 {ON_TEST}", 0.965),
    "pen_digits": Task(pen_digits, SEEDS, "accuracy", "1-NN .9774", 0.983, ITS_OWN, MEASURED),
    "arrow_head": _of_series("ArrowHead", f"LSTM-FCN .9086 {ON_TEST}", None),
    "osu_leaf": _of_series("OSULeaf", f"LSTM-FCN .9959 {ON_TEST}", None),
}


def run_task(name: str, folder: Path, count: int, settings: Mapping[str, Any], progress: bool) -> list[dict[str, Any]]:
    """The first `count` trials of a task, each as `trial_of` returns it."""
    return run_trials([partial(trial_of, name, folder, trial, settings) for trial in range(count)], progress)


def trial_of(name: str, folder: Path, trial: int, settings: Mapping[str, Any]) -> dict[str, Any]:
    """One training: its score on the test part, and what it took."""
    task = TASKS[name]
    train, test = task.read(folder, trial)
    began = time.perf_counter()
    model = SequenceClassifier(seed=trial, progress=False, **settings).fit(*train)
    seconds = time.perf_counter() - began
    probability = model.predict_proba(test[0])
    found = {
        "score": scored(task.metric, test[1], model.classes_, probability),
        "seconds": seconds,
        "epoch": model.best_epoch_,
        "epochs": len(model.history_.epochs) if model.history_ else 0,
        "temperature": model.temperature_,
        "chosen": list(model.chosen_),
    }
    return found | ({"rival": kmers(train, test)} if task.metric == "AUC" else {})


def scored(metric: str, labels: Sequence[Any], classes: Any, probability: Any) -> float:
    """The task's metric."""
    if metric == "AUC":
        return roc_auc(np.array(labels), probability[:, 1])
    forecast = np.array(classes)[probability.argmax(1)]
    return (matthews if metric == "Matthews" else accuracy)(np.array(labels), forecast)


def kmers(train: Labelled, test: Labelled) -> float:
    """Area under the ROC curve of a logistic regression on counts of 6-mers, its strength chosen by 5 folds."""
    counts = CountVectorizer(analyzer="char", ngram_range=(6, 6), lowercase=False)
    strengths = LogisticRegressionCV(
        Cs=[1e-3, 1e-2, 1e-1, 1], cv=5, scoring="roc_auc", max_iter=2000, l1_ratios=(0,), use_legacy_attributes=False
    )
    model = make_pipeline(counts, MaxAbsScaler(), strengths).fit(*train)
    return roc_auc(np.array(test[1]), model.predict_proba(test[0])[:, 1])
