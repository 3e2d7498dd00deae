"""A run is a folder, and only one process at a time writes to it.

    run.toml            everything needed to repeat the run; written once
    events.sqlite       what happened, update by update (`events`)
    checkpoints/        the newest two, `STEP.safetensors`
    .lock               held by the writing process, released by the system when it ends in any way

What others put there (`model.safetensors`, `report.html`) they write with `atomic`. Temp files of killed writers are
swept when the next writer holds the lock.
"""

from __future__ import annotations

import contextlib
import os
import platform
import re
import sys
import tomllib
import uuid
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import tomli_w
import torch

from throughtime.base import atomic, model_file
from throughtime.base.errors import (
    ConfigError,
    FileMissingError,
    ModelFileError,
    RunError,
    RunLockedError,
    say_once,
)
from throughtime.base.events import EventLog
from throughtime.base.trees import Tree

KEPT_CHECKPOINTS = 2  # the newest, and the one before in case a disk damages the newest

_CHECKPOINT = re.compile(r"\d{12,}\.safetensors")
_LOCK = ".lock"


class RunFolder:
    """A run's folder; made by `create`, `open` or `read`, and closed by `close` or by leaving `with`.

    Attributes:
        path: the folder.
        settings: the settings the run was made with.
        versions: of python, torch and throughtime, when it was made.
        events: its event log.
    """

    path: Path
    settings: dict[str, Any]
    versions: dict[str, str]
    events: EventLog

    def __init__(self, path: Path, lock: IO[str] | None) -> None:
        self.path = path
        self._lock = lock
        record = _read_record(path / "run.toml")
        self.settings = record["settings"]
        self.versions = record["versions"]
        if lock is not None:
            _make_folder(path / "checkpoints")
        self.events = EventLog(path / "events.sqlite", record["run"]["id"], writable=lock is not None)

    @classmethod
    def create(cls, path: str | os.PathLike[str], settings: dict[str, Any]) -> RunFolder:
        """Make a run in a new or empty folder, and lock it.

        Args:
            path: the folder; made with its parents when missing.
            settings: what is needed to repeat the run: str keys, and values TOML knows (no None).

        Raises:
            ConfigError: TOML cannot hold the settings.
            RunError: the folder holds something already.
            RunLockedError: another process is making a run there.
            WriteError: the system refused.
        """
        folder = Path(path)
        record = _encode_record(settings)
        _make_folder(folder)
        with contextlib.ExitStack() as undo:
            lock = undo.enter_context(_locked(folder))
            atomic.sweep(folder)
            found = sorted(entry.name for entry in folder.iterdir() if entry.name != _LOCK)
            if found:
                raise RunError(
                    f"A new run needs an empty folder: {folder} holds {', '.join(found[:3])}. "
                    "Resume the run that is there, or choose another folder."
                )
            atomic.write_text(folder / "run.toml", record)
            run = cls(folder, lock)
            undo.pop_all()
        return run

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> RunFolder:
        """Open an existing run to go on with it, and lock it; temp files left by a kill are removed.

        Raises:
            FileMissingError: there is no run.
            RunError: run.toml or events.sqlite is damaged.
            RunLockedError: another process is writing to it.
        """
        folder = _existing(path)
        with contextlib.ExitStack() as undo:
            lock = undo.enter_context(_locked(folder))
            atomic.sweep(folder)
            if (folder / "checkpoints").is_dir():
                atomic.sweep(folder / "checkpoints")
            run = cls(folder, lock)
            undo.pop_all()
        return run

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> RunFolder:
        """Open an existing run to look at it, without a lock, also while it is being written.

        Raises:
            FileMissingError: there is no run, or it has no events yet.
            RunError: run.toml or events.sqlite is damaged.
        """
        folder = _existing(path)
        if not (folder / "events.sqlite").is_file():
            raise FileMissingError(f"{folder} holds a run that never started: no events.sqlite. Resume it first.")
        return cls(folder, None)

    def save_checkpoint(self, tree: Tree, step: int) -> None:
        """Commit the events, then write a checkpoint, then drop all but the newest two.

        Args:
            tree: settings and tensors, see `trees`.
            step: updates done, >= 0; a later checkpoint has a larger one.

        Raises:
            RunError: the folder is open to read only, or closed.
            WriteError: the system refused; older checkpoints are as they were.
        """
        if self._lock is None:
            raise RunError(
                f"Writing needs the run's lock: {self.path} is open to read, or closed. Open it with RunFolder.open."
            )
        self.events.flush()
        model_file.save_tree(self.path / "checkpoints" / f"{step:012d}.safetensors", tree)
        for old in self._checkpoints()[KEPT_CHECKPOINTS:]:
            old.unlink(missing_ok=True)

    def newest_checkpoint(self, device: torch.device | None = None) -> Tree | None:
        """The newest checkpoint that can be read; None where there is none yet.

        Should the newest be damaged (by the disk: a kill cannot do it), a notice says so and the one before serves.

        Args:
            device: where tensors go that were not on the CPU when saved; None leaves all on the CPU.

        Raises:
            ModelFileError: there are checkpoints, but none can be read.
        """
        checkpoints = self._checkpoints()
        for number, path in enumerate(checkpoints):
            try:
                return model_file.load_tree(path, device)
            except FileMissingError:
                if self._lock is not None:
                    raise
                return self.newest_checkpoint(device)  # the writer has replaced it meanwhile
            except ModelFileError as error:
                if number + 1 == len(checkpoints):
                    raise
                say_once(f"checkpoint:{path}", f"{error} The checkpoint before it is used.")
        return None

    def close(self) -> None:
        """Commit the events and let go of the folder.

        Raises:
            WriteError: the disk refused the last events.
        """
        try:
            self.events.close()
        finally:
            if self._lock is not None:
                self._lock.close()
                self._lock = None

    def __enter__(self) -> RunFolder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _checkpoints(self) -> list[Path]:
        folder = self.path / "checkpoints"
        found = [entry for entry in folder.iterdir() if _CHECKPOINT.fullmatch(entry.name)] if folder.is_dir() else []
        return sorted(found, key=lambda entry: int(entry.stem), reverse=True)


def versions() -> dict[str, str]:
    """What bit-identical repetition depends on: the versions of python, torch and throughtime."""
    own = sys.modules["throughtime"].__version__  # always loaded; importing it here would tie base to every floor
    return {"python": platform.python_version(), "torch": str(torch.__version__), "throughtime": own}


def _encode_record(settings: dict[str, Any]) -> str:
    record = {
        "run": {"format": 1, "id": uuid.uuid4().hex, "created": datetime.now(UTC).replace(microsecond=0)},
        "versions": versions(),
        "settings": settings,
    }
    try:
        text = tomli_w.dumps(record)
        back = tomllib.loads(text)["settings"]
    except (TypeError, ValueError, AttributeError) as error:
        raise ConfigError(
            f"Settings are written to run.toml: {error}. TOML has no null: leave such a key out."
        ) from error
    if back != settings:
        changed = sorted(str(key) for key in settings if back.get(key) != settings[key])
        raise ConfigError(
            f"Settings must come back from run.toml as they were: {', '.join(changed)} would not. "
            "Use lists instead of tuples, and no nan."
        )
    return text


def _read_record(path: Path) -> dict[str, Any]:
    try:
        record = tomllib.loads(path.read_text(encoding="utf-8"))
        if record["run"]["format"] != 1:
            raise ValueError(f"format {record['run']['format']} is not 1")
        if not isinstance(record["run"]["id"], str) or not {"settings", "versions"} <= record.keys():
            raise KeyError("run.id")
    except (ValueError, KeyError, TypeError) as error:
        raise RunError(f"{path} is not a run's record ({error}). Restore it, or start a new run elsewhere.") from error
    return record


def _existing(path: str | os.PathLike[str]) -> Path:
    folder = Path(path)
    if not (folder / "run.toml").is_file():
        raise FileMissingError(f"A run is a folder with a run.toml: {folder} has none. Check the path.")
    return folder


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise atomic.write_error(folder, error) from error


def _locked(folder: Path) -> IO[str]:
    """The folder's lock file, held; closing it lets go, and so does the end of the process."""
    try:
        file = open(folder / _LOCK, "a+", encoding="ascii")  # noqa: SIM115 - held as long as the run is open
    except OSError as error:
        raise atomic.write_error(folder / _LOCK, error) from error
    try:
        _lock_file(file)
    except OSError as error:
        holder = _holder(file)
        file.close()
        raise RunLockedError(
            f"One process at a time writes to a run: {folder} is in use{holder}. Wait for it, or stop it."
        ) from error
    try:
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
    except OSError as error:
        file.close()
        raise atomic.write_error(folder / _LOCK, error) from error
    return file


def _holder(file: IO[str]) -> str:
    with contextlib.suppress(OSError):  # Windows does not let others read a locked file
        file.seek(0)
        number = file.read(20).strip()
        return f" by process {number}" if number else ""
    return ""


if sys.platform == "win32":
    import msvcrt

    def _lock_file(file: IO[str]) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock_file(file: IO[str]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
