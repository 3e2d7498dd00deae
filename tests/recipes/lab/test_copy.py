"""`lab copy`: symbols, silence, symbols; what a guess is worth; claims both ways, and the study in short form."""

from __future__ import annotations

import math

import pytest
import torch

from tests.recipes.lab.made_up import outcomes, verdicts
from throughtime.recipes.lab import lab
from throughtime.recipes.lab.copy import KEPT, LAGS, RATE, RNN_RATE, SCHEDULES, claims, grids, guess, setting
from throughtime.recipes.lab.networks import mean_loss
from throughtime.recipes.lab.solving import KINDS, Setting
from throughtime.recipes.lab.symbols import SYMBOLS


@pytest.mark.parametrize("lag", LAGS)
def test_symbols_come_back_after_the_lag_and_silence_is_between(lag):
    task = setting("LSTM", lag).task
    batch = task.draw(7, torch.Generator().manual_seed(0))
    assert (task.kept, task.lag, len(batch.x)) == (KEPT, lag, lag + KEPT)
    for step in range(KEPT):
        assert torch.equal(batch.x[step, :, :SYMBOLS].argmax(-1), batch.y[step + lag])
    assert not batch.x[KEPT:lag].any()


def test_the_nats_of_a_guess_are_those_of_equal_chances():
    class Equal(torch.nn.Module):
        def forward(self, x):
            return torch.zeros(*x.shape[:2], SYMBOLS), None

    task = setting("LSTM", 20).task
    batch = task.draw(9, torch.Generator().manual_seed(0))
    answer = mean_loss(Equal(), task.loss, batch)
    assert guess(20) == pytest.approx(answer * KEPT / (15 + 2 * KEPT))  # T = 15 steps of silence
    assert answer == pytest.approx(math.log(8))


def test_each_network_has_its_rate():
    assert [setting(kind, 10).learning_rate for kind in KINDS] == [RATE, RNN_RATE, RATE, RATE]


def solved_where(setting: Setting) -> float:
    far = {"RNN": 10, "perceptron": 0, "LSTM": 0}.get(setting.kind, 40 if setting.hidden == 32 else 10)
    return 0.95 if setting.task.lag <= far and setting.schedule in ("n,n", "50,50") else 0.14


def test_claims_where_first_weights_units_and_windows_decide():
    found = claims(outcomes(grids(), solved_where))
    assert verdicts(found) == [True, False, True, True, True, True]
    assert f"it copies {KEPT} symbols over 40 steps, the networks without gates over 10 at most." in found[0].shown
    assert found[4].shown == "At lag 40 it is right in 0.140 with H = 8, 0.140 with H = 16, 0.950 with H = 32."
    assert "right in 0.140 to 0.140; a guess in 0.125" in found[3].shown


def test_claims_where_all_is_copied():
    assert verdicts(claims(outcomes(grids(), lambda setting: 1.0))) == [False, True, False, False, False, False]


def test_claims_where_nothing_is():
    assert verdicts(claims(outcomes(grids(), lambda setting: 0.125))) == [False, False, False, True, False, False]


def test_the_study_in_short_form():
    found = lab("copy", seeds=1, short=True, progress=False)
    assert [column.name for column in found.tables[0].columns[1:]] == list(KINDS)
    assert [column.name for column in found.tables[2].columns[1:]] == [f"({text})" for text in SCHEDULES]
    assert "A guess is right in 0.125, at ln 8 = 2.08 nats an answer" in found.tables[0].notes[0]
    assert "sees 1 / 5 of the sequences" in found.tables[2].notes[0]
    assert "sees 1 / 5" not in found.tables[0].notes[0]
    for said in ("share right", "chance", *KINDS):
        assert said in found.figure
