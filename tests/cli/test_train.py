"""`throughtime train` makes a whole run folder, or says in one line why not and leaves nothing behind."""

from __future__ import annotations

import json
import tomllib

import pytest

from tests.cli.conftest import TINY


def test_makes_a_run_folder(trained_run):
    assert {"run.toml", "events.sqlite", "checkpoints", "model.safetensors", "report.html"} <= {
        entry.name for entry in trained_run.iterdir()
    }
    settings = tomllib.loads((trained_run / "run.toml").read_text(encoding="utf-8"))["settings"]
    assert settings["recipe"] == "weather"
    assert settings["settings"]["epochs"] == 2


def test_prints_the_scores_and_where_the_run_is(command, tmp_path):
    code, out, _ = command("train", "weather", "--out", tmp_path / "run", "--tbptt", "25,50", *TINY)
    assert code == 0
    assert "temp_max" in out
    assert "TBPTT(25,50)" in out
    assert str(tmp_path / "run") in out


def test_a_schedule_may_be_measured(command, tmp_path):
    code, out, err = command("train", "weather", "--out", tmp_path / "run", "--tbptt", "auto", *TINY)
    assert code == 0
    settings = tomllib.loads((tmp_path / "run" / "run.toml").read_text(encoding="utf-8"))["settings"]
    k1, k2 = map(int, settings["tbptt"].split(","))  # what was found is stored, so that a resumed run measures nothing
    assert k1 == k2 >= 20
    assert f"Taken: TBPTT({k1},{k2})." in err
    assert f"TBPTT({k1},{k2})" in out


def test_json_is_all_that_stdout_holds(command, tmp_path):
    code, out, _ = command("train", "weather", "--out", tmp_path / "run", "--json", *TINY)
    assert code == 0
    assert [row["target"] for row in json.loads(out)["rows"]] == [
        "temp_max",
        "temp_min",
        "precipitation",
        "wind",
        "wet",
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (["wether"], 2, "did you mean 'weather'?"),
        (["weather", "--set", "epoch=2"], 2, "did you mean 'epochs'?"),
        (["weather", "--set", "epochs=none"], 2, "epochs"),
        (["weather", "--set", "epochs"], 2, "--set takes KEY=VALUE: 'epochs' came."),
        (["weather", "--set", "epochs=2", "--set", "epochs=3"], 2, "--set takes each key once: 'epochs' came twice."),
        (["weather", "--tbptt", "0,5"], 2, "k1"),
        (["weather", "--tbptt", "fast"], 2, "'fast'"),
        (["weather", "--data", "absent.csv"], 1, "absent.csv"),
    ],
)
def test_refuses_in_one_line_and_leaves_nothing(command, tmp_path, arguments, code, line):
    left, out, err = command("train", *arguments, "--out", tmp_path / "run")
    assert (left, out) == (code, "")
    assert err.startswith("throughtime: ")
    assert line in err
    assert err.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_does_not_write_into_another_run(command, trained_run):
    before = {entry: entry.stat().st_mtime_ns for entry in trained_run.iterdir() if entry.name != ".lock"}
    code, _, err = command("train", "weather", "--out", trained_run, *TINY)
    assert code == 1
    assert "A new run needs an empty folder" in err
    assert {entry: entry.stat().st_mtime_ns for entry in before} == before


def test_own_table(command, own_table, tmp_path):
    code, out, _ = command("train", "weather", "--data", own_table, "--out", tmp_path / "run", *TINY)
    assert code == 0
    assert "level" in out
    assert "flow" in out


def test_an_empty_schedule_is_no_schedule(command, tmp_path):
    code, out, err = command("train", "weather", "--out", tmp_path / "run", "--tbptt", "")
    assert (code, out) == (2, "")
    assert "A schedule is written" in err
    assert not (tmp_path / "run").exists()


def test_reach_by_epoch_is_told_and_drawn(command, tmp_path):
    run = tmp_path / "run"
    code, out, _ = command("train", "weather", "--out", run, "--reach", *TINY)
    assert code == 0
    assert "below 0.01 of that at lag 0: after epoch 1" in " ".join(out.split())
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "How far gradients reached, by epoch" in page
    assert 'aria-label="reach"' in page
    code, again, _ = command("resume", run)  # measured as it was, from the checkpoint
    assert code == 0
    assert "below 0.01 of that at lag 0" in " ".join(again.split())
