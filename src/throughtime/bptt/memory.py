"""How a window goes back within a number of bytes: what to keep of it, and what to run again.

    whole      all that autograd keeps of the window
    states     y and c of throughtime's layers; their gates are made again, by one product over many steps
    segments   states before some segments of the window; a segment runs again, and is kept whole, when its turn comes,
               the last segment first

The first that fits is taken: running again costs time. Pure numbers; `bounded.py` measures and carries out.
"""

from __future__ import annotations

from dataclasses import dataclass

from throughtime.base.errors import ConfigError
from throughtime.bptt.segments import fewest

# Segment lengths tried are so much apart; finer steps save less than a percent of the bytes.
GROWTH = 1.05


@dataclass(frozen=True, slots=True)
class Cost:
    """Bytes kept of a window.

    Args:
        step: of each step.
        lean: of each step without gates.
        fixed: whatever its length.
        state: of a stored state.
    """

    step: int
    lean: int
    fixed: int
    state: int


@dataclass(frozen=True, slots=True)
class MemoryPlan:
    """How a window of `steps` steps goes back.

    Args:
        kind: "whole", "states" or "segments".
        steps: of the window.
        segment: steps of a segment; all of them where the window is not cut.
        places: states stored beside the window's first.
        kept: bytes kept at most, beyond x, y and the parameters.
        again: steps that run again, without what autograd keeps.
        budget: bytes allowed; None: any number.
    """

    kind: str
    steps: int
    segment: int
    places: int
    kept: int
    again: int
    budget: int | None

    def __str__(self) -> str:
        allowed = "" if self.budget is None else f" of {_in_units(self.budget)}"
        segments = -(-self.steps // max(1, self.segment))
        how = {
            "whole": "all of it kept",
            "states": "y and c kept, gates made again",
            "segments": f"{segments:,} segments of {self.segment:,} steps, {self.places:,} states stored, "
            f"{self.again:,} steps run again",
        }[self.kind]
        return f"{self.steps:,} steps back: {how}; {_in_units(self.kept)}{allowed}"


def _in_units(count: int) -> str:
    return f"{count / 1e6:,.1f} MB" if count >= 10**6 else f"{count / 1e3:,.1f} kB"


def plan(steps: int, cost: Cost, budget: int | None) -> MemoryPlan:
    """The plan for a window that runs the fewest steps again.

    Args:
        steps: of the window, >= 1.
        cost: bytes.
        budget: bytes allowed; None: any number.

    Raises:
        ConfigError: not even single steps fit.
    """
    whole, lean = (cost.fixed + each * steps for each in (cost.step, cost.lean))
    if budget is None or whole <= budget:
        return MemoryPlan("whole", steps, steps, 0, whole, 0, budget)
    if lean <= budget and cost.lean < cost.step:
        return MemoryPlan("states", steps, steps, 0, lean, 0, budget)
    plans = [found for length in _lengths(steps) if (found := _in_segments(steps, length, cost, budget)) is not None]
    if not plans:
        raise ConfigError(
            f"`memory` must hold a step and two states: {cost.fixed + cost.step + 2 * cost.state:,} bytes of this "
            f"network and loss, {budget:,} came. Allow more."
        )
    return min(plans, key=lambda found: (found.again, found.kept))


def _lengths(steps: int) -> list[int]:
    found, length = set(), 1.0
    while length < steps:
        found.add(int(length))
        length = max(length * GROWTH, length + 1)
    return sorted(found)


def _in_segments(steps: int, length: int, cost: Cost, budget: int) -> MemoryPlan | None:
    segments = -(-steps // length)
    # One state is the window's first, one the segment's that runs.
    left = budget - cost.fixed - cost.step * length - 2 * cost.state
    if left < 0:
        return None
    places = min(left // cost.state, segments - 1) if cost.state else segments - 1
    again = min(fewest(segments, places) * length, steps * segments)
    kept = cost.fixed + cost.step * length + (2 + places) * cost.state
    return MemoryPlan("segments", steps, length, places, kept, again, budget)
