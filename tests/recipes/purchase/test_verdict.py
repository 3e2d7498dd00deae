"""Tables of scores and recommendations."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from tests.recipes.purchase.made import RING, trained
from throughtime.recipes.purchase.problem import other_problem
from throughtime.recipes.purchase.verdict import interval_note, ranks_of_run, recommended, scores_table

pytestmark = pytest.mark.filterwarnings("ignore::throughtime.Notice")


def test_scores_stand_beside_popularitys():
    own, model = trained()
    ranks = ranks_of_run(own.problem, model)
    table = scores_table(own.problem, ranks, 3)
    assert table.column("method") == ["LSTM", "popularity"]
    assert table.column("Hit@3") == [float((each <= 3).mean()) for each in ranks.values()]
    assert table.column("Hit@3")[0] > 0.9 > table.column("Hit@3")[1]
    assert "known to" in table.notes[-1]


def test_the_interval_is_of_a_share():
    ranks = np.array([1.0] * 30 + [np.inf] * 70)
    assert f"±{1.96 * (0.3 * 0.7 / 100) ** 0.5:.3f}" in interval_note(ranks, 20)


def test_every_user_is_told_what_follows_the_last_purchase():
    own, model = trained()
    table = recommended(own.problem, model, 3)
    everyone = own.problem.everyone
    assert table.column("user") == [user for user in everyone.users for _ in range(3)]
    assert table.column("rank") == [1, 2, 3] * len(everyone)
    wanted = [str((own.problem.ids[number] + 1) % RING) for number in everyone.last]
    assert np.mean([a == b for a, b in zip(table.column("item")[::3], wanted, strict=True)]) > 0.9
    row = json.loads(table.to_json())["rows"][0]
    assert list(row) == ["user", "rank", "item", "probability"]


def test_what_a_user_has_is_told_unless_masked():
    own, model = trained()
    seen = [len(set(own.problem.everyone.of_user(place).tolist())) for place in range(200)]
    assert len(recommended(own.problem, model, RING).rows) == 200 * RING
    assert len(recommended(replace(own.problem, masked=True), model, RING).rows) == 200 * RING - sum(seen)


def test_users_and_items_never_seen_are_served():
    own, model = trained()
    other = pl.DataFrame({"user": ["new", "new", "odd"], "item": ["3", "4", "zzz"], "time": ["2024-01-01"] * 3})
    table = recommended(other_problem(other, "x", own.chosen, own.table()["items"], False), model, 2)
    assert table.column("user") == ["new", "new", "odd", "odd"]
    assert table.column("item")[0] == "5"
    assert table.notes == ("Of 3 purchases 1 are of items not known.",)
