"""What n-grams say of the test part: Kneser-Ney on the symbols of the network's own vocabulary.

Dimensions: V symbols of the vocabulary.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np

from throughtime.recipes.by_nats import Scored
from throughtime.recipes.text.problem import TextProblem
from throughtime.tasks.corpus import TextEncoding
from throughtime.tasks.kneser_ney import KneserNey

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
    encoding = TextEncoding.fit(problem.train, kind)
    began = time.perf_counter()
    model = KneserNey(symbols_of(problem.train, encoding), encoding.size, order)
    seconds = time.perf_counter() - began
    test = symbols_of(problem.test, encoding)
    # The first symbol of all is told by none: a network reads it.
    costs = -model.log_probabilities(test)[1:]
    name = "single symbols" if order == 1 else f"Kneser-Ney, {order} symbols"
    nats = float(costs.mean())
    bits = bits_of(nats, len(costs), problem)
    return TextScored(name, nats, model.parameters, seconds, seeded=False, bits=bits)


def symbols_of(text: str | list[str], encoding: TextEncoding) -> np.ndarray:
    """A text's numbers; documents one after the other, an end between them."""
    if isinstance(text, str):
        return encoding.encode(text)
    assert encoding.end is not None
    parts = [np.array([encoding.end])]
    for each in text:
        parts += [encoding.encode(each), np.array([encoding.end])]
    return np.concatenate(parts).astype(np.int64)


def bits_of(nats: float, symbols: int, problem: TextProblem) -> float:
    """Bits a character, from nats a symbol of so many symbols."""
    return nats * symbols / problem.characters / math.log(2)
