"""The head for one of very many symbols, whose vectors the input has, too.

    a_k = (P h + p) . E[k] + b_k,      E the embedding's own vectors

Dimensions: N kept entries of [T, B] flattened, H features, E numbers of a vector, K symbols.

Source: Press & Wolf 2017, arXiv 1608.05859; Inan et al. 2017, arXiv 1611.01462.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from throughtime.base.checks import Checks
from throughtime.nn.embedding import SymbolEmbedding
from throughtime.nn.heads.categorical import categorical_loss
from throughtime.nn.heads.head import Head


class TiedHead(Head):
    """One of the symbols of an embedding.

    Args:
        input_size: H, features of a step.
        embedding: a parameter of both ends of a network where it is its `embed` as well.
        smoothing: as `CategoricalHead` takes it.
        device, dtype: of the other weights.

    Raises:
        ConfigError: a number is out of range, or `embedding` is no `SymbolEmbedding`.
    """

    def __init__(
        self,
        input_size: int,
        embedding: SymbolEmbedding,
        smoothing: float = 0.0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        checks = Checks()
        self.smoothing = checks.number("smoothing", smoothing, below=1)
        self.input_size = checks.whole("input_size", input_size)
        checks.add(
            None if isinstance(embedding, SymbolEmbedding) else f"`embedding` is a SymbolEmbedding: {embedding!r} came"
        )
        checks.report("TiedHead")
        self.embedding = embedding
        self.linear = nn.Linear(self.input_size, embedding.size, device=device, dtype=dtype)
        self.bias = nn.Parameter(torch.zeros(embedding.symbols, device=device, dtype=dtype))

    def forward(self, features: Tensor) -> Tensor:
        """Features [..., H] to unnormalised log-probabilities [..., K]."""
        return self.scores(self.linear(features))

    def scores(self, vectors: Tensor) -> Tensor:
        """P h + p [..., E] to the same."""
        return F.linear(vectors, self.embedding.weight, self.bias)

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Negative log-likelihood; arguments, result and errors as `CategoricalHead.loss`."""
        return categorical_loss(output, target, self.smoothing)

    def predict(self, output: Tensor) -> Tensor:
        """The most likely symbol [...], int64."""
        return output.argmax(-1)
