"""Where each update of TBPTT(k1, k2) starts, stops and looks back to, and which losses it injects.

    u[j] = min(j k1, n)          update points
    w[j] = max(0, u[j] - k2)     first step the gradient reaches
    N[j] = (u[j-1], u[j]]        new steps
    W[j] = (w[j], u[j]]          window

Steps are counted from 1 in these intervals; as Python ranges, (a, b] is range(a, b). Pure integers: no tensor, no
state. `engine.py` carries the plan out.

Source: Williams & Peng, Neural Computation 2(4), 1990, BPTT(h; h') with h = k2, h' = k1; Sutskever, thesis, 2.8.6.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any, SupportsIndex

from throughtime.base.errors import ScheduleError

if TYPE_CHECKING:
    from torch import nn

    from throughtime.bptt.losses import Loss
    from throughtime.bptt.steps import Piece

LOSS_RULES = ("newest", "window", "cut")
HISTORIES = ("recompute", "reuse")


@dataclass(frozen=True, slots=True)
class Window:
    """One update's place in time: new steps (start, stop], gradient over (window_start, stop]."""

    start: int
    stop: int
    window_start: int


@dataclass(frozen=True, slots=True)
class TBPTT:
    """Truncated backpropagation through time: an update every k1 steps, over the last k2.

    Args:
        k1: steps between updates, >= 1; None is n, the whole sequence.
        k2: steps the gradient goes back, >= 1; None is n. `TBPTT()` is full BPTT.
        losses: which losses an update injects. "newest": those of the new steps inside the window, so that with
            k2 >= k1 every loss counts exactly once. "window": those of all steps of the window, each counted as often
            as windows hold it. "cut": only the loss at the update point.
        history: "recompute" runs each window forward again, with today's weights, from the stored state before it.
            "reuse" runs each step forward once and keeps what its layers computed; an update goes back through that
            with today's weights: k1 steps forward and k2 back. While weights move the gradient is Williams & Peng's
            approximation; with weights that rest it is the same. Needs a `tt.Network` of throughtime's layers.

    Raises:
        ScheduleError: k1 or k2 is not a positive integer, or a rule is unknown.
    """

    k1: int | None = None
    k2: int | None = None
    _: KW_ONLY
    losses: str = "newest"
    history: str = "recompute"

    def __post_init__(self) -> None:
        object.__setattr__(self, "k1", _checked_steps("k1", self.k1))
        object.__setattr__(self, "k2", _checked_steps("k2", self.k2))
        for name, value, known in (("losses", self.losses, LOSS_RULES), ("history", self.history, HISTORIES)):
            if value not in known:
                raise ScheduleError(f"`{name}` is one of {', '.join(map(repr, known))}: {value!r} came.")

    @classmethod
    def parse(cls, text: str) -> TBPTT:
        """Read "k1,k2", then a loss rule or a history if wanted; n stands for the whole sequence.

        "50,50", "20,100,window", "20,100,reuse", "20,100,cut,reuse", "n,n".

        Raises:
            ScheduleError: the text is of another form, or its numbers break a rule of `TBPTT`.
        """
        fields = [field.strip() for field in text.split(",")]
        rest = fields[2:]
        words = {"losses": [w for w in rest if w not in HISTORIES], "history": [w for w in rest if w in HISTORIES]}
        if len(fields) < 2 or any(len(found) > 1 for found in words.values()):
            raise ScheduleError(
                'A schedule is written "k1,k2", "k1,k2,losses" or "k1,k2,losses,history", n for the whole sequence: '
                f'{text!r} came. Write "50,50", "20,100,window" or "20,100,reuse".'
            )
        rules = {name: found[0] for name, found in words.items() if found}
        return cls(_parse_steps(fields[0], text), _parse_steps(fields[1], text), **rules)

    @staticmethod
    def auto(
        network: nn.Module,
        loss: Loss,
        data: Piece,
        *,
        k1: int | None = None,
        longest: int | None = None,
        tolerance: float = 0.3,
        state: Any = None,
        say: Callable[[str], Any] | None = None,
    ) -> TBPTT:
        """The shortest window that a trained network's gradients need.

        Gradients of single losses over windows of 1 to `longest` steps are compared with those over `longest`. Train
        with long windows first: truncation shows nothing beyond its own window, and an untrained network little of any.

        Args:
            network, loss, state: as in `through_time`; nothing of the network is changed.
            data: a `Piece` of sequences like those it was trained on.
            k1: of the schedule; None: as k2.
            longest: steps of the longest window measured; None: 400, or half of those there are.
            tolerance: of the gradient, the share that may be missing, as a root mean square over losses.
            say: is given a sentence that says why, `print` for instance.

        Raises:
            ConfigError: `longest` or `tolerance` is out of range.
            DataError: there is no loss, or it depends on no parameter.
            NetworkError, ShapeError, DtypeError: as `through_time`.
        """
        from throughtime.bptt.auto import choose  # it runs networks, which a plan otherwise knows nothing of

        return choose(network, loss, data, k1=k1, longest=longest, tolerance=tolerance, state=state, say=say)

    def __str__(self) -> str:
        fields = ["n" if k is None else str(k) for k in (self.k1, self.k2)]
        rules = [rule for rule, usual in ((self.losses, "newest"), (self.history, "recompute")) if rule != usual]
        return ",".join([*fields, *rules])

    def truncates(self, n: int) -> bool:
        """Whether a sequence of n steps takes more than one update or a window shorter than itself."""
        return (self.k1 is not None and self.k1 < n) or (self.k2 is not None and self.k2 < n)

    def window_start(self, stop: int) -> int:
        """w for an update at `stop`."""
        return 0 if self.k2 is None else max(0, stop - self.k2)

    def window(self, start: int, end: int) -> Window:
        """The update after `start`, where the steps known so far end at `end`."""
        stop = end if self.k1 is None else min(start + self.k1, end)
        return Window(start, stop, self.window_start(stop))

    def windows(self, n: int) -> Iterator[Window]:
        """The updates of a sequence of n steps, in order; the last is ragged where k1 does not divide n."""
        start = 0
        while start < n:
            window = self.window(start, n)
            yield window
            start = window.stop

    def counted(self, window: Window) -> range:
        """The steps of a window whose losses its update injects."""
        first = {
            "newest": max(window.start, window.window_start),
            "window": window.window_start,
            "cut": window.stop - 1,
        }[self.losses]
        return range(first, window.stop)

    def reported(self, window: Window) -> range:
        """The steps whose losses an update reports: its new ones, or only the cut."""
        return range(window.stop - 1 if self.losses == "cut" else window.start, window.stop)

    def next_starts(self, stop: int, next_stop: int | None) -> range:
        """Where the window after `stop` may start: one place if the next update point is known, else all there are.

        Args:
            stop: the update point just reached.
            next_stop: the next one, or None where the steps known so far end at `stop`.
        """
        if self.k2 is None:
            return range(0, 1)
        if next_stop is not None:
            start = self.window_start(next_stop)
            return range(start, start + 1)
        last = stop if self.k1 is None else min(stop, max(0, stop + self.k1 - self.k2))
        return range(max(0, stop + 1 - self.k2), last + 1)


def _parse_steps(field: str, text: str) -> int | None:
    if field == "n":
        return None
    try:
        return int(field)
    except ValueError:
        raise ScheduleError(
            f'k1 and k2 are whole numbers, or n for the whole sequence: {field!r} came in {text!r}. Write "50,50" or '
            '"n,n".'
        ) from None


def _checked_steps(name: str, k: SupportsIndex | None) -> int | None:
    """A number of steps as an int, numpy's integers too."""
    if k is None:
        return None
    if isinstance(k, bool) or not isinstance(k, SupportsIndex) or operator.index(k) < 1:
        raise ScheduleError(
            f"{name} is a number of steps, 1 or more, or None for the whole sequence: {k!r} came. "
            "TBPTT(50, 50) updates every 50 steps over the last 50; TBPTT() is full BPTT."
        )
    return operator.index(k)
