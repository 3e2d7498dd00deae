"""Texts of the web: what is brought to one writing, and that all else stays."""

from __future__ import annotations

import pytest

from throughtime.data import Splitter
from throughtime.data.web_text import plain_web_text


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("see https://t.co/aB1?x=1 now", "see http now"),
        ("WWW.film.org/a, www.b.kr", "http http"),
        ("@Kim_J and @이름: hi", "@user and @user: hi"),
        ("mail a@b.org", "mail a@b.org"),
        ("soooooo good!!!!!", "sooo good!!!"),
        ("재밌다ㅋㅋㅋㅋㅋㅋ ㅠㅠ", "재밌다ㅋㅋㅋ ㅠㅠ"),
        ("sooo 10000000 !!", "sooo 10000000 !!"),
        ("Tom &amp; Jerry<br /><br>end", "Tom & Jerry\n\nend"),
        ("a < b, #tag :) 👍🏽", "a < b, #tag :) 👍🏽"),
        ("", ""),
    ],
)
def test_each_rule(text, wanted):
    assert plain_web_text(text) == wanted
    assert plain_web_text(wanted) == wanted


def test_words_of_a_tweet():
    words = Splitter("words", lower=True).split(plain_web_text("@Kim Loooove it!!!! #Film http://a.b 😀"))
    assert words == ["@", "user", "looove", "it", "!", "!", "!", "#", "film", "http", "😀"]
