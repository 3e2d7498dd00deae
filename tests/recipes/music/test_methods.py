"""Every method stands in one table, whichever way keys are told."""

from __future__ import annotations

import pytest

from tests.recipes.music.made_up import tune
from throughtime.recipes.by_nats import OURS
from throughtime.recipes.music.kinds import kind_of
from throughtime.recipes.music.methods import ALONE, compare_methods, try_network
from throughtime.recipes.music.problem import make_problem
from throughtime.recipes.music.reading import Found
from throughtime.recipes.music.rivals import MARKOV, RATES
from throughtime.recipes.music.settings import Collection, Model

QUICK = Model(hidden_size=8, epochs=2, window_steps=2, learning_rate=0.01, batch_size=4, validation=0.2)
PIECES = Found({"train": tuple(tune(up % 4) for up in range(10)), "test": (tune(1), tune(2))}, ())


def problem(kind):
    return make_problem("made up", kind_of(kind, 1), PIECES, Collection(), 0)


def test_rolls_are_tried_with_keys_together_and_alone():
    table = compare_methods(problem("rolls"), QUICK, "n,n", 2, False)
    assert table.column("method") == [RATES, MARKOV, ALONE, "perceptron", "Elman RNN", OURS]
    assert table.column("seeds") == [None, None, 2, 2, 2, 2]
    assert any("chords are whole" in note and ALONE in note for note in table.notes)
    assert any("than Markov" in note or "than rates" in note or "noise" in note for note in table.notes)


def test_melodies_are_tried_with_n_grams():
    table = compare_methods(problem("melody"), QUICK, "20,20", 1, False)
    assert table.column("method")[2:] == ["Kneser-Ney, 4 symbols", "perceptron", "Elman RNN", OURS]
    assert [each.name for each in table.columns][:3] == ["method", "nats a symbol", "perplexity"]
    assert not any("chords" in note for note in table.notes)


@pytest.mark.parametrize("name", [OURS, ALONE])
def test_a_trial_is_of_the_method_it_names(name):
    found = try_network(problem("rolls"), QUICK, "n,n", name, 3)
    assert (found.method, found.seeded) == (name, True)
    keys = try_network(problem("rolls"), QUICK, "n,n", OURS, 3)
    # The head over keys has weights that independent keys lack.
    assert (found.parameters < keys.parameters) is (name == ALONE)
