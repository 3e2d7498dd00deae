"""The doctor reports what is really there, and tries the run folder out."""

from __future__ import annotations

import os

import pytest
import torch

from throughtime.base.errors import RunLockedError
from throughtime.base.run_folder import RunFolder
from throughtime.kernels.cpu import library
from throughtime.recipes import doctor


def test_report(tmp_path):
    found = dict(doctor.examine(tmp_path).rows)
    assert found["torch"] == torch.__version__
    assert found["kernels"] == "cpu, torch, oracle"
    assert found["locks"] == found["checkpoint written and read back"] == "yes"
    assert list(tmp_path.iterdir()) == []


def test_the_cpu_kernels_instruction_set_and_threads_are_told(monkeypatch):
    monkeypatch.setattr(library, "found", lambda: library.Found(object(), "x86-64-v3"))
    found = dict(doctor.kernels())
    assert found["cpu kernel"] == f"x86-64-v3, {torch.get_num_threads()} threads"
    assert found["auto takes cpu for"].endswith("zoneout, in float32 and float64")
    assert found["auto takes torch for"] == found["auto takes oracle for"] == ""


def test_without_the_cpu_kernel_the_reason_is_told(monkeypatch):
    monkeypatch.setattr(library, "found", lambda: library.Found(None, reason="it rained"))
    found = dict(doctor.kernels())
    assert found["cpu kernel"] == "none: it rained"
    assert found["auto takes cpu for"] == ""
    assert "projection" in found["auto takes torch for"]
    assert "zoneout" in found["auto takes oracle for"]


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
