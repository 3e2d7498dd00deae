"""Every error the library raises on purpose, and the notices it gives once.

One root class, so that a caller can catch all of them; each subclass also inherits the builtin that fits, so that
code which knows nothing of throughtime still catches the right thing. A message has three parts: the rule, what
came, what to do.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


class ThroughtimeError(Exception):
    """Root of all errors raised by throughtime."""


class ShapeError(ThroughtimeError, ValueError):
    """A tensor or array has the wrong number of axes or sizes that do not fit together."""


class DtypeError(ThroughtimeError, TypeError):
    """A tensor or array holds the wrong kind of numbers, or an argument is of the wrong type."""


class DeviceError(ThroughtimeError, ValueError):
    """Tensors that must share a device do not."""


class ConfigError(ThroughtimeError, ValueError):
    """A setting is unknown, out of range, or contradicts another one."""


class ScheduleError(ThroughtimeError, ValueError):
    """TBPTT(k1, k2) cannot be carried out as asked."""


class NetworkError(ThroughtimeError, TypeError):
    """The network cannot be unrolled step by step: it is not causal, or not splittable."""


class KernelError(ThroughtimeError, RuntimeError):
    """A kernel was asked for something it cannot do."""


class DataError(ThroughtimeError, ValueError):
    """A table, file or sequence breaks a stated rule."""


class FileMissingError(ThroughtimeError, FileNotFoundError):
    """A file or folder that was named does not exist."""


class DownloadError(ThroughtimeError, ConnectionError):
    """A file could not be fetched from its address."""


class ModelFileError(ThroughtimeError, ValueError):
    """A model or checkpoint file is damaged, altered, or of a kind this version does not read."""


class RunError(ThroughtimeError, RuntimeError):
    """A run folder cannot be used as asked."""


class RunLockedError(RunError):
    """Another process is writing to the run folder."""


class Interrupted(RunError):
    """Training was stopped by a signal, after a checkpoint; resuming goes on from there.

    Args:
        message: what happened.
        run: the folder of the run, where there is one.
    """

    def __init__(self, message: str, run: str | os.PathLike[str] | None = None) -> None:
        super().__init__(message)
        self.run = run


class ClusterError(ThroughtimeError, RuntimeError):
    """A cluster that trials were sent to cannot be reached, has no workers, or would not give the same results."""


class DivergedError(ThroughtimeError, FloatingPointError):
    """A loss, a gradient or a validation value is no longer a finite number."""


class WriteError(ThroughtimeError, OSError):
    """A file could not be written; what was there before is untouched."""


class Notice(UserWarning):
    """Something the user should know once; nothing is wrong."""


_said: set[str] = set()


def say_once(key: str, message: str) -> None:
    """Warn with `Notice`, once per process for each `key`."""
    if key not in _said:
        _said.add(key)
        warnings.warn(message, Notice, stacklevel=3)


@contextmanager
def notices_heard_afresh() -> Iterator[None]:
    """Let every notice be said again meanwhile: who listens now may not be who heard it."""
    before = set(_said)
    _said.clear()
    try:
        yield
    finally:
        _said.update(before)


def forget_notices() -> None:
    """Let every notice be said again; tests call this between cases."""
    _said.clear()
