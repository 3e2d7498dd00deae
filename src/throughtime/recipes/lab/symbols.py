"""Symbols shown, a gap, symbols asked for: the task of `lab recall` (one, long), `lab count` (many) and `lab copy`.

    step      0 .. m - 1          m .. m + gap - 1          m + gap .. 2 m + gap - 1
    x_t       a symbol, "keep"    a symbol, or nothing      nothing, "tell"
    answer    -                   -                         the symbols kept, in their order

x_t is one-hot over `SYMBOLS` symbols, with two flags beside it (keep, tell). The gap holds symbols that are to be
ignored; where it is silent, nothing. Chance is 1 / SYMBOLS. The symbol told at any step was shown m + gap steps before:
that is the lag.

Dimensions: T = 2 m + gap steps, B rows. Source: Hochreiter & Schmidhuber, Neural Computation 9(8), 1997 (a symbol kept
among distraction); the copying task of Arjovsky et al. 2016, arXiv 1511.06464, with a silent gap. Theirs also asks for
a blank at every step before; here an answer is due where symbols are told, and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from throughtime.recipes.lab.networks import Batch, accuracy, cross_entropy
from throughtime.recipes.lab.solving import Score

SYMBOLS = 8
INPUTS = SYMBOLS + 2
SHARE_RIGHT = Score("share right", 0.9, "90%", 0.99, 1 / SYMBOLS, "chance")


@dataclass(frozen=True)
class Symbols:
    """m symbols to keep over a gap of distraction, or of silence."""

    kept: int
    gap: int
    silent: bool = False
    inputs: ClassVar[int] = INPUTS
    outputs: ClassVar[int] = SYMBOLS
    score: ClassVar[Score] = SHARE_RIGHT

    @property
    def steps(self) -> int:
        """T of a sequence."""
        return 2 * self.kept + self.gap

    @property
    def lag(self) -> int:
        """Steps between a symbol and its answer."""
        return self.kept + self.gap

    def draw(self, rows: int, generator: torch.Generator) -> Batch:
        """Fresh sequences; an answer is due at each of the last m steps."""
        symbols = torch.randint(SYMBOLS, (self.lag, rows), generator=generator)
        shown = self.kept if self.silent else self.lag
        x = torch.zeros(self.steps, rows, INPUTS)
        x[:shown, :, :SYMBOLS] = F.one_hot(symbols[:shown], SYMBOLS).float()
        x[: self.kept, :, SYMBOLS] = 1
        x[self.lag :, :, SYMBOLS + 1] = 1
        y, due = torch.zeros(self.steps, rows, dtype=torch.int64), torch.zeros(self.steps, rows)
        y[self.lag :], due[self.lag :] = symbols[: self.kept], 1
        return Batch(x, y, due)

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Nats of each answer."""
        return cross_entropy(output, target)

    def grade(self, network: torch.nn.Module, batch: Batch) -> float:
        """Share of the answers that are right."""
        return accuracy(network, batch)
