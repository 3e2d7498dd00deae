"""The tour's command tells of each recipe, and of failures by its exit code."""

from __future__ import annotations

from pathlib import Path

import pytest

from throughtime.recipes.tour import Stop
from tools import tour

GOOD, BAD = Stop("good", "works", 1.0), Stop("bad", "does not", 2.0, problem="DataError: no rows")


@pytest.mark.parametrize(("stops", "code"), [([GOOD], 0), ([BAD, GOOD], 1)])
def test_the_exit_code_says_whether_one_failed(stops, code, monkeypatch, capsys):
    monkeypatch.setattr(tour, "tour", lambda out, progress: iter(stops))
    assert tour.main(Path("runs/tour")) == code
    told = capsys.readouterr()
    assert [stop.name for stop in stops if f"{stop.seconds} s  {stop.name}" not in told.out] == []
    assert ("bad did not" in told.err) == bool(code)
    assert ("FAILED: DataError: no rows" in told.out) == bool(code)


def test_make_tour_runs_it():
    makefile = (Path(__file__).resolve().parents[2] / "Makefile").read_text(encoding="utf-8")
    assert "python tools/tour.py runs/tour" in makefile
