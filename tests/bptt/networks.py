"""Small networks of every kind the engine is to work for."""

from __future__ import annotations

import torch
from torch import Tensor, nn

import throughtime.nn as tnn


class OfTorch(nn.Module):
    """A user's module round one of torch's layers; it says where its state's batch axis is, and nothing else."""

    state_axis = 1

    def __init__(self, layer=nn.LSTM, inputs: int = 2, hidden: int = 3, outputs: int = 2, **kwargs) -> None:
        super().__init__()
        self.layer = layer(inputs, hidden, **kwargs)
        self.head = nn.Linear(hidden, outputs)

    def forward(self, x: Tensor, state=None):
        y, state = self.layer(x, state)
        return self.head(y), state


class Leaky(nn.Module):
    """A module of a user's own: a dict of two leaky averages with batch axes 0 and 1."""

    def __init__(self, inputs: int = 2, outputs: int = 2) -> None:
        super().__init__()
        self.state_axis = {"slow": 0, "fast": (1, None)}
        self.inward, self.back = nn.Linear(inputs, 3), nn.Linear(3, 3)
        self.head = nn.Linear(3, outputs)

    def forward(self, x: Tensor, state=None):
        rows = x.shape[1]
        state = state or {"slow": x.new_zeros(rows, 3), "fast": (x.new_zeros(3, rows), None)}
        slow, fast = state["slow"], state["fast"][0]
        outputs = []
        for step in x:
            fast = torch.tanh(self.inward(step) + self.back(fast.T + slow)).T
            slow = 0.9 * slow + 0.1 * fast.T
            outputs.append(self.head(fast.T * slow))
        return torch.stack(outputs), {"slow": slow, "fast": (fast, None)}


def ours(inputs: int = 2, hidden: int = 3, outputs: int = 2, layers: int = 1, **kwargs) -> tnn.Network:
    core = tnn.LSTM(inputs, hidden, layers, **kwargs)
    return tnn.Network(None, core, nn.Linear(hidden, outputs))


def all_networks() -> dict[str, nn.Module]:
    """One of each kind, in float64, with the same weights in every run."""
    torch.manual_seed(0)
    made = {
        "torch.nn.LSTM": OfTorch(nn.LSTM),
        "torch.nn.LSTM, two layers": OfTorch(nn.LSTM, num_layers=2),
        "torch.nn.GRU": OfTorch(nn.GRU),
        "torch.nn.RNN": OfTorch(nn.RNN),
        "a user's module": Leaky(),
        "tt.Network of tt.LSTM": ours(),
        "tt.Network of tt.LSTM with layer norm and peepholes": ours(layer_norm=True, peephole=True),
        "tt.Network of a list": tnn.Network(None, [tnn.LSTM(2, 3), tnn.RNN(3, 3)], nn.Linear(3, 2)),
        "tt.Network of tt.RNN": tnn.Network(None, tnn.RNN(2, 3), nn.Linear(3, 2)),
    }
    return {name: network.double() for name, network in made.items()}
