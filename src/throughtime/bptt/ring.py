"""What a network computed in the last steps, kept so that they need not run again.

    ring.append(arrays, steps, end)    one more stretch of steps
    ring.arrays(start, stop)           what was kept of some of them, as views
    ring.point(step)                   the state between two of them

Arrays are named "layer.stacked.what", as "0.1.h" for h of the second of the layers stacked in the core's first;
besides there are "valid", "resets" and, of layers that read what is made anew in each window, "layer.input".

A ring is never changed: what `append` returns shares its memory and writes beyond its end alone, so a carry may keep
one while the run goes on. Where the memory is full, the steps still needed move to new memory.

Dimensions: T steps, B rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from throughtime.bptt.nests import Nest, map_nest
from throughtime.bptt.rows import Point
from throughtime.bptt.steps import Steps

# Steps that new memory holds, as a multiple of those it must: each step then moves about once in its life.
ROOM = 2
# The parts of a layer's state among what is kept of it, in their order.
STATE = ("h", "c")


class _Memory:
    """Arrays [capacity, B, ...] by name, written from the front."""

    def __init__(self, arrays: Mapping[str, Tensor], capacity: int) -> None:
        self.arrays = {name: a.new_empty(capacity, *a.shape[1:]) for name, a in arrays.items()}
        self.capacity, self.filled = capacity, 0

    def leave_empty(self, count: int) -> None:
        """Steps that no row has: zeros, as past rows' ends. A head runs over them too, and 0 times nan is nan."""
        for place in self.next(count).values():
            place.zero_()
        self.filled += count

    def next(self, count: int) -> dict[str, Tensor]:
        """The places of the next steps."""
        return {name: array[self.filled : self.filled + count] for name, array in self.arrays.items()}

    def write(self, arrays: Mapping[str, Tensor], count: int) -> None:
        places = self.next(count)
        for name, array in arrays.items():
            if array.data_ptr() != places[name].data_ptr():
                places[name].copy_(array)
        self.filled += count


@dataclass(frozen=True, slots=True)
class Ring:
    """Consecutive steps base .. stop - 1, and the states at both ends.

    Args:
        base: absolute number of the first step.
        start: the state before it.
        end: the state after the last.
        count: steps.
    """

    base: int
    start: Point
    end: Point
    count: int = 0
    _memory: _Memory | None = None
    _first: int = 0  # place in memory

    @staticmethod
    def beginning(step: int, point: Point) -> Ring:
        """No step yet; the first to come is `step`, from the state `point`, detached."""
        return Ring(step, point, point)

    @property
    def stop(self) -> int:
        """Absolute number of the step after the last."""
        return self.base + self.count

    @property
    def step_bytes(self) -> int:
        """Bytes of a step; 0 before the first."""
        if self._memory is None:
            return 0
        return sum(a.shape[1:].numel() * a.itemsize for a in self._memory.arrays.values())

    def append(self, kept: Mapping[str, Tensor] | None, steps: Steps, end: Point) -> Ring:
        """The ring with further steps at its end.

        Args:
            kept: arrays [T, B, ...] by name, the same names every time; None where no row has a step.
            steps: which they were.
            end: the state after them, detached.
        """
        if kept is None and self._memory is None:
            return replace(self, end=end, count=self.count + steps.count)
        if self._memory is None:
            memory = _Memory(_masks(steps) | dict(kept or {}), self.count + steps.count)
            memory.leave_empty(self.count)
            ring = replace(self, _memory=memory, _first=0)
        else:
            ring = self.with_room(steps.count)
        assert ring._memory is not None
        if kept is None:
            ring._memory.leave_empty(steps.count)
        else:
            ring._memory.write(_masks(steps) | dict(kept), steps.count)
        return replace(ring, end=end, count=self.count + steps.count)

    def with_room(self, count: int, most: int | None = None) -> Ring:
        """The same ring in memory that has room for `count` more steps.

        Args:
            count: steps to come.
            most: bytes that new memory takes, unless that many steps need more.
        """
        memory = self._memory
        at_end = memory is not None and memory.filled == self._first + self.count
        if memory is None or (at_end and memory.filled + count <= memory.capacity):
            return self
        needed = self.count + count
        capacity = ROOM * needed if most is None else max(needed, min(ROOM * needed, most // self.step_bytes))
        larger = _Memory(memory.arrays, capacity)
        larger.write(self.arrays(self.base, self.stop), self.count)
        return replace(self, _memory=larger, _first=0)

    def room(self, count: int) -> dict[str, Tensor]:
        """Where the next steps will stand, to be written before they are appended; after `with_room`."""
        return {} if self._memory is None else self._memory.next(count)

    def from_step(self, step: int) -> Ring:
        """The ring without the steps before `step`; a step before its base leaves it as it is."""
        if step <= self.base:
            return self
        gone = min(step, self.stop) - self.base
        start = self.end if gone == self.count else self.point(self.base + gone)
        return replace(self, base=self.base + gone, start=start, count=self.count - gone, _first=self._first + gone)

    def arrays(self, start: int, stop: int) -> dict[str, Tensor]:
        """What was kept of the steps start .. stop - 1: views."""
        if self._memory is None:
            return {}
        a, b = (self._first + step - self.base for step in (start, stop))
        return {name: array[a:b] for name, array in self._memory.arrays.items()}

    def point(self, step: int) -> Point:
        """The state after step `step`, base <= step <= stop."""
        if step == self.base or self._memory is None:
            return self.start
        if step == self.stop:
            return self.end
        found = self.arrays(self.base, step)
        return Point(self._state(found), self.start.resets_seen + found["resets"].sum(0))

    def _state(self, found: Mapping[str, Tensor]) -> Nest:
        """The state after the last of some steps: of each row what its last real step left, or the ring's start."""
        count, rows = found["valid"].shape
        parts = iter(_parts(found))
        if bool(found["valid"][-1].all()):
            return map_nest(
                lambda end: torch.stack([found[n][-1, :, : end.shape[-1]] for n in next(parts)]), self.end.state
            )
        numbers = torch.arange(1, count + 1)[:, None]
        last = (found["valid"] * numbers).amax(0) - 1  # -1: the row has no step among them

        def read(end: Tensor, start: Tensor | None) -> Tensor:
            at, row = last.clamp(min=0).to(end.device), torch.arange(rows, device=end.device)
            now = torch.stack([found[name][at, row, : end.shape[-1]] for name in next(parts)])
            if bool((last >= 0).all()):
                return now
            rest = torch.zeros_like(now) if start is None else start.to(now)
            return torch.where((last >= 0).to(now.device)[:, None], now, rest)

        return map_nest(read, self.end.state, self.start.state)

    def to_tree(self) -> dict[str, Any]:
        """As a nest of dicts, lists, numbers and tensors, for a checkpoint."""
        ends = [[point.state, point.resets_seen] for point in (self.start, self.end)]
        arrays = {name: array.clone() for name, array in self.arrays(self.base, self.stop).items()}
        return {"base": self.base, "count": self.count, "ends": ends, "arrays": arrays}

    @staticmethod
    def from_tree(tree: Mapping[str, Any]) -> Ring:
        """The inverse of `to_tree`."""
        start, end = (Point(*parts) for parts in tree["ends"])
        ring = Ring(tree["base"], start, end, tree["count"])
        if not tree["count"] or not tree["arrays"]:
            return ring
        memory = _Memory(tree["arrays"], ROOM * tree["count"])
        memory.write(tree["arrays"], tree["count"])
        return replace(ring, _memory=memory)


def _masks(steps: Steps) -> dict[str, Tensor]:
    shape = (steps.count, steps.rows)
    valid = torch.ones(shape, dtype=torch.bool) if steps.valid is None else steps.valid
    resets = torch.zeros(shape, dtype=torch.bool) if steps.resets is None else steps.resets
    return {"valid": valid, "resets": resets}


def _parts(found: Mapping[str, Tensor]) -> list[list[str]]:
    """For each leaf of the state in order, the names of the arrays that hold it, one for each stacked layer."""
    places: dict[tuple[int, str], list[str]] = {}
    for name in found:
        layer, _, what = name.partition(".")
        part = what.partition(".")[2]
        if part in STATE:
            places.setdefault((int(layer), part), []).append(name)
    return [places[key] for key in sorted(places, key=lambda key: (key[0], STATE.index(key[1])))]
