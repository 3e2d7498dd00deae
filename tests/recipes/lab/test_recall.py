"""`lab recall`: settings have their lag, claims follow the accuracies both ways, and the study runs in short form."""

from __future__ import annotations

from tests.recipes.lab.made_up import outcomes, verdicts
from throughtime.recipes.lab import lab
from throughtime.recipes.lab.recall import claims, grids, setting
from throughtime.recipes.lab.solving import KINDS, Setting


def test_a_symbol_is_asked_for_after_the_lag():
    assert [setting("RNN", lag).task.lag for lag in (1, 5, 160)] == [1, 5, 160]
    assert setting("RNN", 5).task.kept == 1


def test_claims_where_chrono_alone_remembers():
    def score(setting: Setting) -> float:
        near = {"RNN": 10, "perceptron": 5, "LSTM": 5}.get(setting.kind, 160)
        return 1.0 if setting.task.lag <= near and setting.schedule != "5,5" else 0.1

    assert verdicts(claims(outcomes(grids(), score))) == [True, False, False, True, True, True]


def test_claims_where_all_remember():
    assert verdicts(claims(outcomes(grids(), lambda setting: 1.0))) == [False, False, True, False, False, False]


def test_the_study_in_short_form():
    found = lab("recall", seeds=1, short=True, progress=False)
    assert len(found.tables) == 3
    assert [column.name for column in found.tables[0].columns[1:]] == list(KINDS)
    assert all(0 <= cell.mean <= 1 for cell in found.tables[0].rows[0][1:])
    assert found.tables[0].rows[-1][0] == "90% up to"
    for said in ("share right", *KINDS, "chance"):
        assert said in found.figure
