"""LSTMs, trained exactly through time.

Names are resolved when they are first used (PEP 562), so that `import throughtime` costs milliseconds and loads
neither torch nor anything else that is heavy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from throughtime.base.errors import (
        ClusterError,
        ConfigError,
        DataError,
        DeviceError,
        DivergedError,
        DownloadError,
        DtypeError,
        FileMissingError,
        Interrupted,
        KernelError,
        ModelFileError,
        NetworkError,
        Notice,
        RunError,
        RunLockedError,
        ScheduleError,
        ShapeError,
        ThroughtimeError,
        WriteError,
    )
    from throughtime.bptt import (
        TBPTT,
        MemoryPlan,
        Piece,
        check_splittable,
        gradient_reach,
        memory_plan,
        through_stream,
        through_time,
    )
    from throughtime.insight import inspect
    from throughtime.nn import LSTM, RNN, Network, unfold
    from throughtime.tasks import (
        CaptionGenerator,
        PurchasePredictor,
        SequenceClassifier,
        SequenceGenerator,
        SequencePredictor,
        SequenceToSequence,
        load,
    )

__version__ = "0.1.0"

__all__ = [
    "LSTM",
    "RNN",
    "TBPTT",
    "CaptionGenerator",
    "ClusterError",
    "ConfigError",
    "DataError",
    "DeviceError",
    "DivergedError",
    "DownloadError",
    "DtypeError",
    "FileMissingError",
    "Interrupted",
    "KernelError",
    "MemoryPlan",
    "ModelFileError",
    "Network",
    "NetworkError",
    "Notice",
    "Piece",
    "PurchasePredictor",
    "RunError",
    "RunLockedError",
    "ScheduleError",
    "SequenceClassifier",
    "SequenceGenerator",
    "SequencePredictor",
    "SequenceToSequence",
    "ShapeError",
    "ThroughtimeError",
    "WriteError",
    "check_splittable",
    "gradient_reach",
    "inspect",
    "load",
    "memory_plan",
    "through_stream",
    "through_time",
    "unfold",
]

# Which floor a name lives on; all others are errors.
_FLOOR = {
    "LSTM": "nn",
    "RNN": "nn",
    "CaptionGenerator": "tasks",
    "TBPTT": "bptt",
    "MemoryPlan": "bptt",
    "Network": "nn",
    "Piece": "bptt",
    "PurchasePredictor": "tasks",
    "SequenceClassifier": "tasks",
    "SequenceGenerator": "tasks",
    "SequencePredictor": "tasks",
    "SequenceToSequence": "tasks",
    "check_splittable": "bptt",
    "gradient_reach": "bptt",
    "inspect": "insight",
    "load": "tasks",
    "memory_plan": "bptt",
    "through_stream": "bptt",
    "through_time": "bptt",
    "unfold": "nn",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'throughtime' has no attribute {name!r}")
    value = getattr(import_module(f"throughtime.{_FLOOR.get(name, 'base.errors')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
