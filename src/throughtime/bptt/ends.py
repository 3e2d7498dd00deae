"""States that a later call may begin from, worked out only if one does.

Where the steps of a call end, the next window's start is not known: with k2 steps to look back and 1 to k1 steps to
come it is one of up to k1 places. Stopping at each of them costs as many single steps, and most callers never go on.
So the weights of the moment are copied, which is cheap, and the steps are run again when a state is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

import torch
from torch import nn

from throughtime.bptt.rows import Point, Rows
from throughtime.bptt.steps import Steps


class Ends:
    """The states after some steps of a run, with the weights, buffers and modes the network has now.

    Args:
        rows: runs the network.
        steps: what to run; the first is step `start`.
        start: absolute number of the step before them.
        point: the state to run from, detached.
        wanted: the steps after which a state may be asked for.
    """

    def __init__(self, rows: Rows, steps: Steps, start: int, point: Point, wanted: frozenset[int]) -> None:
        self.wanted = wanted
        self._rows, self._steps, self._start, self._point = rows, steps, start, point
        network = rows.network
        self._tensors = [(t, t.detach().clone()) for t in (*network.parameters(), *network.buffers())]
        self._modes = [(module, module.training) for module in network.modules()]
        self._found: dict[int, Point] | None = None
        if callable(rows.fresh) and steps.resets is not None:
            self.found()  # what the callable reads may move, and only it knows what that is

    def found(self) -> dict[int, Point]:
        """The states; torch's generator, the weights and the modes are afterwards as they were."""
        if self._found is None:
            cards = {t.device.index for t, _ in self._tensors if t.is_cuda}
            self._swap()
            try:
                with torch.no_grad(), torch.random.fork_rng(cards):
                    _, self._found, _ = self._rows.run(self._steps, self._start, self._point, self.wanted)
            finally:
                self._swap()
            self._tensors = []
        return self._found

    def _swap(self) -> None:
        # Through .data, so that whoever holds the parameter objects sees the swap, and no version or graph is touched.
        now = [t.data for t, _ in self._tensors]
        for t, then in self._tensors:
            t.data = then
        self._tensors = [(t, data) for (t, _), data in zip(self._tensors, now, strict=True)]
        modes = [(module, module.training) for module, _ in self._modes]
        _set_modes(self._modes)
        self._modes = modes


class Findable(Protocol):
    """States at the steps `wanted`, worked out by `found`."""

    @property
    def wanted(self) -> frozenset[int]: ...  # noqa: D102
    def found(self) -> dict[int, Point]: ...  # noqa: D102


class Points(Mapping[int, Point]):
    """States by step: those at hand, and those that are worked out when asked for."""

    def __init__(self, known: Mapping[int, Point], ends: Findable | None = None) -> None:
        self.known = dict(known)
        self._ends = ends

    def __getitem__(self, step: int) -> Point:
        if step not in self.known and self._ends is not None and step in self._ends.wanted:
            self.known.update(self._ends.found())
        return self.known[step]

    def __iter__(self) -> Iterator[int]:
        return iter(sorted({*self.known, *(self._ends.wanted if self._ends else ())}))

    def __len__(self) -> int:
        return len(list(iter(self)))


def _set_modes(modes: list[tuple[nn.Module, bool]]) -> None:
    for module, training in modes:
        module.training = training
