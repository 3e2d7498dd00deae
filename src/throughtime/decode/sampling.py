"""Which symbol comes next: drawn from a network's probabilities, sharpened and cut as the caller asks.

    a_k = log p_k * r  where k is among the last symbols, else log p_k         repetition penalty r
    q = softmax(a / temperature), of which the k likeliest stay                 top-k
                                  and the fewest that hold the share p          nucleus

A draw is one uniform number on the cumulated q: the same seed gives the same symbols.

Dimensions: B rows, V symbols.

Source: Fan et al. 2018, arXiv 1805.04833 (top-k); Holtzman et al. 2020, arXiv 1904.09751 (nucleus); Keskar et al. 2019,
arXiv 1909.05858 (repetition penalty, on logits there; log-probabilities here, which are never above 0).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from throughtime.base.checks import Checks
from throughtime.base.errors import ShapeError

Floats = NDArray[np.float64]
# Symbols that the repetition penalty looks back on: a paragraph's worth of words.
LOOK_BACK = 64


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How symbols are drawn.

    Args:
        temperature: above 0; below 1 the likely become likelier. The likeliest alone is `top_k=1`.
        top_k: symbols that stay, the likeliest ones, at least 1; None: all.
        top_p: share of the probability that the fewest likeliest symbols hold, which stay, in (0, 1]; 1: all.
        repetition_penalty: at least 1; log-probabilities of the last 64 symbols are multiplied by it. 1: none.

    Raises:
        ConfigError: settings out of range, all named.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float = 1.0
    repetition_penalty: float = 1.0

    def __post_init__(self) -> None:
        checks = Checks()
        plain = {
            "temperature": checks.number("temperature", self.temperature, above=0),
            "top_k": None if self.top_k is None else checks.whole("top_k", self.top_k),
            "top_p": checks.number("top_p", self.top_p, above=0, most=1),
            "repetition_penalty": checks.number("repetition_penalty", self.repetition_penalty, least=1),
        }
        checks.report("Sampling", "The likeliest symbol each time is top_k=1.")
        for name, value in plain.items():
            object.__setattr__(self, name, value)

    def probabilities(self, logits: Tensor | NDArray[Any], last: Sequence[Sequence[int]] = ()) -> Floats:
        """What symbols are drawn from.

        Args:
            logits: [B, V] unnormalised log-probabilities; minus infinity of what is never drawn.
            last: of each row the symbols before; empty: none.

        Returns:
            [B, V] float64.

        Raises:
            ShapeError: `logits` is not [B, V], or `last` has not B rows.
        """
        if logits.ndim != 2 or (len(last) and len(last) != len(logits)):
            raise ShapeError(
                f"`logits` are [B, V], with the last symbols of B rows: {tuple(logits.shape)} and {len(last)} came."
            )
        given = logits.detach().cpu().numpy() if isinstance(logits, Tensor) else logits
        found = given.astype(np.float64)
        if self.repetition_penalty > 1:
            found = np.log(_softmax(found), out=np.full_like(found, -np.inf), where=found > -np.inf)
            for row, symbols in enumerate(last):
                seen = sorted(set(symbols[-LOOK_BACK:]))
                found[row, seen] *= self.repetition_penalty
        shares = _softmax(found / self.temperature)
        return self._cut(shares) if self.top_k is not None or self.top_p < 1 else shares

    def draw(
        self, logits: Tensor | NDArray[Any], draws: np.random.Generator, last: Sequence[Sequence[int]] = ()
    ) -> NDArray[np.int64]:
        """A symbol for each row, [B].

        Args:
            logits, last: as `probabilities` takes them.
            draws: one number of it is used for each row.

        Raises:
            ShapeError: as `probabilities`.
        """
        if self.is_plain and not isinstance(logits, Tensor):
            # A text is written symbol by symbol: dividing by the sum is a cost that shows, and changes no draw.
            scaled = logits.astype(np.float64) / self.temperature
            cumulated = np.exp(scaled - scaled.max(-1, keepdims=True)).cumsum(-1)
        else:
            cumulated = self.probabilities(logits, last).cumsum(-1)
        shares = draws.random(len(cumulated))
        return np.array([_place(row, share) for row, share in zip(cumulated, shares, strict=True)])

    @property
    def is_plain(self) -> bool:
        """Whether every symbol may come, whatever came before."""
        return self.top_k is None and self.top_p == 1 and self.repetition_penalty == 1

    def _cut(self, shares: Floats) -> Floats:
        """The likeliest symbols alone, made to sum to 1; of equal ones the first stay."""
        places = np.argsort(-shares, axis=-1, kind="stable")
        ordered = np.take_along_axis(shares, places, -1)
        gone = ordered.cumsum(-1) - ordered >= self.top_p  # what the likelier ones hold
        if self.top_k is not None:
            gone[:, self.top_k :] = True
        kept = np.zeros_like(shares)
        np.put_along_axis(kept, places, np.where(gone, 0.0, ordered), -1)
        return kept / kept.sum(-1, keepdims=True)


def _softmax(logits: Floats) -> Floats:
    shares = np.exp(logits - logits.max(-1, keepdims=True))
    shares /= shares.sum(-1, keepdims=True)
    return shares


def _place(cumulated: Floats, share: float) -> int:
    """The symbol in whose part of the sum the share lies; rounding leads to none without a part."""
    total = cumulated[-1]
    place = int(cumulated.searchsorted(share * total, "right"))
    return place if place < len(cumulated) else int(cumulated.searchsorted(total))
