"""LSTMs, trained exactly through time.

Names are resolved when they are first used (PEP 562), so that `import throughtime` costs milliseconds and loads
neither torch nor anything else that is heavy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from throughtime.base.errors import (
        ConfigError,
        DataError,
        DeviceError,
        DtypeError,
        FileMissingError,
        KernelError,
        ModelFileError,
        NetworkError,
        Notice,
        RunError,
        RunLockedError,
        ScheduleError,
        ShapeError,
        ThroughtimeError,
    )
    from throughtime.bptt import TBPTT, Piece, check_splittable, through_stream, through_time
    from throughtime.insight import inspect
    from throughtime.nn import LSTM, RNN, Network
    from throughtime.tasks import SequencePredictor, load

__version__ = "0.1.0"

_HOME = {
    "throughtime.base.errors": (
        "ConfigError",
        "DataError",
        "DeviceError",
        "DtypeError",
        "FileMissingError",
        "KernelError",
        "ModelFileError",
        "NetworkError",
        "Notice",
        "RunError",
        "RunLockedError",
        "ScheduleError",
        "ShapeError",
        "ThroughtimeError",
    ),
    "throughtime.bptt": ("TBPTT", "Piece", "check_splittable", "through_stream", "through_time"),
    "throughtime.insight": ("inspect",),
    "throughtime.nn": ("LSTM", "RNN", "Network"),
    "throughtime.tasks": ("SequencePredictor", "load"),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = [  # noqa: RUF022 - by floor, from the public face down
    "SequencePredictor",
    "load",
    "inspect",
    "TBPTT",
    "Piece",
    "check_splittable",
    "through_stream",
    "through_time",
    "LSTM",
    "RNN",
    "Network",
    "ThroughtimeError",
    "ConfigError",
    "DataError",
    "DeviceError",
    "DtypeError",
    "FileMissingError",
    "KernelError",
    "ModelFileError",
    "NetworkError",
    "Notice",
    "RunError",
    "RunLockedError",
    "ScheduleError",
    "ShapeError",
]


def __getattr__(name: str) -> object:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'throughtime' has no attribute {name!r}")
    value = getattr(import_module(_MODULE_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
