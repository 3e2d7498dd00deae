from __future__ import annotations

import json
import sys
import unicodedata

import pytest

from throughtime.base.errors import ConfigError, DataError
from throughtime.data import Splitter
from throughtime.data.subwords import train_subwords


def test_without_the_package_its_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    calls = [
        lambda: train_subwords(["a"], 300),
        lambda: Splitter.train(["a"], 300, algorithm="unigram"),
        lambda: Splitter("subwords", model="{}").split("a"),
        lambda: Splitter("subwords", model="{}").join(["a"]),
    ]
    for call in calls:
        with pytest.raises(
            ConfigError, match=r"not installed here. Install it: pip install 'throughtime\[tokenizers\]'"
        ):
            call()


def test_settings_are_checked_together():
    with pytest.raises(
        ConfigError, match="`size` .* at least 256: 100 came; `algorithm` is one of bpe, unigram: 'bbpe'"
    ):
        train_subwords(["a"], 100, "bbpe")


TEXTS = [
    "The film is not bad at all, really.",
    "이 영화는 별로 재미있지 않았다 ㅠㅠ",
    "good but too  long!!\n😀 https://x.y/z",
    "cafe\u0301 한국어 \u1112\u1161\u11ab",
    "\u200b\x00\ufffd <unk> <s> Ġ",
    " lead and tail ",
    "",
]


@pytest.fixture(scope="module", params=["bpe", "unigram"])
def trained(request):
    pytest.importorskip("tokenizers", reason="the extra tokenizers is not installed")
    return Splitter.train(TEXTS, 400, algorithm=request.param)


@pytest.mark.parametrize("text", [*TEXTS, "never seen: 語 ẞ İ 👨‍👩‍👧", "Xx" * 50])
def test_subwords_come_back_exactly(trained, text):
    subwords = trained.split(text)
    assert trained.join(subwords) == unicodedata.normalize("NFC", text)
    assert Splitter.from_dict(json.loads(json.dumps(trained.to_dict()))).split(text) == subwords


def test_pairs_that_come_often_become_one_and_all_bytes_stay():
    pytest.importorskip("tokenizers", reason="the extra tokenizers is not installed")
    splitter = Splitter.train(["재미있다 재미있다 재미없다", "재미있다 the the the"], 320)
    assert splitter.split("the") == ["the"]
    assert len(splitter.split("재미있다")) < len("재미있다".encode()) / 3
    assert len(splitter.split("語")) == 3
    assert train_subwords(["a b c"] * 9, 300) == train_subwords(["a b c"] * 9, 300)


def test_a_model_that_is_none_is_refused():
    pytest.importorskip("tokenizers", reason="the extra tokenizers is not installed")
    with pytest.raises(DataError, match="Subwords need the JSON of a model .* Train it again"):
        Splitter("subwords", model="{}").split("a")
