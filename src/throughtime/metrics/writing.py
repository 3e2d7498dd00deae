"""Written text beside text that people wrote: how its runs of letters are spread, its words, and what it copied.

    divergence    Jensen and Shannon's, between the shares of n-grams, 0 .. log 2 nats
    known words   share of a text's words that another text has
    copy          the longest run of letters that stands in another text letter by letter

A divergence between two finite texts is above 0 however alike they are: set it beside that of two held-out texts of the
same lengths.

Source: Lin 1991, IEEE Transactions on Information Theory 37(1) (the divergence).
"""

from __future__ import annotations

import math
import re
from collections import Counter

from throughtime.base.checks import Checks
from throughtime.base.errors import DataError

_WORD = re.compile(r"\w+")


def ngram_divergence(text: str, other: str, n: int = 3) -> float:
    """Jensen-Shannon divergence between two texts' shares of n-grams, in nats.

    Args:
        text, other: of at least n characters.
        n: characters of a run.

    Raises:
        ConfigError: `n` is no positive whole number.
        DataError: a text is shorter.
    """
    checks = Checks()
    n = checks.whole("n", n)
    checks.report("The divergence")
    if min(len(text), len(other)) < n:
        raise DataError(f"Texts have runs of {n} characters: texts of {len(text)} and {len(other)} came.")
    first, second = (Counter(each[i : i + n] for i in range(len(each) - n + 1)) for each in (text, other))
    ours, theirs = first.total(), second.total()
    total = 0.0
    for gram in first.keys() | second.keys():
        p, q = first[gram] / ours, second[gram] / theirs
        total += sum(share * math.log(2 * share / (p + q)) for share in (p, q) if share) / 2
    return max(total, 0.0)


def known_words(text: str, reference: str) -> float:
    """The share of a text's words, in any case, that the reference has too; nan where it has no word.

    Args:
        text: words are runs of letters and digits.
        reference: likewise.
    """
    words, there = _WORD.findall(text.casefold()), set(_WORD.findall(reference.casefold()))
    return sum(word in there for word in words) / len(words) if words else math.nan


def longest_copy(text: str, source: str) -> str:
    """The longest run of characters of a text that stands in the source too; the first of equally long ones."""
    best, start = "", 0
    while start + len(best) < len(text):
        end = start + len(best) + 1
        while end <= len(text) and text[start:end] in source:
            best = text[start:end]
            end += 1
        start += 1
    return best
