"""What happened in a run, update by update, in a SQLite file that no kill can damage.

    events(run, step, epoch, loss, counted, learning_rate, gradient_norm, validation, time)    key (run, step)

Write-ahead log with synchronous=FULL: a committed row survives a power cut. Rows are committed in batches, because a
commit waits for the disk: about once a second, and by whoever writes a checkpoint before the checkpoint.
"""

from __future__ import annotations

import os
import sqlite3
import time
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from urllib.parse import quote

from throughtime.base.atomic import write_error
from throughtime.base.errors import RunError, WriteError

FLUSH_EVERY_S = 1.0  # what a kill may cost: rows of the last second, which resuming computes again

_BUSY_S = 60.0  # a reader may hold the file while it makes a table; a writer waits for it


@dataclass(frozen=True, slots=True)
class Event:
    """One update of a training run.

    Args:
        step: the update's number, from 1.
        epoch: from 0.
        loss: the update's loss.
        counted: the sum of weights of the losses in it.
        learning_rate: the one used.
        gradient_norm: L2 norm of the gradient over all parameters, before clipping.
        validation: the validation value after the epoch that ended with this update; None elsewhere.
        time: seconds since 1970; not part of what resuming repeats.
    """

    step: int
    epoch: int
    loss: float
    counted: float
    learning_rate: float
    gradient_norm: float
    validation: float | None
    time: float


_COLUMNS = tuple(field.name for field in fields(Event))
_SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    run TEXT NOT NULL, step INTEGER NOT NULL, epoch INTEGER NOT NULL, loss REAL NOT NULL, counted REAL NOT NULL,
    learning_rate REAL NOT NULL, gradient_norm REAL NOT NULL, validation REAL, time REAL NOT NULL,
    PRIMARY KEY (run, step)
) WITHOUT ROWID
"""
_UPSERT = f"INSERT OR REPLACE INTO events (run, {', '.join(_COLUMNS)}) VALUES (?{', ?' * len(_COLUMNS)})"
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM events WHERE run = ? ORDER BY step"


class EventLog:
    """The events of one run.

    Args:
        path: the SQLite file; made when missing, unless `writable` is false.
        run: the run's identity, first half of the key.
        writable: false for readers, who may look while a run is being written.

    Raises:
        RunError: the file is damaged, or no event log, or cannot be read.
        WriteError: it could not be made.
    """

    def __init__(self, path: str | os.PathLike[str], run: str, *, writable: bool = True) -> None:
        self._path = Path(path)
        self._run = run
        self._waiting: dict[int, Event] = {}
        self._flushed_at = time.monotonic()
        self._writable = writable
        try:
            self._database = _open_to_write(self._path) if writable else _open_to_read(self._path)
        except sqlite3.Error as error:
            raise (_not_written if writable else _not_read)(self._path, error) from error
        try:
            _check_schema(self._database, self._path)
        except BaseException:
            self._database.close()
            raise

    def append(self, event: Event) -> None:
        """Add an event, or replace the one of the same step; it reaches the disk within about a second.

        Raises:
            WriteError, RunError: as `flush`; the events are kept and tried again.
        """
        self._waiting[event.step] = event
        if time.monotonic() - self._flushed_at >= FLUSH_EVERY_S:
            self.flush()

    def flush(self) -> None:
        """Commit all events to the disk.

        Raises:
            WriteError: the disk refused; what was committed before is untouched.
            RunError: the file was damaged meanwhile.
        """
        if self._waiting:
            rows = [(self._run, *astuple(event)) for event in self._waiting.values()]
            try:
                with self._database:
                    self._database.executemany(_UPSERT, rows)
            except sqlite3.Error as error:
                raise _not_written(self._path, error) from error
            self._waiting.clear()
        self._flushed_at = time.monotonic()

    def delete_after(self, step: int) -> None:
        """Remove the events of later steps: those a resumed run computes again.

        Raises:
            WriteError: the disk refused; nothing is removed.
            RunError: the file was damaged meanwhile.
        """
        self._waiting = {number: event for number, event in self._waiting.items() if number <= step}
        try:
            with self._database:
                self._database.execute("DELETE FROM events WHERE run = ? AND step > ?", (self._run, step))
        except sqlite3.Error as error:
            raise _not_written(self._path, error) from error

    def rows(self) -> list[Event]:
        """All events of the run, by step.

        Raises:
            RunError: the file is damaged, or cannot be read.
            WriteError: events that waited could not be written.
        """
        return self._read(_SELECT)

    def last(self) -> Event | None:
        """The event of the latest step; None where there is none yet.

        Raises:
            RunError, WriteError: as `rows`.
        """
        found = self._read(f"{_SELECT} DESC LIMIT 1")
        return found[0] if found else None

    def close(self) -> None:
        """Commit what waits and let go of the file; SQLite then removes its write-ahead log."""
        try:
            if self._writable:
                self.flush()
        finally:
            self._database.close()

    def _read(self, query: str) -> list[Event]:
        if self._writable:
            self.flush()
        try:
            return [Event(*row) for row in self._database.execute(query, (self._run,))]
        except sqlite3.Error as error:
            raise _not_read(self._path, error) from error


def _open_to_write(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=_BUSY_S)
    try:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        with database:
            database.execute(_SCHEMA)
    except BaseException:
        database.close()
        raise
    return database


def _open_to_read(path: Path) -> sqlite3.Connection:
    """A log being written needs its write-ahead log beside it; on a read-only medium nobody writes."""
    mode = "mode=rw" if os.access(path.parent, os.W_OK) and os.access(path, os.W_OK) else "mode=ro&immutable=1"
    database = sqlite3.connect(f"file:{quote(str(path.resolve()))}?{mode}", uri=True, timeout=_BUSY_S)
    database.execute("PRAGMA query_only=ON")
    return database


def _check_schema(database: sqlite3.Connection, path: Path) -> None:
    """Refuse a file whose table of events is missing or another one."""
    try:
        found = [row[1] for row in database.execute("PRAGMA table_info(events)")]
    except sqlite3.Error as error:
        raise _not_read(path, error) from error
    if found != ["run", *_COLUMNS]:
        raise _damaged(path, f"its table of events has {', '.join(found)}" if found else "it has no table of events")


def _not_read(path: Path, error: sqlite3.Error) -> RunError:
    return _damaged(path, str(error))


def _not_written(path: Path, error: sqlite3.Error) -> RunError | WriteError:
    if isinstance(error, sqlite3.OperationalError):  # disk full, no permission, input/output error
        return write_error(path, error)
    return _damaged(path, str(error))  # the disk is willing, but what is there is no longer a database


def _damaged(path: Path, what: str) -> RunError:
    return RunError(
        f"{path} cannot be read as an event log: {what}. Restore the file, or start the run again in a new folder."
    )
