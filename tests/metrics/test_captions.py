"""CIDEr against a worked example and another formula, BLEU as sacrebleu has it."""

from __future__ import annotations

import math
import sys
from itertools import chain

import numpy as np
import pytest
import sacrebleu

from throughtime.base.errors import ConfigError, DataError
from throughtime.metrics import bleu, cider

REFERENCES = [
    ["a red cat sits on a mat", "the red cat is on the mat"],
    ["a dog runs in the park", "a brown dog is running"],
    ["two birds fly over the sea"],
]
SENTENCES = ["a red cat on the mat", "a dog in a park", "the sea and the sea and the sea"]


def by_matrices(sentences, references, clipped):
    """The equations over dense vectors of every n-gram, one order after the other."""

    def grams(text, n):
        words = text.split()
        return [" ".join(words[i : i + n]) for i in range(len(words) - n + 1)]

    scores = np.zeros(len(sentences))
    for n in range(1, 5):
        every = sorted({g for each in [*chain(*references), *sentences] for g in grams(each, n)})
        idf = np.array(
            [
                math.log(len(references) / max(1, sum(any(g in grams(t, n) for t in each) for each in references)))
                for g in every
            ]
        )

        def vector(text, n=n, every=every, idf=idf):
            return np.array([grams(text, n).count(g) for g in every]) * idf

        for place, (text, each) in enumerate(zip(sentences, references, strict=True)):
            for other in each:
                g, s = vector(text), vector(other)
                size = np.linalg.norm(g) * np.linalg.norm(s)
                if not size:
                    continue
                apart = len(text.split()) - len(other.split())
                top = np.minimum(g, s) @ s * math.exp(-(apart**2) / 72) if clipped else g @ s
                scores[place] += top / size / len(each)
    return float(10 / 4 * scores.mean())


@pytest.mark.parametrize("clipped", [True, False])
def test_cider_is_what_the_equations_say(clipped):
    assert cider(SENTENCES, REFERENCES, clipped=clipped) == pytest.approx(by_matrices(SENTENCES, REFERENCES, clipped))


def test_cider_by_hand():
    # Two images, one reference each; "a" is in both, so it weighs nothing, and all else weighs log 2.
    references = [["a cat"], ["a dog"]]
    # Of "a cat" one word and one pair agree wholly: orders 1 and 2 give 1, orders 3 and 4 nothing.
    assert cider(["a cat", "a dog"], references) == pytest.approx(10 * 2 / 4)
    assert cider(["a dog", "a cat"], references) == 0
    # "cat cat": g = 2 log 2, s = log 2, and no pair agrees. CIDEr: cosine 1. CIDEr-D: min(2, 1) * 1 / 2 = 1 / 2.
    assert cider(["cat cat", "x"], references, clipped=False) == pytest.approx(10 / 4 / 2)
    assert cider(["cat cat", "x"], references) == pytest.approx(10 / 4 / 2 / 2)
    # One word more or less: exp(-1 / 72), of order 1 alone.
    assert cider(["cat", "x"], references) == pytest.approx(10 / 4 / 2 * math.exp(-1 / 72))


def test_case_and_points_say_nothing():
    assert cider(["A CAT.", "a, dog!"], [["a cat"], ["A dog"]]) == pytest.approx(5)


def test_bleu_is_sacrebleus():
    padded = [[each[0] for each in REFERENCES], [each[1] if len(each) > 1 else None for each in REFERENCES]]
    assert bleu(SENTENCES, REFERENCES) == pytest.approx(sacrebleu.corpus_bleu(SENTENCES, padded).score)
    assert bleu([each[0] for each in REFERENCES], REFERENCES) == pytest.approx(100)


def test_bleu_without_its_package_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sacrebleu", None)
    with pytest.raises(ConfigError, match=r"throughtime\[bleu\]"):
        bleu(SENTENCES, REFERENCES)


@pytest.mark.parametrize("score", [bleu, cider])
@pytest.mark.parametrize(("texts", "references"), [([], []), (["a"], []), (["a"], [[]]), (["a", "b"], [["a"]])])
def test_each_sentence_has_references(score, texts, references):
    with pytest.raises(DataError, match="one reference at least"):
        score(texts, references)
