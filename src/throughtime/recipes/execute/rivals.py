"""What outputs say by themselves: at each place the character that is commonest there, whatever the program is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from throughtime.recipes.execute.judging import Marks


@dataclass(frozen=True)
class CommonestByPlace:
    """The commonest character at each place of the outputs.

    Args:
        characters: of each place, None for an end; behind the last one every place is an end.
    """

    characters: tuple[str | None, ...]

    @classmethod
    def of(cls, outputs: Sequence[str]) -> CommonestByPlace:
        """Count outputs; of equally common characters the first in the order of code points is taken, an end last."""
        found: list[str | None] = []
        for place in range(max(map(len, outputs)) + 1):
            there = Counter(each[place] if place < len(each) else None for each in outputs if place <= len(each))
            found.append(max(sorted(there, key=lambda sign: (sign is None, sign or "")), key=there.__getitem__))
        return cls(tuple(found))

    @property
    def written(self) -> str:
        """The output it writes for every program."""
        end = self.characters.index(None) if None in self.characters else len(self.characters)
        return "".join(sign or "" for sign in self.characters[:end])

    def marks(self, outputs: Sequence[str]) -> Marks:
        """What is right of these outputs."""
        told = [np.array([self._at(at) == sign for at, sign in enumerate([*each, None])]) for each in outputs]
        return Marks.of(outputs, told, [self.written] * len(outputs))

    def _at(self, place: int) -> str | None:
        return self.characters[place] if place < len(self.characters) else None
