"""What n-grams say of the test part of a corpus, in bits a character too."""

from __future__ import annotations

import math
from dataclasses import dataclass

from throughtime.recipes.by_nats import Scored
from throughtime.recipes.ngrams import count_ngrams
from throughtime.recipes.text.problem import TextProblem

# Of letters six tell most, of words and their parts four: longer ones come once.
ORDERS = {"words": (1, 2, 4), "subwords": (1, 2, 4)}
LETTER_ORDERS = (1, 3, 6)


@dataclass(frozen=True)
class TextScored(Scored):
    """What one method makes of the test part.

    Args:
        bits: per character, whatever the symbols are.
    """

    bits: float


def orders(kind: str) -> tuple[int, ...]:
    """Symbols of the longest n-gram that are tried, by how text becomes symbols."""
    return ORDERS.get(kind, LETTER_ORDERS)


def try_ngrams(problem: TextProblem, kind: str, order: int) -> TextScored:
    """Count the training part's n-grams and score the test part."""
    found = count_ngrams(problem.train, problem.test, kind, order)
    bits = bits_of(found.nats, found.symbols, problem)
    return TextScored(found.name, found.nats, found.parameters, found.seconds, seeded=False, bits=bits)


def bits_of(nats: float, symbols: int, problem: TextProblem) -> float:
    """Bits a character, from nats a symbol of so many symbols."""
    return nats * symbols / problem.characters / math.log(2)
