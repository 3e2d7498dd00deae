"""Readers take what the files hold; no sequence both trains and tests."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.recipes.reproduce import made_up
from throughtime.recipes.reproduce import sets


def test_splice_by_folds(tmp_path):
    made_up.splice(tmp_path)
    sequences, labels = sets.splice(tmp_path)
    assert len(sequences) == 30
    assert {len(sequence) for sequence in sequences} == {12}
    assert labels[:3] == ["N", "EI", "IE"]
    tested = []
    for trial in range(sets.FOLDS):
        train, test = sets.folds(sets.splice, tmp_path, trial)
        assert sorted(train[0] + test[0]) == sorted(sequences)
        assert sorted(test[1]) == ["EI", "IE", "N"]
        tested += test[0]
    assert sorted(tested) == sorted(sequences)


def test_promoters_by_draws(tmp_path):
    made_up.promoters(tmp_path)
    read = partial(sets.promoters, ("Mouse_tata", "Mouse_nonprom"))
    parted = [sets.draw(read, tmp_path, trial) for trial in range(2)]
    for train, test in parted:
        assert (len(train[0]), len(test[0])) == (16, 4)
        assert set(train[0]).isdisjoint(test[0])
        assert all((set(sequence) <= set("AT")) == (label == 1) for sequence, label in zip(*train, strict=True))
    assert parted[0] != parted[1]
    assert parted[0] == sets.draw(read, tmp_path, 0)


def test_windows_of_rna(tmp_path):
    made_up.rna(tmp_path)
    train, test = sets.rna(tmp_path, 0)
    assert {len(window) for window in train[0] + test[0]} == {sets.WINDOW}
    assert (train[1].count(1), train[1].count(0)) == (8, 8)
    assert (test[1].count(1), test[1].count(0)) == (2, 2)
    assert all(("T" not in window) == (label == 1) for window, label in zip(*train, strict=True))


def test_sentences_are_latin_and_not_empty(tmp_path):
    made_up.sentences(tmp_path)
    texts, labels = sets.sentences("custrev", tmp_path)
    assert (texts[0], labels[0]) == ("bad café no 0", "0")
    assert len(texts) == 20
    assert sets.trec(tmp_path, 0) == ((texts, labels), (texts, labels))


def test_series_come_with_their_parts(tmp_path):
    made_up.series(tmp_path)
    train, test = sets.own_parts("GunPoint", tmp_path, 0)
    assert (len(train[0]), len(test[0])) == (12, 6)
    assert np.asarray(train[0][1]).ravel().tolist() == [1.0, 1.5, 0.1]
    assert train[1][:2] == ["1", "2"]


def test_digits_with_and_without_spaces(tmp_path):
    made_up.digits(tmp_path)
    train, test = sets.pen_digits(tmp_path, 0)
    assert train[0][0].tolist()[:2] == [[0, 100], [21, 73]]
    assert train[0][0].shape == (8, 2)
    assert (train[1], len(test[0])) == ([4, 0], 2)
