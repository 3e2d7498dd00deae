"""Which steps of a batch are real, and where sequences begin: the same facts in the form each kernel needs.

    kept[t, b]    = t < lengths[b]
    start[t, b]   = resets[t, b] and kept[t, b]                     the forward direction starts from zeros at t
    start'[t, b]  = start[t + 1, b]                                 the backward direction starts from zeros at t

A loop over steps (`steps_of`) takes masks. A kernel that only knows whole sequences (`segments`) takes every
run between two resets as a row of its own, packed in torch's order: longest first, all first steps, all second ones.

Dimensions: T steps, B rows, S segments, N real steps in all.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import torch
from torch import Tensor


@dataclass(frozen=True)
class Steps:
    """How one direction runs over T steps.

    Args:
        reverse: from the last step to the first.
        kept: [T, B, 1] bool; at the others the state stays as it is. None: all.
        enters: [T, B, 1] bool, true where the state before the step is used; zeros are used elsewhere. None: all.
    """

    reverse: bool = False
    kept: Tensor | None = None
    enters: Tensor | None = None

    def order(self, count: int) -> range:
        """The indices 0 .. count - 1 in the order in which they run."""
        return range(count - 1, -1, -1) if self.reverse else range(count)


@dataclass(frozen=True)
class Segments:
    """Every run of steps between two resets as a packed row of its own.

    Args:
        index: [N] positions in [T * B] of the real steps, in packed order.
        batch_sizes: [longest] int64 on the CPU, torch's packing.
        first: [B] packed row of each row's first segment; -1 for an empty row.
        last: [B] packed row of each row's last segment; -1 for an empty row.
        row: [S] row of each packed row.
    """

    index: Tensor
    batch_sizes: Tensor
    first: Tensor
    last: Tensor
    row: Tensor


@dataclass(frozen=True)
class Rows:
    """Ends and resets of the rows of one call; None where there are none.

    Args:
        lengths: one int a row, 0 .. T.
        resets: [T, B] bool on the device of the input.
        steps: T.
        count: B.
        device: where masks are needed.
    """

    lengths: tuple[int, ...] | None
    resets: Tensor | None
    steps: int
    count: int
    device: torch.device

    @property
    def plain(self) -> bool:
        """All rows run from the first step to the last."""
        return self.lengths is None and self.resets is None

    @property
    def empty(self) -> bool:
        """No row has a step."""
        return self.steps == 0 or self.count == 0 or (self.lengths is not None and not any(self.lengths))

    @cached_property
    def kept(self) -> Tensor | None:
        """[T, B] bool, false past a row's end; None when no row ends early."""
        if self.lengths is None:
            return None
        ends = torch.tensor(self.lengths, device=self.device)
        return torch.arange(self.steps, device=self.device)[:, None] < ends

    @cached_property
    def starts(self) -> Tensor | None:
        """[T, B] bool, true where a kept step starts a new sequence; None when none does."""
        if self.resets is None:
            return None
        return self.resets if self.kept is None else self.resets & self.kept

    @cached_property
    def cuts(self) -> list[int]:
        """0, every step at which a row ends or starts a new sequence, and the longest row's end; read on the CPU."""
        found = {0, *(self.lengths or (self.steps,))}
        if self.starts is not None:
            found.update(self.starts.any(1).nonzero().flatten().tolist())
        return sorted(found)

    def running(self, step: int) -> Tensor | None:
        """The rows that have at least `step` steps, [some] int64; None when all have."""
        if self.lengths is None or min(self.lengths) >= step:
            return None
        return torch.tensor([b for b, length in enumerate(self.lengths) if length >= step], device=self.device)

    def steps_of(self, reverse: bool) -> Steps:
        """The masks for a loop over steps in one direction."""
        starts = self.starts
        if starts is not None and reverse:
            starts = torch.cat([starts[1:], starts.new_zeros(min(self.steps, 1), self.count)])
        enters = self.kept
        if starts is not None:
            enters = ~starts if enters is None else enters & ~starts
        return Steps(reverse, _column(self.kept), _column(enters))

    @cached_property
    def segments(self) -> Segments:
        """The runs between resets, packed. Reads the masks on the CPU."""
        lengths = self.lengths or (self.steps,) * self.count
        row, begin, size = [], [], []
        cuts = self._cuts()
        for b, length in enumerate(lengths):
            edges = [0, *(t for t in cuts[b] if 0 < t < length), length] if length else []
            for start, stop in pairwise(edges):
                row.append(b)
                begin.append(start)
                size.append(stop - start)
        return _pack(torch.tensor(row), torch.tensor(begin), torch.tensor(size), self)

    def _cuts(self) -> list[list[int]]:
        cuts: list[list[int]] = [[] for _ in range(self.count)]
        if self.resets is not None:
            for b, t in self.resets.t().nonzero().tolist():
                cuts[b].append(t)
        return cuts


def _column(mask: Tensor | None) -> Tensor | None:
    return None if mask is None else mask[..., None]


def _pack(row: Tensor, begin: Tensor, size: Tensor, rows: Rows) -> Segments:
    """Order segments longest first and list their steps step by step."""
    order = torch.argsort(size, descending=True, stable=True)
    row, begin, size = row[order], begin[order], size[order]
    into = torch.arange(int(size[0]))[:, None]  # [longest, 1]: step within the segment
    real = into < size  # [longest, S]
    index = ((begin + into) * rows.count + row)[real]
    first, last = _ends(row, begin, rows.count)
    to = rows.device
    return Segments(index.to(to), real.sum(1), first.to(to), last.to(to), row.to(to))


def _ends(row: Tensor, begin: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The packed rows of each row's first and last segment, -1 where there is none."""
    first, last = torch.full((count,), -1), torch.full((count,), -1)
    by_time = torch.argsort(begin, stable=True)
    # Written in order of time, the last write wins: the latest segment forwards, the earliest backwards.
    for position in by_time.tolist():
        last[row[position]] = position
    for position in by_time.flip(0).tolist():
        first[row[position]] = position
    return first, last
