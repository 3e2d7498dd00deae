"""Batches a training reads, addressed by (epoch, index) so that a resumed training finds its place."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import torch
from torch import Tensor

from throughtime.bptt import Piece, leaves, map_nest


class Batches(Protocol):
    """The pieces of each epoch. Each is a whole sequence (B rows of it): the state starts afresh in every piece.

    `batches[epoch, index]` is a pure function of its seed, epoch and index: asked again, also in another process, it
    gives the same piece, and draws nothing from torch's global generators. One continuous stream is one piece.
    """

    def __len__(self) -> int:
        """Pieces in an epoch, the same in every one."""
        ...

    def __getitem__(self, place: tuple[int, int]) -> Piece:
        """The piece at (epoch, index), 0 <= index < len."""
        ...


def after(piece: Piece, position: int) -> Piece:
    """The steps of a piece after the first `position`, as views."""

    def later(tensor: Tensor) -> Tensor:
        return tensor[position:]

    lengths = None if piece.lengths is None else (torch.as_tensor(piece.lengths) - position).clamp(min=0)
    masks = {name: map_nest(later, getattr(piece, name)) for name in ("weights", "resets")}
    return replace(piece, x=map_nest(later, piece.x), y=map_nest(later, piece.y), lengths=lengths, **masks)


def steps_of(piece: Piece) -> int:
    """T of a piece."""
    return next(leaf.shape[0] for leaf in leaves(piece.x))


def rows_of(piece: Piece) -> int:
    """B of a piece."""
    return next(leaf.shape[1] for leaf in leaves(piece.x))


def non_finite(piece: Piece) -> list[str]:
    """Which of x and y hold numbers that are not finite; y only where no weights say which targets are absent."""
    names = ("x", "y") if piece.weights is None else ("x",)
    return [name for name in names if any(_has_non_finite(leaf) for leaf in leaves(getattr(piece, name)))]


def _has_non_finite(tensor: Tensor) -> bool:
    return tensor.is_floating_point() and not bool(torch.isfinite(tensor).all())
