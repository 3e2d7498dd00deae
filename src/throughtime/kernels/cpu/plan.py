"""The sequences of a call, in the order and form the kernels want.

    a sequence is one run of a row between a start and a reset or the row's end; the longest come first
    offset[j]  = real steps before step j of all sequences

Dimensions: T steps, B rows, S sequences, N real steps in all.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from throughtime.kernels.cpu.library import Layer
from throughtime.kernels.rows import Rows


@dataclass(frozen=True)
class Plan:
    """Sequences of one direction.

    Args:
        begin: [S] int64, t of the first step that runs.
        row: [S] int64.
        length: [S] int64, at least 1, falling.
        enters: [S] uint8, 1 where the given state enters, 0 where zeros do.
        leaves: [S] uint8, 1 where the last state is the row's.
        offset: [longest + 1] int64.
    """

    begin: np.ndarray
    row: np.ndarray
    length: np.ndarray
    enters: np.ndarray
    leaves: np.ndarray
    offset: np.ndarray

    @cached_property
    def pointers(self) -> dict[str, int]:
        """Where each array starts, by name; they live as long as the plan."""
        names = ("begin", "row", "length", "enters", "leaves", "offset")
        return {name: getattr(self, name).ctypes.data for name in names}

    @cached_property
    def step_and_row(self) -> tuple[np.ndarray, np.ndarray]:
        """The step and the row of every real step, [N] each, in the order of the tape; of the forward direction."""
        running = np.diff(self.offset)
        j = np.repeat(np.arange(len(running)), running)
        sequence = np.arange(len(j)) - self.offset[j]
        return self.begin[sequence] + j, self.row[sequence]

    def put(self, layer: Layer) -> None:
        """Write the sequences into a call's structure."""
        layer.S, layer.T = len(self.row), len(self.offset) - 1
        for name, where in self.pointers.items():
            setattr(layer, name, where)


def plan(rows: Rows, reverse: bool) -> Plan | None:
    """The sequences of a call; None where no row has a step.

    Args:
        rows: ends and resets.
        reverse: the direction that runs from the last step to the first.
    """
    ends = np.full(rows.count, rows.steps) if rows.lengths is None else np.array(rows.lengths, dtype=np.int64)
    row, first, given = _starts(rows, ends)
    if not len(row):
        return None
    stop = np.append(first[1:], ends[row[-1]])
    last_of_row = np.append(row[1:] != row[:-1], True)
    stop[last_of_row] = ends[row[last_of_row]]
    length = stop - first
    first_of_row = np.append(True, row[1:] != row[:-1])
    enters, leaves = (last_of_row, first_of_row) if reverse else (first_of_row & given, last_of_row)
    order = np.argsort(-length, kind="stable")
    length = length[order]
    # Sequences that still run at step j: those longer than j.
    running = np.searchsorted(-length, -np.arange(length[0]), side="left")
    return Plan(
        np.ascontiguousarray((stop - 1 if reverse else first)[order]),
        np.ascontiguousarray(row[order]),
        np.ascontiguousarray(length),
        np.ascontiguousarray(enters[order], dtype=np.uint8),
        np.ascontiguousarray(leaves[order], dtype=np.uint8),
        np.concatenate([[0], np.cumsum(running)]),
    )


def _starts(rows: Rows, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row and first step of every sequence, row by row, and whether it starts from the state given."""
    real = np.flatnonzero(ends > 0)
    if rows.resets is None or not len(real):
        return real, np.zeros(len(real), dtype=np.int64), np.ones(len(real), dtype=bool)
    resets = rows.resets.cpu().numpy()
    begins = resets.copy()
    begins[0] = True
    begins &= np.arange(rows.steps)[:, None] < ends
    row, first = np.nonzero(begins.T)
    return row, first, (first > 0) | ~resets[0, row]
