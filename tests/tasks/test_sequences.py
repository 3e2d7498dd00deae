"""Sequences of every kind as numbers a network reads."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch

from throughtime.base.errors import DataError, ShapeError
from throughtime.tasks.sequences import SequenceEncoding, as_sequences, splits_to_try

DNA = ["ACGT", "CCGTA", "TTT"]
SENTENCES = ["The cat sat.", "A dog, and another dog.", "Ünder 하늘 the sky"]
NUMBERS = [np.array([[1.0, 2.0], [3.0, np.nan], [5.0, 0.0]]), np.array([[np.nan, 4.0]])]


@pytest.mark.parametrize(
    ("given", "kinds"),
    [
        (DNA, [str] * 3),
        (pl.Series(SENTENCES), [str] * 3),
        (pd.Series(SENTENCES, index=[5, 6, 9]), [str] * 3),
        (np.array(DNA, dtype=object), [str] * 3),
        ([["a", "b"], ("c",)], [tuple] * 2),
        ([[1, 2.5], [3]], [np.ndarray] * 2),
        (np.zeros((2, 5)), [np.ndarray] * 2),
        (torch.zeros(2, 5, 3), [np.ndarray] * 2),
        ([pd.DataFrame({"a": [1, 2]}), pl.DataFrame({"a": [1.5]})], [np.ndarray] * 2),
    ],
)
def test_every_container_is_taken(given, kinds):
    rows = as_sequences(given)
    assert [type(row) for row in rows] == kinds
    assert all(row.ndim == 2 for row in rows if isinstance(row, np.ndarray))


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ("ACGT", DataError, "one text came"),
        (5, DataError, "int came"),
        ({"a": "x"}, DataError, "dict came"),
        ([], DataError, "none came"),
        (["ACGT", ""], DataError, "1 of 2 are empty, the first is number 1"),
        ([[1.0], []], DataError, "1 of 2 are empty"),
        (["ACGT", [1.0]], DataError, "all of one kind"),
        ([np.zeros((2, 2)), np.zeros((2, 3))], ShapeError, "equal numbers of variables"),
        ([np.zeros((2, 2, 2))], ShapeError, "has 3 axes"),
        (np.zeros(5), ShapeError, r"\[N, T\]"),
        ([[1.0, np.inf]], DataError, "has infinity"),
        ([["a", 1]], DataError, "list, and no such one"),
        ([[None, 1.0], [object()]], DataError, "no such one"),
        ([b"ACGT"], DataError, "bytes, and no such one"),
        (pl.DataFrame({"a": [1.0]}), DataError, "a frame came"),
    ],
)
def test_what_is_no_list_of_sequences_is_refused(given, error, message):
    with pytest.raises(error, match=message):
        as_sequences(given)


@pytest.mark.parametrize(
    ("given", "split", "kind"),
    [
        (DNA, "auto", "characters"),
        (SENTENCES, "auto", "words"),
        (SENTENCES, "characters", "characters"),
        (SENTENCES, "jamo", "jamo"),
        (SENTENCES, "bytes", "bytes"),
        (DNA, "6-mers", "6-mers"),
        ([["x", "y"], ["x"]], "auto", "items"),
        (NUMBERS, "auto", "numbers"),
    ],
)
def test_what_was_learned_comes_back_from_json(given, split, kind):
    rows = as_sequences(given)
    encoding = SequenceEncoding.fit(rows, split)
    assert encoding.kind == kind
    back = SequenceEncoding.from_dict(json.loads(json.dumps(encoding.to_dict())))
    assert back.to_dict() == encoding.to_dict()
    for one, other in zip(encoding.encode(rows), back.encode(rows), strict=True):
        assert torch.equal(one, other)


def test_symbols_have_their_place_and_unknown_ones_have_none():
    encoding = SequenceEncoding.fit(as_sequences(DNA))
    assert encoding.symbols == 5
    known, unknown = encoding.encode(as_sequences(["AATT", "AXTN"]))
    assert known.dtype == torch.int64
    assert (unknown == 0).tolist() == [False, True, False, True]
    assert torch.equal(known[[0, 3]], unknown[[0, 2]])


def test_a_6_mer_ends_at_each_letter():
    encoding = SequenceEncoding.fit(as_sequences(["ACGTACGT", "AACCGGTT"]), "6-mers")
    assert (encoding.span, encoding.many_symbols) == (6, True)
    (row,), (listed,) = encoding.encode(["ACGTACGT"]), encoding.encode([tuple("ACGTACGT")])
    assert torch.equal(row, listed)
    assert len(row) == 8
    (other,) = encoding.encode(["ACGTACGC"])
    assert torch.equal(row[:7], other[:7])
    assert (row > 0).all()
    assert other[7] == 0


@pytest.mark.parametrize(
    ("given", "split", "tried"),
    [
        (["ACGT" * 50 + "N"], "auto", ["characters", "6-mers"]),
        (["ACGT" * 5 + "NRY"], "auto", ["characters"]),
        (["MKVLAAGG" * 5], "auto", ["characters"]),
        (["ACGT" * 50], "characters", ["characters"]),
        (SENTENCES, "auto", ["auto"]),
        (NUMBERS, "auto", ["auto"]),
    ],
)
def test_6_mers_are_tried_where_letters_are_few(given, split, tried):
    assert splits_to_try(as_sequences(given), split) == tried


def test_words_are_those_of_any_case():
    encoding = SequenceEncoding.fit(as_sequences(SENTENCES))
    one, other = encoding.encode(["The DOG", "the dog"])
    assert torch.equal(one, other)
    assert (one > 0).all()


def test_words_seen_once_are_unknown_in_a_large_vocabulary():
    often = [f"word{k} word{k}" for k in range(600)]
    encoding = SequenceEncoding.fit([*often, "once upon"])
    assert (encoding.encode(["once word7"])[0] > 0).tolist() == [False, True]
    few = SequenceEncoding.fit([*often[:10], "once upon"])
    assert (few.encode(["once word7"])[0] > 0).all()


def test_numbers_are_scaled_and_missing_ones_carried_on():
    encoding = SequenceEncoding.fit(NUMBERS)
    first, second = encoding.encode(NUMBERS)
    assert first.shape == (3, 4)  # two variables, and whether each is missing
    assert first[:, 2:].tolist() == [[0, 0], [0, 1], [0, 0]]
    assert first[1, 1] == first[0, 1]  # carried on
    assert second[0].tolist()[0] == 0  # the mean, where nothing came before
    known = torch.cat([first[:, 0], second[1:, 0]])
    torch.testing.assert_close(known.mean(), torch.tensor(0.0), atol=1e-6, rtol=0)


def test_flags_are_there_only_where_training_misses_something():
    assert SequenceEncoding.fit([np.array([[1.0], [2.0]])]).input_size == 1


def test_the_future_moves_nothing():
    encoding = SequenceEncoding.fit(NUMBERS)
    changed = NUMBERS[0].copy()
    changed[2] = 99
    assert torch.equal(encoding.encode([changed])[0][:2], encoding.encode(NUMBERS)[0][:2])


@pytest.mark.parametrize(
    ("fitted", "given", "error", "message"),
    [
        (DNA, NUMBERS, DataError, "symbols: numbers came"),
        (NUMBERS, DNA, DataError, "numbers: texts came"),
        (NUMBERS, [np.zeros((2, 3))], ShapeError, "2 variables that were fitted: 3 came"),
        (SENTENCES, ["  "], DataError, "1 of 1 are empty"),
    ],
)
def test_other_sequences_are_refused(fitted, given, error, message):
    encoding = SequenceEncoding.fit(as_sequences(fitted))
    with pytest.raises(error, match=message):
        encoding.encode(as_sequences(given))


def test_items_are_lists():
    with pytest.raises(DataError, match="texts came"):
        SequenceEncoding.fit(DNA, "items")
