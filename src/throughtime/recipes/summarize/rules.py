"""Summaries that need no network: a document's beginning, and what was said of the document that is most like it.

    lead words       the first n words, n the median length of the summaries that train; of the document, or its body
    lead sentence    what ends at the first full stop or line; of the body, where there is one
    nearest          the summary of the training document with the largest cosine of tf-idf weights of words

Words are those that ROUGE counts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from throughtime.metrics import rouge_words, word_spans

# The end of a sentence: a mark that a blank or the text's end follows, an ideographic one, or a line's end.
_SENTENCE = re.compile(r"[.!?\u2026]+(?=\s|$)|[\u3002\uff01\uff1f]|\n")


def usual_words(summaries: Sequence[str]) -> int:
    """n, 1 or more."""
    return max(1, int(np.median([len(word_spans(each)) for each in summaries])))


def first_words(text: str, count: int) -> str:
    """A text to the end of so many words of it."""
    spans = word_spans(text)[:count]
    return text[: spans[-1][1]] if spans else ""


def first_sentence(text: str) -> str:
    """A text to its first full stop or line's end."""
    found = _SENTENCE.search(text.strip())
    return text.strip()[: found.end()].strip() if found else text.strip()


def nearest(known: Sequence[str], summaries: Sequence[str], documents: Sequence[str]) -> list[str]:
    """Of each document the summary of the known one that is most like it.

    Args:
        known: documents with `summaries`, one at least that has a word.
        summaries: one of each known document.
        documents: others.
    """
    weigher = TfidfVectorizer(analyzer=rouge_words, sublinear_tf=True)
    weights = weigher.fit_transform(known)
    likeness = weigher.transform(documents) @ weights.T
    return [summaries[int(place)] for place in np.asarray(likeness.argmax(1)).ravel()]
