"""How well does SequenceClassifier, with its default settings, tell sequences apart beside published results?

Every part that tests is drawn before training and used once; validation parts lie inside the training part.

    dna_splice                     10 folds, accuracy
    promoter_arabidopsis, _mouse   5 draws of 80 / 20, Matthews correlation
    rna_coding                     windows of 600 nt, as many of each class, 5 draws of transcripts 80 / 20; area under
                                   the ROC curve, a logistic regression on counts of 6-mers beside it
    cr, mpqa, subj                 10 folds, accuracy;  trec: its own test part, 5 seeds
    basic_motions, gun_point, italy_power_demand, pen_digits, arrow_head, osu_leaf
                                   their own test parts, accuracy, 5 seeds

Data: THROUGHTIME_DATA, a folder as its SOURCES.md describes it. Trials run one thread each, as many at once as there
are cores.

python -m benchmarks.classification [NAME ...]
"""

from __future__ import annotations

import argparse
import csv
import gzip
import os
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegressionCV
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler

from benchmarks.rows import ROOT, names_its_code, provenance, store
from throughtime.data import read_fasta, read_ts
from throughtime.metrics import accuracy, matthews, roc_auc
from throughtime.recipes.trials import run_trials
from throughtime.tasks import SequenceClassifier

FOLDS, DRAWS, SEEDS, TEST_SHARE = 10, 5, 5, 0.2
WINDOW = 600  # nucleotides, so that length, which tells RNA apart too well, is the same
Labelled = tuple[list[Any], list[Any]]


@dataclass(frozen=True)
class Task:
    """One set of data.

    Args:
        read: from the folder of all data and the number of a trial to training and test part.
        trials: folds, draws or seeds.
        metric: its name.
        published: what others reached, and where it is from.
        least: what is asked.
    """

    read: Callable[[Path, int], tuple[Labelled, Labelled]]
    trials: int
    metric: str
    published: str
    least: float | None = None


def text_of(path: Path) -> str:
    """A compressed text; sentences of these sets are partly Latin-1."""
    return gzip.decompress(path.read_bytes()).decode("latin-1")


def splice(folder: Path) -> Labelled:
    """60 nucleotides round a junction."""
    rows = list(csv.reader(text_of(folder / "dna_splice" / "splice.csv.gz").splitlines()))[1:]
    return [row[2].strip() for row in rows], [row[0].strip() for row in rows]


def sentences(name: str, folder: Path) -> Labelled:
    """Lines of a label and a sentence."""
    lines = text_of(folder / "sentence_classification" / f"{name}.all.gz").split("\n")
    pairs = [line.partition(" ")[::2] for line in lines if line.partition(" ")[2].strip()]
    return [text for _, text in pairs], [label for label, _ in pairs]


def promoters(names: tuple[str, str], folder: Path) -> Labelled:
    """Promoters, and what is none."""
    parts = [[record.sequence for record in read_fasta(folder / "dna_promoter" / f"{name}.fa.gz")] for name in names]
    return parts[0] + parts[1], [1] * len(parts[0]) + [0] * len(parts[1])


def folds(read: Callable[[Path], Labelled], folder: Path, trial: int) -> tuple[Labelled, Labelled]:
    """One of ten parts of each class tests."""
    sequences, labels = read(folder)
    parts = StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(sequences, labels)
    return _parts(sequences, labels, *list(parts)[trial])


def draw(read: Callable[[Path], Labelled], folder: Path, trial: int) -> tuple[Labelled, Labelled]:
    """A random share tests."""
    sequences, labels = read(folder)
    order = np.random.default_rng(trial).permutation(len(labels))
    count = round(TEST_SHARE * len(labels))
    return _parts(sequences, labels, order[count:], order[:count])


def rna(folder: Path, trial: int) -> tuple[Labelled, Labelled]:
    """Windows of coding and of non-coding RNA; a transcript's windows all train or all test."""
    draws = random.Random(trial)
    train: Labelled = ([], [])
    test: Labelled = ([], [])
    windows = []
    for name in ("coding_mRNA", "noncoding_RNA"):
        whole = [record.sequence for record in read_fasta(folder / "rna_coding_cpat" / f"Human_test_{name}.fa.gz")]
        long = [sequence for sequence in whole if len(sequence) >= WINDOW]
        draws.shuffle(long)
        windows.append([_window(sequence, draws) for sequence in long])
    count = min(map(len, windows))
    for label, found in zip((1, 0), windows, strict=True):
        for place, window in enumerate(found[:count]):
            part = test if place < TEST_SHARE * count else train
            part[0].append(window)
            part[1].append(label)
    return train, test


def own_parts(name: str, folder: Path, trial: int) -> tuple[Labelled, Labelled]:
    """The training and test part that a set of the UCR / UEA archive comes with."""
    del trial
    both = [read_ts(folder / "ts_classification" / name / f"{name}_{part}.ts.gz") for part in ("TRAIN", "TEST")]
    return (list(both[0][0]), list(both[0][1])), (list(both[1][0]), list(both[1][1]))


def pen_digits(folder: Path, trial: int) -> tuple[Labelled, Labelled]:
    """Eight points of a digit's stroke."""
    del trial
    parts = []
    for part in ("tra", "tes"):
        lines = text_of(folder / "ts_classification" / "PenDigits" / f"pendigits.{part}.gz").split()
        table = np.array([[float(number) for number in line.split(",")] for line in lines])
        parts.append((list(table[:, :-1].reshape(-1, 8, 2)), table[:, -1].astype(int).tolist()))
    return parts[0], parts[1]


def trec(folder: Path, trial: int) -> tuple[Labelled, Labelled]:
    """Questions by what they ask for."""
    del trial
    return sentences("TREC.train", folder), sentences("TREC.test", folder)


def _window(sequence: str, draws: random.Random) -> str:
    start = draws.randrange(len(sequence) - WINDOW + 1)
    return sequence[start : start + WINDOW]


def _parts(sequences: list[Any], labels: list[Any], train: Any, test: Any) -> tuple[Labelled, Labelled]:
    first, second = (([sequences[i] for i in places], [labels[i] for i in places]) for places in (train, test))
    return first, second


ARABIDOPSIS, MOUSE = ("Arabidopsis_tata", "Arabidopsis_non_prom"), ("Mouse_tata", "Mouse_nonprom")
TASKS = {
    "dna_splice": Task(partial(folds, splice), FOLDS, "accuracy", "CNN .9618 (Nguyen 2016, recalled)", 0.960),
    "promoter_arabidopsis": Task(
        partial(draw, partial(promoters, ARABIDOPSIS)), DRAWS, "Matthews", "CNNProm .91 (recalled)", 0.93
    ),
    "promoter_mouse": Task(partial(draw, partial(promoters, MOUSE)), DRAWS, "Matthews", "CNNProm .93 (recalled)", 0.91),
    "rna_coding": Task(rna, DRAWS, "AUC", "a 6-mer logistic regression beside it"),
    "cr": Task(partial(folds, partial(sentences, "custrev")), FOLDS, "accuracy", "CNN-rand .783", 0.785),
    "mpqa": Task(partial(folds, partial(sentences, "mpqa")), FOLDS, "accuracy", "CNN-rand .846", 0.846),
    "subj": Task(partial(folds, partial(sentences, "subj")), FOLDS, "accuracy", "CNN-rand .892", 0.910),
    "trec": Task(trec, SEEDS, "accuracy", "CNN-rand .882", 0.885),
    "basic_motions": Task(partial(own_parts, "BasicMotions"), SEEDS, "accuracy", "", 0.99),
    "gun_point": Task(partial(own_parts, "GunPoint"), SEEDS, "accuracy", "LSTM-FCN 1.000 (chosen on test)", 0.96),
    "italy_power_demand": Task(
        partial(own_parts, "ItalyPowerDemand"), SEEDS, "accuracy", "LSTM-FCN .9631 (chosen on test)", 0.965
    ),
    "pen_digits": Task(pen_digits, SEEDS, "accuracy", "1-NN .9774", 0.983),
    "arrow_head": Task(partial(own_parts, "ArrowHead"), SEEDS, "accuracy", "LSTM-FCN .9086 (chosen on test)"),
    "osu_leaf": Task(partial(own_parts, "OSULeaf"), SEEDS, "accuracy", "LSTM-FCN .9959 (chosen on test)"),
}


def trial_of(name: str, folder: Path, trial: int, settings: dict[str, Any]) -> dict[str, Any]:
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
        "epochs": len(model.history_.epochs),
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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(TASKS))
    parser.add_argument("--trials", type=int, help="fewer of them than the table has")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="settings other than the defaults")
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results" / "classification.jsonl")
    options = parser.parse_args()
    folder = os.environ.get("THROUGHTIME_DATA")
    if not folder or not Path(folder).is_dir():
        print("Data is read from THROUGHTIME_DATA, and it is not there: nothing was measured.")
        return 1
    settings = {key: _value(text) for key, _, text in (each.partition("=") for each in options.set)}
    where = provenance()
    for name in options.names or TASKS:
        task = TASKS[name]
        count = min(options.trials or task.trials, task.trials)
        began = time.perf_counter()
        trials = [partial(trial_of, name, Path(folder), trial, settings) for trial in range(count)]
        found = run_trials(trials, sys.stderr.isatty())
        row = {**_summary(name, found), "seconds": time.perf_counter() - began}
        print(f"{_words(row)}", flush=True)
        if names_its_code(str(where["commit"])) and count == task.trials and not settings:
            store(options.results, {"question": f"classification: {name}", **where, **row, "raw": found})
    return 0


def _summary(name: str, found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    task, scores = TASKS[name], [each["score"] for each in found]
    rival = {"rival": float(np.mean([each["rival"] for each in found]))} if "rival" in found[0] else {}
    return {
        "name": name,
        "metric": task.metric,
        "trials": len(scores),
        "mean": float(np.mean(scores)),
        "deviation": float(np.std(scores, ddof=1)) if len(scores) > 1 else 0.0,
        **rival,
        "asked": task.least,
        "published": task.published,
    }


def _words(row: dict[str, Any]) -> str:
    beside = f", beside it {row['rival']:.4f}" if "rival" in row else ""
    return (
        f"{row['name']}: {row['metric']} {row['mean']:.4f} ± {row['deviation']:.4f} of {row['trials']}{beside}; asked "
        f"{row['asked']}, published {row['published'] or '-'}; {row['seconds']:.0f} s"
    )


def _value(text: str) -> Any:
    try:
        return float(text) if "." in text or "e" in text else int(text)
    except ValueError:
        return {"true": True, "false": False, "none": None}.get(text.lower(), text)


if __name__ == "__main__":
    sys.exit(main())
