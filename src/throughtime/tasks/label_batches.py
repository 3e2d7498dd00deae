"""Labelled sequences as pieces to train on: the loss stands at each sequence's last step.

Dimensions: T steps, B sequences.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from throughtime.bptt import Piece
from throughtime.data.ragged import batch_count, batch_rows
from throughtime.tasks.label_network import batch_of


class LabelBatches:
    """Pieces of up to `batch_size` sequences, drawn anew each epoch; a pure function of (seed, epoch, index).

    Args:
        encoded: sequences, as `SequenceEncoding.encode` gives them.
        labels: int64 [N], the class of each.
        batch_size: sequences a piece holds, at least 1.
        seed: of the order.
        device: where the pieces go.
    """

    def __init__(
        self, encoded: Sequence[Tensor], labels: Tensor, batch_size: int, seed: int, device: torch.device
    ) -> None:
        self._encoded, self._labels = encoded, labels
        self._batch_size, self._seed, self._device = batch_size, seed, device

    def __len__(self) -> int:
        """Pieces in an epoch."""
        return batch_count(len(self._encoded), self._batch_size)

    def __getitem__(self, place: tuple[int, int]) -> Piece:
        """The piece at (epoch, index)."""
        epoch, index = place
        rows = batch_rows(len(self._encoded), self._batch_size, seed=self._seed, epoch=epoch, index=index)
        return label_piece([self._encoded[row] for row in rows], self._labels[torch.tensor(rows)], self._device)


def label_piece(encoded: Sequence[Tensor], labels: Tensor, device: torch.device) -> Piece:
    """Sequences side by side, each with its label [B] as the target of its last step alone."""
    x, lengths = batch_of(encoded, device)
    weights = torch.zeros(x.shape[:2])
    last = len(x) - 1 if lengths is None else lengths - 1
    weights[last, torch.arange(x.shape[1])] = 1
    return Piece(x, labels.to(device).expand(x.shape[:2]), weights, lengths)
