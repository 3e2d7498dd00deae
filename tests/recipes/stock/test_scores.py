"""Scores of decisions, their standard errors, and the sentence on a gain."""

from __future__ import annotations

import numpy as np
import pytest

from throughtime.base.errors import DataError
from throughtime.metrics import matthews
from throughtime.recipes.stock.scores import Forecasts, call, resampled_matthews, score, standard_error
from throughtime.recipes.stock.verdict import said_gain


def forecasts(came: np.ndarray, called: np.ndarray) -> Forecasts:
    count = len(came)
    half = np.full((count, 2), 0.5)
    return Forecasts(np.zeros(count, int), np.arange(count), np.zeros(count, int), came, half, half, called)


def test_flat_movements_do_not_count() -> None:
    found = score(forecasts(np.array([1, 0, np.nan, 1]), np.array([1.0, 0, 1, 0])))
    assert found.decisions == 3
    assert found.accuracy == pytest.approx(2 / 3)
    assert found.balanced_accuracy == 0.75
    assert found.matthews == pytest.approx(matthews([1, 0, 1], [1, 0, 0]))
    assert found.log_loss == pytest.approx(np.log(2))


def test_nothing_to_score_is_an_error() -> None:
    with pytest.raises(DataError, match="of 2 decisions none"):
        score(forecasts(np.full(2, np.nan), np.zeros(2)))


def test_calls_against_shares() -> None:
    probability, share = np.array([[0.45, 0.55], [0.3, 0.7]]), np.array([[0.4, 0.6], [0.4, 0.6]])
    assert call(probability, share, "balanced").tolist() == [0, 1]
    assert call(probability, share, "likeliest").tolist() == [1, 1]


def test_the_standard_error_of_chance_is_that_of_independent_calls() -> None:
    draw = np.random.default_rng(0)
    found = forecasts(draw.integers(0, 2, 4000).astype(float), draw.integers(0, 2, 4000).astype(float))
    # Of independent calls it is 1 / sqrt(N); blocks of 20 leave it so, within the bootstrap's own noise.
    assert standard_error(resampled_matthews([found])[0]) == pytest.approx(1 / np.sqrt(4000), rel=0.15)


def test_what_hangs_together_has_a_larger_standard_error() -> None:
    draw = np.random.default_rng(0)
    found = forecasts(
        np.repeat(draw.integers(0, 2, 200), 20).astype(float), np.repeat(draw.integers(0, 2, 200), 20) * 1.0
    )
    assert standard_error(resampled_matthews([found])[0]) > 2.5 / np.sqrt(4000)


@pytest.mark.parametrize(
    ("gain", "error", "words"),
    [
        (0.03, 0.02, "within noise"),
        (0.05, 0.02, "better than always-up by more than noise"),
        (-0.05, 0.02, "worse than always-up"),
        (0.0, 0.0, "within noise"),
    ],
)
def test_the_sentence_on_a_gain(gain: float, error: float, words: str) -> None:
    assert words in said_gain("LSTM", "always-up", gain, error)
