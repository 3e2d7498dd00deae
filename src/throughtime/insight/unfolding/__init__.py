"""The picture of a recurrent network unfolded in time and trained by TBPTT(k1, k2): on a slide, in a terminal, as data.

plan      what is drawn            frame, graph, lanes, drawing    the slide
memory    bytes kept               canvas, columns, terminal       characters
numbers   of a tiny network        words                           sentences of both
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from throughtime.base.atomic import write_text
from throughtime.base.errors import ConfigError
from throughtime.bptt import TBPTT
from throughtime.insight.svg import check_name
from throughtime.insight.unfolding import drawing, terminal, words
from throughtime.insight.unfolding.canvas import Look, look_of
from throughtime.insight.unfolding.memory import Memory, Sizes, memory
from throughtime.insight.unfolding.numbers import Values, values
from throughtime.insight.unfolding.plan import Lane, Plan, plan

__all__ = ["Look", "Sizes", "Unfolding", "look_of", "unfolding"]

# Backward passes of n updates over n steps, one step at a time: beyond it a user waits.
MOST_STEPS_WITH_VALUES = 48
# The seeds that torch takes.
_LEAST_SEED, _MOST_SEED = -(2**63), 2**64 - 1


@dataclass(frozen=True, slots=True)
class Unfolding:
    """An unfolded network, ready to be drawn.

    Args:
        plan: its updates.
        memory: bytes kept between forward and backward.
        values: numbers of a tiny network, or None.
        seed: of those numbers.
    """

    plan: Plan
    memory: Memory
    values: Values | None
    seed: int

    def to_text(self, look: Look | None = None) -> str:
        """The picture in characters; without a look 100 wide, in Unicode, without colour."""
        return terminal.to_text(self.plan, self.memory, self.values, self._notes(), look or Look())

    def to_svg(self) -> str:
        """The picture as a slide of 1280 by 720 pixels.

        Raises:
            ConfigError: more steps than can be read.
        """
        return drawing.to_svg(self.plan, self.memory, self.values, self._notes())

    def to_json(self) -> str:
        """Everything the picture shows, for a program.

        Steps count from 1. Every range of them is {"first": 3, "last": 5}, both included, or null for none.
        """
        return json.dumps(
            {
                "cell": self.plan.cell,
                "steps": self.plan.steps,
                "schedule": str(self.plan.schedule),
                "k1": self.plan.k1,
                "k2": self.plan.k2,
                "losses": self.plan.schedule.losses,
                "updates": [_lane(lane) for lane in self.plan.lanes],
                "forward_steps": self.plan.forward_steps,
                "backward_steps": self.plan.backward_steps,
                "injections": self.plan.injections(),
                "memory": asdict(self.memory),
                "values": None if self.values is None else {"seed": self.seed, **asdict(self.values)},
                "notes": self._notes(),
            },
            indent=2,
        )

    def save(self, file: str | Path) -> None:
        """Write the slide.

        Raises:
            ConfigError: the name does not end in .svg, or more steps than can be read.
            WriteError: the file cannot be written.
        """
        check_name(file)
        write_text(file, self.to_svg())

    def _notes(self) -> list[str]:
        return words.notes(self.plan, None if self.values is None else self.seed)


def unfolding(
    steps: int = 12,
    schedule: TBPTT | None = None,
    cell: str = "lstm",
    *,
    with_values: bool = False,
    seed: int = 0,
    sizes: Sizes | None = None,
) -> Unfolding:
    """Unfold a cell over n steps and plan its updates.

    Args:
        steps: n, 1 .. 100,000; 1 .. 48 with values.
        schedule: k1, k2 and the loss rule; None is TBPTT(3, 5). k beyond n is n.
        cell: "lstm" or "rnn".
        with_values: whether to run a tiny network through it and keep its numbers.
        seed: of that network's weights and data, -2**63 .. 2**64 - 1, with values or without.
        sizes: of the network whose bytes are counted.

    Raises:
        ConfigError: no such cell, or steps or seed out of range.
    """
    if with_values and steps > MOST_STEPS_WITH_VALUES:
        raise ConfigError(
            f"Numbers are written on at most {MOST_STEPS_WITH_VALUES} steps: {steps:,} came. Take fewer, or leave "
            "the values out."
        )
    if not _LEAST_SEED <= seed <= _MOST_SEED:
        raise ConfigError(f"A seed lies in -2**63 .. 2**64 - 1, which torch takes: {seed} came. Take for example 0.")
    planned = plan(cell, steps, schedule or TBPTT(3, 5))
    found = values(planned, seed) if with_values else None
    return Unfolding(planned, memory(planned, sizes or Sizes()), found, seed)


def _lane(lane: Lane) -> dict[str, object]:
    return {
        "update": lane.number,
        "new_steps": _range(range(lane.start + 1, lane.stop + 1)),
        "window": _range(lane.window),
        "cut": lane.window_start > 0,
        "injected": _range(lane.injected),
        "reported_only": _range(lane.unused),
        "run_again": _range(lane.again),
        "without_gradient": _range(lane.without_gradient),
        "forward_steps": lane.forward_steps,
        "backward_steps": len(lane.window),
    }


def _range(steps: range) -> dict[str, int] | None:
    """First and last; a list of all would be long where every update looks back over thousands."""
    return {"first": steps[0], "last": steps[-1]} if steps else None
