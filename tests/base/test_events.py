from __future__ import annotations

import math
import os
import signal
import sqlite3
import subprocess
import sys

import pytest

from throughtime.base import events
from throughtime.base.errors import RunError, WriteError
from throughtime.base.events import Event, EventLog


def event(step, **changes):
    values = {
        "step": step,
        "epoch": 0,
        "loss": 1 / (step + 1),
        "counted": 8.0,
        "learning_rate": 0.1,
        "gradient_norm": math.pi * step,
        "validation": None,
        "time": 1.5e9,
    }
    return Event(**(values | changes))


@pytest.fixture
def log(tmp_path):
    log = EventLog(tmp_path / "events.sqlite", "run")
    yield log
    log.close()


def test_events_come_back_bit_by_bit(log):
    written = [
        event(1),
        event(2, loss=5e-324, validation=0.1 + 0.2),
        event(3, loss=1.7976931348623157e308),
    ]
    for one in written:
        log.append(one)
    assert log.rows() == written


def test_the_latest_event(log):
    assert log.last() is None
    for step in (3, 12, 7):
        log.append(event(step))
    assert log.last() == event(12)


def test_the_last_event_of_a_step_stands(log):
    log.append(event(1))
    log.flush()
    log.append(event(1, validation=0.5))
    assert log.rows() == [event(1, validation=0.5)]


def test_the_file_is_a_write_ahead_log_with_full_synchronisation(log):
    assert log._database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert log._database.execute("PRAGMA synchronous").fetchone() == (2,)


def test_events_wait_for_a_second_then_reach_the_disk(log, monkeypatch):
    reader = EventLog(log._path, "run", writable=False)
    now = [log._flushed_at]
    monkeypatch.setattr(events.time, "monotonic", lambda: now[0])
    log.append(event(1))
    now[0] += 0.9
    log.append(event(2))
    assert reader.rows() == []
    now[0] += 0.2
    log.append(event(3))
    assert [row.step for row in reader.rows()] == [1, 2, 3]
    reader.close()


def test_rows_past_a_step_are_deleted_of_this_run_only(log):
    other = EventLog(log._path, "other")
    for one in range(1, 5):
        other.append(event(one))
        log.append(event(one))
    other.flush()
    log.append(event(9))
    log.delete_after(2)
    assert [row.step for row in log.rows()] == [1, 2]
    assert [row.step for row in other.rows()] == [1, 2, 3, 4]
    other.close()


def test_closing_leaves_one_file(tmp_path):
    log = EventLog(tmp_path / "events.sqlite", "run")
    log.append(event(1))
    log.close()
    assert [path.name for path in tmp_path.iterdir()] == ["events.sqlite"]
    reader = EventLog(tmp_path / "events.sqlite", "run", writable=False)
    assert reader.rows() == [event(1)]
    reader.close()
    assert [path.name for path in tmp_path.iterdir()] == ["events.sqlite"]


def test_a_reader_cannot_write(log):
    reader = EventLog(log._path, "run", writable=False)
    with pytest.raises(WriteError, match="readonly"):
        reader.delete_after(0)
    reader.close()


def test_a_finished_log_on_a_read_only_medium_can_be_read(tmp_path, monkeypatch):
    log = EventLog(tmp_path / "events.sqlite", "run")
    log.append(event(1))
    log.close()
    monkeypatch.setattr(os, "access", lambda *a: False)  # root may write anywhere
    reader = EventLog(tmp_path / "events.sqlite", "run", writable=False)
    assert reader.rows() == [event(1)]
    reader.close()


def test_a_full_disk_is_one_error_and_loses_nothing(log):
    log.append(event(1))
    log.flush()
    pages = log._database.execute("PRAGMA page_count").fetchone()[0]
    log._database.execute(f"PRAGMA max_page_count={pages}")  # SQLite then says what it says of a full disk
    for step in range(2, 500):
        log._waiting[step] = event(step)
    with pytest.raises(WriteError, match=r"events\.sqlite could not be written: database or disk is full.*make room"):
        log.flush()
    log._database.execute("PRAGMA max_page_count=100000")
    assert [row.step for row in log.rows()] == list(range(1, 500))


@pytest.mark.parametrize("writable", [True, False])
def test_a_damaged_file_is_refused_when_it_is_opened(tmp_path, writable):
    (tmp_path / "events.sqlite").write_bytes(b"not a database" * 1000)
    with pytest.raises(
        RunError, match=r"events\.sqlite cannot be read as an event log: file is not a database\. Restore"
    ):
        EventLog(tmp_path / "events.sqlite", "run", writable=writable)


@pytest.mark.parametrize("writable", [True, False])
def test_another_table_of_events_is_refused(tmp_path, writable):
    database = sqlite3.connect(tmp_path / "events.sqlite")
    database.execute("CREATE TABLE events (run TEXT, step INTEGER)")
    database.close()
    with pytest.raises(RunError, match="its table of events has run, step"):
        EventLog(tmp_path / "events.sqlite", "run", writable=writable)


def test_a_file_without_a_table_is_refused_to_readers_and_made_whole_by_a_writer(tmp_path):
    path = tmp_path / "events.sqlite"
    path.touch()
    with pytest.raises(RunError, match="it has no table of events"):
        EventLog(path, "run", writable=False)
    EventLog(path, "run").close()
    EventLog(path, "run", writable=False).close()


def test_a_file_that_is_not_there_is_refused_to_readers(tmp_path):
    with pytest.raises(RunError, match="unable to open database file"):
        EventLog(tmp_path / "none.sqlite", "run", writable=False)


@pytest.mark.parametrize("ask", [EventLog.rows, EventLog.last])
@pytest.mark.parametrize("writable", [True, False])
def test_damage_found_while_reading_is_no_writing_error(log, ask, writable):
    reader = EventLog(log._path, "run", writable=writable)
    log._database.execute("DROP TABLE events")
    with pytest.raises(RunError, match="cannot be read as an event log: no such table: events"):
        ask(reader)
    reader.close()


def test_damage_found_while_writing_is_said(tmp_path):
    log = EventLog(tmp_path / "events.sqlite", "run")
    for step in range(1, 2000):
        log.append(event(step))
    log.close()
    path = tmp_path / "events.sqlite"
    whole = path.read_bytes()
    path.write_bytes(whole[:8192] + b"\xff" * (len(whole) - 8192))  # past the pages that opening reads
    log = EventLog(path, "run")
    log._waiting[1] = event(1)
    with pytest.raises(RunError, match="database disk image is malformed"):
        log.flush()
    log._waiting.clear()
    log.close()


WRITER = """
import sys, os, signal
from throughtime.base.events import Event, EventLog
log = EventLog(sys.argv[1], "run")
for step in range(1, 101):
    log.append(Event(step, 0, 0.5, 1.0, 0.1, 1.0, None, 0.0))
log.flush()
log.append(Event(101, 0, 0.5, 1.0, 0.1, 1.0, None, 0.0))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX")
def test_flushed_events_survive_a_kill(tmp_path):
    path = tmp_path / "events.sqlite"
    assert subprocess.run([sys.executable, "-c", WRITER, path], check=False).returncode == -signal.SIGKILL
    log = EventLog(path, "run")
    assert [row.step for row in log.rows()] == list(range(1, 101))
    log.close()
    assert [entry.name for entry in tmp_path.iterdir()] == ["events.sqlite"]


def test_the_table_is_what_the_docstring_says(log):
    columns = [row[1] for row in sqlite3.connect(log._path).execute("PRAGMA table_info(events)")]
    assert f"events({', '.join(columns)})" in events.__doc__
