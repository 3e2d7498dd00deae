"""The network that tells each symbol of a target from those before it and from its source.

    m, e       = encoder(source)                                    numbers of each place, and its last states
    s[0]       = bridge(e),  m in it
    y[t], s[t] = attending(embedding(w[t]), s[t-1])                 logits[t] = head(y[t])

An encoder of both directions has half the units in each, and the bridge makes the decoder's first states of both; of
one direction they are those of the encoder as they are. A perceptron begins with an empty window.

Dimensions: S symbols of a source, T steps, B rows, V symbols of the targets, E numbers of a symbol, H hidden units, D
numbers of a place.

Source: Sutskever, Vinyals & Le 2014, arXiv 1409.3215 (encoder, decoder, reversal); Bahdanau et al. 2015, arXiv
1409.0473 (both directions, attention).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from throughtime.data import pad
from throughtime.nn import LSTM, RNN, Network
from throughtime.nn.embedding import SymbolEmbedding
from throughtime.nn.heads import CategoricalHead, PointerHead, TiedHead
from throughtime.nn.source_attending import SourceAttending
from throughtime.tasks.network import layer_of
from throughtime.tasks.pair_intake import Pair
from throughtime.tasks.pair_options import WINDOW

# First vectors of many symbols are small where the head has them, too: it begins near equal chances.
SMALL, UNIT = 0.1, 1.0
# Pairs that are scored side by side: enough to fill the products.
ROWS = 64


@dataclass(frozen=True)
class PairDesign:
    """Everything the network's shape and loss depend on.

    Args:
        cell: "lstm", "rnn" or "perceptron".
        sources: symbols of the sources.
        targets: V.
        embedding_size: E.
        hidden_size: H, and D.
        num_layers: of encoder and decoder each.
        window_steps: symbols the perceptron sees.
        dropout: in training, of what layers, embeddings and attention pass on.
        word_dropout: in training, of target symbols that are read.
        bidirectional: whether the encoder also reads backwards.
        heads: of each attention; 0: none.
        copying: whether symbols are taken from the source; encoder and decoder then share their vectors.
        coverage: what overlaps count in the loss; 0: there is no coverage.
        smoothing: of targets in the loss.
        tied: whether the head has the decoder's vectors.
    """

    cell: str
    sources: int
    targets: int
    embedding_size: int
    hidden_size: int
    num_layers: int
    window_steps: int
    dropout: float
    word_dropout: float
    bidirectional: bool
    heads: int
    copying: bool
    coverage: float
    smoothing: float
    tied: bool

    def to_dict(self) -> dict[str, Any]:
        """In plain numbers; the constructor takes it."""
        return asdict(self)


class PairEncoder(nn.Module):
    """Reads sources.

    Args:
        design: of the network.
        embed: of the decoder, whose vectors are shared; None: sources have their own.
    """

    def __init__(self, design: PairDesign, embed: SymbolEmbedding | None = None) -> None:
        super().__init__()
        E, H, L = design.embedding_size, design.hidden_size, design.num_layers
        self.embed = embed or SymbolEmbedding(design.sources, E, spread=SMALL if design.tied else UNIT)
        self.dropout = nn.Dropout(design.dropout)
        seen = H
        if design.bidirectional:
            kind, half = LSTM if design.cell == "lstm" else RNN, -(-H // 2)
            between = design.dropout if L > 1 else 0.0
            self.layer: nn.Module = kind(E, half, L, dropout=between, bidirectional=True)
            seen = 2 * half
        else:
            self.layer = layer_of(design.cell, (E, H, L), window_steps=design.window_steps, dropout=design.dropout)
        parts = {"lstm": 2, WINDOW: 0}.get(design.cell, 1) if design.bidirectional else 0
        self.bridges = nn.ModuleList(nn.Linear(seen, H) for _ in range(parts * L))
        self.memory = nn.Linear(seen, H) if design.heads else None
        self._window = design.cell == WINDOW
        self._layers = L

    def forward(self, symbols: Tensor, lengths: Tensor) -> tuple[Tensor, tuple[Any, ...] | None]:
        """Read.

        Args:
            symbols: [S, B] int64.
            lengths: [B], 1 or more each.

        Returns:
            Numbers of each place [S, B, D], and the first state of each of the decoder's layers; None: an empty one.
        """
        x = F.embedding(symbols, self.embed.weight)  # words are dropped of targets alone
        y, end = self.layer(self.dropout(x), None, lengths=lengths)
        memory = y if self.memory is None else self.memory(self.dropout(y))
        return memory, None if self._window else self._first(end)

    def _first(self, end: Any) -> tuple[Any, ...]:
        """Of each decoder's layer (h, c), or h, each [1, B, H], from the last ones of all."""
        parts = end if isinstance(end, tuple) else (end,)
        if not self.bridges:
            return tuple(_as_state([part[k : k + 1] for part in parts]) for k in range(self._layers))
        states = []
        for k in range(self._layers):
            both = [torch.cat([part[2 * k], part[2 * k + 1]], -1)[None] for part in parts]
            bridges = self.bridges[k * len(parts) : (k + 1) * len(parts)]
            h, *c = [bridge(part) for bridge, part in zip(bridges, both, strict=True)]
            states.append(_as_state([h.tanh(), *c]))
        return tuple(states)


def build(design: PairDesign) -> tuple[Network, PairEncoder]:
    """The decoder and the encoder of a design, with first weights from torch's generator."""
    E, H = design.embedding_size, design.hidden_size
    below = H + (H if design.heads else 0)
    sizes = [E] + [below + E] * (design.num_layers - 1)
    layers = [layer_of(design.cell, (each, H, 1), window_steps=design.window_steps, dropout=0.0) for each in sizes]
    spread = SMALL if design.tied else UNIT
    embed = SymbolEmbedding(design.targets, E, word_dropout=design.word_dropout, spread=spread)
    core = SourceAttending(
        layers, H, H, design.heads, design.dropout, pointing=design.copying, coverage=design.coverage > 0
    )
    smoothing = 0.0 if design.copying else design.smoothing
    writer: CategoricalHead | TiedHead
    if design.tied:
        writer = TiedHead(core.output_size, embed, smoothing)
    else:
        writer = CategoricalHead(core.output_size, design.targets, smoothing)
    # From weights of 0, as heads begin elsewhere, nothing reaches the encoder at first.
    writer.linear.reset_parameters()
    head = PointerHead(writer, E, design.coverage, design.smoothing) if design.copying else writer
    return Network(embed, core, head), PairEncoder(design, embed if design.copying else None)


def core_of(decoder: Network) -> SourceAttending:
    """The layers of a decoder that `build` made."""
    assert isinstance(decoder.core, SourceAttending)
    return decoder.core


def head_of(decoder: Network) -> CategoricalHead | TiedHead | PointerHead:
    """The head of a decoder that `build` made."""
    assert isinstance(decoder.head, CategoricalHead | TiedHead | PointerHead)
    return decoder.head


@dataclass(frozen=True)
class Sources:
    """Sources side by side.

    Args:
        symbols: [S, B] int64.
        lengths: [B].
        places: [S, B] int64 numbers among the targets' symbols and beyond; None: nothing is copied.
    """

    symbols: Tensor
    lengths: Tensor
    places: Tensor | None

    @classmethod
    def of(cls, pairs: Sequence[Pair], device: torch.device | str) -> Sources:
        """Those of some pairs."""
        symbols, lengths = pad([pair.source for pair in pairs], dtype=torch.int64)
        copied = [pair.places for pair in pairs if pair.places is not None]
        places = pad(copied, dtype=torch.int64)[0].to(device) if copied else None
        return cls(symbols.to(device), lengths, places)

    def rows(self, rows: Tensor) -> Sources:
        """Some of them."""
        places = None if self.places is None else self.places[:, rows.to(self.places.device)]
        return Sources(self.symbols[:, rows.to(self.symbols.device)], self.lengths[rows.cpu()], places)


class SourceStates(nn.Module):
    """`state=` of a training: rows begin with the sources that were shown last.

    Batches show their sources as they are asked for, and the engine asks for states in every window that begins at step
    0, so that gradient reaches the encoder with today's weights.

    Args:
        encoder: of `build`.
        decoder: of `build`; its parameters are its own.
    """

    def __init__(self, encoder: PairEncoder, decoder: Network) -> None:
        super().__init__()
        self.encoder = encoder
        self._core = [core_of(decoder)]  # in a list, so that it is no part of this module
        self._shown: Sources | None = None

    def show(self, sources: Sources) -> None:
        """The sources of the rows to come."""
        self._shown = sources

    def forward(self, rows: Tensor, step: int) -> dict[str, Any]:
        """The states of some rows."""
        assert self._shown is not None
        shown = self._shown
        chosen = shown if len(rows) == len(shown.lengths) and bool((rows == torch.arange(len(rows))).all()) else None
        return begun(self._core[0], self.encoder, chosen or shown.rows(rows))


def begun(core: SourceAttending, encoder: PairEncoder, sources: Sources) -> dict[str, Any]:
    """The states in which targets of these sources begin."""
    memory, states = encoder(sources.symbols, sources.lengths)
    kept = (torch.arange(len(memory))[:, None] < sources.lengths).to(memory.device)
    if states is None:
        states = core.empty(memory.shape[1], memory)
    return core.begin(states, memory, kept, sources.places)


def first_states(decoder: Network, encoder: PairEncoder, sources: Sources) -> dict[str, Any]:
    """As `begun`, without gradient, in evaluation mode."""
    decoder.eval()
    encoder.eval()
    with torch.no_grad():
        return begun(core_of(decoder), encoder, sources)


def sides(pairs: Sequence[Pair], symbols: int) -> tuple[Tensor, Tensor, Tensor]:
    """What is read [T, B], what is to be told [T, B], and the steps of each row [B].

    Args:
        pairs: with targets.
        symbols: V; numbers from it on, of a source's own symbols, are read as the unknown one.
    """
    documents = [pair.target for pair in pairs if pair.target is not None]
    x, lengths = pad([each[:-1] for each in documents], dtype=torch.int64)
    y, _ = pad([each[1:] for each in documents], dtype=torch.int64)
    return torch.where(x < symbols, x, 0), y, lengths


def nats_by_pair(decoder: Network, encoder: PairEncoder, pairs: Sequence[Pair]) -> list[Tensor]:
    """-log p of each symbol of each pair's target, and its end, in evaluation mode: of each pair [T + 1]."""
    found: list[Tensor] = []
    for output, y, lengths in told(decoder, encoder, pairs):
        head = head_of(decoder)
        if isinstance(head, PointerHead):
            nats = head.nats(output, y)
        else:
            nats = F.cross_entropy(output.flatten(0, 1), y.flatten(), reduction="none").view(y.shape)
        found += [nats[:length, row].cpu() for row, length in enumerate(lengths.tolist())]
    return found


def told(decoder: Network, encoder: PairEncoder, pairs: Sequence[Pair]) -> Any:
    """What the decoder puts out as it reads true targets, some pairs at a time: output, targets [T, B] and lengths."""
    V = decoder.embed.symbols  # type: ignore[union-attr]
    for start in range(0, len(pairs), ROWS):
        some = pairs[start : start + ROWS]
        device = next(decoder.parameters()).device
        state = first_states(decoder, encoder, Sources.of(some, device))
        x, y, lengths = sides(some, int(V))  # type: ignore[arg-type]
        with torch.no_grad():
            output, _ = decoder(x.to(device), state)
        yield output, y.to(device), lengths


def nats_of(decoder: Network, encoder: PairEncoder, pairs: Sequence[Pair]) -> float:
    """Mean of -log p over the symbols of targets and their ends, in evaluation mode."""
    found = torch.cat(nats_by_pair(decoder, encoder, pairs))
    return float(found.double().mean())


def _as_state(parts: Sequence[Tensor]) -> Any:
    return tuple(parts) if len(parts) > 1 else parts[0]
