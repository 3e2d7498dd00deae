"""The network that tells each symbol of a text from those before it.

    x[t] = embedding of symbol t;   h[t], s[t] = layer(x[t], s[t-1]);   logits[t] = head([dropout(h[t]), x[t]])

The head sees the newest symbol beside the memory: pairs of symbols need not pass the memory. Of many symbols the head
has the embedding's own vectors.

Dimensions: T steps, B rows, V symbols, E numbers of a symbol, H hidden units.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from throughtime.bptt import TBPTT, Piece, through_stream
from throughtime.nn import Network
from throughtime.nn.embedding import SymbolEmbedding
from throughtime.nn.heads import CategoricalHead, TiedHead
from throughtime.nn.recurrent import Recurrent
from throughtime.nn.symbols import linear_beside, read_symbols
from throughtime.tasks.network import RUN_STEPS, InputBeside, layer_of

Floats = NDArray[np.floating[Any]]
# First vectors of many symbols are small: what one means is learned, and the tied head begins near equal chances.
SMALL, UNIT = 0.1, 1.0


@dataclass(frozen=True)
class TextDesign:
    """Everything the network's shape depends on.

    Args:
        cell: "lstm", "rnn" or "perceptron".
        symbols: V.
        embedding_size: E.
        hidden_size: H.
        num_layers: layers one above the other.
        window_steps: symbols the perceptron sees.
        dropout: in training, of the layers' outputs.
        embedding_dropout: of the features of symbols, one mask a row.
        weight_drop: of an LSTM's recurrent weights.
        tied: whether the head has the embedding's vectors.
    """

    cell: str
    symbols: int
    embedding_size: int
    hidden_size: int
    num_layers: int
    window_steps: int
    dropout: float
    embedding_dropout: float
    weight_drop: float
    tied: bool

    def to_dict(self) -> dict[str, Any]:
        """In plain numbers; the constructor takes it."""
        return asdict(self)


class TextNetwork(Network):
    """A network of `build`, which works out once for each symbol what the symbol adds to gates and logits."""

    embed: SymbolEmbedding
    core: InputBeside
    head: CategoricalHead | TiedHead

    def forward(
        self, x: Tensor, state: Any = None, *, lengths: Any = None, resets: Tensor | None = None
    ) -> tuple[Tensor, Any]:
        """As `Network.forward`, of symbols [T, B]."""
        layer, vectors = self.core.layer, self.embed.weight
        if not isinstance(layer, Recurrent) or (self.training and self.embed.dropout):
            return super().forward(x, state, lengths=lengths, resets=resets)
        y, state = read_symbols(layer, self.embed.checked(x), vectors, state, lengths=lengths, resets=resets)
        output = linear_beside(self.head.linear, self.core.dropout(y), x, vectors)
        return self.head.scores(output) if isinstance(self.head, TiedHead) else output, state


def build(design: TextDesign) -> Network:
    """The network of a design, with first weights from torch's generator."""
    spread = SMALL if design.tied else UNIT
    embed = SymbolEmbedding(design.symbols, design.embedding_size, design.embedding_dropout, spread=spread)
    layer = layer_of(
        design.cell,
        (design.embedding_size, design.hidden_size, design.num_layers),
        window_steps=design.window_steps,
        dropout=design.dropout,
        weight_drop=design.weight_drop,
    )
    features = design.hidden_size + design.embedding_size
    head = TiedHead(features, embed) if design.tied else CategoricalHead(features, design.symbols)
    # At zero, as heads begin elsewhere, hundreds of updates pass before the layer's units differ in what they tell.
    head.linear.reset_parameters()
    return TextNetwork(embed, InputBeside(layer, design.dropout), head)


def head_of(network: nn.Module) -> CategoricalHead | TiedHead:
    """The head of a network that `build` made."""
    head = network.head
    assert isinstance(head, CategoricalHead | TiedHead)
    return head


def nats_of(network: nn.Module, pieces: Iterable[Piece]) -> float:
    """Mean of -log p over the symbols that pieces ask for, in evaluation mode; nan where they ask for none.

    Args:
        network: of `build`.
        pieces: of one stream, in their order.
    """
    network.eval()
    total = counted = 0.0
    with torch.no_grad():
        for update in through_stream(network, head_of(network).loss, pieces, TBPTT(RUN_STEPS, RUN_STEPS)):
            total += float(update.loss) * update.counted
            counted += update.counted
    return total / counted if counted else math.nan


class Writer:
    """A network that reads a beginning and goes on symbol by symbol, without gradient.

    Args:
        network: of `build`; put into evaluation mode.
    """

    def __init__(self, network: Network) -> None:
        self._network = network.eval()
        core, embed = network.core, network.embed
        assert isinstance(core, InputBeside)
        assert isinstance(embed, SymbolEmbedding)
        self._rows, self._scores = embed.weight.detach().split(1), _scores_of(network, embed)
        self._stepper = core.layer.stepper(1) if hasattr(core.layer, "stepper") else None  # type: ignore[operator]
        self._state: Any = None

    def read(self, symbols: Tensor) -> Floats:
        """Begin anew with symbols [T], T >= 1: logits [V] of the next."""
        self._state, output = None, torch.empty(0)
        with torch.no_grad():
            for part in symbols.to(self._rows[0].device).split(RUN_STEPS):
                output, self._state = self._network(part[:, None], self._state)
        if self._stepper is not None:
            self._stepper.state = self._state
        return output[-1, 0].cpu().numpy()

    def step(self, symbol: int) -> Floats:
        """Go on with one more symbol: logits [V] of the next."""
        if self._stepper is None:  # a perceptron's window is all there is to keep
            with torch.no_grad():
                one = torch.tensor([[symbol]], device=self._rows[0].device)
                output, self._state = self._network(one, self._state)
            return output[0, 0].cpu().numpy()
        return self._scores(self._stepper(self._rows[symbol])[0].cpu().numpy(), symbol)

    @property
    def state(self) -> Any:
        """After what was read or stepped, of one row."""
        return self._state if self._stepper is None else self._stepper.state

    def advance(self, symbols: Tensor, state: Any) -> tuple[Tensor, Any]:
        """One more symbol for each of R rows: logits [R, V] and the state after them, for `decode.beam_search`."""
        with torch.no_grad():
            output, state = self._network(symbols[None].to(self._rows[0].device), state)
        return output[0], state


def _scores_of(network: Network, embed: SymbolEmbedding) -> Callable[[Floats, int], Floats]:
    """The head on a layer's output [H] behind a symbol, in numpy: such small products are a fraction of a call of
    torch's. What the symbol itself adds is worked out once for all.
    """
    head = head_of(network)
    vectors, W, b = (part.detach().cpu().numpy() for part in (embed.weight, head.linear.weight, head.linear.bias))
    of_layer = np.ascontiguousarray(W[:, : W.shape[1] - vectors.shape[1]])
    of_symbol = vectors @ W[:, of_layer.shape[1] :].T + b
    if isinstance(head, CategoricalHead):
        return lambda y, symbol: of_layer @ y + of_symbol[symbol]
    added = head.bias.detach().cpu().numpy()
    return lambda y, symbol: vectors @ (of_layer @ y + of_symbol[symbol]) + added
