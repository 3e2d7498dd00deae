"""`throughtime predict` prints the step after the last row."""

from __future__ import annotations

import json


def test_next_step(command, trained_run):
    code, out, err = command("predict", trained_run, "--json")
    assert (code, err) == (0, "")
    rows = json.loads(out)["rows"]
    assert [row["target"] for row in rows] == ["temp_max", "temp_min", "precipitation", "wind", "wet"]
    assert rows[0]["95 % interval"]["from"] < rows[0]["forecast"] < rows[0]["95 % interval"]["to"]


def test_table_of_another_kind(command, trained_run, tmp_path):
    (tmp_path / "other.csv").write_text("day,level\n2020-01-01,1\n2020-01-02,2\n", encoding="utf-8")
    code, out, err = command("predict", trained_run, "--data", tmp_path / "other.csv")
    assert (code, out) == (1, "")
    assert err.startswith("throughtime: ")
    assert err.count("\n") == 1
