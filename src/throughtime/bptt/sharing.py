"""Rows shared out among the ranks of a training: of a piece and of a carry, and carries put together again.

    share(B, rank, ranks)      consecutive rows, as equal in number as can be
    rows_of_piece, rows_of_carry, joined        joined(rows_of_carry of every rank) is the carry

A rank for which no row is left gets one without steps (length 0), which changes nothing and keeps it in step with the
others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from throughtime.bptt.carry import Carry
from throughtime.bptt.nests import Nest, leaves, map_nest
from throughtime.bptt.ring import Ring
from throughtime.bptt.rows import Point
from throughtime.bptt.steps import Piece, Steps, join


def share(rows: int, rank: int, ranks: int) -> range:
    """The rows that one of several ranks has: consecutive, at most one more than any other has."""
    each, over = divmod(rows, ranks)
    first = rank * each + min(rank, over)
    return range(first, first + each + (rank < over))


def rows_of_piece(piece: Piece, rows: range) -> Piece:
    """Some rows of a piece, all its steps; of no rows, one without steps."""
    count, _ = next(leaves(piece.x)).shape[:2]

    def cut(nest: Nest) -> Nest:
        return map_nest(lambda t: _cut(t, 1, rows), nest)

    if not rows:
        return Piece(cut(piece.x), cut(piece.y), torch.zeros(count, 1), torch.zeros(1, dtype=torch.int64))
    lengths = None if piece.lengths is None else _cut(torch.as_tensor(piece.lengths), 0, rows)
    if lengths is not None and bool((lengths == count).all()):
        lengths = None
    return Piece(cut(piece.x), cut(piece.y), cut(piece.weights), lengths, cut(piece.resets))


def rows_of_state(state: Nest, rows: range, axes: Nest) -> Nest:
    """Some rows of a state; of no rows, one of them.

    Args:
        state: of all rows.
        rows: consecutive.
        axes: the batch axis of the state's leaves, as `Traits.state_axis`.
    """
    return map_nest(lambda leaf, axis: leaf if axis is None else _cut(leaf, axis, rows), state, axes)


def rows_of_carry(carry: Carry, rows: range, axes: Nest) -> Carry:
    """Some rows of a carry; of no rows, one without steps.

    Args:
        carry: of all rows.
        rows: consecutive.
        axes: as in `rows_of_state`.
    """

    def cut(nest: Nest) -> Nest:
        return map_nest(lambda t: _cut(t, 1, rows), nest)

    old = carry.steps
    valid = cut(old.valid) if rows else torch.zeros(old.count, 1, dtype=torch.bool)
    steps = Steps(cut(old.x), cut(old.y), cut(old.weights), valid, cut(old.resets), old.count, max(len(rows), 1))
    points = {step: _rows_of_point(point, rows, axes) for step, point in carry.points.items()}
    ring = None if carry.ring is None else Ring.from_tree(_rows_of_ring(carry.ring.to_tree(), rows, axes))
    return Carry(carry.position, carry.base, steps, points, carry.seed, ring)


def joined(carries: Sequence[Carry], axes: Nest) -> Carry:
    """The carry of all rows from those of ranks that stand at the same step.

    Args:
        carries: in the order of the ranks, of ranks that have rows.
        axes: as in `rows_of_carry`.
    """
    first = carries[0]
    steps = join([carry.steps for carry in carries], axis=1)
    points = {step: _joined_points([carry.points[step] for carry in carries], axes) for step in first.points}
    ring = None
    if first.ring is not None:
        ring = Ring.from_tree(_joined_rings([carry.ring.to_tree() for carry in carries if carry.ring], axes))
    return Carry(first.position, first.base, steps, points, first.seed, ring)


def _cut(tensor: Tensor, axis: int, rows: range) -> Tensor:
    """Consecutive rows of a tensor, as a tensor of its own; of no rows, the first."""
    start, count = (rows.start, len(rows)) if rows else (0, 1)
    return tensor.narrow(axis, start, count).contiguous()


def _rows_of_point(point: Point, rows: range, axes: Nest) -> Point:
    return Point(rows_of_state(point.state, rows, axes), _cut(point.resets_seen, 0, rows))


def _rows_of_ring(tree: dict[str, Any], rows: range, axes: Nest) -> dict[str, Any]:
    arrays = {name: _cut(array, 1, rows) for name, array in tree["arrays"].items()}
    if arrays and not rows:
        arrays["valid"] = torch.zeros_like(arrays["valid"])
    ends = [[rows_of_state(state, rows, axes), _cut(seen, 0, rows)] for state, seen in tree["ends"]]
    return tree | {"arrays": arrays, "ends": ends}


def _joined_points(points: Sequence[Point], axes: Nest) -> Point:
    rows = [len(point.resets_seen) for point in points]
    state = _joined_states([point.state for point in points], rows, axes)
    return Point(state, torch.cat([point.resets_seen for point in points]))


def _joined_states(states: Sequence[Nest], rows: Sequence[int], axes: Nest) -> Nest:
    """States side by side; zeros for a rank that has none yet, as a layer takes it."""
    like = next((state for state in states if state is not None), None)
    given = [
        _zeros_like(like, count, axes) if state is None else state for state, count in zip(states, rows, strict=True)
    ]

    def cat(leaf: Tensor, axis: int | None, *others: Tensor) -> Tensor:
        return leaf if axis is None else torch.cat([leaf, *others], axis)

    return None if like is None else map_nest(cat, given[0], axes, *given[1:])


def _zeros_like(state: Nest, rows: int, axes: Nest) -> Nest:
    def zeros(leaf: Tensor, axis: int | None) -> Tensor:
        if axis is None:
            return leaf
        shape = list(leaf.shape)
        shape[axis] = rows
        return leaf.new_zeros(shape)

    return map_nest(zeros, state, axes)


def _joined_rings(trees: Sequence[dict[str, Any]], axes: Nest) -> dict[str, Any]:
    rows = [len(tree["ends"][0][1]) for tree in trees]
    ends = [
        [
            _joined_states([tree["ends"][k][0] for tree in trees], rows, axes),
            torch.cat([t["ends"][k][1] for t in trees]),
        ]
        for k in range(2)
    ]
    like: dict[str, Tensor] = next((tree["arrays"] for tree in trees if tree["arrays"]), {})

    def array(name: str, tree: dict[str, Any], count: int) -> Tensor:
        """What a rank kept; where it kept nothing none of its rows had a step."""
        kept = tree["arrays"].get(name)
        return like[name].new_zeros(len(like[name]), count, *like[name].shape[2:]) if kept is None else kept

    arrays = {name: torch.cat([array(name, *pair) for pair in zip(trees, rows, strict=True)], 1) for name in like}
    return trees[0] | {"arrays": arrays, "ends": ends}
