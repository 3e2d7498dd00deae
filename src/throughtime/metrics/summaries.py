"""Summaries beside those that people wrote: ROUGE-1, ROUGE-2 and ROUGE-L of words in any script.

    P = common / said,  R = common / wanted,  F = 2 P R / (P + R)

    ROUGE-n    n-grams that both have, each as often as the one that has it less often
    ROUGE-L    the longest run of words that stand in both in one order, with gaps

F is counted for each summary; a score is the mean of 100 F. The package `rouge-score` counts; its own tokenizer drops
every letter that is not ASCII, so it is given ours: lower case in Unicode's normal form C, runs of letters, digits and
their marks; an ideograph or a kana, which no blanks part from the next, is a word of its own. Words are not stemmed.

Source: Lin 2004, ROUGE: A Package for Automatic Evaluation of Summaries, ACL workshop Text Summarization Branches Out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from throughtime.base.errors import ConfigError, DataError

# Over one sign per character: w of a word, m a mark, c a character that is a word, a blank for all others.
_WORD = re.compile(r"[wm]+|cm*")
_ASCII_WORD = re.compile(r"[A-Za-z0-9]+")
_ALONE = ("CJK", "HIRAGANA", "KATAKANA")
_KINDS = ("rouge1", "rouge2", "rougeL")


@dataclass(frozen=True)
class Rouge:
    """How alike summaries are to those that people wrote, each 0 .. 100.

    Args:
        one: ROUGE-1.
        two: ROUGE-2.
        longest: ROUGE-L.
    """

    one: float
    two: float
    longest: float


def rouge(summaries: Sequence[str], references: Sequence[str]) -> Rouge:
    """ROUGE of summaries, the mean of their F.

    Args:
        summaries: one of each document; one without a word scores 0.
        references: what people wrote of each.

    Raises:
        ConfigError: `rouge-score` is not installed.
        DataError: there are none, or not as many of one as of the other.
    """
    if len(summaries) != len(references) or not len(summaries):
        raise DataError(
            f"Each summary stands beside one that was written: {len(summaries)} summaries and {len(references)} "
            "references came. Give one of each document."
        )
    scorer = _scorer()
    found = [scorer.score(wanted, said) for said, wanted in zip(summaries, references, strict=True)]
    one, two, longest = (100 * float(np.mean([each[kind].fmeasure for each in found])) for kind in _KINDS)
    return Rouge(one, two, longest)


def word_spans(text: str) -> list[tuple[int, int]]:
    """Where the words that ROUGE counts stand in a text: the first character of each and the place behind its last."""
    if text.isascii():
        return [found.span() for found in _ASCII_WORD.finditer(text)]
    signs = text.translate({ord(character): _sign(character) for character in set(text)})
    return [found.span() for found in _WORD.finditer(signs)]


def rouge_words(text: str) -> list[str]:
    """The words that ROUGE counts, by the module's rules."""
    text = unicodedata.normalize("NFC", text.lower())
    return [text[start:stop] for start, stop in word_spans(text)]


class _Tokenizer:
    """What `rouge-score` asks for words."""

    def tokenize(self, text: str) -> list[str]:
        return rouge_words(text)


def _scorer() -> Any:
    try:
        from rouge_score.rouge_scorer import RougeScorer
    except ImportError:
        raise ConfigError(
            "ROUGE comes from the package rouge-score, which is not installed here. Install it: pip install "
            "'throughtime[rouge]'"
        ) from None
    return RougeScorer(list(_KINDS), tokenizer=_Tokenizer())


def _sign(character: str) -> str:
    category = unicodedata.category(character)[0]
    if category == "M":
        return "m"
    if category not in "LN":
        return " "
    return "c" if unicodedata.name(character, "").startswith(_ALONE) else "w"
