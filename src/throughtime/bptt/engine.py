"""Carries a schedule out: one window after another, each with its forward and its backward pass.

Gradient of update j: the sum over the steps t it counts of d l_t / d theta, with the state at w_j held constant. Each
window runs forward again from the stored state at w_j with today's weights; the state at w_(j+1) is recorded on the
way. Where k2 < k1 the new steps before the window run first, from the state at u_(j-1), without gradient.

Under `torch.no_grad()` each step runs once and each loss the rule looks at counts once: evaluation.

Places in time are those of `plan.py`; a `Point` is a stored state with what its random masks are keyed by.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from throughtime.base.amounts import as_bytes
from throughtime.base.errors import ConfigError, NetworkError, ScheduleError, say_once
from throughtime.bptt.carry import Carry, missing_point
from throughtime.bptt.ends import Ends, Points
from throughtime.bptt.group import Group
from throughtime.bptt.losses import Kept, Loss, Scored, kept_entries, score
from throughtime.bptt.nests import Nest, detached, leaves
from throughtime.bptt.plan import TBPTT, Window
from throughtime.bptt.protocol import (
    has_bidirectional,
    has_foreign_bidirectional,
    refuse_bidirectional,
    refuse_unsplittable,
)
from throughtime.bptt.rows import Point, Rows, State, Stretch
from throughtime.bptt.steps import Feed, Steps

Divisor = Callable[[float], float]
Autocast = Callable[[], AbstractContextManager[object]]


@dataclass(frozen=True, slots=True)
class Update:
    """One update, as it is yielded: gradients are in `.grad`, everything here is detached.

    Args:
        start: new steps are (start, stop].
        stop: the update point u_j.
        window_start: w_j; the gradient went back over (window_start, stop].
        loss: weighted sum of the losses injected, over the divisor (with a group: of all ranks).
        losses: [stop - start, B] the loss of every new step once, 0 where absent (rule "cut": only those at stop).
        counted: sum of the weights injected (with a group: on all ranks); what `normalise` was given.
        state: the state after step `stop`.
        carry: continues after this update in another call.
    """

    start: int
    stop: int
    window_start: int
    loss: Tensor
    losses: Tensor
    counted: float
    state: Nest
    carry: Carry


@dataclass(frozen=True)
class Options:
    """The arguments of `through_time` that say how, checked.

    Raises:
        ConfigError: `normalise` is unknown, or the initial state needs a gradient that no window could give it.
    """

    state: Nest | State = None
    normalise: str | Divisor = "mean"
    backward: Callable[[Tensor], object] | None = None
    autocast: Autocast | None = None
    group: torch.distributed.ProcessGroup | None = None
    memory: int | str | None = None
    divisor: Divisor = field(init=False)
    budget: int | None = field(init=False)  # `memory` in bytes

    def __post_init__(self) -> None:
        divisors: dict[object, Divisor] = {"mean": lambda counted: counted, "sum": lambda counted: 1.0}
        divisor = self.normalise if callable(self.normalise) else divisors.get(self.normalise)
        if divisor is None:
            raise ConfigError(
                "`normalise` is 'mean' (over the losses an update counts), 'sum', or a callable from that count to the "
                f"divisor: {self.normalise!r} came."
            )
        object.__setattr__(self, "divisor", divisor)
        object.__setattr__(self, "budget", as_bytes("memory", self.memory))
        if not callable(self.state) and any(leaf.requires_grad for leaf in leaves(self.state)):
            raise ConfigError(
                "An initial state given as tensors is a constant, and a tensor of it requires a gradient. For a "
                "learned "
                "initial state or an encoder pass a callable (rows, step) -> state: it is called in each window that "
                "begins there. Or detach the tensors."
            )


class Engine:
    """Carries `schedule` out over `feed`; `updates()` may be iterated once.

    Args:
        network, loss, schedule: as in `through_time`.
        feed: the steps to come, after those the carry retained.
        carry: where an earlier call stood, or None.
        options: how.
    """

    def __init__(
        self, network: nn.Module, loss: Loss, feed: Feed, schedule: TBPTT, carry: Carry | None, options: Options
    ) -> None:
        refuse_unsplittable(network)
        if not isinstance(schedule, TBPTT):
            raise ScheduleError(
                f"`schedule` is a TBPTT: {schedule!r} came. Write TBPTT(20, 100), or TBPTT.parse('20,100') for text."
            )
        self.network, self.loss, self.feed, self.schedule, self.options = network, loss, feed, schedule, options
        self.carry = carry
        self._position = 0 if carry is None else carry.position
        self._points: dict[int, Point] = {} if carry is None else carry.points_at_hand
        self._moved = True  # weights may have, since the last window ran
        self._backwards = has_bidirectional(network)
        self._rows = Rows(network, options.state, 0 if carry is None else carry.seed, options.autocast)
        owners = [owner for owner in (network, loss, options.state) if isinstance(owner, nn.Module)]
        self._group = Group(options.group, (p for owner in owners for p in owner.parameters()))
        if self._rows.traits.ordinals:
            self._key_masks(drawn=carry is not None)

    def _key_masks(self, drawn: bool) -> None:
        """Draw the masks' seed, the same on every rank, and number this rank's rows after those of the ranks before."""
        if not drawn:
            self._rows.seed = self._group.of_first(int(torch.randint(2**63 - 1, ())))
        if self.options.group is not None:
            self.feed.read_to(self._position + 1)  # with no piece read there are no rows yet
            self._rows.first_row = self._group.rows_before(self.feed.rows)

    @property
    def state(self) -> Nest:
        """The state after the last window run; None before the first."""
        point = self._points.get(self._position)
        return None if point is None else point.state

    def refuse_directions(self, steps: Steps, whole: bool) -> None:
        """Raise where a layer that reads backwards would be split.

        Raises:
            NetworkError: `steps` are not the whole sequence under one window, or have rows that end or restart.
        """
        if not self._backwards:
            return
        if not whole:
            refuse_bidirectional(self.network, f"TBPTT({self.schedule}) or a carry cuts the sequence into windows")
        ends = steps.valid is not None and bool((steps.valid.any(0) != steps.valid.all(0)).any())
        if (ends or steps.resets is not None) and has_foreign_bidirectional(self.network):
            refuse_bidirectional(self.network, "rows that end or restart split a layer that is not throughtime's")

    def updates(self) -> Iterator[Update]:
        """Make one update after another; gradients are in place when one is yielded."""
        while (window := self._next_window()) is not None:
            kept = self._kept(window)
            counted = self._group.total(kept.counted, self._injected(window), self.feed.counts)
            update = self._update(window, kept, counted)
            if update is not None:
                yield update
                self._moved = True

    def _next_window(self) -> Window | None:
        """The next update's place; ranks whose steps have ended follow the longest with steps past their rows' ends."""
        k1, start = self.schedule.k1, self._position
        ahead = None if k1 is None else start + 2 * k1  # one update further, so that the next window's start is known
        here = self.feed.read_to(ahead)
        furthest = self._group.furthest(here, more=not self.feed.exhausted)
        end = furthest if ahead is None else min(furthest, ahead)
        self.feed.pad_to(end)
        if end <= start:
            return None
        window = self.schedule.window(start, end)
        if self._backwards:
            whole = start == window.window_start == 0 and window.stop == self.feed.end
            self.refuse_directions(self.feed.slice(start, window.stop), whole)
        return window

    def _next_starts(self, window: Window) -> range:
        k1, stop = self.schedule.k1, window.stop
        following = None if k1 is None or self.feed.end == stop else min(self.feed.end, stop + k1)
        return self.schedule.next_starts(stop, following)

    def _kept(self, window: Window) -> Kept:
        injected = self._injected(window)
        return kept_entries(self.feed.slice(injected.start, injected.stop))

    def _injected(self, window: Window) -> range:
        return self.schedule.counted(window) if torch.is_grad_enabled() else self.schedule.reported(window)

    def _update(self, window: Window, kept: Kept, counted: float) -> Update | None:
        training = torch.is_grad_enabled()
        if training:
            self._tell(window, counted)
        loss = losses = torch.zeros(0)
        if not training:
            loss, losses = self._evaluate(window, kept, counted)
        elif counted:
            loss, losses = self._train(window, kept, counted)
        else:
            with torch.no_grad():
                self._pass(window)
        self._advance(window, training)
        assert self.carry is not None
        if not counted:
            return None
        return Update(window.start, window.stop, window.window_start, loss, losses, counted, self.state, self.carry)

    def _pass(self, window: Window) -> None:
        """Run a window without a loss; only its new steps, if the state before them is that of the weights of now.

        Under k2 < n the next window's start is passed on the way from this one's, so that it runs whole.
        """
        if self._moved or self.schedule.k2 is not None:
            self._run_window(window)
        else:
            self._run(window.start, window.stop, self._point(window.start), self._keep(window))
        self._moved = False

    def _train(self, window: Window, kept: Kept, counted: float) -> tuple[Tensor, Tensor]:
        early, late = self._run_window(window)
        scored = self._score(late, self._injected(window), kept)
        with self._autocast():
            total = scored.over(self.options.divisor(counted))
        loss = self._group.backward(lambda: self._backward(total, scored.kept.number))
        return loss, self._losses(window, early, scored)

    def _backward(self, total: Tensor, number: int) -> Tensor:
        """Go back from a loss of so many entries; returns it, detached."""
        if number and not total.requires_grad:
            raise NetworkError(
                "The loss depends on no parameter that requires a gradient, so there is nothing to train. "
                "Check requires_grad and detach() in the network and the loss, or evaluate under torch.no_grad()."
            )
        if total.requires_grad:  # with a group other ranks may count losses where this one has none
            (self.options.backward or Tensor.backward)(total)
        return total.detach()

    def _losses(self, window: Window, early: list[Stretch], scored: Scored) -> Tensor:
        """The losses of the new steps [stop - start, B]: those injected, and those before the window."""
        injected, reported = self._injected(window), self.schedule.reported(window)
        grid = scored.grid()
        if injected == range(window.start, window.stop):
            return grid
        if reported.start < injected.start:
            with torch.no_grad():
                before = self.feed.slice(reported.start, injected.start)
                outside = self._score(early, range(reported.start, injected.start), kept_entries(before))
            grid = torch.cat([outside.grid().to(grid), grid])
        losses = grid.new_zeros(window.stop - window.start, scored.steps.rows)
        losses[len(losses) - len(reported) :] = grid[len(grid) - len(reported) :]
        return losses

    def _evaluate(self, window: Window, kept: Kept, counted: float) -> tuple[Tensor, Tensor]:
        """Run the new steps once and score them."""
        keep = self._keep(window) | self._later_starts(window)
        stretches = self._run(window.start, window.stop, self._point(window.start), keep)
        scored = self._score(stretches, self._injected(window), kept)
        total = scored.total() / (self.options.divisor(counted) if counted else 1.0)
        return self._group.summed(total), self._losses(window, [], scored)

    def _score(self, stretches: list[Stretch], steps: range, kept: Kept) -> Scored:
        with self._autocast():
            return score(self.loss, stretches, self.feed.slice(steps.start, steps.stop), steps.start, kept)

    def _run_window(self, window: Window) -> tuple[list[Stretch], list[Stretch]]:
        """Run the new steps before the window, if there are any, without gradient; then the window."""
        early, begin = self._early(window), window.window_start
        return early, self._run(begin, window.stop, self._point(begin), self._keep(window))

    def _early(self, window: Window) -> list[Stretch]:
        begin = window.window_start
        if begin <= window.start or begin in self._points:
            return []
        with torch.no_grad():
            return self._run(window.start, begin, self._point(window.start), {begin})

    def _run(self, start: int, stop: int, point: Point, keep: Iterable[int]) -> list[Stretch]:
        stretches, points, _ = self._rows.run(self.feed.slice(start, stop), start, point, set(keep))
        self._points.update(points)
        return stretches

    def _keep(self, window: Window) -> set[int]:
        """Where to store a state on the way: at the end, and where the next window begins if k1 steps follow."""
        regular = self._next_starts(window)[-1]
        return {step for step in (regular, window.stop) if window.window_start < step <= window.stop}

    def _later_starts(self, window: Window) -> set[int]:
        """Starts of windows to come that lie in the new steps, which an evaluation does not pass again."""
        k1, k2 = self.schedule.k1, self.schedule.k2
        if k1 is None or k2 is None:
            return set()
        step = window.stop - k2 % k1
        return {step} if step > window.start else set()

    def _ends(self, window: Window, stored: Collection[int]) -> Ends | None:
        """The states at the other places where the next window may begin, if the steps end here."""
        wanted = {step for step in self._next_starts(window) if 0 < step < window.stop}.difference(stored)
        if not wanted:
            return None
        begin = window.window_start
        if begin > 0 and begin not in self._points:
            begin = window.start  # an evaluation with k2 < k1 runs no window
        with torch.no_grad():
            point = self._point(begin)
        steps = self.feed.slice(begin, max(wanted))
        return Ends(self._rows, steps, begin, Point(detached(point.state), point.resets_seen), frozenset(wanted))

    def _advance(self, window: Window, training: bool) -> None:
        """Move on, keeping the states and steps that a later window may begin from."""
        base = min(self._next_starts(window).start, window.stop)
        # A state stored before this window is older than the weights that ran it; in an evaluation they are the same.
        stored = self._keep(window) if training else {step for step in self._points if step >= base}
        ends = self._ends(window, stored)
        self._points = {step: self._points[step] for step in sorted(stored)}
        self._position = window.stop
        retained = self.feed.slice(base, window.stop)
        self.carry = Carry(window.stop, base, retained, Points(self._points, ends), self._rows.seed)
        self.feed.drop_before(base)

    def _point(self, step: int) -> Point:
        if step == 0:
            return self._rows.beginning(self.feed.rows)
        if step not in self._points:
            carried = {} if self.carry is None else self.carry.points
            if step not in carried:
                raise missing_point(step, self._points)
            self._points[step] = carried[step]
        return self._points[step]

    def _autocast(self) -> AbstractContextManager[object]:
        return self.options.autocast() if self.options.autocast else nullcontext()

    def _tell(self, window: Window, counted: float) -> None:
        """Say once what a schedule leaves out, where it does."""
        k1, k2 = self.schedule.k1, self.schedule.k2
        if k2 is None:
            return
        short = k1 is None or k2 < k1
        if short and self.schedule.losses == "newest" and window.window_start > window.start:
            share = 100 * k2 / (k1 or window.stop)
            say_once(
                "short window", f"TBPTT({self.schedule}) trains on {share:.2g} % of the steps: k2 is less than k1."
            )
        if callable(self.options.state) and window.window_start > 0:
            rest = (
                "only sequences of at most k2 steps, and resets inside windows, train it."
                if short
                else "it is constant."
            )
            say_once(
                "state held constant",
                f"A callable state gets gradient in windows that begin at it: in later ones under "
                f"TBPTT({self.schedule}) {rest}",
            )
        if not counted and window.stop > k2:
            say_once(
                "label reach",
                f"A window without a loss is not trained on: under TBPTT({self.schedule}) a label reaches back {k2} "
                "steps.",
            )
