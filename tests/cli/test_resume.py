"""`throughtime resume` goes on where a stop or a kill left a run, and refuses while another process writes to it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from throughtime.base.errors import RunError, WriteError
from throughtime.base.run_folder import RunFolder

# Long enough to be stopped in the middle, short enough to finish.
LONG = ("--set", "epochs=400", "--set", "patience=400", "--set", "hidden_size=4")


def test_finished_run_gets_its_files_again(command, trained_run, tmp_path):
    folder = shutil.copytree(trained_run, tmp_path / "run")
    (folder / "report.html").unlink()
    code, out, _ = command("resume", folder)
    assert code == 0
    assert "temp_max" in out
    assert (folder / "report.html").read_bytes()


def test_no_run(command, tmp_path):
    code, out, err = command("resume", tmp_path)
    assert (code, out) == (1, "")
    assert err == f"throughtime: A run is a folder with a run.toml: {tmp_path} has none. Check the path.\n"


def test_second_writer(command, trained_run, tmp_path):
    folder = shutil.copytree(trained_run, tmp_path / "run")
    with RunFolder.open(folder):
        code, out, err = command("resume", folder)
    assert (code, out) == (1, "")
    assert "One process at a time writes to a run" in err


def has_begun(folder: Path) -> bool:
    """Whether an update of the run has reached the disk."""
    if not (folder / "events.sqlite").exists():
        return False
    with contextlib.suppress(RunError, WriteError), RunFolder.read(folder) as run:  # its table may be about to be made
        return bool(run.events.rows())
    return False


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM to catch")
@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_stop_says_how_to_go_on(tmp_path, stop):
    folder = tmp_path / "run"
    training = subprocess.Popen(
        [sys.executable, "-m", "throughtime", "train", "weather", "--out", str(folder), *LONG],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not has_begun(folder):
        assert training.poll() is None
        time.sleep(0.05)
    training.send_signal(stop)
    out, err = training.communicate(timeout=60)
    assert (training.returncode, out) == (130, "")
    last = err.rstrip("\n").rpartition("\n")[2]
    assert last.startswith("throughtime: ")
    assert last.endswith(f"The command: throughtime resume {folder}")
    with RunFolder.read(folder) as run:
        assert run.newest_checkpoint() is not None
