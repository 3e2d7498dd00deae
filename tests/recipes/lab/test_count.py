"""`lab count`: settings keep as many symbols as they say, claims follow the accuracies both ways, the study runs."""

from __future__ import annotations

from tests.recipes.lab.made_up import outcomes, verdicts
from throughtime.recipes.lab import lab
from throughtime.recipes.lab.count import GAP, claims, grids, setting
from throughtime.recipes.lab.solving import KINDS, Setting


def test_so_many_symbols_are_kept():
    assert [(setting("RNN", m).task.kept, setting("RNN", m).task.gap) for m in (1, 8)] == [(1, GAP), (8, GAP)]


def test_claims_where_units_decide():
    def score(setting: Setting) -> float:
        most = setting.hidden // 8 if setting.kind == "LSTM chrono" else 2
        return 1.0 if setting.task.kept <= most else 0.1

    assert verdicts(claims(outcomes(grids(), score))) == [True, False, True, True]


def test_claims_where_nothing_is_kept():
    assert verdicts(claims(outcomes(grids(), lambda setting: 0.1))) == [False, True, False, False]


def test_the_study_in_short_form():
    found = lab("count", seeds=1, short=True, progress=False)
    assert len(found.tables) == 2
    assert [column.name for column in found.tables[0].columns[1:]] == list(KINDS)
    for said in ("share right", *KINDS, "chance"):
        assert said in found.figure
