"""The short form of benchmarks/torture.py, and that it would notice."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from throughtime.base import model_file
from throughtime.base.run_folder import RunFolder

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="SIGKILL and fork are POSIX")


@pytest.fixture(scope="module")
def torture():
    sys.path.insert(0, str(ROOT))
    try:
        from benchmarks import torture
    finally:
        sys.path.remove(str(ROOT))
    return torture


@pytest.fixture
def trained(torture, tmp_path):
    torture.train_small(tmp_path / "run")
    folder = tmp_path / "run"
    return torture.Unbroken(*torture.contents(folder), torture.files_of(folder), 1.0), folder


def test_ten_kills(tmp_path):
    results = tmp_path / "row.jsonl"
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}
    words = [sys.executable, "-m", "benchmarks.torture", "--job", "small", "--kills", "10", "--results", str(results)]
    words.append("--allow-dirty")
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    row = json.loads(results.read_text())
    assert (row["kills"], row["resumes"]) == (10, 10)
    assert [row[name] for name in ("mismatches", "unreadable", "strays", "failed")] == [0, 0, 0, 0]
    middle = [0 < updates < row["updates_per_run"] for updates in row["updates_in_checkpoint_at_kill"]]
    # About two in three: a kill may fall before the first update or after the last, but not ten of them.
    assert row["mid_training_resumes"] == sum(middle) >= 3


def test_the_row_of_a_tree_with_changes_is_stored_only_when_asked_for(torture, tmp_path, monkeypatch, capsys):
    results = tmp_path / "row.jsonl"
    done = (torture.Tally(kills=1), torture.Unbroken([], "", set(), 1.0))
    monkeypatch.setattr(torture, "torture", lambda *given: done)

    def stored(commit, *words):
        monkeypatch.setattr(torture, "commit_here", lambda: commit)
        monkeypatch.setattr(sys, "argv", ["torture.py", "--job", "small", "--results", str(results), *words])
        before = results.read_text().count("\n") if results.exists() else 0
        assert torture.main() == 0
        return (results.read_text().count("\n") if results.exists() else 0) - before

    for commit in ("0123abcd-dirty", "unknown"):
        assert stored(commit) == 0
        assert f"not stored: its commit would be {commit}" in capsys.readouterr().err
    assert stored("0123abcd-dirty", "--allow-dirty") == 1
    assert stored("0123abcd") == 1
    assert json.loads(results.read_text().splitlines()[-1])["commit"] == "0123abcd"


def test_checkpoints_of_the_weather_job_are_dense(torture, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(torture.cli, "main", asked.append)
    torture.train_weather(tmp_path)
    (tmp_path / "run.toml").touch()
    torture.train_weather(tmp_path)
    assert asked[0][-2:] == ["--set", "checkpoint_every_s=0.02"]
    assert asked[1] == ["resume", str(tmp_path)]


def test_a_command_is_started_resumed_and_killed(torture, tmp_path):
    options = argparse.Namespace(
        train="sh -c 'echo train {run}; sleep 600'", resume="sh -c 'echo resume {run}; exit 3'"
    )
    start, log = torture.starter(options), tmp_path / "log"
    first = start(tmp_path, log)
    assert first.wait(0.2) is None
    first.kill()
    assert first.wait(None) == -9
    (tmp_path / "run.toml").touch()
    assert start(tmp_path, log).wait(None) == 3
    assert log.read_text() == f"train {tmp_path}\nresume {tmp_path}\n"


def test_a_training_that_fails_by_itself_is_said(torture, tmp_path):
    start = torture.starter(argparse.Namespace(train="sh -c 'echo broken; exit 1'", resume=""))
    with pytest.raises(SystemExit, match=r"fails even when nobody kills it \(exit code 1\):\nbroken"):
        torture.run_unbroken(start, tmp_path / "run")


def test_equal_runs_are_equal(torture, trained):
    tally = torture.Tally()
    torture.compare(trained[1], trained[0], tally)
    assert tally == torture.Tally()
    assert tally.clean


def test_one_bit_in_one_event_is_a_mismatch(torture, trained):
    expected, folder = trained
    with RunFolder.open(folder) as run:
        run.events._database.execute("UPDATE events SET loss = loss * (1 + 2.3e-16) WHERE step = 7")
        run.events._database.commit()
    tally = torture.Tally()
    torture.compare(folder, expected, tally)
    assert tally == torture.Tally(mismatches=1)
    assert not tally.clean


def test_a_missing_event_other_weights_and_a_stray_file_are_noticed(torture, trained):
    expected, folder = trained
    with RunFolder.open(folder) as run:
        run.events.delete_after(len(expected.events) - 1)
        newest = run._checkpoints()[0]
    tree = model_file.load_tree(newest)
    tree["weights"]["network"]["core.bias_ih_l0"][0] += 1e-7
    model_file.save_tree(newest, tree)
    (folder / ".model.safetensors.0123abcd.tmp").write_bytes(b"")
    tally = torture.Tally()
    torture.compare(folder, expected, tally)
    assert tally == torture.Tally(mismatches=2, strays=1)


def test_a_damaged_checkpoint_is_unreadable(torture, trained):
    _, folder = trained
    newest = max((folder / "checkpoints").iterdir())
    newest.write_bytes(newest.read_bytes()[:-1])
    tally = torture.Tally()
    torture.inspect_killed(folder, tally)
    assert tally.unreadable == 1
