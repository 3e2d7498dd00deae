"""Text in Unicode's normal form C: what looks alike and means the same is written alike.

Source: Unicode Standard Annex 15, https://www.unicode.org/reports/tr15/
"""

from __future__ import annotations

import re
import unicodedata

from throughtime.base.errors import DataError

# Halves of UTF-16 pairs, which JSON can write and UTF-8 cannot.
_SURROGATE = re.compile("[\ud800-\udfff]")


def composed(text: str, name: str = "the text") -> str:
    """Normal form C of a text.

    Args:
        text: any.
        name: what it is, for the message.

    Raises:
        DataError: it is no text, or holds half of a surrogate pair, which no file can hold.
    """
    if not isinstance(text, str):
        raise DataError(f"A text is a str: {name} is {type(text).__name__}. Convert it.")
    half = None if text.isascii() else _SURROGATE.search(text)
    if half is not None:
        raise DataError(
            f"Text is Unicode: {name} has half of a surrogate pair, {half.group()!r} at place {half.start() + 1:,}. "
            "Write the character itself."
        )
    return unicodedata.normalize("NFC", text)
