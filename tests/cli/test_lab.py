"""`throughtime lab` lists its subjects, prints a study and writes its figure, and refuses in one line."""

from __future__ import annotations

import json

from throughtime.recipes.lab import subjects


def test_without_a_subject_all_are_listed(command):
    code, out, _ = command("lab", "--json")
    assert code == 0
    listed = [(row["subject"], row["what"]) for row in json.loads(out)["rows"]]
    assert listed == subjects()
    asked_for = ["stateless", "order", "scaling", "input", "output", "backprop", "tbptt"]
    asked_for += ["recall", "count", "adding", "copy"]
    assert {name for name, _ in listed} >= set(asked_for)


def test_a_study_for_a_person_and_its_figure(command, tmp_path):
    figure = tmp_path / "backprop.svg"
    code, out, _ = command("lab", "backprop", "--svg", figure)
    assert code == 0
    assert out.startswith("Backpropagation in five stages")
    assert "\nSupported: Backpropagation is the chain rule" in out
    assert figure.read_text(encoding="utf-8").startswith("<svg")


def test_a_study_for_a_program(command):
    code, out, err = command("lab", "stateless", "--short", "--seeds", "2", "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["tables"][0]["rows"][0]["accuracy"]["LSTM"]["runs"] == 2
    assert found["claims"][0]["holds"]  # of the perceptron, however short the training


def test_bad_input_is_one_line(command):
    for arguments, words in (
        (["stateles"], "did you mean 'stateless'"),
        (["backprop", "--svg", "backprop.png"], "the file is named 'backprop.png'"),
        (["backprop", "--seeds", "0"], "--seeds"),
    ):
        code, out, err = command("lab", *arguments)
        assert (code, out) == (2, ""), arguments
        assert words in err
        assert err.count("\n") == 1, err
