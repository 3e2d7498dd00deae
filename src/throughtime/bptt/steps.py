"""Steps on their way to the engine: pieces checked once, joined, sliced, and dropped when no window needs them.

`Piece` is what a caller gives; `Steps` is the same after checking, with rows' ends as a mask; `Feed` reads pieces as
far ahead as the schedule asks and keeps the steps that a later window still reads.

    x, y      [T, B, ...]   any nest of tensors, time first
    weights   [T, B]        of the losses; 0 marks an absent one
    valid     [T, B]        false past a row's end
    resets    [T, B]        true at the first step of a new sequence
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from throughtime.base.errors import DataError, DtypeError, ShapeError
from throughtime.bptt.nests import Nest, leaves, map_nest, same_structure


@dataclass(frozen=True, slots=True)
class Piece:
    """Some consecutive steps of B sequences that run side by side.

    Args:
        x: input, a tensor [T, B, ...] or a nest of such tensors.
        y: target, likewise.
        weights: [T, B] weights of the losses, >= 0; 0 marks an absent loss. None: all 1.
        lengths: [B] steps of this piece that each row really has, 0 .. T. None: all T.
        resets: [T, B] bool, true at the first step of a new sequence: the state before it becomes the initial state.
    """

    x: Nest
    y: Nest
    weights: Tensor | None = None
    lengths: Tensor | Sequence[int] | None = None
    resets: Tensor | None = None


@dataclass(frozen=True, slots=True)
class Steps:
    """Checked steps; masks and weights live on the CPU, where windows are planned. None means: nothing special."""

    x: Nest
    y: Nest
    weights: Tensor | None
    valid: Tensor | None
    resets: Tensor | None
    count: int
    rows: int

    def slice(self, start: int, stop: int) -> Steps:
        """Steps start .. stop - 1, as views."""
        if start == 0 and stop == self.count:
            return self

        def cut(nest: Nest) -> Nest:
            if nest is None or isinstance(nest, Tensor):
                return None if nest is None else nest[start:stop]
            return map_nest(lambda t: t[start:stop], nest)

        masks = cut(self.weights), cut(self.valid), cut(self.resets)
        return Steps(cut(self.x), cut(self.y), *masks, stop - start, self.rows)


def check(piece: Piece) -> Steps:
    """Turn a caller's piece into steps.

    Raises:
        ShapeError: sizes of x, y, weights, lengths and resets do not fit together.
        DtypeError: lengths are not integers, resets not booleans, weights not numbers.
        DataError: a weight is negative or not finite, a length out of range.
    """
    count, rows = _time_and_rows(piece.x, "x")
    targets = _time_and_rows(piece.y, "y")
    if targets != (count, rows):
        raise ShapeError(
            f"y needs the steps and rows of x: x has {count} steps and {rows} rows, y has {targets[0]} and "
            f"{targets[1]}. "
            "Time is axis 0, rows are axis 1; mark absent targets by weights of 0."
        )
    valid = _valid(piece.lengths, count, rows)
    resets = _resets(piece.resets, count, rows)
    if resets is not None and valid is not None:
        resets = resets & valid  # steps past a row's end change nothing
    return Steps(piece.x, piece.y, _weights(piece.weights, count, rows), valid, resets, count, rows)


def join(parts: Sequence[Steps], axis: int = 0) -> Steps:
    """One run of steps from several that follow each other; along axis 1, from rows that run side by side."""
    if len(parts) == 1:
        return parts[0]
    first = parts[0]

    def joined(name: str, fill: float | bool, dtype: torch.dtype) -> Tensor | None:
        masks = [getattr(part, name) for part in parts]
        if all(mask is None for mask in masks):
            return None
        return torch.cat(
            [
                torch.full((part.count, part.rows), fill, dtype=dtype) if mask is None else mask
                for part, mask in zip(parts, masks, strict=True)
            ],
            axis,
        )

    def cat(*tensors: Tensor) -> Tensor:
        return torch.cat(tensors, axis)

    return Steps(
        map_nest(cat, first.x, *(part.x for part in parts[1:])),
        map_nest(cat, first.y, *(part.y for part in parts[1:])),
        joined("weights", 1.0, torch.float64),
        joined("valid", True, torch.bool),
        joined("resets", False, torch.bool),
        count=first.count if axis else sum(part.count for part in parts),
        rows=sum(part.rows for part in parts) if axis else first.rows,
    )


class Feed:
    """The steps of a call, read from its pieces as far ahead as asked, kept from `base` on.

    Steps are numbered absolutely, from the first call's first step.

    Args:
        pieces: what follows `retained`.
        retained: steps base .. base + count - 1 that an earlier call left for later windows.
    """

    def __init__(self, pieces: Iterable[Piece], base: int = 0, retained: Steps | None = None) -> None:
        self._pieces: Iterator[Piece] = iter(pieces)
        self._parts = [] if retained is None else [retained]
        self.base = base
        self.end = base + (0 if retained is None else retained.count)
        self.exhausted = False
        self._last: tuple[int, int, Steps] | None = None  # an update asks for the same steps several times

    @property
    def rows(self) -> int:
        """Sequences side by side; 0 before the first piece is read."""
        return self._parts[0].rows if self._parts else 0

    def read_to(self, stop: int | None) -> int:
        """Read pieces until steps up to `stop` are here, or all there are (None); how far there are steps now."""
        while not self.exhausted and (stop is None or self.end < stop):
            piece = next(self._pieces, None)
            if piece is None:
                self.exhausted = True
            else:
                self._append(check(piece))
        return self.end

    def slice(self, start: int, stop: int) -> Steps:
        """Steps start .. stop - 1: views where they came in one piece."""
        if self._last is None or self._last[:2] != (start, stop):
            self._last = start, stop, self._cut(start, stop)
        return self._last[2]

    def _cut(self, start: int, stop: int) -> Steps:
        parts, at = [], self.base
        for part in self._parts:
            a, b = max(start - at, 0), min(stop - at, part.count)
            if a < b:
                parts.append(part.slice(a, b))
            at += part.count
        return join(parts) if parts else self._parts[0].slice(0, 0)

    def counts(self) -> tuple[int, Tensor]:
        """The first step here, and the losses that each step from there on counts, in weights, float64."""
        return self.base, torch.cat([_counts(part) for part in self._parts])

    def pad_to(self, stop: int) -> None:
        """Append steps past every row's end, up to `stop`: they change nothing and have no loss."""
        if stop <= self.end:
            return
        if not self._parts:
            raise DataError("Every process of a group needs a piece, to tell its rows: this one has none.")
        last, count = self._parts[-1], stop - self.end

        def blank(nest: Nest) -> Nest:
            return map_nest(lambda t: t.new_zeros(count, *t.shape[1:]), nest)

        past = torch.zeros(count, last.rows, dtype=torch.bool)
        self._append(Steps(blank(last.x), blank(last.y), None, past, None, count, last.rows))

    def drop_before(self, step: int) -> None:
        """Forget steps that no later window reads; one part stays, to tell rows and shapes."""
        while len(self._parts) > 1 and self.base + self._parts[0].count <= step:
            self.base += self._parts.pop(0).count

    def _append(self, steps: Steps) -> None:
        if self._parts:
            _check_continues(self._parts[-1], steps)
        if self._parts and self._parts[-1].count == 0:
            self._parts.pop()
        self._parts.append(steps)
        self.end += steps.count


def _counts(steps: Steps) -> Tensor:
    counts = torch.ones(steps.count, steps.rows, dtype=torch.float64) if steps.weights is None else steps.weights
    return (counts if steps.valid is None else counts * steps.valid).sum(1)


def _check_continues(before: Steps, after: Steps) -> None:
    for name in ("x", "y"):
        old, new = getattr(before, name), getattr(after, name)
        if not same_structure(old, new):
            raise ShapeError(
                f"Every piece needs the same nest of tensors in `{name}`: this one's differs from the last's."
            )
        for a, b in zip(leaves(old), leaves(new), strict=True):
            if a.shape[1:] != b.shape[1:] or a.dtype != b.dtype or a.device != b.device:
                raise ShapeError(
                    f"Pieces that follow each other need the same rows, shape, dtype and device in `{name}`: "
                    f"[T, {', '.join(map(str, a.shape[1:]))}] {a.dtype} on {a.device} is followed by "
                    f"[T, {', '.join(map(str, b.shape[1:]))}] {b.dtype} on {b.device}. "
                    "A row that has ended stays, with a length of 0, until a reset gives its place to a new sequence."
                )


def _time_and_rows(nest: Nest, name: str) -> tuple[int, int]:
    sizes = set()
    for leaf in leaves(nest):
        if leaf.dim() < 2:
            raise ShapeError(
                f"`{name}` needs time as axis 0 and rows as axis 1: a tensor of shape {tuple(leaf.shape)} came. "
                "For a single sequence add the row axis with unsqueeze(1)."
            )
        sizes.add((leaf.shape[0], leaf.shape[1]))
    if len(sizes) != 1:
        raise ShapeError(
            f"All tensors of `{name}` share steps and rows, and there is at least one: "
            f"{sorted(sizes) if sizes else 'no tensor'} came."
        )
    return sizes.pop()


def _valid(lengths: Tensor | Sequence[int] | None, count: int, rows: int) -> Tensor | None:
    if lengths is None:
        return None
    lengths = torch.as_tensor(lengths).detach().cpu()
    if lengths.is_floating_point() or lengths.is_complex() or lengths.dtype == torch.bool:
        raise DtypeError(f"`lengths` are whole numbers of steps: {lengths.dtype} came.")
    if lengths.shape != (rows,):
        raise ShapeError(f"`lengths` needs one number per row, [{rows}]: shape {tuple(lengths.shape)} came.")
    if rows and not 0 <= int(lengths.min()) <= int(lengths.max()) <= count:
        raise DataError(
            f"`lengths` lie between 0 and the {count} steps of x: {int(lengths.min())} .. {int(lengths.max())} came. "
            "After a carry, lengths count from the carry's position."
        )
    if bool((lengths == count).all()):
        return None
    return torch.arange(count).unsqueeze(1) < lengths


def _resets(resets: Tensor | None, count: int, rows: int) -> Tensor | None:
    if resets is None:
        return None
    if not isinstance(resets, Tensor) or resets.dtype != torch.bool:
        raise DtypeError(f"`resets` is a bool tensor [T, B]: {_kind(resets)} came.")
    if resets.shape != (count, rows):
        raise ShapeError(f"`resets` needs one flag per step and row, [{count}, {rows}]: {tuple(resets.shape)} came.")
    resets = resets.detach().cpu()
    return resets if bool(resets.any()) else None


def _weights(weights: Tensor | None, count: int, rows: int) -> Tensor | None:
    if weights is None:
        return None
    if not isinstance(weights, Tensor) or weights.is_complex():
        raise DtypeError(f"`weights` is a tensor of numbers [T, B]: {_kind(weights)} came.")
    if weights.shape != (count, rows):
        raise ShapeError(
            f"`weights` needs one number per step and row, [{count}, {rows}]: {tuple(weights.shape)} came."
        )
    weights = weights.detach().to("cpu", torch.float64)
    if not bool((torch.isfinite(weights) & (weights >= 0)).all()):
        raise DataError("`weights` are finite and not negative; one is. A weight of 0 marks an absent loss.")
    return weights


def _kind(value: object) -> str:
    return str(value.dtype) if isinstance(value, Tensor) else type(value).__name__
