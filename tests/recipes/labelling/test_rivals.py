from __future__ import annotations

import numpy as np
import pytest

from tests.recipes.labelling.made_up import letters, problem, reading, series, texts
from throughtime.data import reverse_complement
from throughtime.recipes.labelling import rivals
from throughtime.recipes.labelling.features import blocks, flattened
from throughtime.recipes.labelling.problem import LETTERS, SERIES, TEXTS, make_problem
from throughtime.recipes.labelling.rivals import boosting, logistic, majority, neighbour
from throughtime.recipes.labelling.settings import Split

KINDS = (LETTERS, TEXTS, SERIES)


@pytest.fixture(autouse=True)
def few_trees(monkeypatch):
    monkeypatch.setattr(rivals, "ROUNDS", 10)


def right(made, answer):
    assert answer.probability.shape == (len(made.test), len(made.classes))
    np.testing.assert_allclose(answer.probability.sum(1), 1)
    return (answer.probability.argmax(1) == made.codes(made.test)).mean()


@pytest.mark.parametrize("kind", KINDS)
def test_logistic_regression_learns_each_kind(kind):
    made = problem(kind)
    answer = logistic(made)
    assert right(made, answer) == 1
    assert answer.choice.count(", C ") == 1
    assert answer.parameters > 1


@pytest.mark.parametrize("kind", [LETTERS, SERIES])
def test_boosting_learns(kind):
    sized = {LETTERS: letters, SERIES: series}[kind](120)  # a leaf holds 20 at least
    made = make_problem(sized, kind, Split())
    answer = boosting(made)
    assert right(made, answer) > 0.9
    assert "trees of" in answer.choice


def test_majority_gives_the_training_part_s_shares():
    made = make_problem(reading(list("ACGT") * 5, list("aaab") * 5), LETTERS, Split())
    np.testing.assert_allclose(majority(made).probability, [[0.75, 0.25]] * len(made.test))


def test_nearest_neighbour():
    made = make_problem(series(60, classes=3), SERIES, Split())
    assert right(made, neighbour(made)) > 0.9
    itself = make_problem(series(10), SERIES, Split(), test=series(10))
    assert right(itself, neighbour(itself)) == 1


def test_twins_are_in_one_fold_and_answers_are_means_over_both():
    made = problem(LETTERS, twin=reverse_complement)
    for first, held in rivals._folds(made):
        count = len(made.train)
        assert set(first % count).isdisjoint(held % count)
        assert len(first) + 2 * len(held) == 2 * count
    np.testing.assert_allclose(rivals._once(made, np.array([[1.0, 0.0], [0.0, 1.0]])), [[0.5, 0.5]])
    assert right(made, logistic(made)) == 1  # GGG, or CCC on the other strand


def test_a_class_of_one_and_two_sequences_in_all():
    lonely = make_problem(reading(["A", "C"], ["a", "b"]), LETTERS, Split(), test=reading(["A"], ["a"]))
    assert logistic(lonely).probability.shape == (1, 2)
    few = make_problem(reading(list("AACCG"), list("aabbc")), LETTERS, Split(), test=reading(["T"], ["a"]))
    assert logistic(few).probability.shape == (1, 3)  # T was never seen


def test_blocks_of_letters_and_places():
    names = [block.name for block in blocks(LETTERS, ["ACGT", "AAAA"], ["ACGA"])]
    assert names == [
        "runs of 1 to 1 letters",
        *(f"runs of 1 to {k} letters" for k in (2, 3, 4)),
        "letters at their places",
    ]
    assert "letters at their places" not in [block.name for block in blocks(LETTERS, ["ACGT", "AAA"], ["A"])]
    first = blocks(LETTERS, ["AAC", "CCC"], ["AAA"])[0]
    np.testing.assert_allclose(first.train.toarray(), [[1, 1 / 3], [0, 1]])
    np.testing.assert_allclose(first.test.toarray(), [[1.5, 0]])


def test_series_of_any_length_become_rows_of_one_length():
    train, test = flattened([np.array([[0.0], [1.0], [2.0]])], [np.array([[0.0], [2.0]]), np.array([[5.0]])])
    np.testing.assert_allclose(train, [[0, 1, 2]])
    np.testing.assert_allclose(test, [[0, 1, 2], [5, 5, 5]])
    found = blocks(SERIES, series(6).sequences, [np.ones((1, 2))])  # one step
    assert all(np.isfinite(block.train).all() and np.isfinite(block.test).all() for block in found)


def test_korean_and_single_characters_are_words():
    found = blocks(TEXTS, ["정말 좋다 !", "나 싫다"], ["좋다"])
    assert found[0].train.shape[1] == 5
    assert texts(4).sequences[0] == "film 0 good fun"
