"""Ctrl-C and SIGTERM as a wish that training looks at between updates, so that none is cut in half."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequest:
    """While entered, the first signal is noted; a second one interrupts at once.

    Python runs signal handlers in the main thread only, so in others nothing changes. A signal that the process was
    told to ignore stays ignored.

    Args:
        listen: false leaves signals alone.

    Attributes:
        name: of the signal that came; None before.
    """

    name: str | None = None

    def __init__(self, listen: bool) -> None:
        self._listen = listen
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> StopRequest:
        if self._listen and threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            # None: a handler that was not Python's own and cannot be put back from here.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.name is not None:
            raise KeyboardInterrupt
        self.name = signal.Signals(number).name
