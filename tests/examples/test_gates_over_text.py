"""The example runs as its docstring says and draws what it prints."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

import pytest
import torch

from tests.insight.drawn import of_kind, outside, overlapping, smallest_text

EXAMPLE = Path(__file__).parents[2] / "examples" / "gates_over_text.py"


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Run the example in this process; what it prints and what it draws."""

    def run(*arguments: str) -> tuple[str, str]:
        svg = tmp_path / "drawn.svg"
        monkeypatch.setattr(sys, "argv", [str(EXAMPLE), "--short", "--svg", str(svg), *arguments])
        threads = torch.get_num_threads()
        runpy.run_path(str(EXAMPLE), run_name="__main__")
        torch.set_num_threads(threads)
        return capsys.readouterr().out, svg.read_text(encoding="utf-8")

    return run


def test_it_trains_chooses_and_draws(run):
    printed, svg = run("--seed", "1")
    nats = float(re.search(r"held-out text: ([\d.]+) nats a letter", printed)[1])
    assert 2 < nats < 4.6  # below ln 103, that of knowing nothing
    chosen = re.findall(r"^(.*): unit (\d+), correlation (\S+) where chosen, (\S+) on text held out$", printed, re.M)
    assert [name for name, *_ in chosen] == ["the place in the word", "the place in the line", "an open quotation"]
    headings = [track.get("data-name") for track in of_kind(svg, "track")]
    for (name, unit, _, again), heading in zip(chosen, headings, strict=True):
        verb = "follows" if abs(float(again)) >= 0.3 else "none follows"
        assert heading == f"unit {unit}, internal state c: {verb} {name}, correlation {again} on text held out"
    assert (overlapping(svg), outside(svg)) == ([], [])
    assert smallest_text(svg) >= 11
    assert 'height="720"' in svg


def test_it_draws_the_gates_of_one_unit(run):
    printed, svg = run("--gates")
    unit = re.search(r"an open quotation: unit (\d+)", printed)[1]
    headings = [track.get("data-name") for track in of_kind(svg, "track")]
    assert headings == [f"unit {unit}, {gate} gate" for gate in ("forget", "input", "output")]
    assert all(0 <= float(each.get("data-value")) <= 1 for each in of_kind(svg, "symbol"))


def test_what_units_are_asked_for_is_in_the_text():
    asked = runpy.run_path(str(EXAMPLE))["FEATURES"]
    text = 'a bc\n "d" e\n\n"'
    assert asked["the place in the word"](text).tolist() == [1, 0, 1, 2, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0]
    assert asked["the place in the line"](text).exp().round().tolist() == [1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 6, 7, 1, 1]
    assert asked["an open quotation"](text).tolist() == [0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 1]
