"""Draws that are a pure function of names and numbers: the same on any machine, in any order, with any version.

words = BLAKE2b(key, block 0), BLAKE2b(key, block 1), ...      four words of 128 bits a block
below(n) = next word mod n                                     no n here is large enough to skew it
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

Any = TypeVar("Any")
_WORD_BYTES, _BLOCK_BYTES = 16, 64


class Draws:
    """A stream of draws.

    Args:
        key: what the draws are of; equal keys have equal draws.
    """

    def __init__(self, *key: object) -> None:
        self._key = "|".join(map(str, key))
        self._block, self._words = 0, b""

    def below(self, bound: int) -> int:
        """A whole number of 0 or more, and below the bound; each as likely."""
        if not self._words:
            text = f"{self._key}#{self._block}".encode()
            self._words = blake2b(text, digest_size=_BLOCK_BYTES).digest()
            self._block += 1
        word, self._words = self._words[:_WORD_BYTES], self._words[_WORD_BYTES:]
        return int.from_bytes(word, "little") % bound

    def between(self, least: int, most: int) -> int:
        """A whole number, `least` and `most` included."""
        return least + self.below(most - least + 1)

    def one_of(self, things: Sequence[Any]) -> Any:
        """One of them."""
        return things[self.below(len(things))]


def share_of(text: str) -> int:
    """A number in 0 .. 1023 that belongs to a text, whatever is drawn before or after it."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8, person=b"part").digest(), "little") % 1024
