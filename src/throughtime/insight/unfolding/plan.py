"""What a drawing of TBPTT(k1, k2) shows, as plain numbers: one lane for every update of a sequence of n steps.

Steps are counted from 1, places between steps from 0 (before step 1) to n, as in DESIGN's

    u[j] = min(j k1, n)    w[j] = max(0, u[j] - k2)    N[j] = (u[j-1], u[j]]    W[j] = (w[j], u[j]]

The schedule itself is that of `bptt.TBPTT`; nothing about it is worked out anew here.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

from throughtime.base.errors import ConfigError
from throughtime.bptt import TBPTT, Window

CELLS = ("lstm", "rnn")
# Beyond it a list of updates is a file, not a picture.
MOST_STEPS = 100_000


@dataclass(frozen=True, slots=True)
class Lane:
    """One update.

    Args:
        number: j, from 1.
        start: u[j-1].
        stop: u[j], the update point.
        window_start: w[j]; above 0 the errors are cut there.
        injected: steps whose losses it injects.
        unused: new steps whose losses it reports and does not inject.
    """

    number: int
    start: int
    stop: int
    window_start: int
    injected: range
    unused: range

    @property
    def new(self) -> range:
        """New steps inside the window."""
        return range(max(self.start, self.window_start) + 1, self.stop + 1)

    @property
    def again(self) -> range:
        """Steps of the window that earlier updates have run, and this one runs again."""
        return range(self.window_start + 1, self.start + 1)

    @property
    def without_gradient(self) -> range:
        """New steps before the window, which run forward only (k2 < k1)."""
        return range(self.start + 1, self.window_start + 1)

    @property
    def window(self) -> range:
        """Steps over which errors flow back."""
        return range(self.window_start + 1, self.stop + 1)

    @property
    def forward_steps(self) -> int:
        """Steps run forward under history "recompute"."""
        return self.stop - min(self.start, self.window_start)


@dataclass(frozen=True, slots=True)
class Plan:
    """All updates of a sequence.

    Args:
        cell: "lstm" or "rnn".
        steps: n.
        schedule: as it was asked for.
        lanes: the updates, in order.
    """

    cell: str
    steps: int
    schedule: TBPTT
    lanes: tuple[Lane, ...]

    @property
    def k1(self) -> int:
        """Steps between updates, n at most."""
        return min(self.schedule.k1 or self.steps, self.steps)

    @property
    def k2(self) -> int:
        """Steps errors go back, n at most."""
        return min(self.schedule.k2 or self.steps, self.steps)

    @property
    def forward_steps(self) -> int:
        """Steps run forward in all updates together, under history "recompute"."""
        return sum(lane.forward_steps for lane in self.lanes)

    @property
    def backward_steps(self) -> int:
        """Steps run backward in all updates together."""
        return sum(len(lane.window) for lane in self.lanes)

    def injections(self) -> list[int]:
        """How often the loss of each step is injected, from step 1 to n."""
        changes = [0] * (self.steps + 1)
        for lane in self.lanes:
            changes[lane.injected.start - 1] += 1
            changes[lane.injected.stop - 1] -= 1
        return list(accumulate(changes))[:-1]


def plan(cell: str, steps: int, schedule: TBPTT) -> Plan:
    """The updates of a sequence.

    Args:
        cell: "lstm" or "rnn".
        steps: n, 1 .. `MOST_STEPS`.
        schedule: k1, k2 and the loss rule; k beyond n is n.

    Raises:
        ConfigError: no such cell, or n out of range.
    """
    if cell not in CELLS:
        raise ConfigError(f"`cell` is lstm or rnn: {cell!r} came. The LSTM is drawn where you leave it out.")
    if not 1 <= steps <= MOST_STEPS:
        raise ConfigError(
            f"An unfolded network has 1 to {MOST_STEPS:,} steps: {steps:,} came. Write for example --steps 12."
        )
    return Plan(cell, steps, schedule, tuple(_lanes(steps, schedule)))


def _lanes(steps: int, schedule: TBPTT) -> list[Lane]:
    return [_lane(number, window, schedule) for number, window in enumerate(schedule.windows(steps), start=1)]


def _lane(number: int, window: Window, schedule: TBPTT) -> Lane:
    counted, reported = schedule.counted(window), schedule.reported(window)
    injected = range(counted.start + 1, counted.stop + 1)
    unused = range(reported.start + 1, max(reported.start, counted.start) + 1)
    return Lane(number, window.start, window.stop, window.window_start, injected, unused)
