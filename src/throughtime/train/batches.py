"""Batches a training reads, addressed by (epoch, index) so that a resumed training finds its place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from throughtime.bptt import Piece, leaves, map_nest


class Stream(Protocol):
    """A long sequence (B rows of it) whose steps come piece by piece."""

    @property
    def steps(self) -> int:
        """T of all."""
        ...

    @property
    def rows(self) -> int:
        """B."""
        ...

    def pieces(self, start: int) -> Iterator[Piece]:
        """Those from step `start` on, the same whenever they are asked for."""
        ...


Batch = Piece | Stream


class Batches(Protocol):
    """What an epoch trains on, batch by batch. Each is a whole sequence (B rows of it), in one piece or as a stream.

    `batches[epoch, index]` is a pure function of its seed, epoch and index: asked again, also in another process, it
    gives the same batch, and draws nothing from torch's global generators. The state starts afresh in every one,
    unless there is an attribute `carried` that is true: then all are parts of one long sequence, over epochs too.
    """

    def __len__(self) -> int:
        """Batches of an epoch, the same number in every one."""
        ...

    def __getitem__(self, place: tuple[int, int]) -> Batch:
        """The batch at (epoch, index), 0 <= index < len."""
        ...


@runtime_checkable
class FollowingBatches(Protocol):
    """Batches that depend on how the training goes, such as those of a curriculum.

    A batch is a pure function of its seed, epoch, index and the validation values before the epoch.
    """

    def follow(self, validations: Sequence[float | None]) -> None:
        """Called before each epoch, also of a resumed training, and before its batches are asked for.

        Args:
            validations: of the epochs before it, the first one first; None where there was none.
        """
        ...


def tell(batches: Batches, validations: Sequence[float | None]) -> None:
    """Let batches that depend on how the training goes know it, as `FollowingBatches` has it."""
    if isinstance(batches, FollowingBatches):
        batches.follow(validations)


def after(piece: Piece, position: int) -> Piece:
    """The steps of a piece after the first `position`, as views."""

    def later(tensor: Tensor) -> Tensor:
        return tensor[position:]

    lengths = None if piece.lengths is None else (torch.as_tensor(piece.lengths) - position).clamp(min=0)
    masks = {name: map_nest(later, getattr(piece, name)) for name in ("weights", "resets")}
    return replace(piece, x=map_nest(later, piece.x), y=map_nest(later, piece.y), lengths=lengths, **masks)


def first_piece(batch: Batch) -> Piece:
    """The piece a batch begins with."""
    return batch if isinstance(batch, Piece) else next(batch.pieces(0))


def steps_of(batch: Batch) -> int:
    """T of a batch."""
    return next(leaf.shape[0] for leaf in leaves(batch.x)) if isinstance(batch, Piece) else batch.steps


def rows_of(batch: Batch) -> int:
    """B of a batch."""
    return next(leaf.shape[1] for leaf in leaves(batch.x)) if isinstance(batch, Piece) else batch.rows


def non_finite(piece: Batch) -> list[str]:
    """Which of x and y hold numbers that are not finite; y only where no weights say which targets are absent.

    A stream is not read again for it.
    """
    if not isinstance(piece, Piece):
        return []
    names = ("x", "y") if piece.weights is None else ("x",)
    return [name for name in names if any(_has_non_finite(leaf) for leaf in leaves(getattr(piece, name)))]


def _has_non_finite(tensor: Tensor) -> bool:
    return tensor.is_floating_point() and not bool(torch.isfinite(tensor).all())
