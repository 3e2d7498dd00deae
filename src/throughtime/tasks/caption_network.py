"""The network that tells each word of a sentence from those before it and from the image it describes.

    m    = encoder(image)                                           regions, once a sentence
    y[t], s[t] = attending(embedding(w[t]), s[t-1]),  m in s[0]     logits[t] = head(y[t])

Dimensions: T steps, B rows, V symbols, E numbers of a symbol, H hidden units, R regions, D features of a region.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from throughtime.data import pad
from throughtime.nn import Network
from throughtime.nn.attending import Attending
from throughtime.nn.embedding import SymbolEmbedding
from throughtime.nn.heads import CategoricalHead
from throughtime.nn.regions import FeatureEncoder, ImageEncoder
from throughtime.tasks.caption_options import PIXELS
from throughtime.tasks.corpus import Numbers
from throughtime.tasks.network import layer_of

# Images that are encoded, or described, side by side: enough to fill the products, and they fit any memory.
ROWS = 64


@dataclass(frozen=True)
class CaptionDesign:
    """Everything the network's shape depends on.

    Args:
        cell: "lstm", "rnn" or "perceptron".
        symbols: V.
        embedding_size: E.
        hidden_size: H.
        num_layers: layers one above the other, each with an attention.
        window_steps: symbols the perceptron sees.
        dropout: in training, of the last layer's output.
        word_dropout: in training, of symbols.
        heads: of each attention.
        region_size: D.
        encoder: "images" or "features".
        image_size: pixels a side; of features 0.
        channels: of the first convolution; of features 0.
        regions: R of features; of images 0.
        features: numbers of each region as given; of images 0.
    """

    cell: str
    symbols: int
    embedding_size: int
    hidden_size: int
    num_layers: int
    window_steps: int
    dropout: float
    word_dropout: float
    heads: int
    region_size: int
    encoder: str
    image_size: int
    channels: int
    regions: int
    features: int

    def to_dict(self) -> dict[str, Any]:
        """In plain numbers; the constructor takes it."""
        return asdict(self)


def build(design: CaptionDesign) -> tuple[Network, ImageEncoder | FeatureEncoder]:
    """The decoder and the encoder of a design, with first weights from torch's generator."""
    E, H, D = design.embedding_size, design.hidden_size, design.region_size
    inputs = [E] + [H + D + E] * (design.num_layers - 1)
    layers = [layer_of(design.cell, (each, H, 1), window_steps=design.window_steps, dropout=0.0) for each in inputs]
    embed = SymbolEmbedding(design.symbols, E, word_dropout=design.word_dropout)
    core = Attending(layers, H, D, design.heads, design.dropout)
    head = CategoricalHead(H + D, design.symbols)
    # From weights of 0, as heads begin, nothing reaches the encoder at first, and training takes half as long again.
    head.linear.reset_parameters()
    decoder = Network(embed, core, head)
    if design.encoder == PIXELS:
        return decoder, ImageEncoder(design.image_size, design.channels, D)
    return decoder, FeatureEncoder(design.regions, design.features, D)


def core_of(decoder: Network) -> Attending:
    """The layers of a decoder that `build` made."""
    assert isinstance(decoder.core, Attending)
    return decoder.core


def head_of(decoder: Network) -> CategoricalHead:
    """The head of a decoder that `build` made."""
    assert isinstance(decoder.head, CategoricalHead)
    return decoder.head


class ImageStates(nn.Module):
    """`state=` of a training: rows begin with the regions of the images that were shown last.

    Batches show their images as they are asked for, and the engine asks for states in every window that begins at step
    0, so that gradient reaches the encoder with today's weights.

    Args:
        encoder: of `build`.
        decoder: of `build`; its parameters are its own.
    """

    def __init__(self, encoder: nn.Module, decoder: Network) -> None:
        super().__init__()
        self.encoder = encoder
        self._begin = core_of(decoder).begin
        self._shown = torch.empty(0)

    def show(self, images: Tensor) -> None:
        """The images [B, ...] of the rows to come."""
        self._shown = images

    def forward(self, rows: Tensor, step: int) -> dict[str, Any]:
        """The states of some rows."""
        return self._begin(self.encoder(self._shown[rows.to(self._shown.device)]))


def first_states(decoder: Network, encoder: nn.Module, images: Tensor) -> dict[str, Any]:
    """The states in which sentences on images [B, ...] begin, without gradient, in evaluation mode."""
    decoder.eval()
    encoder.eval()
    with torch.no_grad():
        return core_of(decoder).begin(encoder(images.to(next(encoder.parameters()).device)))


def nats_of(
    decoder: Network, encoder: nn.Module, images: Tensor, places: Sequence[int], documents: Sequence[Numbers]
) -> float:
    """Mean of -log p over the symbols of sentences and their ends, in evaluation mode.

    Args:
        decoder, encoder: of `build`.
        images: [N, ...].
        places: of each sentence, which image it describes.
        documents: of each sentence its numbers, an end on both sides.
    """
    total, counted = 0.0, 0
    for start in range(0, len(documents), ROWS):
        chosen = slice(start, start + ROWS)
        state = first_states(decoder, encoder, images[torch.tensor(places[chosen])])
        x, y, lengths = sides(documents[chosen])
        with torch.no_grad():
            output, _ = decoder(x.to(state["memory"].device), state)
        kept = torch.arange(len(x))[:, None] < lengths
        total += float(F.cross_entropy(output.cpu()[kept], y[kept], reduction="sum"))
        counted += int(lengths.sum())
    return total / counted


def sides(documents: Sequence[Numbers]) -> tuple[Tensor, Tensor, Tensor]:
    """What is read [T, B], what is to be told [T, B], and the steps of each row [B]."""
    x, lengths = pad([each[:-1] for each in documents], dtype=torch.int64)
    y, _ = pad([each[1:] for each in documents], dtype=torch.int64)
    return x, y, lengths
