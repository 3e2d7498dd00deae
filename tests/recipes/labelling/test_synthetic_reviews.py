"""Made-up reviews: the same ones from a seed, of both languages, and not told by their words alone."""

from __future__ import annotations

import re

import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from throughtime.base.errors import ConfigError
from throughtime.recipes.labelling.synthetic_reviews import ENGLISH, KOREAN, NOISE, synthetic_reviews

HANGUL = re.compile("[가-힣]")


def test_a_seed_gives_the_same_reviews_and_another_one_others():
    assert synthetic_reviews(50, seed=1) == synthetic_reviews(50, seed=1)
    assert synthetic_reviews(50, seed=1).texts != synthetic_reviews(50, seed=2).texts


def test_languages_come_by_turns_and_verdicts_evenly():
    made = synthetic_reviews(600)
    bare = [re.sub("#\\S+", "", text) for text in made.texts]
    assert all(bool(HANGUL.search(text)) == bool(place % 2) for place, text in enumerate(bare))
    assert 240 < made.labels.count("positive") < 360
    assert not any(
        HANGUL.search(re.sub("#\\S+", "", text)) for text in synthetic_reviews(50, languages=[ENGLISH]).texts
    )


def test_noise_turns_so_many_labels_and_no_text():
    kept, turned = synthetic_reviews(2000, noise=0), synthetic_reviews(2000)
    assert kept.texts == turned.texts
    share = sum(a != b for a, b in zip(kept.labels, turned.labels, strict=True)) / 2000
    assert share == pytest.approx(NOISE, abs=0.015)


@pytest.mark.parametrize(("language", "most"), [(ENGLISH, 0.6), (KOREAN, 0.85)])
def test_words_alone_do_not_tell_the_verdict(language, most):
    made = synthetic_reviews(1200, languages=[language], noise=0)
    words = CountVectorizer(token_pattern=r"\S+").fit_transform(made.texts)
    told = LogisticRegression(max_iter=500).fit(words[:900], made.labels[:900])
    assert told.score(words[900:], made.labels[900:]) < most


def test_what_came_is_checked():
    with pytest.raises(ConfigError, match="`count`.*`noise`"):
        synthetic_reviews(0, noise=2)
    with pytest.raises(ConfigError, match="names english, korean or both"):
        synthetic_reviews(1, languages=[])
