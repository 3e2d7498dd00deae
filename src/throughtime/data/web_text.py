"""Texts of the web, tweets above all, with what names one person, page or mood of the moment brought to one writing.

    http://t.co/x, www.x.org      "http"
    @name                         "@user"; a mail's address stays
    soooooo, ㅋㅋㅋㅋㅋ, !!!!!!       three of what came more often, digits aside
    &amp; <br />                  the sign itself; a line's break

#tags, emoji and smileys stay as they are: `Splitter("words")` makes "#" and the tag's word two symbols, an emoji one.
Texts without any of these come back as they came.

Source: the rules of Potts's and NLTK's tokenizers of tweets, http://sentiment.christopherpotts.net/tokenizing.html
"""

from __future__ import annotations

import html
import re

_ADDRESS = re.compile(r"(?:https?://|\bwww\.)\S+", re.IGNORECASE)
_NAME = re.compile(r"(?<![\w@])@\w+")
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_REPEATED = re.compile(r"([^\s\d])\1{3,}")


def plain_web_text(text: str) -> str:
    """A text of the web by the module's rules.

    Args:
        text: any.
    """
    text = _BREAK.sub("\n", html.unescape(text))
    return _REPEATED.sub(r"\1\1\1", _NAME.sub("@user", _ADDRESS.sub("http", text)))
