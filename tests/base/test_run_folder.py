from __future__ import annotations

import os
import signal
import subprocess
import sys
import tomllib

import pytest
import torch

from throughtime.base import model_file
from throughtime.base.errors import (
    ConfigError,
    FileMissingError,
    ModelFileError,
    Notice,
    RunError,
    RunLockedError,
    WriteError,
)
from throughtime.base.events import Event
from throughtime.base.run_folder import RunFolder

SETTINGS = {"recipe": "weather", "hidden": 64, "rates": [0.1, 1e-3], "data": {"name": "서울", "scaled": True}}


def names(folder):
    return sorted(str(entry.relative_to(folder)) for entry in folder.rglob("*"))


def tree(step):
    return {"updates": step, "w": torch.full((3,), float(step))}


def event(step):
    return Event(step, 0, 0.5, 1.0, 0.1, 1.0, None, 0.0)


def test_what_was_put_in_comes_out(tmp_path):
    with RunFolder.create(tmp_path / "runs" / "a", SETTINGS) as run:
        assert run.settings == SETTINGS
        assert run.newest_checkpoint() is None
        run.events.append(event(1))
        run.save_checkpoint(tree(1), 1)
    with RunFolder.open(tmp_path / "runs" / "a") as run:
        assert run.settings == SETTINGS
        assert run.versions["torch"] == torch.__version__
        assert run.events.rows() == [event(1)]
        assert run.newest_checkpoint()["w"].tolist() == [1, 1, 1]
    assert names(run.path) == [
        ".lock",
        "checkpoints",
        "checkpoints/000000000001.safetensors",
        "events.sqlite",
        "run.toml",
    ]


def test_the_newest_two_checkpoints_are_kept_by_number(tmp_path):
    with RunFolder.create(tmp_path / "a", {}) as run:
        for step in (1, 9, 10, 10**13):
            run.save_checkpoint(tree(step), step)
        assert [path.stem for path in run._checkpoints()] == ["10000000000000", "000000000010"]
        assert run.newest_checkpoint()["updates"] == 10**13


def test_events_are_on_disk_before_the_checkpoint(tmp_path, monkeypatch):
    with RunFolder.create(tmp_path / "a", {}) as run:
        run.events.append(event(1))
        with RunFolder.read(tmp_path / "a") as reader:
            seen = []
            monkeypatch.setattr(model_file, "save_tree", lambda *a: seen.extend(reader.events.rows()))
            run.save_checkpoint(tree(1), 1)
        assert seen == [event(1)]


def test_each_run_has_its_own_identity(tmp_path):
    ids = set()
    for name in "ab":
        RunFolder.create(tmp_path / name, {}).close()
        ids.add(tomllib.loads((tmp_path / name / "run.toml").read_text())["run"]["id"])
    assert len(ids) == 2


def test_a_new_run_needs_an_empty_folder(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "mine.txt").write_text("mine")
    with pytest.raises(RunError, match=r"needs an empty folder: .*a holds mine\.txt"):
        RunFolder.create(tmp_path / "a", {})
    RunFolder.create(tmp_path / "b", {}).close()
    with pytest.raises(RunError, match="Resume the run that is there"):
        RunFolder.create(tmp_path / "b", {})


def test_a_folder_whose_making_was_killed_can_be_used(tmp_path):
    (tmp_path / ".lock").write_text("123\n")
    (tmp_path / ".run.toml.0123abcd.tmp").write_text("[ru")
    RunFolder.create(tmp_path, SETTINGS).close()
    with RunFolder.open(tmp_path) as run:
        assert run.settings == SETTINGS


def test_a_run_killed_right_after_its_record_can_be_opened(tmp_path):
    RunFolder.create(tmp_path / "a", SETTINGS).close()
    for left in ("events.sqlite", "checkpoints"):
        path = tmp_path / "a" / left
        path.rmdir() if path.is_dir() else path.unlink()
    with pytest.raises(FileMissingError, match="never started"):
        RunFolder.read(tmp_path / "a")
    with RunFolder.open(tmp_path / "a") as run:
        run.save_checkpoint(tree(1), 1)


def test_orphans_are_swept_under_the_lock(tmp_path):
    RunFolder.create(tmp_path, {}).close()
    orphans = [".model.safetensors.0123abcd.tmp", "checkpoints/.000000000001.safetensors.0123abcd.tmp"]
    for orphan in orphans:
        (tmp_path / orphan).write_bytes(b"half")
    RunFolder.read(tmp_path).close()
    assert set(orphans) <= set(names(tmp_path))
    RunFolder.open(tmp_path).close()
    assert names(tmp_path) == [".lock", "checkpoints", "events.sqlite", "run.toml"]


@pytest.mark.parametrize("missing", ["none", "."])
def test_a_folder_without_a_run(tmp_path, missing):
    for opening in (RunFolder.open, RunFolder.read):
        with pytest.raises(FileMissingError, match=r"folder with a run\.toml"):
            opening(tmp_path / missing)
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    "record", ["", "[run", "[run]\nformat = 2\nid = 'x'\n[settings]\n[versions]", "[run]\nformat = 1\n"]
)
def test_a_damaged_record_is_one_error_and_the_lock_is_let_go(tmp_path, record):
    RunFolder.create(tmp_path, {}).close()
    (tmp_path / "run.toml").write_text(record)
    for _ in range(2):
        with pytest.raises(RunError, match=r"run\.toml is not a run's record"):
            RunFolder.open(tmp_path)


@pytest.mark.parametrize("opening", [RunFolder.open, RunFolder.read])
def test_damaged_events_are_one_error_at_once(tmp_path, opening):
    RunFolder.create(tmp_path, {}).close()
    (tmp_path / "events.sqlite").write_bytes(b"damaged" * 1000)
    for _ in range(2):
        with pytest.raises(RunError, match=r"events\.sqlite cannot be read as an event log"):
            opening(tmp_path)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"a": None}, "TOML has no null"),
        ({"a": torch.ones(1)}, "run.toml"),
        ({"sizes": (1, 2)}, "sizes would not"),
        ({"rate": float("nan")}, "rate would not"),
        ({1: 2}, "run.toml"),
    ],
)
def test_settings_toml_cannot_hold(tmp_path, settings, message):
    with pytest.raises(ConfigError, match=message):
        RunFolder.create(tmp_path / "a", settings)
    assert names(tmp_path) == []


def test_a_second_writer_is_refused_and_a_reader_is_not(tmp_path):
    with RunFolder.create(tmp_path / "a", {}) as run:
        run.save_checkpoint(tree(3), 3)
        with pytest.raises(RunLockedError, match=rf"is in use by process {os.getpid()}\. Wait for it, or stop it"):
            RunFolder.open(tmp_path / "a")
        with RunFolder.read(tmp_path / "a") as reader:
            assert reader.newest_checkpoint()["updates"] == 3
            with pytest.raises(RunError, match="Writing needs the run's lock"):
                reader.save_checkpoint(tree(4), 4)
    with pytest.raises(RunError, match="or closed"):
        run.save_checkpoint(tree(4), 4)
    RunFolder.open(tmp_path / "a").close()


HOLDER = """
import sys, time
from throughtime.base.run_folder import RunFolder
run = RunFolder.open(sys.argv[1])
print("held", flush=True)
time.sleep(600)
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX")
def test_the_lock_dies_with_its_process(tmp_path):
    RunFolder.create(tmp_path, {}).close()
    with subprocess.Popen([sys.executable, "-c", HOLDER, tmp_path], stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(RunLockedError, match=f"by process {holder.pid}"):
            RunFolder.open(tmp_path)
        holder.send_signal(signal.SIGKILL)
    RunFolder.open(tmp_path).close()


def test_a_damaged_newest_checkpoint_is_said_and_the_one_before_serves(tmp_path):
    with RunFolder.create(tmp_path, {}) as run:
        run.save_checkpoint(tree(1), 1)
        run.save_checkpoint(tree(2), 2)
        newest = run._checkpoints()[0]
        newest.write_bytes(newest.read_bytes()[:-1])
        with pytest.warns(Notice, match=r"000000000002\.safetensors is refused.*The checkpoint before it is used"):
            assert run.newest_checkpoint()["updates"] == 1
        run._checkpoints()[1].write_bytes(b"")
        with pytest.raises(ModelFileError, match=r"000000000001\.safetensors is refused"):
            run.newest_checkpoint()


@pytest.mark.skipif(os.name == "nt", reason="no resource limits on Windows")
def test_a_full_disk_leaves_the_old_checkpoint(tmp_path):
    import resource

    with RunFolder.create(tmp_path, {}) as run:
        run.save_checkpoint(tree(1), 1)
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
        try:
            with pytest.raises(WriteError, match="make room on the disk"):
                run.save_checkpoint({"w": torch.zeros(100_000)}, 2)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert run.newest_checkpoint()["updates"] == 1
        assert len(names(tmp_path / "checkpoints")) == 1


def test_a_file_where_the_folder_should_be(tmp_path):
    (tmp_path / "a").write_text("")
    with pytest.raises(WriteError, match="could not be written"):
        RunFolder.create(tmp_path / "a", {})
