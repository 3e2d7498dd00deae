"""`throughtime compare` sets every method side by side."""

from __future__ import annotations

import json

from tests.cli.conftest import TINY

METHODS = {
    "persistence",
    "climatology",
    "ridge on lags",
    "boosting on lags",
    "perceptron",
    "Elman RNN",
    "LSTM",
}


def test_every_method_is_in_the_table(command, own_table, tmp_path):
    code, out, _ = command(
        "compare", "weather", "--data", own_table, "--seeds", "1", "--out", tmp_path / "made", "--json", *TINY
    )
    assert code == 0
    table = json.loads(out)
    assert {row["method"] for row in table["rows"]} == METHODS
    assert json.loads((tmp_path / "made" / "comparison.json").read_text(encoding="utf-8")) == table


def test_wrong_ending_is_said_before_the_work(command, tmp_path):
    code, out, err = command("compare", "weather", "--out", tmp_path / "table.pdf")
    assert (code, out) == (2, "")
    assert "table.pdf" in err
    assert err.count("\n") == 1
