"""The network that reads purchases, its loss, and what it says after whole histories.

    x[t] = dropout(W[item t]);   h[t], s[t] = layer(x[t], s[t-1]);   f[t] = P [dropout(h[t]), x[t]] + p
    score of item j after t = f[t] . W[j] + b[j] + log q[j]

The head sees the newest purchase beside the memory, so that what goes with it need not pass the memory. q is each
item's share of all purchases: weight decay draws what is known of rare items to popularity.

Dimensions: T steps, B rows, N users, V items, E numbers an item has, H hidden units.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from throughtime.data.ragged import pad
from throughtime.nn import Network
from throughtime.nn.item_head import ItemHead, ItemTable
from throughtime.tasks.histories import Codes, Histories
from throughtime.tasks.item_ranking import USERS_AT_ONCE
from throughtime.tasks.network import InputBeside, layer_of

# Steps of all rows of a batch together, ends padded: 17 MB of inputs at 64 numbers an item.
CELLS_AT_ONCE = 65_536


@dataclass(frozen=True)
class PurchaseDesign:
    """Everything the network's shape depends on.

    Args:
        cell: "lstm", "rnn" or "perceptron".
        items: V.
        embedding_size: E.
        hidden_size: H.
        num_layers: layers one above the other.
        window_steps: purchases the perceptron sees.
        dropout: in training, of the layers' outputs.
    """

    cell: str
    items: int
    embedding_size: int
    hidden_size: int
    num_layers: int
    window_steps: int
    dropout: float


def build(design: PurchaseDesign, counts: Codes | None = None) -> Network:
    """The network of a design, with first weights from torch's generator.

    Args:
        design: its shape.
        counts: [V] how often each item was bought, at least once; None: all equally.
    """
    table = ItemTable(design.items, design.embedding_size, None if counts is None else torch.from_numpy(counts))
    layer = layer_of(
        design.cell,
        (design.embedding_size, design.hidden_size, design.num_layers),
        window_steps=design.window_steps,
        dropout=design.dropout,
    )
    head = ItemHead(design.hidden_size + design.embedding_size, table)
    return Network(table, InputBeside(layer, design.dropout), head)


def head_of(network: nn.Module) -> ItemHead:
    """The head of a network that `build` made."""
    head = network.head
    assert isinstance(head, ItemHead)
    return head


def read(network: nn.Module, items: Tensor, state: Any = None) -> tuple[Tensor, Any]:
    """Outputs [T, B, E] over purchases [T, B], without gradient, in evaluation mode; and the state after them."""
    network.eval()
    with torch.no_grad():
        return network(items, state)


def after_histories(network: nn.Module, histories: Histories) -> Iterator[tuple[NDArray[np.int64], Tensor]]:
    """Places [N] of some users, at most 256, and the output [N, E] after each one's last purchase; every user once.

    Users with histories of about equal length are read side by side.

    Args:
        network: of `build`, in evaluation mode or to be put there.
        histories: of at least one purchase each.
    """
    network.eval()
    device = next(network.parameters()).device
    lengths = histories.lengths
    for places in _similar(lengths):
        x, ends = pad([histories.of_user(place) for place in places])
        with torch.no_grad():
            output, _ = network(x.to(device), lengths=ends)
        yield places, output[ends - 1, torch.arange(len(places))]


def _similar(lengths: Codes) -> Iterator[NDArray[np.int64]]:
    """Places of users, by length."""
    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        count = min(USERS_AT_ONCE, max(1, CELLS_AT_ONCE // int(lengths[order[start]])))
        yield order[start : start + count]
        start += count
