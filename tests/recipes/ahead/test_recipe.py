"""The sample, and tables of one's own."""

from __future__ import annotations

import pytest

from tests.recipes.ahead.made import table
from throughtime.recipes.ahead import recipe

pytestmark = pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")


def test_the_sample_is_what_its_settings_name(monkeypatch):
    monkeypatch.setattr(recipe, "SIZE", (3, 200))
    assert recipe.sample().columns == ["date", "shop", "sales", "promotion"]
    case = recipe.load(None, {})
    assert case.title == "Synthetic shop sales (made up by a generator)"
    assert (case.chosen.ahead.horizon, case.chosen.ahead.season) == (14, 7)
    assert case.problem.series.known == ("promotion",)
    assert case.problem.series.lengths.tolist() == [200] * 3
    assert case.problem.ahead.lengths.tolist() == [recipe.PLANNED] * 3


def test_a_table_of_ones_own_is_guessed():
    case = recipe.load(table(), {"known": "offer"})
    assert (case.chosen.columns.id, case.chosen.columns.target) == ("shop", ("sales",))
    assert case.title == "your table"
