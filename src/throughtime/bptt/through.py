"""Exact truncated backpropagation through time, as a loop: one update after another, for every (k1, k2).

    for update in through_time(network, loss, x, y, TBPTT(20, 100)):
        optimizer.step()
        optimizer.zero_grad()

`through_stream` is the same over pieces that are read as the schedule needs them. The work is in `engine.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import torch
import torch.distributed as dist
from torch import Tensor, nn

from throughtime.base.errors import ConfigError
from throughtime.bptt.bounded import BoundedEngine
from throughtime.bptt.carry import Carry
from throughtime.bptt.engine import Autocast, Divisor, Engine, Options, Update
from throughtime.bptt.losses import Loss
from throughtime.bptt.memory import MemoryPlan
from throughtime.bptt.nests import Nest
from throughtime.bptt.plan import TBPTT, Window
from throughtime.bptt.reuse import ReusingEngine
from throughtime.bptt.rows import State
from throughtime.bptt.steps import Feed, Piece


class Updates(Iterator[Update]):
    """The updates of one call, made one at a time as they are asked for.

    After the last one, `carry` and `state` stand at the last step fed, windows without a loss included.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._updates = engine.updates()

    def __iter__(self) -> Updates:
        return self

    def __next__(self) -> Update:
        return next(self._updates)

    @property
    def carry(self) -> Carry | None:
        """Continues after the last window run; before the first, what this call was given."""
        return self._engine.carry

    @property
    def state(self) -> Nest:
        """The state after the last window run; None before the first of a fresh call."""
        return self._engine.state


def through_time(
    network: nn.Module,
    loss: Loss,
    x: Nest,
    y: Nest,
    schedule: TBPTT,
    *,
    weights: Tensor | None = None,
    lengths: Tensor | Sequence[int] | None = None,
    resets: Tensor | None = None,
    state: Nest | State = None,
    carry: Carry | None = None,
    normalise: str | Divisor = "mean",
    backward: Callable[[Tensor], object] | None = None,
    autocast: Autocast | None = None,
    group: dist.ProcessGroup | None = None,
    memory: int | str | None = None,
) -> Updates:
    """Backpropagate through B sequences of up to T steps, update by update.

    Args:
        network: called as network(x, state) -> (output, state); causal and splittable; time is axis 0.
        loss: called as loss(output, target) with the kept entries flattened, [N, ...] each; returns [N], or [N, ...]
            whose trailing axes are averaged. May own parameters.
        x: input [T, B, ...], or a nest of such tensors.
        y: target, likewise.
        schedule: `TBPTT(k1, k2)`.
        weights: [T, B] weights of the losses; 0 marks an absent one.
        lengths: [B] steps of each row, 0 .. T; steps past a row's end change nothing. With a carry, counted from its
            position.
        resets: [T, B] bool, true at the first step of a new sequence: the state before it becomes the initial state,
            and no gradient crosses.
        state: the initial state: None, a nest (before step 1 only), or a callable (rows [N], step) -> nest for those
            rows, called with gradient in every window that starts at 0 and at every reset inside a window. Without a
            callable a reset gives zeros.
        carry: from an earlier call's update: x, y, weights and resets then hold only the steps after it, and `state`
            is passed again.
        normalise: "mean" divides an update's loss by the losses it counts, "sum" by 1; a callable gets the count and
            returns the divisor.
        backward: called with the loss instead of loss.backward(), for a gradient scaler; under `memory` once for each
            segment. Gradients are to reach `.grad`.
        autocast: makes a context manager, opened for each forward pass and never across a yield.
        group: a torch.distributed group: counts are summed before the backward pass, gradients after it, and every
            rank takes equally many updates. Parameters must belong to `network`, or to `loss` or `state` where those
            are modules.
        memory: bytes, or text like "512MB": what may be kept between a window's forward and backward pass beyond x, y
            and the parameters; see `memory_plan`. Steps run again where that saves it; gradients stay the same. Under
            history="reuse", what may be kept of past steps, and needed where k2 is n.

    Returns:
        An iterator of `Update`. A window that counts no loss runs forward and is not yielded. Under
        `torch.no_grad()` each step runs once, each loss counts once (rule "cut": each at an update point), and
        nothing runs backward: evaluation.

    Raises:
        NetworkError: the network cannot be split in time.
        ShapeError, DtypeError, DataError: x, y, weights, lengths or resets break a rule.
        ScheduleError: the carry does not fit the schedule.
        ConfigError: an argument has an unknown value.
    """
    feed = _feed([Piece(x, y, weights, lengths, resets)], carry)
    n = feed.read_to(None)  # x, y and the masks are checked now, not at the first update
    options = Options(state, normalise, backward, autocast, group, memory)
    engine = _engine(schedule, memory)(network, loss, feed, schedule, carry, options)
    engine.refuse_directions(feed.slice(feed.base, n), whole=carry is None and not schedule.truncates(n))
    return Updates(engine)


def through_stream(
    network: nn.Module,
    loss: Loss,
    pieces: Iterable[Piece],
    schedule: TBPTT,
    *,
    state: Nest | State = None,
    carry: Carry | None = None,
    normalise: str | Divisor = "mean",
    backward: Callable[[Tensor], object] | None = None,
    autocast: Autocast | None = None,
    group: dist.ProcessGroup | None = None,
    memory: int | str | None = None,
) -> Updates:
    """`through_time` over an iterator of pieces of any size, read k1 steps ahead of the update point.

    Args:
        network, loss, schedule: as in `through_time`.
        pieces: each a `Piece`, one following the other, with the same rows throughout. With a carry, the first begins
            at its position.
        state, carry, normalise, backward, autocast, group, memory: as in `through_time`.

    Returns:
        An iterator of `Update`, as `through_time` gives for the joined pieces.

    Raises:
        NetworkError, ScheduleError, ConfigError: as in `through_time`.
        ShapeError, DtypeError, DataError: a piece breaks a rule; raised when it is read.
    """
    options = Options(state, normalise, backward, autocast, group, memory)
    return Updates(_engine(schedule, memory)(network, loss, _feed(pieces, carry), schedule, carry, options))


def memory_plan(
    network: nn.Module,
    loss: Loss,
    x: Nest,
    y: Nest,
    schedule: TBPTT | None = None,
    *,
    memory: int | str | None = None,
    weights: Tensor | None = None,
    lengths: Tensor | Sequence[int] | None = None,
    resets: Tensor | None = None,
    state: Nest | State = None,
    autocast: Autocast | None = None,
) -> MemoryPlan:
    """What `through_time` would keep and run again in its longest window; `print` says it in a line.

    A few of its steps run forward, to measure what each costs; parameters and gradients are left alone.

    Args:
        network, loss, x, y, weights, lengths, resets, state, autocast: as in `through_time`.
        schedule: `TBPTT(k1, k2)`; None: full BPTT.
        memory: bytes, or text like "512MB"; None: what it takes without a bound.

    Raises:
        ConfigError: `memory` is too small for a single step.
        NetworkError, ShapeError, DtypeError, DataError: as `through_time`.
    """
    schedule, feed = schedule or TBPTT(), Feed([Piece(x, y, weights, lengths, resets)])
    if schedule.history == "reuse":
        raise ConfigError(
            f"A memory plan is that of windows that run again: TBPTT({schedule}) came, which keeps its last k2 steps. "
            'Ask without history="reuse".'
        )
    n = feed.read_to(None)
    options = Options(state, autocast=autocast, memory=memory)
    with torch.random.fork_rng(devices=[]):
        engine = BoundedEngine(network, loss, feed, schedule, None, options)
    engine.refuse_directions(feed.slice(0, n), whole=not schedule.truncates(n))
    return engine.memory_plan(Window(0, n if schedule.k2 is None else min(n, schedule.k2), 0))


def _engine(schedule: TBPTT, memory: int | str | None) -> type[Engine]:
    if getattr(schedule, "history", "") == "reuse":
        return ReusingEngine
    return Engine if memory is None else BoundedEngine


def _feed(pieces: Iterable[Piece], carry: Carry | None) -> Feed:
    return Feed(pieces) if carry is None else Feed(pieces, carry.base, carry.steps)
