"""What is said of written text."""

from __future__ import annotations

import math
import random

import pytest

from throughtime import metrics
from throughtime.base.errors import ConfigError, DataError


def test_the_divergence_is_that_of_the_shares():
    assert metrics.ngram_divergence("abab", "abab", 2) == 0
    assert metrics.ngram_divergence("aaaa", "bbbb", 2) == pytest.approx(math.log(2))
    # Shares of single letters (1/2, 1/2) and (1, 0), their mean (3/4, 1/4).
    wanted = (0.5 * math.log(0.5 / 0.75) + 0.5 * math.log(0.5 / 0.25) + math.log(1 / 0.75)) / 2
    assert metrics.ngram_divergence("ab", "aa", 1) == pytest.approx(wanted)
    assert metrics.ngram_divergence("aa", "ab", 1) == pytest.approx(wanted)


def test_words_are_known_in_any_case():
    assert metrics.known_words("The Cat, a dog!", "the CAT") == 0.5
    assert math.isnan(metrics.known_words("...", "the"))


def test_the_longest_copy_is_that_of_all_runs():
    draws = random.Random(0)
    for _ in range(30):
        text, source = ("".join(draws.choices("ab", k=draws.randrange(12))) for _ in range(2))
        runs = [text[i:j] for i in range(len(text)) for j in range(i + 1, len(text) + 1)]
        wanted = max((run for run in runs if run in source), key=len, default="")
        assert metrics.longest_copy(text, source) == wanted


def test_texts_without_a_run_are_refused():
    with pytest.raises(DataError, match="texts of 2 and 5 came"):
        metrics.ngram_divergence("ab", "abcde")
    with pytest.raises(ConfigError, match="`n`"):
        metrics.ngram_divergence("ab", "ab", 0)
