"""Units that follow a feature of the text are found, and only told where they do so on other text."""

from __future__ import annotations

import numpy as np
import pytest

from tests.recipes.text.made_up import made_up
from throughtime.recipes.text.units import LEAST, _best, _correlations, drawing, features, followers
from throughtime.tasks import SequenceGenerator


def test_features_are_what_one_reads():
    text = 'a "B c"\n  (d)\n'
    found = {name: values.tolist() for name, values in features(text).items()}
    assert found["inside quotes"] == [0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]
    assert found["place in the line"] == [1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 0]
    assert found["indentation"] == [0] * 8 + [1, 2, 2, 2, 2, 0]
    assert found["inside brackets"] == [0] * 10 + [1, 1, 0, 0]
    assert found["capitals"] == [0, 0, 0, 1] + [0] * 10


@pytest.fixture(scope="module")
def model():
    return SequenceGenerator(hidden_size=32, epochs=15, learning_rate=0.01, progress=False).fit(made_up())


def test_a_unit_follows_what_the_text_is_made_of(model):
    text = made_up(seed=1)
    found = followers(model, text)
    assert found
    assert all(abs(each.correlation) >= 0.4 for each in found)
    assert [abs(each.correlation) for each in found] == sorted((abs(each.correlation) for each in found), reverse=True)
    best = found[0]
    half = len(text) // 2
    r = np.corrcoef(features(text)[best.feature][half:], best.values[half:])[0, 1]
    assert best.correlation == pytest.approx(r)
    svg = drawing(found, text)
    assert f"unit {best.unit + 1}: {best.feature}" in svg


def test_a_unit_that_only_fits_the_half_it_was_chosen_on_is_not_told():
    draws = np.random.default_rng(0)
    feature, states = draws.normal(size=60), draws.normal(size=(60, 300))
    assert np.abs(_correlations(feature[:30], states[:30])).max() > LEAST
    assert list(_best("noise", feature, states, 30)) == []
    states[:, 7] = feature
    (found,) = _best("itself", feature, states, 30)
    assert (found.unit, round(found.correlation, 9)) == (7, 1)


def test_there_is_nothing_to_follow_without_an_lstm():
    model = SequenceGenerator(cell="rnn", hidden_size=8, epochs=1, progress=False).fit(made_up(60))
    assert followers(model, made_up(60)) == []
