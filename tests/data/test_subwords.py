from __future__ import annotations

import sys

import pytest

from throughtime.base.errors import ConfigError
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
