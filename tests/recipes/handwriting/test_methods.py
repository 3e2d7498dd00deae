"""Every method stands in one table, whether phrases are read or not."""

from __future__ import annotations

import pytest

from tests.recipes.handwriting.made_up import drawings, found
from throughtime.recipes.by_nats import OURS
from throughtime.recipes.handwriting.methods import UNREAD, compare_methods, try_network
from throughtime.recipes.handwriting.problem import make_problem
from throughtime.recipes.handwriting.rivals import ALONE, FIRST
from throughtime.recipes.handwriting.settings import Collection, Model

QUICK = Model(hidden_size=8, epochs=2, window_steps=2, learning_rate=0.01, batch_size=8, validation=0.2)
PARTS = found(train=drawings(30), test=drawings(6, seed=1))


def problem(conditioned):
    return make_problem("made up", PARTS, Collection(conditioned=conditioned), 0)


def test_phrases_are_read_by_one_network_and_not_by_its_twin():
    table = compare_methods(problem("true"), QUICK, "n,n", 2, False)
    assert table.column("method") == [ALONE, FIRST, "perceptron", "Elman RNN", UNREAD, OURS]
    assert table.column("seeds") == [None, None, 2, 2, 2, 2]
    assert any("only the LSTM reads" in note and UNREAD in note for note in table.notes)
    assert any("than mixture" in note or "noise" in note for note in table.notes)


def test_without_phrases_all_tell_the_same():
    table = compare_methods(problem("false"), QUICK, "n,n", 1, False)
    assert table.column("method") == [ALONE, FIRST, "perceptron", "Elman RNN", OURS]
    assert not any("reads the phrase" in note for note in table.notes)


@pytest.mark.parametrize("name", [OURS, UNREAD])
def test_a_trial_is_of_the_method_it_names(name):
    tried = try_network(problem("true"), QUICK, "n,n", name, 3)
    assert (tried.method, tried.seeded) == (name, True)
    reading = try_network(problem("true"), QUICK, "n,n", OURS, 3)
    # The window and the layer above it have weights that the twin lacks.
    assert (tried.parameters < reading.parameters) is (name == UNREAD)
