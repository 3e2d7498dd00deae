from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughtime.base.errors import DataError
from throughtime.data.unicode_text import composed


@given(st.text())
def test_every_writing_of_a_text_becomes_one(text):
    for form in ("NFC", "NFD"):
        assert composed(unicodedata.normalize(form, text)) == composed(text)


def test_syllables_and_accents_are_composed():
    assert composed("\u1112\u1161\u11ab e\u0301") == "\ud55c \xe9"
    assert composed("") == ""


def test_what_is_no_text_is_refused():
    with pytest.raises(DataError, match=r"row 3 has half of a surrogate pair, '\\ud83d' at place 2"):
        composed("a\ud83d", "row 3")
    with pytest.raises(DataError, match="A text is a str: the text is bytes"):
        composed(b"a")
