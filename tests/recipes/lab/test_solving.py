"""Training ends where a task is solved or updates are used up; settings are told apart, and how far each is solved."""

from __future__ import annotations

import pytest

from throughtime.recipes.lab.adding import ERROR, Sums
from throughtime.recipes.lab.solving import Outcome, Setting, Size, mean_score, measure, solved_up_to, trial
from throughtime.recipes.lab.study import Effort
from throughtime.recipes.lab.symbols import SHARE_RIGHT, Symbols

EASY = Setting("LSTM chrono", 16, Symbols(1, 3))


def test_a_short_lag_is_learned_and_training_ends_there():
    done = trial(EASY, 0, Size(400))
    assert done.score > 0.95
    assert done.updates < 400
    assert done.updates % 25 == 0
    again = trial(EASY, 0, Size(400))
    assert (again.score, again.updates) == (done.score, done.updates)


def test_a_window_shorter_than_the_lag_learns_nothing():
    done = trial(Setting("LSTM chrono", 16, Symbols(1, 11), "4,4"), 0, Size(100))
    assert done.updates == 100
    assert done.score < 0.35


@pytest.mark.parametrize("task", [Symbols(1, 4), Sums(6)])
def test_with_a_loss_at_the_last_step_alone_an_update_a_step_makes_no_more_of_them(task):
    whole, stepwise = (trial(Setting("LSTM", 8, task, text), 0, Size(10)) for text in ("n,n", "1,n"))
    assert stepwise.updates == whole.updates == 10
    assert stepwise.score == pytest.approx(whole.score, abs=1e-6)  # float32, added up in another order at most


def test_every_setting_is_measured_once_with_every_seed():
    size = Size(2, rows=4, test_rows=8)
    other = Setting("RNN", 4, Symbols(1, 3))
    measured = measure([EASY, other, EASY], size, Effort(seeds=2, short=True, progress=False))
    assert list(measured) == [EASY, other]
    assert [len(outcomes) for outcomes in measured.values()] == [2, 2]
    assert [out.score for out in measured[other]] == [trial(other, seed, size).score for seed in (0, 1)]
    assert mean_score(measured, other).runs == 2


def test_networks_learn_at_the_rate_of_their_setting():
    slow, fast = (trial(Setting("RNN", 4, Sums(4), learning_rate=rate), 0, Size(5)) for rate in (1e-9, 0.1))
    untrained = trial(Setting("RNN", 4, Sums(4)), 0, Size(0))
    assert slow.score == pytest.approx(untrained.score, rel=1e-4)  # five steps of 1e-9
    assert fast.score != pytest.approx(untrained.score, rel=0.01)


def test_scores_that_rise_and_scores_that_fall():
    assert SHARE_RIGHT.solved(0.9)
    assert not SHARE_RIGHT.solved(0.89)
    assert ERROR.solved(0.01)
    assert not ERROR.solved(0.011)
    assert ERROR.at_least(0.004, ERROR.enough)
    assert not ERROR.at_least(0.006, ERROR.enough)


@pytest.mark.parametrize(
    ("scores", "held"), [([1.0, 0.95, 0.5], 10), ([0.5, 1.0, 1.0], 0), ([0.9, 0.9, 0.9], 20), ([1.0, 0.5, 1.0], 5)]
)
def test_solved_up_to_the_last_before_the_first_failure(scores, held):
    settings = [Setting("RNN", 4, Symbols(1, lag - 1)) for lag in (5, 10, 20)]
    measured = {setting: [Outcome(score, 1, 1.0)] for setting, score in zip(settings, scores, strict=True)}
    assert solved_up_to(measured, settings, (5, 10, 20)) == held
