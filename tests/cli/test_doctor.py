"""`throughtime doctor` prints what `recipes.doctor` finds."""

from __future__ import annotations

import json

import torch


def test_it_prints_what_was_found(command, tmp_path):
    code, out, err = command("doctor", "--json", "--out", tmp_path)
    assert (code, err) == (0, "")
    found = {row["what"]: row["found"] for row in json.loads(out)["rows"]}
    assert found["torch"] == torch.__version__
    assert found["run folder"] == str(tmp_path)
    assert list(tmp_path.iterdir()) == []
