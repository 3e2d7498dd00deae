"""Running a network over some steps: stretches between the places where rows end, restart, or a state is kept.

A network whose forward takes `lengths` and `resets` gets them; for any other the run is cut where a row ends or
restarts, and each stretch runs on the rows that are in it. Rows that are not keep their state.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import torch
from torch import Tensor, nn

from throughtime.base.errors import NetworkError, ShapeError
from throughtime.bptt.nests import Nest, detached, leaves, map_nest
from throughtime.bptt.protocol import Traits, state_axis, traits
from throughtime.bptt.steps import Steps
from throughtime.nn.masks import MaskKey, keyed

State = Callable[[Tensor, int], Nest]


@dataclass(frozen=True, slots=True)
class Point:
    """A state between two steps, and how many resets each row [B] has seen by then."""

    state: Nest
    resets_seen: Tensor


@dataclass(frozen=True, slots=True)
class Stretch:
    """Outputs [stop - start, B, ...] of the steps start .. stop - 1."""

    start: int
    stop: int
    output: Nest


class Rows:
    """Runs one network over B rows.

    Args:
        network: called as network(x, state).
        fresh: the state of a sequence's start: None, a nest (before the first step only), or a callable
            (rows [N], step) -> nest for those rows.
        seed: of the random masks of throughtime's layers.
        autocast: makes a context manager for each forward pass, or None.
        first_row: number of the first row in those masks: rows of other processes may come before it.
    """

    def __init__(
        self,
        network: nn.Module,
        fresh: Nest | State,
        seed: int,
        autocast: Callable[[], AbstractContextManager[object]] | None,
        first_row: int = 0,
    ) -> None:
        self.network, self.fresh, self.seed, self.first_row = network, fresh, seed, first_row
        self.traits: Traits = traits(network)
        self.autocast = autocast or nullcontext

    def beginning(self, rows: int) -> Point:
        """The state before step 1; a callable is called anew, so that gradient reaches what it reads."""
        state = self.fresh(torch.arange(rows), 0) if callable(self.fresh) else self.fresh
        return Point(state, torch.zeros(rows, dtype=torch.int64))

    def run(
        self, steps: Steps, start: int, point: Point, keep: Collection[int] = ()
    ) -> tuple[list[Stretch], dict[int, Point], Point]:
        """Run `steps`, the first of which is step `start`, from `point`.

        Returns:
            The outputs, the detached states after the steps in `keep`, and the state after the last step.
        """
        stretches: list[Stretch] = []
        kept: dict[int, Point] = {}
        for a, b in pairwise(self._cuts(steps, start, keep)):
            stretch = steps.slice(a, b)
            point = self._restart(stretch, start + a, point)
            output, point = self._forward(stretch, start + a, point)
            stretches.append(Stretch(start + a, start + b, output))
            if start + b in keep:
                kept[start + b] = Point(detached(point.state), point.resets_seen)
        return stretches, kept, point

    @property
    def _restarts_itself(self) -> bool:
        return "resets" in self.traits.handles and not callable(self.fresh)

    def _cuts(self, steps: Steps, start: int, keep: Collection[int]) -> list[int]:
        cuts = {0, steps.count} | {step - start for step in keep if 0 < step - start < steps.count}
        if steps.valid is not None and steps.count > 1:
            before, after = steps.valid[:-1], steps.valid[1:]
            changes = after & ~before if "lengths" in self.traits.handles else after ^ before
            cuts |= {int(t) + 1 for t in changes.any(1).nonzero()}
        if steps.resets is not None and not self._restarts_itself:
            cuts |= {int(t) for t in steps.resets.any(1).nonzero()}
        return sorted(cuts)

    def _restart(self, steps: Steps, step: int, point: Point) -> Point:
        """Give the rows that begin a new sequence at `step` their initial state, where the network does not."""
        if steps.resets is None or self._restarts_itself or not bool(steps.resets[0].any()):
            return point
        seen = point.resets_seen + steps.resets[0]
        rows = steps.resets[0].nonzero().squeeze(1)
        if callable(self.fresh):
            # Before the first step of all, every row is fresh already.
            state = point.state if step == 0 else self._put(point.state, rows, self.fresh(rows, step))
        elif point.state is None:
            state = None
        else:
            state = map_nest(
                lambda leaf, axis: leaf if axis is None else leaf.index_fill(axis, rows.to(leaf.device), 0),
                point.state,
                self._axes(),
            )
        return Point(state, seen)

    def _forward(self, steps: Steps, step: int, point: Point) -> tuple[Nest, Point]:
        arguments: dict[str, Tensor] = {}
        rows: Tensor | None = None  # None: all of them
        seen = point.resets_seen
        if steps.valid is not None:
            lengths = steps.valid.sum(0)
            if not bool(lengths.any()):
                return None, point
            if "lengths" in self.traits.handles:
                arguments["lengths"] = lengths
            elif not bool((lengths == steps.count).all()):
                rows = lengths.nonzero().squeeze(1)
        if steps.resets is not None and self._restarts_itself:
            arguments["resets"] = steps.resets.to(next(leaves(steps.x)).device)
            seen = seen + steps.resets.sum(0)
        with self.autocast(), self._masks(step, point.resets_seen, rows):
            output, state = self._call(steps.x, point.state, rows, steps.rows, arguments)
        check_output(output, steps.count, steps.rows)
        return output, Point(state, seen)

    def _call(
        self, x: Nest, state: Nest, rows: Tensor | None, batch: int, arguments: dict[str, Tensor]
    ) -> tuple[Nest, Nest]:
        if rows is None:
            return pair(self.network(x, state, **arguments))
        part = map_nest(lambda t: t.index_select(1, rows.to(t.device)), x)
        output, new = pair(self.network(part, self._pick(state, rows), **arguments))
        return map_nest(lambda t: _spread(t, 1, rows, batch), output), self._put(state, rows, new, batch)

    def _masks(self, step: int, resets_seen: Tensor, rows: Tensor | None) -> AbstractContextManager[object]:
        if not self.traits.ordinals:
            return nullcontext()

        @cache
        def key() -> MaskKey:
            numbers = torch.arange(self.first_row, self.first_row + len(resets_seen))
            sequence = (numbers << 32) | resets_seen
            return MaskKey(self.seed, sequence if rows is None else sequence[rows], step, self.traits.ordinals)

        return keyed(key)

    def _pick(self, state: Nest, rows: Tensor) -> Nest:
        if state is None:
            return None
        return map_nest(
            lambda leaf, axis: leaf if axis is None else leaf.index_select(axis, rows.to(leaf.device)),
            state,
            self._axes(),
        )

    def _put(self, state: Nest, rows: Tensor, part: Nest, batch: int = 0) -> Nest:
        """`state` with `part` in place of its rows; where there was none, zeros round it."""

        def place(new: Tensor, axis: int | None, old: Tensor | None = None) -> Tensor:
            if axis is None:
                return new
            if old is None:
                return _spread(new, axis, rows, batch)
            return old.index_copy(axis, rows.to(old.device), new.to(old.dtype))

        return map_nest(place, part, self._axes(), *([] if state is None else [state]))

    def _axes(self) -> Nest:
        return state_axis(self.network) if self.traits.state_axis is None else self.traits.state_axis


def pair(result: object) -> tuple[Nest, Nest]:
    """What a network returned, as (output, state).

    Raises:
        NetworkError: it is no pair.
    """
    if not isinstance(result, tuple) or len(result) != 2:
        raise NetworkError(
            f"A network returns (output, state), so that the next window can go on from the state: "
            f"{type(result).__name__} "
            "came. Return the state beside the output; None where there is none."
        )
    return result


def _spread(part: Tensor, axis: int, rows: Tensor, batch: int) -> Tensor:
    """Rows of `part` at their places among `batch` rows, zeros elsewhere."""
    shape = list(part.shape)
    shape[axis] = batch
    return part.new_zeros(shape).index_copy(axis, rows.to(part.device), part)


def check_output(output: Nest, count: int, rows: int) -> None:
    """Raise ShapeError unless every leaf of an output is [count, rows, ...]."""
    for leaf in leaves(output):
        if leaf.shape[:2] != (count, rows):
            raise ShapeError(
                f"The network's output keeps the steps and rows of x, [{count}, {rows}, ...]: {tuple(leaf.shape)} "
                "came. "
                "A label for a whole sequence is an output at every step with weights of 0 but at the last."
            )
