"""`memory=`: windows that go back within a number of bytes, for any network; gradients stay the same.

What a step costs is measured: a few steps run forward, and what autograd saves of them is counted. A window that does
not fit goes back in segments (`segments.py`): the loss of a segment and the gradient of the state after it are taken
back together to the state before it. Random numbers that a network draws are drawn again alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.graph import saved_tensors_hooks

from throughtime.base.errors import ConfigError
from throughtime.bptt.engine import Engine
from throughtime.bptt.losses import Kept, Scored, kept_entries
from throughtime.bptt.memory import Cost, MemoryPlan, plan
from throughtime.bptt.nests import detached, leaves, map_nest
from throughtime.bptt.plan import Window
from throughtime.bptt.rows import Point
from throughtime.bptt.segments import Store, actions
from throughtime.kernels.cpu.layers import keeping

# By network: what its steps cost, by loss, kind of data, mode and number of steps measured.
_COSTS: WeakKeyDictionary[nn.Module, dict[Any, Cost]] = WeakKeyDictionary()
# Steps run to measure what one costs: enough that what does not grow with them is told apart.
PROBED = 32


class BoundedEngine(Engine):
    """`Engine` whose windows keep to `options.budget` bytes."""

    def memory_plan(self, window: Window) -> MemoryPlan:
        """How a window goes back.

        Raises:
            ConfigError: the budget is too small for a single step.
        """
        steps = window.stop - window.window_start
        cost = self._cost_of(window, min(steps, PROBED))
        found = plan(steps, cost, self.options.budget)
        if found.kind == "segments" and self._backwards:
            raise ConfigError(
                f"A layer that reads backwards cannot go back in segments: whole, the window keeps {cost.lean:,} "
                f"bytes a step at least, and `memory` is {self.options.budget:,}. Allow more, or use one direction."
            )
        return found

    def _cost_of(self, window: Window, steps: int) -> Cost:
        """As it was measured for this network, loss and kind of data, over as many steps: a few say little of many."""
        some = self.feed.slice(window.start, window.start + 1)
        if some.valid is not None and not bool(some.valid.any()):
            return self._measured(window)  # says little of windows that more rows have steps in
        kind = tuple((leaf.shape[1:], leaf.dtype) for leaf in (*leaves(some.x), *leaves(some.y)))
        # A loss written in place is a new object in every call, with the same code.
        loss = getattr(self.loss, "__code__", type(self.loss))
        key = (kind, loss, self.network.training, steps)
        known = _COSTS.setdefault(self.network, {})
        if key not in known:
            known[key] = self._measured(window)
        return known[key]

    def _train(self, window: Window, kept: Kept, counted: float) -> tuple[Tensor, Tensor]:
        plan = self.memory_plan(window)
        if plan.kind != "segments":
            with keeping(gates=False) if plan.kind == "states" else nullcontext():
                return super()._train(window, kept, counted)
        early = self._early(window)
        sweep = _Sweep(self, window, plan, counted)
        loss = self._group.backward(sweep.run)
        injected = self._injected(window)
        scored = Scored(self.feed.slice(injected.start, injected.stop), kept, sweep.values())
        return loss, self._losses(window, early, scored)

    def _measured(self, window: Window) -> Cost:
        begin = min(window.window_start, window.start)  # the state there is known
        steps = min(window.stop - begin, PROBED)
        few = max(1, steps // 2)
        with torch.random.fork_rng(_cards(self._tensors())), _unmoved(list(self.network.buffers())):
            before = _random_state(self._tensors())
            found = [[self._bytes_of(begin, count, gates) for count in (few, steps)] for gates in (True, False)]
            with torch.no_grad():
                point = self._rows.run(self.feed.slice(begin, begin + 1), begin, self._start(begin))[2]
            after = _random_state(self._tensors())
        drawn = () if all(map(torch.equal, before, after)) else after  # what a stored state holds beside the state
        step, lean = (-(-(b - a) // (steps - few)) if steps > few else b for a, b in found)
        state = _bytes([*leaves(point.state), point.resets_seen, *drawn])
        return Cost(step, lean, max(0, found[0][0] - step * few), state)

    def _bytes_of(self, begin: int, count: int, gates: bool) -> int:
        """Bytes that autograd keeps of some steps and their losses."""
        end = begin + count
        steps, start = self.feed.slice(begin, end), self._start(begin)
        given = [*self._tensors(), *leaves(steps.x), *leaves(steps.y), *leaves(start.state)]
        saved: list[Tensor] = []

        def note(tensor: Tensor) -> None:
            # Nothing goes back through these steps. A node that held its own output here would never be freed.
            saved.append(tensor.detach())

        with torch.enable_grad(), keeping(gates=gates):
            with saved_tensors_hooks(note, lambda nothing: nothing):
                stretches, _, _ = self._rows.run(steps, begin, start)
                scored = self._score(stretches, range(begin, end), kept_entries(steps))
            outputs = [leaf for stretch in stretches for leaf in leaves(stretch.output)]
            return _bytes([*saved, *outputs, scored.values], without=given)

    def _start(self, step: int) -> Point:
        point = self._point(step)
        return Point(detached(point.state), point.resets_seen)

    def _tensors(self) -> list[Tensor]:
        return [*self.network.parameters(), *self.network.buffers()]


@contextmanager
def _unmoved(buffers: Sequence[Tensor]) -> Iterator[None]:
    """Give buffers back what they held: some layers move theirs whenever they run."""
    before = [buffer.clone() for buffer in buffers]
    try:
        yield
    finally:
        with torch.no_grad():
            for buffer, value in zip(buffers, before, strict=True):
                buffer.copy_(value)


@dataclass(frozen=True)
class _Stored:
    point: Point
    random: tuple[Tensor, ...]


class _Sweep:
    """One window, in segments: a forward pass that stores states, then back."""

    def __init__(self, engine: BoundedEngine, window: Window, plan: MemoryPlan, counted: float) -> None:
        begin, stop = window.window_start, window.stop
        self.bounds = [*range(begin, stop, plan.segment), stop]
        self.engine, self.places, self.counted = engine, plan.places, counted
        self.keep, self.injected = engine._keep(window), engine._injected(window)
        self.first = engine._point(begin)
        self.stored: dict[int, _Stored] = {}
        self.gradients: list[Tensor | None] = []  # of the state after the segment whose turn it is
        self.scored: dict[int, Scored] = {}
        self._drawn: tuple[Tensor, ...] = ()

    def run(self) -> Tensor:
        """Go through the window and back; the loss, detached."""
        loss: Tensor | None = None
        begin = Point(detached(self.first.state), self.first.resets_seen)
        self.stored[0], drawn = _Stored(begin, self._random_state()), self._drawn
        for action in actions(len(self.bounds) - 1, self.places):
            point = self._through(action.first, action.last)
            if isinstance(action, Store):
                self.stored[action.last] = _Stored(point, self._random_state())
                continue
            part = self._back(action.last, point)
            if self.scored[action.last].kept.number:
                loss = part if loss is None else part + loss
            if action.last == len(self.bounds) - 2:  # the last segment, the first to go back: all has run once
                drawn = self._random_state()
            if action.forget:
                del self.stored[action.first]
        _set_random_state(drawn, self.engine._tensors())
        return torch.zeros(()) if loss is None else loss

    def _random_state(self) -> tuple[Tensor, ...]:
        """Of the generators; the same tensors as long as nothing is drawn, so that states take no room for nothing."""
        now = _random_state(self.engine._tensors())
        if not self._drawn or not all(map(torch.equal, now, self._drawn)):
            self._drawn = now
        return self._drawn

    def values(self) -> Tensor:
        """The losses in the order of time."""
        found = [scored.values.detach() for _, scored in sorted(self.scored.items()) if scored.kept.number]
        return torch.cat(found) if found else torch.zeros(0, dtype=torch.float64)

    def _through(self, first: int, last: int) -> Point:
        """Run segments without gradient, one after the other, from a stored state."""
        stored = self.stored[first]
        point = stored.point
        _set_random_state(stored.random, self.engine._tensors())
        with torch.no_grad():
            for a, b in zip(self.bounds[first:last], self.bounds[first + 1 : last + 1], strict=True):
                _, kept, point = self.engine._rows.run(self.engine.feed.slice(a, b), a, point, self.keep)
                self.engine._points.update(kept)
        return point

    def _back(self, segment: int, point: Point) -> Tensor:
        a, b = self.bounds[segment], self.bounds[segment + 1]
        start = Point(map_nest(_leaf, point.state), point.resets_seen) if segment else self.first
        stretches, kept, end = self.engine._rows.run(self.engine.feed.slice(a, b), a, start, self.keep)
        self.engine._points.update(kept)
        scored = self._score(stretches, range(max(a, self.injected.start), min(b, self.injected.stop)))
        with self.engine._autocast():
            total = scored.total() / self.engine.options.divisor(self.counted)
        if any(gradient is not None for gradient in self.gradients):
            total = _Joined.apply(total, self.gradients, *leaves(end.state))
        del stretches, end
        loss = self.engine._backward(total, scored.kept.number)
        self.scored[segment] = Scored(scored.steps, scored.kept, scored.values.detach())
        self.gradients = [leaf.grad for leaf in leaves(start.state)] if segment else []
        return loss

    def _score(self, stretches: list[Any], steps: range) -> Scored:
        steps = steps if steps else range(self.injected.start, self.injected.start)
        return self.engine._score(stretches, steps, kept_entries(self.engine.feed.slice(steps.start, steps.stop)))


class _Joined(Function):
    """A loss, beside which gradients of some tensors go back as they are, whatever the loss is scaled by."""

    @staticmethod
    def forward(ctx: Any, loss: Tensor, gradients: Sequence[Tensor | None], *tensors: Tensor) -> Tensor:
        ctx.gradients = gradients
        return loss.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Any, ...]:
        return gradient, None, *ctx.gradients


def _leaf(tensor: Tensor) -> Tensor:
    return tensor.detach().requires_grad_(tensor.is_floating_point() or tensor.is_complex())


def _bytes(tensors: Iterable[Tensor], without: Iterable[Tensor] = ()) -> int:
    """Of the storages of some tensors, each once, but for those of others."""
    known = {tensor.untyped_storage().data_ptr() for tensor in without}
    found = {tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes() for tensor in tensors}
    return sum(size for where, size in found.items() if where not in known)


def _cards(tensors: Iterable[Tensor]) -> list[int]:
    return sorted({tensor.device.index for tensor in tensors if tensor.is_cuda})


def _random_state(tensors: Iterable[Tensor]) -> tuple[Tensor, ...]:
    return torch.get_rng_state(), *(torch.cuda.get_rng_state(card) for card in _cards(tensors))


def _set_random_state(state: tuple[Tensor, ...], tensors: Iterable[Tensor]) -> None:
    torch.set_rng_state(state[0])
    for card, each in zip(_cards(tensors), state[1:], strict=True):
        torch.cuda.set_rng_state(each, card)
