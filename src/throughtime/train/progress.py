"""How far a training is: a bar on a terminal, a plain line now and then where output goes to a file or a pipe."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TaskProgressColumn, TextColumn

_REDRAW_S = 0.1  # what an eye can follow
_LINE_S = 10.0  # a log of an hour keeps to a few screens
# Columns that epoch, loss and share take with the rate, and with the bar too; where there are fewer, the bar goes first
_RATE_COLUMNS, _BAR_COLUMNS = 64, 80


class Display:
    """Shows progress on standard error between `with` and its end.

    Args:
        progress: True shows a bar on a terminal and lines elsewhere; None a bar on a terminal, nothing elsewhere; False
            nothing.
    """

    def __init__(self, progress: bool | None) -> None:
        self._console = Console(stderr=True)
        terminal = self._console.is_terminal
        self._bar = _bar(self._console) if progress is not False and terminal else None
        self._lines = progress is True and not terminal
        self._every_s = _LINE_S if self._lines else _REDRAW_S
        self._steps = 0
        self._shown_at = 0.0

    def __enter__(self) -> Display:
        self._began_at = self._shown_at = time.monotonic()
        self._began_with: float | None = None
        if self._bar is not None:
            self._task = self._bar.add_task("starting", total=1.0, rate="")
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, text: str, done: float, steps: int, *, last: bool = False) -> None:
        """Tell of an update.

        Args:
            text: where the training is.
            done: share of the whole training, in [0, 1].
            steps: time steps, of all rows, that this update went forward.
            last: nothing follows; shown in any case.
        """
        now = time.monotonic()
        if self._began_with is None:
            self._began_with = done  # the first share is not timed: it may be what was done before a resume
        self._steps += steps
        if not last and now - self._shown_at < self._every_s:
            return
        self._shown_at = now
        if self._bar is not None:
            self._bar.update(self._task, description=text, completed=done, rate=self._rate(now, done))
        elif self._lines:
            sys.stderr.write(f"{text}  {done:4.0%}  {self._rate(now, done)}\n")
            sys.stderr.flush()

    def _rate(self, now: float, done: float) -> str:
        spent = max(now - self._began_at, 1e-9)
        gained = done - (self._began_with or 0.0)
        left = f"{_clock(spent * (1 - done) / gained)} left" if gained > 0 else ""
        return f"{self._steps / spent:,.0f} steps/s  {left}".rstrip()


def _bar(console: Console) -> Progress:
    """Epoch and loss, which a narrow terminal keeps whole, the share done, and what else there is room for."""
    columns: list[ProgressColumn] = [TextColumn("{task.description}"), TaskProgressColumn()]
    if console.width >= _BAR_COLUMNS:
        columns.insert(1, BarColumn())
    if console.width >= _RATE_COLUMNS:
        columns.append(TextColumn("{task.fields[rate]}"))
    return Progress(*columns, console=console, transient=True)


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
