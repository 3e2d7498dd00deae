"""`lab adding`: sums by hand, the blind answer's error, claims both ways, and the study in short form."""

from __future__ import annotations

import pytest
import torch

from tests.recipes.lab.made_up import outcomes, verdicts
from throughtime.recipes.lab import lab
from throughtime.recipes.lab.adding import ERROR, SCHEDULES, Sums, claims, grids
from throughtime.recipes.lab.solving import KINDS, Setting


@pytest.mark.parametrize("steps", [2, 5, 10, 41])
def test_the_answer_is_the_sum_of_the_two_marked(steps):
    batch = Sums(steps).draw(50, torch.Generator().manual_seed(0))
    assert batch.x.shape == (steps, 50, 2)
    assert batch.due.nonzero()[:, 0].unique().tolist() == [steps - 1]
    for row in range(50):
        values, marks = batch.x[:, row].unbind(-1)
        first, second = marks.nonzero().flatten().tolist()
        assert first < steps // 2 <= second
        assert float(batch.y[-1, row, 0]) == pytest.approx(float(values[first]) + float(values[second]), rel=1e-6)
        assert marks.sum() == 2
        assert bool(((values >= 0) & (values < 1)).all())


def test_every_place_of_each_half_is_marked():
    marks = Sums(6).draw(600, torch.Generator().manual_seed(0)).x[..., 1]
    assert (marks.mean(1) > 0.2).all()  # 1/3 each


def test_an_answer_that_ignores_its_input_has_the_blind_error():
    class Mean(torch.nn.Module):
        def forward(self, x):
            return torch.ones(*x.shape[:2], 1), None

    batch = Sums(20).draw(20_000, torch.Generator().manual_seed(0))
    # Four deviations: (sum - 1)^2 has a variance of 7/180, over 20,000 rows.
    assert Sums(20).grade(Mean(), batch) == pytest.approx(ERROR.blind, abs=0.0056)


def solved_where(setting: Setting) -> float:
    far = {"RNN": 0, "perceptron": 10, "LSTM": 40}.get(setting.kind, 80 if setting.hidden > 4 else 20)
    return 0.004 if setting.task.steps <= far and setting.schedule in ("n,n", "50,50") else 0.15


def test_claims_where_first_weights_units_and_windows_decide():
    found = claims(outcomes(grids(), solved_where))
    assert verdicts(found) == [True, False, True, True, True]
    assert "up to 80 steps, the networks without gates of up to 10." in found[0].shown
    assert found[3].shown == "At T = 80 the error is 0.150 with H = 4, 0.004 with H = 16, 0.004 with H = 32."
    assert "the error is 0.150 under TBPTT(10, 10)" in found[4].shown


def test_claims_where_all_is_solved():
    assert verdicts(claims(outcomes(grids(), lambda setting: 0.004))) == [False, True, False, False, False]


def test_claims_where_nothing_is():
    assert verdicts(claims(outcomes(grids(), lambda setting: 0.17))) == [False] * 5


def test_the_study_in_short_form():
    found = lab("adding", seeds=1, short=True, progress=False)
    assert [column.name for column in found.tables[0].columns[1:]] == list(KINDS)
    assert [column.name for column in found.tables[2].columns[1:]] == [f"({text})" for text in SCHEDULES]
    assert found.tables[0].rows[-1][0] == "below 0.01 up to"
    assert "ignores them has an error of 1/6" in found.tables[0].notes[0]
    for said in ("squared error", "no memory: 1/6", "solved", *KINDS):
        assert said in found.figure
