"""Kneser-Ney against its formula written out with dictionaries."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughtime.base.errors import ConfigError, DataError
from throughtime.tasks.kneser_ney import DISCOUNT, KneserNey


def counts_of(symbols, order):
    """Per order: what each n-gram counts."""
    grams = [
        [tuple(symbols[i : i + m]) for i in range(len(symbols) - m + 1)]
        for m in range(1, order + 1)
        if m <= len(symbols)
    ]
    found = []
    for place, each in enumerate(grams):
        if place + 1 == len(grams):
            found.append(Counter(each))
        else:
            found.append(Counter(longer[1:] for longer in set(grams[place + 1])) + Counter([each[0]]))
    return found


def discount(counts, count):
    n = [sum(1 for each in counts.values() if each == wanted) for wanted in (1, 2, 3, 4)]
    if not all(n):
        return DISCOUNT
    y, k = n[0] / (n[0] + 2 * n[1]), min(count, 3)
    value = k - (k + 1) * y * n[k] / n[k - 1]
    return min(value if value > 0 else DISCOUNT, k)


def by_hand(symbols, size, order, context, symbol):
    probability = 1 / size
    for length, counts in enumerate(counts_of(symbols, order)):
        if length > len(context):
            break
        before = tuple(context[len(context) - length :])
        after = {gram: count for gram, count in counts.items() if gram[:-1] == before}
        if not after:
            break  # what was never seen is not seen with more before it either
        taken = {gram: discount(counts, count) for gram, count in after.items()}
        gram = (*before, symbol)
        kept = after[gram] - taken[gram] if gram in after else 0.0
        probability = (kept + sum(taken.values()) * probability) / sum(after.values())
    return probability


@given(
    symbols=st.lists(st.integers(0, 3), min_size=1, max_size=40),
    order=st.integers(1, 4),
    text=st.lists(st.integers(0, 4), min_size=1, max_size=8),
)
def test_every_probability_is_the_formulas(symbols, order, text):
    model = KneserNey(np.array(symbols), 5, order)
    found = np.exp(model.log_probabilities(np.array(text)))
    wanted = [by_hand(symbols, 5, order, text[:place], symbol) for place, symbol in enumerate(text)]
    np.testing.assert_allclose(found, wanted, rtol=1e-12)
    each = model.probabilities(np.array(text))
    np.testing.assert_allclose(each, [by_hand(symbols, 5, order, text, symbol) for symbol in range(5)], rtol=1e-12)
    assert each.sum() == pytest.approx(1)
    assert (each > 0).all()


def test_the_discounts_are_chen_and_goodmans():
    symbols = np.random.default_rng(0).zipf(1.5, 3000).clip(max=50) - 1
    counts = Counter(zip(symbols[:-1].tolist(), symbols[1:].tolist(), strict=True))
    assert all(count in counts.values() for count in (1, 2, 3, 4))
    context = symbols[:1]
    wanted = [by_hand(symbols.tolist(), 50, 2, context.tolist(), symbol) for symbol in range(50)]
    np.testing.assert_allclose(KneserNey(symbols, 50, 2).probabilities(context), wanted, rtol=1e-12)


def test_what_was_never_seen_has_a_chance():
    # Counts of four n-grams are so many that the estimate of the third discount is below 0.
    symbols = np.repeat([1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 4, 4])
    counts = Counter(symbols.tolist())
    n = [sum(1 for each in counts.values() if each == wanted) for wanted in (1, 2, 3, 4)]
    assert 3 - 4 * n[0] / (n[0] + 2 * n[1]) * n[3] / n[2] < 0
    model = KneserNey(symbols, 8, 1)
    assert np.isfinite(model.log_probabilities(np.arange(8))).all()
    assert model.probabilities(np.zeros(0, np.int64)).sum() == pytest.approx(1)


def test_what_came_before_counts():
    symbols = np.array([0, 1, 2] * 20)
    model = KneserNey(symbols, 3, 3)
    alone, behind = model.log_probabilities(np.array([2])), model.log_probabilities(np.array([2]), np.array([0, 1]))
    assert behind[0] > alone[0]
    assert behind[0] == model.log_probabilities(np.array([0, 1, 2]))[2]
    assert model.nats(symbols) < 0.1 < KneserNey(symbols, 3, 1).nats(symbols)


@pytest.mark.parametrize(
    ("symbols", "size", "order", "error", "match"),
    [
        ([0], 0, 2, ConfigError, "`size`"),
        ([0], 2, 0, ConfigError, "`order`"),
        ([], 2, 2, DataError, "none came"),
        ([0, 2], 2, 2, DataError, r"0 \.\. 1: 0 \.\. 2 came"),
        ([0.5], 2, 2, DataError, "whole numbers"),
        ([[0]], 2, 2, DataError, "whole numbers"),
    ],
)
def test_what_cannot_be_counted_is_refused(symbols, size, order, error, match):
    with pytest.raises(error, match=match):
        KneserNey(np.array(symbols, dtype=float if symbols == [0.5] else np.int64), size, order)
