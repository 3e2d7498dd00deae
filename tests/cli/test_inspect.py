"""`throughtime inspect` prints the cell's table, writes its drawing, and names what it cannot show."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest


def test_it_prints_and_draws(command, trained_run, tmp_path):
    code, out, err = command("inspect", trained_run, "--step", "2015-06-01", "--svg", tmp_path / "cell.svg")
    assert (code, err) == (0, "")
    assert "at step 1,248 (2015-06-01)" in out
    for word in ("forget gate f", "input gate i", "candidate g", "output gate o", "internal state c(t)", "dL/d"):
        assert word in out
    assert ET.parse(tmp_path / "cell.svg").getroot().get("width") == "1280"


def test_json(command, trained_run):
    code, out, _ = command("inspect", trained_run, "--json", "--unit", "2")
    assert code == 0
    rows = {row[""]: row for row in json.loads(out)["rows"]}
    assert 0 < rows["forget gate f"]["unit 2"] < 1
    assert set(rows["forget gate f"]["what opens the gate"]) == {"W_ih x(t)", "W_hh h(t-1)", "bias", "sum a"}


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--step", "0"], 2, "1 to 1,460"),
        (["--step", "1461"], 2, "The last row, 1,461, has no next one"),
        (["--step", "2016-01-01"], 2, "2012-01-01 to 2015-12-30"),
        (["--svg", "cell.pdf"], 2, "'cell.pdf'"),
        (["--unit", "5"], 2, "from 1 to 4"),
        (["--layer", "2"], 2, "from 1 to 1"),
        (["--series", "x"], 2, "id column"),
        (["--unit", "two"], 2, "Invalid value for '--unit'"),
        (["--data", "nothing.csv"], 1, "nothing.csv"),
    ],
)
def test_what_there_is_not_is_one_line(command, trained_run, arguments, code, words):
    left, out, err = command("inspect", trained_run, *arguments)
    assert (left, out) == (code, "")
    assert words in err
    assert err.count("\n") == 1


def test_no_run_is_one_line(command, tmp_path):
    code, out, err = command("inspect", tmp_path / "nothing")
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
