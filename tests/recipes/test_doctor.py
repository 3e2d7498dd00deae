"""The doctor reports what is really there, and tries the run folder out."""

from __future__ import annotations

import os

import pytest
import torch

from throughtime.base.errors import RunLockedError
from throughtime.base.run_folder import RunFolder
from throughtime.recipes import doctor


def test_report(tmp_path):
    found = dict(doctor.examine(tmp_path).rows)
    assert found["torch"] == torch.__version__
    assert found["kernels"] == "torch, oracle"
    assert "projection" in found["auto takes torch for"]
    assert "zoneout" in found["auto takes oracle for"]
    assert found["locks"] == found["checkpoint written and read back"] == "yes"
    assert list(tmp_path.iterdir()) == []


def test_folder_that_does_not_lock_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("throughtime.base.run_folder._lock_file", lambda file: None)
    assert dict(doctor.run_folder(tmp_path))["locks"].startswith("no: two processes could write")


@pytest.mark.parametrize("found", [None, {"weights": torch.zeros(3)}])
def test_folder_that_gives_back_something_else_is_told(tmp_path, monkeypatch, found):
    monkeypatch.setattr(RunFolder, "newest_checkpoint", lambda run: found)
    assert dict(doctor.run_folder(tmp_path))["checkpoint written and read back"].startswith("no: it did not come back")


def test_folder_that_cannot_be_written(tmp_path):
    found = dict(doctor.run_folder(tmp_path / "absent"))
    assert list(found) == ["run folder"]
    assert found["run folder"].startswith("cannot be used: ")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no flock")
def test_second_writer_is_refused_where_doctor_says_locks_work(tmp_path):
    assert dict(doctor.run_folder(tmp_path))["locks"] == "yes"
    with RunFolder.create(tmp_path / "run", {}), pytest.raises(RunLockedError):
        RunFolder.open(tmp_path / "run")
