from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time

import pytest

from throughtime.base import atomic
from throughtime.base.errors import WriteError


def names(folder):
    return sorted(entry.name for entry in folder.iterdir())


def test_writes_bytes_pieces_and_text(tmp_path):
    atomic.write_bytes(tmp_path / "a", b"one")
    atomic.write_bytes(tmp_path / "b", iter([b"one ", memoryview(b"two"), bytearray(b" three")]))
    atomic.write_text(tmp_path / "c", "시간을 관통하여")
    assert (tmp_path / "a").read_bytes() == b"one"
    assert (tmp_path / "b").read_bytes() == b"one two three"
    assert (tmp_path / "c").read_text(encoding="utf-8") == "시간을 관통하여"
    assert names(tmp_path) == ["a", "b", "c"]


def test_replaces_the_old_file_and_follows_a_link(tmp_path):
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    atomic.write_bytes(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


def test_the_users_umask_decides_who_may_read(tmp_path):
    before = os.umask(0o022)
    try:
        atomic.write_bytes(tmp_path / "a", b"")
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o644


def test_a_full_disk_is_one_error_and_leaves_the_old_file(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"old")

    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WriteError, match=r"could not be written: No space left on device.*untouched; make room"):
        atomic.write_bytes(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


@pytest.mark.skipif(os.name == "nt", reason="no resource limits on Windows")
def test_a_file_over_the_systems_limit_is_one_error(tmp_path):
    import resource

    (tmp_path / "a").write_bytes(b"old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(WriteError, match="File too large"):
            atomic.write_bytes(tmp_path / "a", [b"x" * 600, b"x" * 600])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (tmp_path / "a").read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


def test_a_missing_folder_is_one_error(tmp_path):
    with pytest.raises(WriteError, match="there is no such folder. Create it, or choose another."):
        atomic.write_bytes(tmp_path / "nowhere" / "a", b"")


def test_an_exception_on_the_way_leaves_nothing(tmp_path):
    def chunks():
        yield b"half"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        atomic.write_bytes(tmp_path / "a", chunks())
    assert names(tmp_path) == []


def test_the_data_are_on_disk_before_the_name_is(tmp_path, monkeypatch):
    calls = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *a, real=real, name=name: (calls.append(name), real(*a))[1])
    atomic.write_bytes(tmp_path / "a", b"x")
    assert calls == ["fsync", "replace", "fsync"]


def test_sweep_removes_orphans_and_nothing_else(tmp_path):
    for name in (".model.safetensors.0123abcd.tmp", "mine.tmp", ".hidden.tmp", ".x.0123ABCD.tmp", "a.0123abcd.tmp"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / ".folder.0123abcd.tmp").mkdir()
    assert [path.name for path in atomic.sweep(tmp_path)] == [".model.safetensors.0123abcd.tmp"]
    assert names(tmp_path) == [".folder.0123abcd.tmp", ".hidden.tmp", ".x.0123ABCD.tmp", "a.0123abcd.tmp", "mine.tmp"]


WRITER = """
import sys
from throughtime.base import atomic
def forever():
    while True:
        yield b"x" * 65536
        print("writing", flush=True)
atomic.write_bytes(sys.argv[1], forever())
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX")
def test_a_kill_leaves_the_old_file_and_an_orphan_that_sweep_finds(tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    with subprocess.Popen([sys.executable, "-c", WRITER, tmp_path / "a"], stdout=subprocess.PIPE) as writer:
        assert writer.stdout.readline() == b"writing\n"
        time.sleep(0.01)
        writer.send_signal(signal.SIGKILL)
    assert (tmp_path / "a").read_bytes() == b"old"
    assert len(atomic.sweep(tmp_path)) == 1
    assert names(tmp_path) == ["a"]
