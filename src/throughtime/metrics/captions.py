"""Sentences beside those that people wrote of the same image: BLEU, and CIDEr, which counts what tells images apart.

    g(w)       = count of the n-gram w in a sentence * log(images / images whose references have w)
    CIDEr_n    = mean over references of  g(c) . g(s) / (|g(c)| |g(s)|)
    CIDEr-D_n  = mean over references of  min(g(c), g(s)) . g(s) / (|g(c)| |g(s)|) exp(-(l(c) - l(s))^2 / (2 sigma^2))
    score      = 10 / 4 * sum of n = 1 .. 4, the mean over images

c is a sentence, s one of its image's references, l the words of it. CIDEr-D is what published tables mean by CIDEr: it
does not reward words said again and again. Words are runs of letters and digits in lower case; they are not stemmed, as
the authors' later code has it.

Source: Vedantam, Zitnick & Parikh 2015, CVPR, arXiv 1411.5726, equations 1-3 and section 7 (CIDEr-D, sigma = 6);
Papineni et al. 2002, ACL (BLEU).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

from throughtime.base.errors import ConfigError, DataError

ORDERS, SIGMA, SCALE = 4, 6.0, 10.0
_WORD = re.compile(r"\w+")

Gram = tuple[str, ...]


def bleu(sentences: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """BLEU of a corpus, 0 .. 100, as `sacrebleu` computes it by default (13a tokens, four orders).

    Args:
        sentences: one of each image.
        references: of each image, one at least.

    Raises:
        ConfigError: `sacrebleu` is not installed.
        DataError: there are none, or not as many of one as of the other.
    """
    _check(sentences, references)
    try:
        import sacrebleu
    except ImportError:
        raise ConfigError(
            "BLEU comes from the package sacrebleu, which is not installed here. Install it: pip install "
            "'throughtime[bleu]'"
        ) from None
    most = max(map(len, references))
    # Where an image has fewer, None stands for what is missing.
    columns = [[each[place] if place < len(each) else None for each in references] for place in range(most)]
    return float(sacrebleu.corpus_bleu(list(sentences), columns).score)


def cider(sentences: Sequence[str], references: Sequence[Sequence[str]], *, clipped: bool = True) -> float:
    """CIDEr of a corpus, 0 .. 10.

    Args:
        sentences: one of each image.
        references: of each image, one at least; how many images have an n-gram is counted in them, so that a score
            belongs to its set.
        clipped: CIDEr-D; False: CIDEr as first defined.

    Raises:
        DataError: there are none, or not as many of one as of the other.
    """
    _check(sentences, references)
    known = [[_grams(text) for text in texts] for texts in references]
    there: Counter[Gram] = Counter()
    for image in known:
        there.update({gram for counts in image for gram in counts})
    images = len(references)
    total = 0.0
    for text, image in zip(sentences, known, strict=True):
        ours = _grams(text)
        total += sum(_likeness(ours, counts, there, images, clipped) for counts in image) / len(image)
    return SCALE * total / images


def _likeness(ours: Counter[Gram], theirs: Counter[Gram], there: Counter[Gram], images: int, clipped: bool) -> float:
    """The mean over the orders of how alike two sentences are, 0 .. 1."""
    lengths = [sum(count for gram, count in each.items() if len(gram) == 1) for each in (ours, theirs)]
    found = 0.0
    for order in range(1, ORDERS + 1):
        g, s = (_weighed(each, there, images, order) for each in (ours, theirs))
        size = math.sqrt(sum(v * v for v in g.values()) * sum(v * v for v in s.values()))
        if size:
            found += sum((min(g[w], s[w]) if clipped else g[w]) * s[w] for w in g.keys() & s.keys()) / size
    return found / ORDERS * (math.exp(-((lengths[0] - lengths[1]) ** 2) / (2 * SIGMA**2)) if clipped else 1.0)


def _weighed(counts: Counter[Gram], there: Counter[Gram], images: int, order: int) -> dict[Gram, float]:
    """g, of the n-grams of one order; one that no reference has counts as one that a single image's have."""
    return {
        gram: count * math.log(images / max(1, there[gram])) for gram, count in counts.items() if len(gram) == order
    }


def _grams(text: str) -> Counter[Gram]:
    """The n-grams of all orders."""
    words = _WORD.findall(text.lower())
    return Counter(tuple(words[i : i + n]) for n in range(1, ORDERS + 1) for i in range(len(words) - n + 1))


def _check(sentences: Sequence[str], references: Sequence[Sequence[str]]) -> None:
    if len(sentences) != len(references) or not len(sentences) or not all(map(len, references)):
        empty = sum(not len(each) for each in references)
        raise DataError(
            f"Each sentence stands beside one reference at least: {len(sentences)} sentences and {len(references)} "
            f"lists of references came, {empty} of them empty. Leave out images without a reference."
        )
