"""Stretches of a stream as pieces for `through_stream`: tokens to foretell, or a label at each document's end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from throughtime.base.errors import DataError
from throughtime.bptt.steps import Piece
from throughtime.data.streams import TokenStretch


def token_pieces(stretches: Iterable[TokenStretch], device: torch.device | str = "cpu") -> Iterator[Piece]:
    """Pieces whose x and y are tokens [T, B] int64, one made as each is asked for.

    Args:
        stretches: as `data.contiguous_rows` or `data.document_rows` give them.
        device: where x and y go.
    """
    for stretch in stretches:
        weights = None if stretch.counted.all() else torch.from_numpy(stretch.counted).float()
        yield _piece(stretch, torch.from_numpy(stretch.y), weights, device)


def label_pieces(
    stretches: Iterable[TokenStretch], labels: Tensor | Sequence[Any], device: torch.device | str = "cpu"
) -> Iterator[Piece]:
    """Pieces whose y is a label of the whole document, with a loss at each document's last token alone.

        pieces = label_pieces(document_rows(reviews, rows=32, steps=100), sentiments)

    Args:
        stretches: as `data.document_rows` gives them.
        labels: one for each document, in the order in which documents are read: numbers [N], or [N, ...].
        device: where x and y go.

    Raises:
        DataError: rows that are no documents, or more documents than labels.
    """
    known = torch.as_tensor(labels)
    for stretch in stretches:
        if stretch.document is None:
            raise DataError("A label is one of a document: these rows have none. Make them with data.document_rows.")
        last = int(stretch.document.max(initial=-1))
        if last >= len(known):
            raise DataError(f"Each document needs a label: document {last} (from 0) came, and {len(known)} labels.")
        document = torch.from_numpy(stretch.document)
        # A document's last token is the one that has none after it.
        ends = (document >= 0) & ~torch.from_numpy(stretch.counted)
        yield _piece(stretch, known[document.clamp(min=0)], ends.float(), device)


def _piece(stretch: TokenStretch, y: Tensor, weights: Tensor | None, device: torch.device | str) -> Piece:
    return Piece(
        torch.from_numpy(stretch.x).to(device),
        y.to(device),
        weights,
        None if (stretch.lengths == len(stretch.x)).all() else torch.from_numpy(stretch.lengths),
        torch.from_numpy(stretch.resets) if stretch.resets.any() else None,
    )
