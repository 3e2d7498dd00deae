"""`throughtime doctor` reports what is really there, and tries the run folder out."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
import torch

from throughtime.base.errors import RunLockedError
from throughtime.base.run_folder import RunFolder
from throughtime.cli import doctor


def findings(tmp_path) -> dict[str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "throughtime", "doctor", "--json", "--out", str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return {row["what"]: row["found"] for row in json.loads(done.stdout)["rows"]}


def test_report(tmp_path):
    found = findings(tmp_path)
    assert found["torch"] == torch.__version__
    assert found["kernels"] == "torch, oracle"
    assert "projection" in found["auto takes torch for"]
    assert "zoneout" in found["auto takes oracle for"]
    assert found["locks"] == found["atomic rename"] == "yes"
    assert list(tmp_path.iterdir()) == []


def test_folder_that_does_not_lock_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("throughtime.base.run_folder._lock_file", lambda file: None)
    assert dict(doctor.run_folder(tmp_path))["locks"].startswith("no: two processes could write")


def test_folder_that_cannot_be_written(tmp_path):
    found = dict(doctor.run_folder(tmp_path / "absent"))
    assert list(found) == ["run folder"]
    assert found["run folder"].startswith("cannot be used: ")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no flock")
def test_second_writer_is_refused_where_doctor_says_locks_work(tmp_path):
    assert dict(doctor.run_folder(tmp_path))["locks"] == "yes"
    with RunFolder.create(tmp_path / "run", {}), pytest.raises(RunLockedError):
        RunFolder.open(tmp_path / "run")
