"""ROUGE against values worked by hand, in Korean as in English; words are those of any script."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from rouge_score.rouge_scorer import RougeScorer

from throughtime.base.errors import ConfigError, DataError
from throughtime.metrics import rouge, rouge_words, word_spans


def test_rouge_by_hand():
    found = rouge(["the cat sat on the mat"], ["the cat lay on a mat"])
    # Of 6 words each "the", "cat", "on", "mat" are common, the second "the" is not.
    assert found.one == pytest.approx(100 * 4 / 6)
    # Of 5 pairs each one is common, "the cat".
    assert found.two == pytest.approx(100 / 5)
    # the cat .. on .. mat, in one order.
    assert found.longest == pytest.approx(100 * 4 / 6)


def test_order_counts_in_the_longest_run_alone():
    found = rouge(["c b a"], ["a b c d"])
    assert found.one == pytest.approx(100 * 2 * 3 / (3 + 4))
    assert found.two == 0
    assert found.longest == pytest.approx(100 * 2 * 1 / (3 + 4))


def test_korean_scores():
    said, wanted = "정부가 새 예산안을 발표했다", "정부가 예산안을 국회에 발표했다"
    found = rouge([said], [wanted])
    assert found.one == pytest.approx(100 * 3 / 4)  # 정부가, 예산안을, 발표했다
    assert found.two == 0
    assert found.longest == pytest.approx(100 * 3 / 4)
    # The package's own tokenizer sees no word in it.
    assert RougeScorer(["rouge1"]).score(wanted, said)["rouge1"].fmeasure == 0
    # One writing of a syllable is as good as the other.
    assert rouge([unicodedata.normalize("NFD", said)], [wanted]) == found


def test_english_scores_as_by_the_packages_own_tokenizer():
    said, wanted = "Return the log10 of self.value, or None!", "Returns log10 of `self.value` (never None)"
    own = RougeScorer(["rouge1", "rouge2", "rougeL"]).score(wanted, said)
    found = rouge([said], [wanted])
    assert [found.one, found.two, found.longest] == [100 * each.fmeasure for each in own.values()]


def test_a_score_is_the_mean_over_summaries():
    assert rouge(["a b", "x"], ["a b", "y"]).longest == pytest.approx(50)
    assert rouge(["", "a"], ["a", "a"]).one == pytest.approx(50)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("_match_long_opt(opt)", ["match", "long", "opt", "opt"]),
        ("CAFE\u0301, Straße", ["caf\u00e9", "straße"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("日本語のABC", ["日", "本", "語", "の", "abc"]),
        ("서울, 2026년", ["서울", "2026년"]),
        ("?! —", []),
    ],
)
def test_words_of_any_script(text, words):
    assert rouge_words(text) == words
    assert [text[start:stop].lower() for start, stop in word_spans(text)] == [
        word if word in text.lower() else unicodedata.normalize("NFD", word) for word in words
    ]


def test_without_its_package_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "rouge_score.rouge_scorer", None)
    with pytest.raises(ConfigError, match=r"throughtime\[rouge\]"):
        rouge(["a"], ["a"])


@pytest.mark.parametrize(("said", "wanted"), [([], []), (["a"], []), (["a"], ["a", "b"])])
def test_each_summary_has_a_reference(said, wanted):
    with pytest.raises(DataError, match="one of each document"):
        rouge(said, wanted)
