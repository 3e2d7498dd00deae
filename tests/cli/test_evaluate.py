"""`throughtime evaluate` scores a run again, with the scores its training printed."""

from __future__ import annotations

import json


def test_scores_of_the_test_part(command, trained_run):
    code, out, err = command("evaluate", trained_run, "--json")
    assert (code, err) == (0, "")
    rows = {row["target"]: row for row in json.loads(out)["rows"]}
    assert rows["temp_max"]["RMSE"]["persistence"] > 0
    assert set(rows) == {"temp_max", "temp_min", "precipitation", "wind", "wet"}


def test_no_run(command, tmp_path):
    code, out, err = command("evaluate", tmp_path / "absent")
    assert (code, out) == (1, "")
    assert "A run is a folder with a run.toml" in err
    assert err.count("\n") == 1
