"""Stretches of a stream as pieces for `through_stream`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch

from throughtime.bptt.steps import Piece
from throughtime.data.streams import TokenStretch


def token_pieces(stretches: Iterable[TokenStretch], device: torch.device | str = "cpu") -> Iterator[Piece]:
    """Pieces whose x and y are tokens [T, B] int64, one made as each is asked for.

    Args:
        stretches: as `data.contiguous_rows` or `data.document_rows` give them.
        device: where x and y go.
    """
    for stretch in stretches:
        whole = len(stretch.x)
        yield Piece(
            torch.from_numpy(stretch.x).to(device),
            torch.from_numpy(stretch.y).to(device),
            None if stretch.counted.all() else torch.from_numpy(stretch.counted).float(),
            None if (stretch.lengths == whole).all() else torch.from_numpy(stretch.lengths),
            torch.from_numpy(stretch.resets) if stretch.resets.any() else None,
        )
