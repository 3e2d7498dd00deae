"""Purchases as a case."""

import polars as pl
import pytest

from tests.recipes.purchase.made import RING, case, trained
from throughtime.base.errors import ConfigError
from throughtime.recipes.purchase.case import read_other
from throughtime.train.ranks import Ranks

pytestmark = pytest.mark.filterwarnings("ignore::throughtime.Notice")


def test_what_a_run_keeps_repeats_the_case():
    own = case(mask_seen="true", top="7")
    kept = own.settings()
    assert (kept["user"], kept["time"], kept["mask_seen"], kept["top"]) == ("user", ["time"], True, 7)
    assert own.table() == {"items": "number"}
    assert own.title == "a ring"
    assert own.notes == own.problem.notes


def test_the_report_has_all_rules_and_the_network():
    own, model = trained()
    table, page = own.report(model, "10,10", {"seed": 0})
    assert table.column("method") == ["LSTM", "popularity", "first-order Markov", "item neighbours"]
    assert table.notes[-1].startswith(
        f"LSTM with {model.parameters_count_:,} parameters for {RING} items, TBPTT(10,10)"
    )
    assert page.startswith("<!doctype html>")
    assert own.scores(model).rows == table.rows[:2]
    assert len(own.predictions(model).rows) == 5 * 200


def test_another_table_is_scored_and_told():
    own, model = trained()
    table = pl.DataFrame({"user": ["n"] * 3, "item": [1, 2, 3], "time": ["2024-01-01", "2024-01-02", "2024-01-03"]})
    other = read_other(table, own.settings(), own.table(), True)
    assert other.title == "your table"
    assert other.scores(model).column("Hit@20")[0] == 1.0
    assert other.predictions(model).column("item")[0] == "4"


def test_what_the_kind_cannot_do_is_refused():
    own = case()
    own.check("10,10", Ranks())
    with pytest.raises(ConfigError, match="--tbptt auto"):
        own.measured_tbptt(False, None)
