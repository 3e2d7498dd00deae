"""`throughtime unfold`: works without arguments, everywhere a terminal may be, and says what it cannot draw."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest


@pytest.fixture(autouse=True)
def of_80_columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")


def test_without_arguments(command):
    code, out, err = command("unfold")
    assert (code, err) == (0, "")
    assert out.startswith("An LSTM unfolded over 12 steps, trained by TBPTT(3, 5)\n")
    assert "\033" not in out  # the output is no terminal
    assert max(map(len, out.splitlines())) <= 80


def test_a_slide_with_values(command, tmp_path):
    slide = tmp_path / "slide.svg"
    code, out, err = command(
        "unfold", "--cell", "rnn", "--steps", "4", "--tbptt", "n,n", "--values", "--seed", "2", "--svg", slide
    )
    assert (code, err) == (0, "")
    assert slide.read_text(encoding="utf-8").startswith("<svg")
    assert "seed 2" in out


def test_json(command):
    code, out, _ = command("unfold", "--tbptt", "3,5,cut", "--inputs", "2", "--hidden", "3", "--batch", "5", "--json")
    assert code == 0
    data = json.loads(out)
    assert data["schedule"] == "3,5,cut"
    assert data["memory"]["step_bytes"] == 4 * 5 * (2 + 7 * 3)
    assert data["updates"][1]["new_steps"] == {"first": 4, "last": 6}
    assert data["updates"][1]["window"] == {"first": 2, "last": 6}
    assert data["updates"][1]["without_gradient"] is None


def test_k_beyond_n_is_drawn_as_n_and_said(command):
    code, out, _ = command("unfold", "--tbptt", "3,50")
    assert code == 0
    assert "k2 = 50 is beyond n = 12: the same as n." in out.replace("\n", " ")


def test_ten_thousand_steps_read_in_the_terminal(command):
    code, out, _ = command("unfold", "--steps", "10000", "--tbptt", "50,200")
    assert code == 0
    assert "Left out: steps 7 to 9,994 and 195 updates." in out


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--steps", "0"], "An unfolded network has 1 to 100,000 steps: 0 came. Write for example --steps 12."),
        (["--steps", "1000000"], "An unfolded network has 1 to 100,000 steps: 1,000,000 came."),
        (["--steps", "10000", "--svg", "a.svg"], "A slide has room for 32 steps: 10,000 came. Draw the same pattern"),
        (["--steps", "60", "--values"], "Numbers are written on at most 48 steps: 60 came."),
        (["--svg", "a.pdf"], "A drawing is written as .svg; the file is named 'a.pdf'."),
        (["--cell", "gru"], "`cell` is lstm or rnn: 'gru' came."),
        (["--tbptt", "3"], 'A schedule is written "k1,k2", "k1,k2,losses"'),
        (["--tbptt", "0,3"], "k1 is a number of steps, 1 or more"),
        (
            ["--seed", "99999999999999999999"],
            "A seed lies in -2**63 .. 2**64 - 1, which torch takes: 999",
        ),
        (["--values", "--seed", "99999999999999999999"], "A seed lies in -2**63 .. 2**64 - 1, which torch takes: 9999"),
        (["--hidden", "0"], "Sizes of a network are 1 or more: hidden = 0 came."),
    ],
)
def test_what_cannot_be_drawn_is_one_line_and_code_2(command, arguments, line):
    code, out, err = command("unfold", *arguments)
    assert (code, out) == (2, "")
    assert err.startswith(f"throughtime: {line}")
    assert err.count("\n") == 1


def test_a_folder_that_does_not_exist(command, tmp_path):
    code, out, err = command("unfold", "--svg", tmp_path / "none" / "a.svg")
    assert (code, out) == (1, "")
    assert "could not be written: there is no such folder" in err
    assert err.count("\n") == 1


def test_an_encoding_without_the_signs_gets_ascii():
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "COLUMNS": "80"}
    done = subprocess.run(
        [sys.executable, "-m", "throughtime", "unfold", "--values", "--steps", "3"],
        capture_output=True,
        check=False,
        env=environment,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"update 1  |<" in done.stdout
