"""The head for symbols that are written from a vocabulary, or taken from the source where they stand.

    g    = sigmoid(w . [features, input] + b)                            the share that is written
    p(k) = g softmax(a)_k + (1 - g) sum over places r with symbol k of weight_r

Symbols of the source that the vocabulary lacks have numbers from V on, so that they can be taken, too. With smoothing s
what the vocabulary tells has the target (1 - s) p(k) and s / V of each of its symbols.

Dimensions: N kept entries of [T, B] flattened, F features, C inputs, V symbols of the vocabulary, R places.

Source: See, Liu & Manning 2017, arXiv 1704.04368, equations 8, 9 and 13; the gate reads what they give it: what was
seen, the state and the input.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from throughtime.base.checks import Checks
from throughtime.nn.heads.categorical import CategoricalHead
from throughtime.nn.heads.head import Head
from throughtime.nn.heads.tied import TiedHead

# What a place without the symbol counts, so that logarithms are finite; weights this small are rounded away.
LEAST = 1e-30

Output = Mapping[str, Tensor]


class PointerHead(Head):
    """A symbol of the vocabulary, or of the source.

    Args:
        writer: tells the symbols of the vocabulary from features [..., F].
        input_size: C.
        coverage: what the overlap of where it looks with where it looked counts in the loss, 0 or more.
        smoothing: share of the vocabulary's target that is spread over all of it, in [0, 1).

    Raises:
        ConfigError: a number is out of range.
    """

    def __init__(
        self, writer: CategoricalHead | TiedHead, input_size: int, coverage: float = 0.0, smoothing: float = 0.0
    ) -> None:
        super().__init__()
        checks = Checks()
        self.coverage = checks.number("coverage", coverage)
        self.smoothing = checks.number("smoothing", smoothing, below=1)
        checks.report("PointerHead")
        self.writer = writer
        self.gate = nn.Linear(writer.input_size + input_size, 1)

    def forward(self, told: Output) -> dict[str, Tensor]:
        """What `SourceAttending` tells where it points: to `logits` [..., V], `gate` [..., 1], `weights`, `symbols`."""
        gate = self.gate(torch.cat([told["features"], told["input"]], -1))
        passed = {name: told[name] for name in ("weights", "symbols", "overlap") if name in told}
        return {"logits": self.writer(told["features"]), "gate": gate, **passed}

    def loss(self, output: Output, target: Tensor) -> Tensor:
        """Negative log-likelihood, smoothed, and what coverage adds: [N, 1].

        Args:
            output: of `forward`, flattened.
            target: [N] numbers; from V on those of the source's own symbols.
        """
        shares = output["logits"].log_softmax(-1)
        found = -self._told(output, shares, target)
        if self.smoothing:
            found = (1 - self.smoothing) * found - self.smoothing * shares.mean(-1)
        if self.coverage:
            found = found + self.coverage * output["overlap"]
        return found[..., None]

    def nats(self, output: Output, target: Tensor) -> Tensor:
        """Negative log-likelihood alone, [N]; arguments as `loss`."""
        return -self._told(output, output["logits"].log_softmax(-1), target)

    def log_probabilities(self, output: Output, count: int) -> Tensor:
        """Of the vocabulary and the source's own symbols, `count` of both: [..., count]."""
        written = (output["logits"].log_softmax(-1) + F.logsigmoid(output["gate"])).exp()
        taken = output["weights"] * (-output["gate"]).sigmoid()
        room = F.pad(written, (0, count - written.shape[-1]))
        return room.scatter_add(-1, output["symbols"], taken).log()

    def predict(self, output: Output) -> Tensor:
        """The likeliest symbol [...], int64."""
        count = max(output["logits"].shape[-1], int(output["symbols"].max()) + 1)
        return self.log_probabilities(output, count).argmax(-1)

    def copied(self, output: Output, target: Tensor) -> Tensor:
        """How much of a symbol's probability was taken from the source, [...] in 0 .. 1; arguments as `loss`."""
        taken = self._taken(output, target) + F.logsigmoid(-output["gate"][..., 0])
        return (taken - self._told(output, output["logits"].log_softmax(-1), target)).exp()

    def _told(self, output: Output, shares: Tensor, target: Tensor) -> Tensor:
        """log p of the targets."""
        V, gate = shares.shape[-1], output["gate"][..., 0]
        known = target < V
        written = shares.gather(-1, torch.where(known, target, 0)[..., None])[..., 0] + F.logsigmoid(gate)
        written = written.masked_fill(~known, -torch.inf)
        return torch.logaddexp(written, self._taken(output, target) + F.logsigmoid(-gate))

    def _taken(self, output: Output, target: Tensor) -> Tensor:
        there = output["symbols"] == target[..., None]
        return (output["weights"] * there).sum(-1).clamp(min=LEAST).log()
