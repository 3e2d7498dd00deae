"""Interpolated modified Kneser-Ney: what the last symbols alone say of the next one, the baseline of every text.

    P_m(w | c) = (a(c w) - D(a(c w))) / sum_v a(c v) + b(c) P_(m-1)(w | c'),        P_0 = 1 / V

a counts n-grams of the highest order, and of lower ones the different symbols that stood before them; c' is c without
its first symbol; b(c) is the share that the discounts D have left over. An order whose context was never seen is left
out. Each order has three discounts, for counts of 1, 2 and more, estimated from how many n-grams have each count.

Dimensions: N symbols of training, T to be scored, V symbols of the vocabulary, M orders.

Source: Chen & Goodman 1998, Harvard TR-10-98, sections 4.1.6 and 4.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from throughtime.base.checks import Checks
from throughtime.base.errors import DataError

Symbols = NDArray[np.integer[Any]]
Floats = NDArray[np.float64]
Places = NDArray[np.int64]
# What a count is discounted by where n-grams do not tell: none has been seen twice, say.
DISCOUNT = 0.75
UNSEEN = -1


class KneserNey:
    """An n-gram model of a sequence of symbols.

    Args:
        symbols: [N] whole numbers 0 .. V - 1, in their order.
        size: V.
        order: M, symbols of the longest n-gram, the one foretold included; 1 or more.

    Raises:
        ConfigError: `size` or `order` is no positive whole number.
        DataError: no symbols, or one that is out of range.
    """

    def __init__(self, symbols: Symbols, size: int, order: int = 6) -> None:
        checks = Checks()
        self.size, self.order = checks.whole("size", size), checks.whole("order", order)
        checks.report("KneserNey")
        symbols = self._checked(symbols)
        if not len(symbols):
            raise DataError("An n-gram model needs a symbol to count: none came.")
        self._orders = _orders_of(symbols, self.size, self.order)

    @property
    def parameters(self) -> int:
        """N-grams of all orders that were counted."""
        return sum(len(each.keys) for each in self._orders)

    def log_probabilities(self, symbols: Symbols, before: Symbols | None = None) -> Floats:
        """The logarithm of each symbol's probability after those before it, [T] nats.

        Args:
            symbols: [T] to be scored.
            before: those that came before the first; None: none.

        Raises:
            DataError: a symbol is out of range.
        """
        earlier = self._checked(np.zeros(0, np.int64) if before is None else before)[-(self.order - 1) :]
        if self.order == 1:
            earlier = earlier[:0]
        read = np.concatenate([earlier, self._checked(symbols)])
        found = np.full(len(read), 1 / self.size)
        # The context of order m + 1 ends one symbol before: its n-gram is that of order m there.
        context = np.zeros(len(read), np.int64)
        for counts in self._orders:
            gram = counts.place(context, read, self.size)
            found = counts.probability(context, gram, found)
            context = np.concatenate([[UNSEEN], gram[:-1]]).astype(np.int64)
        return np.log(found[len(earlier) :])

    def nats(self, symbols: Symbols, before: Symbols | None = None) -> float:
        """Mean of -log P over symbols; arguments and errors as `log_probabilities`."""
        return float(-self.log_probabilities(symbols, before).mean())

    def probabilities(self, before: Symbols) -> Floats:
        """Of every symbol that may come next, [V].

        Args:
            before: [T] symbols that were read, the last of which count.

        Raises:
            DataError: a symbol is out of range.
        """
        every = np.arange(self.size)
        found = np.full(self.size, 1 / self.size)
        read = self._checked(before)
        for count, counts in enumerate(self._orders):
            if count > len(read):
                break
            context = self._context(read[len(read) - count :])
            gram = counts.place(np.full(self.size, context), every, self.size)
            found = counts.probability(np.full(self.size, context), gram, found)
        return found

    def _context(self, symbols: Symbols) -> int:
        """The place of an n-gram among those of its order; `UNSEEN` where it is not there."""
        place = np.zeros(1, np.int64)
        for counts, symbol in zip(self._orders, symbols, strict=False):
            place = counts.place(place, np.array([symbol]), self.size)
        return int(place[0])

    def _checked(self, symbols: Any) -> Places:
        found = np.asarray(symbols)
        if found.ndim != 1 or (found.size and found.dtype.kind not in "iu"):
            raise DataError(f"Symbols are whole numbers [T]: {found.dtype} {found.shape} came. Encode them.")
        if found.size and (found.min() < 0 or found.max() >= self.size):
            raise DataError(f"Symbols have numbers 0 .. {self.size - 1}: {found.min()} .. {found.max()} came.")
        return found.astype(np.int64)


@dataclass(frozen=True)
class _Order:
    """The n-grams of one order.

    Args:
        keys: of the n-grams, rising: (place of the context among those of the order below) * V + symbol.
        kept: of each n-gram, its count less the discount.
        total: of each context, the sum of its counts.
        left: of each context, what discounts have left over, summed.
    """

    keys: Places
    kept: Floats
    total: Floats
    left: Floats

    def place(self, context: Places, symbol: Places, size: int) -> Places:
        """The n-grams' places; `UNSEEN` where they are not there."""
        wanted = context * size + symbol
        found = np.searchsorted(self.keys, wanted).clip(max=len(self.keys) - 1)
        return np.where((context != UNSEEN) & (self.keys[found] == wanted), found, UNSEEN)

    def probability(self, context: Places, gram: Places, lower: Floats) -> Floats:
        """P of this order, from the order below's."""
        known = context != UNSEEN
        total = self.total[np.where(known, context, 0)]
        known &= total > 0
        kept = np.where(gram == UNSEEN, 0.0, self.kept[gram])
        left = self.left[np.where(known, context, 0)]
        return np.where(known, (kept + left * lower) / np.where(known, total, 1.0), lower)


def _orders_of(symbols: Places, size: int, order: int) -> list[_Order]:
    """All orders, the lowest first. N-grams are numbered order by order, so that no number grows too large."""
    places, grams, contexts = [], [], 1
    context = np.zeros(len(symbols), np.int64)
    for length in range(1, order + 1):
        keys, place = np.unique(context * size + symbols[length - 1 :], return_inverse=True)
        places.append(place)
        grams.append((keys, contexts))
        if len(place) < 2:
            break
        context, contexts = place[:-1], len(keys)
    found = []
    for length, (keys, contexts) in enumerate(grams):
        highest = length + 1 == len(grams)
        counts = np.bincount(places[length]) if highest else _different_before(places[length], places[length + 1])
        found.append(_order(keys, counts, contexts, size))
    return found


def _different_before(place: Places, longer: Places) -> NDArray[np.int64]:
    """How many different symbols stood before each n-gram; the text's beginning is one."""
    _, first = np.unique(longer, return_index=True)
    counts = np.bincount(place[1:][first], minlength=int(place.max()) + 1)
    counts[place[0]] += 1
    return counts


def _order(keys: Places, counts: NDArray[np.int64], contexts: int, size: int) -> _Order:
    discount = _discounts(counts)[counts.clip(max=3)]
    context = keys // size
    total = np.bincount(context, counts, minlength=contexts)
    left = np.bincount(context, discount, minlength=contexts)
    return _Order(keys, counts - discount, total.astype(float), left.astype(float))


def _discounts(counts: NDArray[np.int64]) -> Floats:
    """D of counts 0, 1, 2, and 3 and more, [4]; no larger than the count itself, and above 0 where there is one: what
    was never seen is to have a chance.
    """
    n = np.bincount(counts.clip(max=5), minlength=6)[1:5].astype(float)  # n-grams that were counted 1 .. 4 times
    if not n.all():
        return np.array([0.0, DISCOUNT, DISCOUNT, DISCOUNT])
    y = n[0] / (n[0] + 2 * n[1])
    each = [1 - 2 * y * n[1] / n[0], 2 - 3 * y * n[2] / n[1], 3 - 4 * y * n[3] / n[2]]
    return np.array([0.0, *(value if value > 0 else DISCOUNT for value in each)]).clip(max=[0, 1, 2, 3])
