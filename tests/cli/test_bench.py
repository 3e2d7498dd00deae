"""`throughtime bench` prints its comparisons, and refuses an unknown question in one line."""

from __future__ import annotations

import json

import pytest

from throughtime import bench


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setitem(bench.QUESTIONS, "training", lambda rounds: bench.lstm.training(rounds, ((5, 3, 4, 6),)))


def test_a_table_for_a_person(command, small):
    code, out, _ = command("bench", "training", "--rounds", "1")
    assert code == 0
    assert "(5, 3, 4, 6)" in out
    assert "Geometric mean of the ratios" in out


def test_rows_for_a_program(command, small):
    code, out, _ = command("bench", "--rounds", "1", "--json")
    assert code == 0
    assert json.loads(out)["rows"][0]["case"] == "(5, 3, 4, 6)"


def test_an_unknown_question(command):
    code, _, err = command("bench", "speed")
    assert code == 2
    assert "training, inference, ragged" in err
