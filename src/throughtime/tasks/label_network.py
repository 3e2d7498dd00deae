"""The network that labels whole sequences.

    symbols:  e = embedding, with dropped features and words;   numbers: e = x
    e -> [e, position] -> window of W steps -> LSTM, both ways -> [last, max, mean] of all steps -> dropout -> classes
                                            -> [max, mean] of all steps ----------------------------^

Position and window are there where they are asked for, and with the window the branch beside the LSTM: what stands
somewhere in a sequence is seen at once, and the LSTM is left what comes of its order. Of symbols that overlap, as
6-mers do, the mean of their vectors is that branch, and the LSTM reads them stretch by stretch. A network that reads
one way has pools over the steps so far: it labels a sequence at every step, and can be trained in windows. The members
of an ensemble stand side by side in one network, whose logits are the mean of theirs.

Dimensions: T steps, B rows, F numbers a step, V symbols, E features, H hidden units, K classes.

Source of pools, convolution below and beside the LSTM, and dropout: Karim et al. 2018, arXiv 1709.05206 (LSTM-FCN);
Conneau et al. 2017, arXiv 1705.02364 (bidirectional LSTM, max over steps).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from throughtime.data.ragged import pad
from throughtime.nn import LSTM, RNN, Network, WindowPerceptron
from throughtime.nn.embedding import Positions, SymbolEmbedding
from throughtime.nn.heads import CategoricalHead
from throughtime.nn.running_pools import RunningPools
from throughtime.nn.side_by_side import SideBySide
from throughtime.nn.strided import Strided
from throughtime.nn.whole_pool import MAX, MEAN, WholePool

POSITION_SIZE = 16  # features that tell places apart
# First vectors of words are small, so that what a word means is learned and not drawn. A few letters are told apart at
# once if they are not.
SMALL, UNIT = 0.1, 1.0
# Rows that are labelled at once: bounds the memory without costing time.
RUN_ROWS = 256


@dataclass(frozen=True)
class LabelDesign:
    """Everything the network's shape depends on.

    Args:
        cell: "lstm", "rnn" or "perceptron".
        symbols: V; 0 for numbers.
        words: whether symbols are many, each with a meaning of its own.
        input_size: F of numbers, E of symbols.
        positions: places that are told apart; 0: none.
        front_steps: steps the window below the layer sees; 0: no window.
        hidden_size: H, of each direction, and of the window.
        num_layers: layers one above the other.
        stride: steps that a layer which needs whole sequences reads as one, their mean; of symbols that overlap.
        window_steps: steps the perceptron sees.
        bidirectional: whether it reads both ways; a perceptron never does.
        pools: out of `whole_pool.HOWS`.
        dropout: of the pools' features, and between layers.
        embedding_dropout: of the features of symbols.
        word_dropout: of symbols.
        classes: K.
        smoothing: of the labels in the loss.
        class_weights: what each class counts in the loss; None: 1.
        members: networks of this design whose logits are averaged.
    """

    cell: str
    symbols: int
    words: bool
    input_size: int
    positions: int
    front_steps: int
    hidden_size: int
    num_layers: int
    window_steps: int
    bidirectional: bool
    pools: tuple[str, ...]
    dropout: float
    embedding_dropout: float
    word_dropout: float
    classes: int
    smoothing: float
    class_weights: tuple[float, ...] | None
    stride: int = 1
    members: int = 1

    @property
    def beside(self) -> tuple[str, ...]:
        """Pools of what the layer reads, beside those of the layer; symbols that overlap are counted."""
        return (MAX, MEAN) if self.front_steps else (MEAN,) if self.stride > 1 else ()

    @property
    def whole(self) -> bool:
        """Whether it needs whole sequences."""
        return self.bidirectional and self.cell != "perceptron"

    def to_dict(self) -> dict[str, Any]:
        """In plain lists and numbers; `from_dict` takes it."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> LabelDesign:
        """The inverse of `to_dict`."""
        weights = stored["class_weights"]
        parts = {"pools": tuple(stored["pools"]), "class_weights": None if weights is None else tuple(weights)}
        return cls(**{**stored, **parts})


def build(design: LabelDesign) -> Network:
    """The network of a design, with first weights from torch's generator."""
    return ensemble([_member(design) for _ in range(design.members)])


def ensemble(members: Sequence[Network]) -> Network:
    """One network whose logits are the mean of the members', which are of one design: embeddings, layers and heads side
    by side. A single member is returned as it is.
    """
    first = members[0]
    if len(members) == 1:
        return first
    embed: SymbolEmbedding | None = None
    tables = [member.embed.weight.detach() for member in members if isinstance(member.embed, SymbolEmbedding)]
    if tables:
        embed = SymbolEmbedding(len(tables[0]), sum(table.shape[1] for table in tables))
        embed.weight = nn.Parameter(torch.cat(tables, 1))
    heads = [head_of(member) for member in members]
    head = CategoricalHead(sum(each.input_size for each in heads), heads[0].classes)
    head.linear.weight = nn.Parameter(torch.cat([each.linear.weight for each in heads], 1).detach() / len(heads))
    head.linear.bias = nn.Parameter(torch.stack([each.linear.bias for each in heads]).mean(0).detach())
    return Network(embed, [SideBySide([member.layers for member in members], shared=embed is None)], head)


def _member(design: LabelDesign) -> Network:
    embed, width = None, design.input_size
    if design.symbols:
        spread = SMALL if design.words else UNIT
        embed = SymbolEmbedding(design.symbols, width, design.embedding_dropout, design.word_dropout, spread)
    core: list[nn.Module] = []
    if design.positions:
        core.append(Positions(design.positions, POSITION_SIZE))
        width += POSITION_SIZE
    if design.front_steps:
        core.append(WindowPerceptron(width, design.front_steps, design.hidden_size))
        width = design.hidden_size
    directions = 2 if design.whole else 1
    pools = _pools(design, design.pools, design.hidden_size * directions, directions)
    upper: list[nn.Module] = [_layer(design, width), pools]
    features = pools.output_size
    if design.whole and design.stride > 1:
        upper = [Strided(upper, design.stride, design.dropout)]
    if design.beside:
        beside = _pools(design, design.beside, width, directions=1)
        upper = [SideBySide([upper, [beside]], shared=True)]
        features += beside.output_size
    head = CategoricalHead(features, design.classes, design.smoothing, design.class_weights)
    return Network(embed, [*core, *upper], head)


def _pools(design: LabelDesign, hows: Sequence[str], width: int, directions: int) -> WholePool | RunningPools:
    if design.whole:
        return WholePool(hows, width, directions, design.dropout)
    return RunningPools(hows, width, design.dropout)


def head_of(network: Network) -> CategoricalHead:
    """The head of a network that `build` made."""
    head = network.head
    assert isinstance(head, CategoricalHead)
    return head


def batch_of(encoded: Sequence[Tensor], device: torch.device) -> tuple[Tensor, Tensor | None]:
    """Sequences side by side [T, B] or [T, B, F], and the steps of each where they differ."""
    x, lengths = pad(encoded)
    return x.to(device), lengths if bool((lengths != len(x)).any()) else None


def logits(network: nn.Module, encoded: Sequence[Tensor]) -> Tensor:
    """What the network says of each whole sequence, in evaluation mode: log-probabilities but for a constant [N, K].

    Args:
        network: a `Network` of `build`.
        encoded: as `SequenceEncoding.encode` gives them.
    """
    network.eval()
    device = next(network.parameters()).device
    # Rows of like length run side by side, so that short ones do not wait for long ones.
    order = sorted(range(len(encoded)), key=lambda place: len(encoded[place]))
    found: list[Tensor] = [torch.empty(0)] * len(encoded)
    with torch.no_grad():
        for start in range(0, len(order), RUN_ROWS):
            rows = order[start : start + RUN_ROWS]
            for place, answer in zip(rows, _answers(network, [encoded[row] for row in rows], device), strict=True):
                found[place] = answer
    return torch.stack(found)


def probabilities(found: Tensor, temperature: float) -> np.ndarray:
    """Logits [..., K] as float64 probabilities of the classes, after division by the temperature."""
    return (found.double() / temperature).softmax(-1).numpy()


def _answers(network: nn.Module, encoded: Sequence[Tensor], device: torch.device) -> Tensor:
    """The output at each row's last step, [B, K]."""
    x, lengths = batch_of(encoded, device)
    output, _ = network(x, None) if lengths is None else network(x, None, lengths=lengths)
    if lengths is None:
        return output[-1].cpu()
    return output[lengths - 1, torch.arange(len(lengths))].cpu()


def _layer(design: LabelDesign, width: int) -> nn.Module:
    sizes = (width, design.hidden_size, design.num_layers)
    if design.cell == "perceptron":
        return WindowPerceptron(width, design.window_steps, design.hidden_size, design.num_layers)
    between = design.dropout if design.num_layers > 1 else 0.0
    return (LSTM if design.cell == "lstm" else RNN)(*sizes, dropout=between, bidirectional=design.bidirectional)
