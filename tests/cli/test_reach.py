"""`throughtime reach` prints what a gradient does by lag, writes its figure, and refuses in one line."""

from __future__ import annotations

import json


def test_a_run_before_and_after_training(command, trained_run, tmp_path):
    figure = tmp_path / "reach.svg"
    code, out, _ = command("reach", trained_run, "--short", "--lags", "0,10", "--svg", figure, "--json")
    assert code == 0
    table = json.loads(out)["tables"][0]
    assert [row["lag"] for row in table["rows"]] == [0, 10, 49]
    assert table["rows"][0]["after training"] == {"h": "1", "c": "1"}
    assert figure.read_text(encoding="utf-8").startswith("<svg")


def test_a_recipe_for_a_person(command):
    code, out, _ = command("reach", "weather", "--short", "--seeds", "1", "--lags", "0,20")
    assert code == 0
    assert out.startswith("Short: ")
    assert "\n\nReach of the recipe 'weather'" in out


def test_bad_input_is_one_line(command, tmp_path):
    for arguments, code, words in (
        (["wether"], 1, "did you mean 'weather'"),
        (["weather", "--lags", "0.."], 2, "Lags are whole numbers"),
        (["weather", "--lags", "4000", "--seeds", "1"], 2, "allow lags up to"),
        ([str(tmp_path)], 1, "run.toml"),
        (["--svg", "reach.png"], 2, "reach.png"),
        (["--seeds", "0"], 2, "--seeds"),
    ):
        left, out, err = command("reach", *arguments)
        assert (left, out) == (code, ""), arguments
        assert words in err
        assert err.count("\n") == 1, err
