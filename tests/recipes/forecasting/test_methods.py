"""The schedule of a table's own: that which the estimator takes by itself."""

from __future__ import annotations

import warnings

import pytest

from tests.recipes.forecasting.test_comparison import SMALL, problem_of, table_of
from throughtime.base.errors import Notice
from throughtime.recipes.forecasting.methods import fit_network, usual_tbptt
from throughtime.recipes.forecasting.settings import Settings
from throughtime.recipes.forecasting.weather import RECIPE
from throughtime.recipes.settings import parse


def written(folder, rows):
    path = folder / "waves.csv"
    table_of(rows).write_csv(path)
    return path


@pytest.mark.parametrize(("rows", "tbptt"), [(300, "n,n"), (1600, "47,47"), (9000, "200,200")])
def test_a_tables_schedule_follows_from_its_length(rows, tbptt, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Notice)
        case = RECIPE.load(written(tmp_path, rows), {"train": "0.6", "validation": "0.2"})
    assert case.usual_tbptt(RECIPE.tbptt) == tbptt


def test_it_is_the_one_that_the_estimator_takes():
    problem, model = problem_of(table_of(1000)), parse(SMALL, Settings()).model
    assert usual_tbptt(problem, model) == str(fit_network(problem, model, None).schedule_)


def test_the_sample_has_the_recipes():
    assert RECIPE.load(None, {}).usual_tbptt(RECIPE.tbptt) == "50,50"
