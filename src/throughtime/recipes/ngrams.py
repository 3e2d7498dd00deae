"""What n-grams say of a test part: Kneser-Ney on the symbols of the network's own vocabulary, of text or of documents.

Dimensions: N symbols.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from throughtime.tasks.corpus import Numbers, TextEncoding
from throughtime.tasks.kneser_ney import KneserNey

Documents = str | list[str] | list[tuple[str, ...]]


@dataclass(frozen=True)
class Counted:
    """What n-grams of one order make of a test part.

    Args:
        name: of the method.
        nats: mean of -log p over all symbols but the first.
        symbols: how many those are.
        parameters: n-grams counted.
        seconds: of counting.
    """

    name: str
    nats: float
    symbols: int
    parameters: int
    seconds: float


def count_ngrams(train: Documents, test: Documents, kind: str, order: int) -> Counted:
    """Count the training part's n-grams and score the test part.

    Args:
        train: one text; or documents, texts or tuples of symbols.
        test: of the same kind.
        kind: how text becomes symbols, as `SequenceGenerator` takes it.
        order: symbols of the longest n-gram.
    """
    encoding = TextEncoding.fit(train, kind)
    began = time.perf_counter()
    model = KneserNey(symbols_of(train, encoding), encoding.size, order)
    seconds = time.perf_counter() - began
    # The first symbol of all is told by none: a network reads it.
    costs = -model.log_probabilities(symbols_of(test, encoding))[1:]
    name = "single symbols" if order == 1 else f"Kneser-Ney, {order} symbols"
    return Counted(name, float(costs.mean()), len(costs), model.parameters, seconds)


def symbols_of(text: Documents, encoding: TextEncoding) -> Numbers:
    """[N] a text's numbers; documents one after the other, an end between them."""
    if isinstance(text, str):
        return encoding.encode(text)
    assert encoding.end is not None
    parts = [np.array([encoding.end])]
    for each in text:
        parts += [encoding.encode(each), np.array([encoding.end])]
    return np.concatenate(parts).astype(np.int64)
