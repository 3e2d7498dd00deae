from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from tests.recipes.labelling.made_up import letters, problem, reading
from throughtime.base.errors import ConfigError, DataError
from throughtime.recipes.labelling.problem import AUC, LETTERS, SERIES, make_problem, other_problem, own_share
from throughtime.recipes.labelling.settings import Split


def test_a_share_of_each_class_tests_and_no_sequence_is_in_both_parts():
    made = make_problem(letters(50), LETTERS, Split(test="0.2"))
    assert Counter(made.test.labels) == {"a": 5, "b": 5}
    assert len(made.train) == 40
    assert set(made.train.names).isdisjoint(made.test.names)
    again, other = (make_problem(letters(50), LETTERS, Split(test="0.2", split_seed=seed)) for seed in (0, 1))
    assert again.test.names == made.test.names != other.test.names
    assert made.codes(made.test).tolist() == [made.classes.index(label) for label in made.test.labels]


def test_groups_are_never_divided():
    groups = [f"g{place // 4}" for place in range(40)]
    made = make_problem(
        reading([f"A{place}" for place in range(40)], ["a", "b"] * 20, groups=groups), LETTERS, Split(test="0.3")
    )
    assert set(made.train.groups).isdisjoint(made.test.groups)
    assert len(made.test) in (12, 16)


def test_the_data_s_own_parts_and_a_table_of_its_own():
    own = reading(["A", "C", "AA", "CC"], ["a", "b"] * 2, parts=["train", "Train", "test", "TEST"])
    made = make_problem(own, LETTERS, Split(split="part"))
    assert made.test.sequences == ["AA", "CC"]
    assert any("as column 'part' says" in note for note in made.notes)
    with pytest.raises(DataError, match="'dev' came as number 2"):
        make_problem(reading(["A", "C"], ["a", "b"], parts=["train", "dev"]), LETTERS, Split(split="part"))
    apart = make_problem(letters(10), LETTERS, Split(), test=letters(6, seed=1))
    assert (len(apart.train), len(apart.test)) == (10, 6)
    with pytest.raises(DataError, match="one of the classes in training"):
        make_problem(letters(10), LETTERS, Split(), test=reading(["A"], ["c"]))


def test_duplicates_single_members_and_small_test_parts_are_said():
    made = make_problem(reading(["A"] * 10 + ["C"] * 10 + ["G"], ["a"] * 10 + ["b"] * 10 + ["c"]), LETTERS, Split())
    said = " ".join(made.notes)
    assert "Duplicates: 4 of 4 test sequences stand in the training part too." in said
    assert "Classes of a single sequence, which trains and is never tested: c." in said
    assert "Few sequences: the test part has 4" in said
    assert "a 8 + 2, b 8 + 2, c 1 + 0" in said
    numbers = [np.zeros((3, 1)), np.zeros((3, 1)), np.ones((3, 1)), np.ones((3, 1))]
    same = make_problem(reading(numbers, [0, 0, 1, 1]), SERIES, Split(test="0.5"))
    assert any("Duplicates: 2 of 2" in note for note in same.notes)
    assert not any("Duplicates" in note for note in problem(LETTERS).notes)


@pytest.mark.parametrize(
    ("sequences", "labels", "message"),
    [
        (["A", "C"], ["a", "a"], "at least 2 classes"),
        (["A", ""], ["a", "b"], "1 of 2 are empty, the first is 's1'"),
        (["A", "C"], ["a", "b"], "none is in the test part"),
        ([], [], "holds none"),
        (["A", "C", "C"], ["a", None, "b"], "A label is a text or a whole number"),
    ],
)
def test_what_cannot_be_shared_out(sequences, labels, message):
    with pytest.raises(DataError, match=message):
        make_problem(reading(sequences, labels), LETTERS, Split())


def test_the_test_part_is_a_share_or_a_file():
    assert own_share(Split(test="0.25")) == 0.25
    assert own_share(Split(test="other.csv")) is None
    for wrong in ("0", "1", "20", "-0.1"):
        with pytest.raises(ConfigError, match=f"test={wrong} came"):
            own_share(Split(test=wrong))


def test_area_under_the_curve_is_of_two_classes_that_are_both_tested():
    assert problem(LETTERS, metric=AUC).metric == AUC
    three = make_problem(reading(list("ACG") * 10, list("abc") * 10), LETTERS, Split(), metric=AUC)
    assert three.metric == "accuracy"


def test_another_table_is_all_test_part():
    made = problem(LETTERS)
    assert len(other_problem(made, letters(6), True).test) == 6
    assert other_problem(made, reading(["A"], None), False).train is made.train
    with pytest.raises(DataError, match="'z' came"):
        other_problem(made, reading(["A"], ["z"]), True)
