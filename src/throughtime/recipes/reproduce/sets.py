"""Labelled sequences of public sets, and how each is parted: what tests is drawn before training and used once.

Every reader takes the folder of all sets, laid out as `throughtime data get` leaves it, and the number of a trial, and
returns a training and a test part.
"""

from __future__ import annotations

import csv
import gzip
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.model_selection import StratifiedKFold

from throughtime.data import read_fasta, read_ts

FOLDS, TEST_SHARE = 10, 0.2
WINDOW = 600  # nucleotides, so that length, which tells RNA apart too well, is the same

Labelled = tuple[list[Any], list[Any]]
Parted = tuple[Labelled, Labelled]


def splice(folder: Path) -> Labelled:
    """60 nucleotides round a junction."""
    rows = list(csv.reader(_text(folder / "dna_splice" / "splice.csv.gz").splitlines()))[1:]
    return [row[2].strip() for row in rows], [row[0].strip() for row in rows]


def sentences(name: str, folder: Path) -> Labelled:
    """Lines of a label and a sentence."""
    lines = _text(folder / "sentence_classification" / f"{name}.all.gz").split("\n")
    pairs = [line.partition(" ")[::2] for line in lines if line.partition(" ")[2].strip()]
    return [text for _, text in pairs], [label for label, _ in pairs]


def promoters(names: tuple[str, str], folder: Path) -> Labelled:
    """Promoters, and what is none."""
    parts = [[record.sequence for record in read_fasta(folder / "dna_promoter" / f"{name}.fa.gz")] for name in names]
    return parts[0] + parts[1], [1] * len(parts[0]) + [0] * len(parts[1])


def folds(read: Callable[[Path], Labelled], folder: Path, trial: int) -> Parted:
    """One of ten parts of each class tests."""
    sequences, labels = read(folder)
    parts = StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(sequences, labels)
    return _parts(sequences, labels, *list(parts)[trial])


def draw(read: Callable[[Path], Labelled], folder: Path, trial: int) -> Parted:
    """A random share tests."""
    sequences, labels = read(folder)
    order = np.random.default_rng(trial).permutation(len(labels))
    count = round(TEST_SHARE * len(labels))
    return _parts(sequences, labels, order[count:], order[:count])


def rna(folder: Path, trial: int) -> Parted:
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


def own_parts(name: str, folder: Path, trial: int) -> Parted:
    """The training and test part that a set of the UCR / UEA archive comes with."""
    del trial
    both = [read_ts(folder / "ts_classification" / name / f"{name}_{part}.ts.gz") for part in ("TRAIN", "TEST")]
    return (list(both[0][0]), list(both[0][1])), (list(both[1][0]), list(both[1][1]))


def pen_digits(folder: Path, trial: int) -> Parted:
    """Eight points of a digit's stroke."""
    del trial
    parts = []
    for part in ("tra", "tes"):
        lines = _text(folder / "ts_classification" / "PenDigits" / f"pendigits.{part}.gz").splitlines()
        table = np.array([[float(number) for number in line.split(",")] for line in lines if line.strip()])
        parts.append((list(table[:, :-1].reshape(-1, 8, 2)), table[:, -1].astype(int).tolist()))
    return parts[0], parts[1]


def trec(folder: Path, trial: int) -> Parted:
    """Questions by what they ask for."""
    del trial
    return sentences("TREC.train", folder), sentences("TREC.test", folder)


def _text(path: Path) -> str:
    """A compressed text; sentences of these sets are partly Latin-1."""
    return gzip.decompress(path.read_bytes()).decode("latin-1")


def _window(sequence: str, draws: random.Random) -> str:
    start = draws.randrange(len(sequence) - WINDOW + 1)
    return sequence[start : start + WINDOW]


def _parts(sequences: list[Any], labels: list[Any], train: Any, test: Any) -> Parted:
    first, second = (([sequences[i] for i in places], [labels[i] for i in places]) for places in (train, test))
    return first, second
