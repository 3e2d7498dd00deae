"""History "reuse": each step runs forward once; an update goes back through what was kept of the last k2 steps.

    record     the new steps (u_(j-1), u_j], without gradient, into a ring
    replay     the window (w_j, u_j]: outputs from the ring, no recurrence; the head runs on the steps that are scored
    backward   with the weights as they are now

The embedding runs again in the window, step by step, so that gradient passes through it, but what the layers see is
what they saw. While weights move, the gradient is that of Williams & Peng, Neural Computation 2(4), 1990, section 3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function

from throughtime.base.errors import ConfigError, NetworkError
from throughtime.bptt.carry import Carry
from throughtime.bptt.ends import Points
from throughtime.bptt.engine import Engine, Options
from throughtime.bptt.losses import Loss
from throughtime.bptt.nests import Nest, detached
from throughtime.bptt.plan import TBPTT, Window
from throughtime.bptt.ring import Ring
from throughtime.bptt.rows import Point, Rows, Stretch
from throughtime.bptt.steps import Feed, Steps
from throughtime.nn.network import Network
from throughtime.nn.recurrent import Recurrent
from throughtime.nn.replay import is_wrapped, record, recurrent_of, replay


class ReusingEngine(Engine):
    """`Engine` under history="reuse".

    Raises:
        NetworkError: the network is no `tt.Network`, or one of its layers cannot keep what it computes.
        ConfigError: k2 is n and `memory` sets no bound; or, at an update, the last k2 steps do not fit it.
    """

    def __init__(
        self, network: nn.Module, loss: Loss, feed: Feed, schedule: TBPTT, carry: Carry | None, options: Options
    ) -> None:
        super().__init__(network, loss, feed, schedule, carry, options)
        if not isinstance(network, Network):
            raise NetworkError(
                'history="reuse" runs embedding, layers and head apart, which it can of a tt.Network: '
                f"{type(network).__name__} came. Build tt.Network(embed, core, head), or leave the history at "
                '"recompute".'
            )
        for layer in network.layers:
            recurrent_of(layer)
        _refuse_more_than_parts(network)
        self._head = network.head
        self._ring = None if carry is None else carry.ring
        arguments = network, options.state, self._rows.seed, options.autocast, self._rows.first_row
        self._recorder, self._replayer = _Recorder(*arguments), _Replayer(*arguments)
        self._recorder.most = options.budget
        if schedule.k2 is None and options.budget is None:
            raise ConfigError(
                f'history="reuse" keeps the last k2 steps, and with k2 = n all of them: TBPTT({schedule}) came without '
                'a bound. Pass memory="1GB", say, or choose k2.'
            )

    def _run_window(self, window: Window) -> tuple[list[Stretch], list[Stretch]]:
        early, begin = self._early(window), window.window_start
        with torch.no_grad():
            ring = self._recorded(self._from(begin, window.start), window.stop)
        self._ring, self._points[window.stop] = ring, ring.end
        if not torch.is_grad_enabled():
            return early, []
        return early, self._replayed(ring, window)

    def _pass(self, window: Window) -> None:
        self._run_window(window)  # each step runs once anyway

    def _from(self, begin: int, start: int) -> Ring:
        """The ring, if what it holds reaches from `begin` to `start`, or can be continued to there."""
        ring = self._ring
        if ring is not None and ring.base <= begin and max(begin, self.feed.base) <= ring.stop <= max(begin, start):
            return ring.from_step(begin)
        point = self._point(begin)
        return Ring.beginning(begin, Point(detached(point.state), point.resets_seen))

    def _recorded(self, ring: Ring, stop: int) -> Ring:
        self._recorder.ring = ring
        self._recorder.run(self.feed.slice(ring.stop, stop), ring.stop, ring.end)
        return self._recorder.ring

    def _replayed(self, ring: Ring, window: Window) -> list[Stretch]:
        """The head's outputs at the steps that are scored."""
        begin, scored = window.window_start, self._injected(window)
        self._replayer.ring = ring
        stretches, _, _ = self._replayer.run(self.feed.slice(begin, window.stop), begin, self._point(begin))
        outputs = []
        for stretch in stretches:
            a, b = max(stretch.start, scored.start), min(stretch.stop, scored.stop)
            if a >= b or stretch.output is None:
                continue
            y = stretch.output[a - stretch.start : b - stretch.start]
            with self._autocast():
                outputs.append(Stretch(a, b, y if self._head is None else self._head(y)))
        return outputs

    def _point(self, step: int) -> Point:
        ring = self._ring
        if step > 0 and step not in self._points and ring is not None and ring.base <= step <= ring.stop:
            return ring.point(step)
        return super()._point(step)

    def _advance(self, window: Window, training: bool) -> None:
        if not training:
            super()._advance(window, training)
            return
        ring, starts = self._ring, self._next_starts(window)
        assert ring is not None
        base = min(starts.start, window.stop)
        self._points, self._position = {window.stop: ring.end}, window.stop
        points = Points(self._points, _InRing(ring, frozenset(step for step in starts if 0 < step < window.stop)))
        retained = self.feed.slice(base, window.stop)
        self.carry = Carry(window.stop, base, retained, points, self._rows.seed, ring)
        self.feed.drop_before(base)


class _InRing:
    """The states after some steps of a ring."""

    def __init__(self, ring: Ring, wanted: frozenset[int]) -> None:
        self.ring, self.wanted = ring, wanted

    def found(self) -> dict[int, Point]:
        return {step: self.ring.point(step) for step in self.wanted}


class _Parts(Rows):
    """`Rows` of a `Network` up to its head, with a ring at hand."""

    network: Network
    ring: Ring

    def _forward(self, steps: Steps, step: int, point: Point) -> tuple[Nest, Point]:
        return super()._forward(steps, step, point) if steps.rows else (None, point)

    def _through(self, x: Nest, state: Nest, run: Callable[[int, Recurrent, Nest, Nest], tuple[Tensor, Nest]]) -> Any:
        """What enters the head, and the state; `run` takes a layer's place, the layer, its input and its state.

        What is made anew each time, by an embedding or beside a layer, comes to the next layer through `_entering`.
        """
        y, ends, anew = x, [], False
        if self.network.embed is not None:
            with _nothing_drawn("the embedding"):
                y, anew = self.network.embed(x), True
        for i, (layer, start) in enumerate(zip(self.network.layers, self._states(state), strict=True)):
            x = self._entering(i, y) if anew else y
            y, end = run(i, recurrent_of(layer), x, start)
            ends.append(end)
            anew = is_wrapped(layer)
            if anew:
                last = i + 1 == len(self.network.layers)
                with nullcontext() if last else _nothing_drawn("what stands between layers"):
                    y = layer.beside(y, x)  # type: ignore[operator]
        return y, tuple(ends) if isinstance(self.network.core, nn.ModuleList) else ends[0]

    def _entering(self, i: int, x: Tensor) -> Tensor:
        raise NotImplementedError

    def _states(self, state: Nest) -> Any:
        return self.network._starts(state) if isinstance(self.network.core, nn.ModuleList) else [state]


class _Recorder(_Parts):
    """Runs steps and appends them to its ring."""

    most: int | None  # bytes of the ring
    _kept: dict[str, Tensor] | None

    def _forward(self, steps: Steps, step: int, point: Point) -> tuple[Nest, Point]:
        self._kept, self.ring = None, self.ring.with_room(steps.count, self.most)
        self._room = self.ring.room(steps.count)
        output, point = super()._forward(steps, step, point)
        self.ring = self.ring.append(self._kept, steps, point)
        if self.most is not None and self.ring.step_bytes * self.ring.count > self.most:
            raise ConfigError(
                f'`memory` must hold the steps that history="reuse" goes back over: {self.ring.count} of '
                f"{self.ring.step_bytes:,} bytes each do not fit {self.most:,}. Allow more, or a k2 of at most "
                f"{self.most // self.ring.step_bytes}."
            )
        return output, point

    def _call(
        self, x: Nest, state: Nest, rows: Tensor | None, batch: int, arguments: dict[str, Tensor]
    ) -> tuple[Nest, Nest]:
        kept = self._kept = {}

        def run(i: int, layer: Recurrent, x: Nest, start: Nest) -> tuple[Tensor, Nest]:
            room = [_below(self._room, f"{i}.{k}.") for k in range(layer.num_layers)]
            y, end, of_layer = record(layer, x, start, room, **arguments)
            kept.update({f"{i}.{k}.{name}": array for k, each in enumerate(of_layer) for name, array in each.items()})
            return y, end

        return self._through(x, state, run)

    def _entering(self, i: int, x: Tensor) -> Tensor:
        assert self._kept is not None
        self._kept[f"{i}.input"] = x
        return x


class _Replayer(_Parts):
    """Gives what its ring holds of steps, differentiable."""

    def _forward(self, steps: Steps, step: int, point: Point) -> tuple[Nest, Point]:
        self._span = step, step + steps.count
        return super()._forward(steps, step, point)

    def _call(
        self, x: Nest, state: Nest, rows: Tensor | None, batch: int, arguments: dict[str, Tensor]
    ) -> tuple[Nest, Nest]:
        kept = self._arrays = self.ring.arrays(*self._span)
        lasts = self._states(self.ring.point(self._span[1]).state)

        def run(i: int, layer: Recurrent, x: Nest, start: Nest) -> tuple[Tensor, Nest]:
            of_layer = [_below(kept, f"{i}.{k}.") for k in range(layer.num_layers)]
            return replay(layer, x, start, of_layer, lasts[i], **arguments)

        return self._through(x, state, run)

    def _entering(self, i: int, x: Tensor) -> Tensor:
        return _AsKept.apply(x, self._arrays[f"{i}.input"])


def _refuse_more_than_parts(network: Network) -> None:
    """Raise where running embedding, layers and head by themselves is not all that the network does."""
    own = {network, *network.layers, *(recurrent_of(layer) for layer in network.layers)}
    hooked = [type(module).__name__ for module in own if module._forward_hooks or module._forward_pre_hooks]
    if hooked or type(network).forward is not Network.forward:
        came = (
            f"{', '.join(sorted(hooked))} with forward hooks"
            if hooked
            else f"{type(network).__name__} with a forward of its own"
        )
        raise NetworkError(
            f'history="reuse" runs embedding, layers and head by themselves, and nothing else: {came} came. Leave the '
            'history at "recompute".'
        )


@contextmanager
def _nothing_drawn(what: str) -> Iterator[None]:
    """What runs again in each window must give the same again: no random numbers of torch's."""
    before = torch.get_rng_state()
    yield
    if not torch.equal(torch.get_rng_state(), before):
        raise NetworkError(
            f'history="reuse" runs {what} again in each window, and it draws random numbers, other ones each time. Use '
            "the layers' own dropout, or dropout after the last layer."
        )


class _AsKept(Function):
    """Numbers from memory in place of those just computed; the gradient goes to the latter."""

    @staticmethod
    def forward(ctx: Any, now: Tensor, kept: Tensor) -> Tensor:
        return kept.detach()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient, None


def _below(kept: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): array for name, array in kept.items() if name.startswith(prefix)}
