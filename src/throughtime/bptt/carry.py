"""What one call leaves for the next: where it stood, the steps and states that later windows still read.

With k1 < k2 the next window begins before the last update, so the last state alone is not enough: it would lose the
overlap. A carry also holds those steps, the states at every place where the next window may begin, and the seed of
the random masks, which overlapping windows share.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from throughtime.base.errors import ScheduleError
from throughtime.bptt.ends import Points
from throughtime.bptt.ring import Ring
from throughtime.bptt.rows import Point
from throughtime.bptt.steps import Steps


@dataclass(frozen=True, slots=True)
class Carry:
    """State of an unfinished sequence after an update; pass it as `carry=` with the steps after `position`.

    Steps are held as views of what was passed in: do not overwrite that in place before the carry is used or saved.

    Args:
        position: the update point p; the next update is at p + k1.
        base: number of the first retained step.
        steps: retained steps base .. position - 1.
        points: the states after position and wherever the next window may begin; where a call's steps ended, some are
            worked out only when asked for, with the weights the network had then.
        seed: of the random masks.
        ring: under history="reuse", what the layers computed in the steps since `base`; None elsewhere.
    """

    position: int
    base: int
    steps: Steps
    points: Mapping[int, Point]
    seed: int
    ring: Ring | None = None

    @property
    def points_at_hand(self) -> dict[int, Point]:
        """The states that need no more work."""
        return dict(self.points.known if isinstance(self.points, Points) else self.points)

    def to_tree(self) -> dict[str, Any]:
        """As a nest of dicts, lists, numbers and tensors, for a checkpoint; every state is worked out."""
        return {
            "position": self.position,
            "base": self.base,
            "seed": self.seed,
            "steps": {f.name: getattr(self.steps, f.name) for f in fields(Steps)},
            "points": [[step, point.state, point.resets_seen] for step, point in sorted(self.points.items())],
            "ring": None if self.ring is None else self.ring.from_step(self.base).to_tree(),
        }

    @classmethod
    def from_tree(cls, tree: Mapping[str, Any]) -> Carry:
        """The inverse of `to_tree`."""
        return cls(
            position=tree["position"],
            base=tree["base"],
            steps=Steps(**tree["steps"]),
            points={step: Point(state, seen) for step, state, seen in tree["points"]},
            seed=tree["seed"],
            ring=None if tree.get("ring") is None else Ring.from_tree(tree["ring"]),
        )


def missing_point(step: int, known: Iterable[int]) -> ScheduleError:
    """The error for a window that would begin where no state was kept."""
    return ScheduleError(
        f"A window can begin only where a state was kept (after steps {sorted(known)}): one that begins at step {step} "
        "came. "
        "Continue a carry with the schedule it was made for; one from the middle of a call needs k1 more steps, or all "
        "that "
        "call still had."
    )
