"""Small deterministic trainings that the tests of this floor share."""

from __future__ import annotations

import torch
from torch import nn

from throughtime.bptt import Piece

T, B, C = 17, 4, 2


class Net(nn.Module):
    """An LSTM whose dropout draws from torch's global generator, so that a lost generator state shows."""

    state_axis = 1

    def __init__(self, seed: int = 0, dropout: float = 0.3) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.core = nn.LSTM(C, 5)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(5, 1)

    def forward(self, x, state):
        y, state = self.core(x, state)
        return self.head(self.dropout(y)), state


class Random:
    """Ragged pieces, a pure function of (epoch, index)."""

    def __init__(self, count: int = 3) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, place: tuple[int, int]) -> Piece:
        epoch, index = place
        generator = torch.Generator().manual_seed(1000 * epoch + index)
        x = torch.randn(T, B, C, generator=generator)
        resets = torch.rand(T, B, generator=generator) < 0.05
        weights = torch.rand(T, B, generator=generator)
        lengths = torch.randint(0, T + 1, (B,), generator=generator)
        lengths[0] = T
        return Piece(x, x.sum(-1, keepdim=True).cumsum(0), weights, lengths, resets)


def squared(output, target):
    return (output - target) ** 2


def head_size(network):
    """Stands in for a validation error: some number that depends on the weights."""
    return float(network.head.weight.abs().sum())


class Stopping:
    """A loss that calls `act` in its n-th call: a crash, or a signal, in the middle of an update."""

    def __init__(self, call: int, act) -> None:
        self.left, self.act = call, act

    def __call__(self, output, target):
        self.left -= 1
        if self.left == 0:
            self.act()
        return squared(output, target)


def state_of(network):
    return {name: value.clone() for name, value in network.state_dict().items()}


def same_weights(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)
