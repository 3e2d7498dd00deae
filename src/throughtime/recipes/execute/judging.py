"""How much of what programs print a network knows: character by character beside the right ones, and all by itself.

    teacher-forced      each character is told after the right ones before it; an output's end counts as a character,
                        as the full stop does that ends Zaremba & Sutskever's; the share without ends stands beside
    free-running        each is told after the network's own; the whole output is right or not

Dimensions: N programs, T characters of an output and its end.

Source: Zaremba & Sutskever 2014, arXiv 1410.4615 (teacher-forced accuracy of characters).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from throughtime.recipes.execute.programs import Level
from throughtime.recipes.table import Column, Table


@dataclass(frozen=True)
class Marks:
    """What is right of each program's output.

    Args:
        characters: [N] of the output, its end among them.
        right: [N] of these, told after the right ones.
        end_right: [N] whether the end is.
        whole: [N] whether the output is right that the network writes by itself.
    """

    characters: NDArray[np.int64]
    right: NDArray[np.int64]
    end_right: NDArray[np.bool_]
    whole: NDArray[np.bool_]

    @classmethod
    def of(cls, outputs: Sequence[str], told: Sequence[NDArray[np.bool_]], written: Sequence[str]) -> Marks:
        """Compare.

        Args:
            outputs: right ones.
            told: of each output which characters, and its end behind them, are right when told after the right ones
                [T].
            written: what was written without any.
        """
        return cls(
            np.array([len(each) for each in told], dtype=np.int64),
            np.array([each.sum() for each in told], dtype=np.int64),
            np.array([each[-1] for each in told], dtype=np.bool_),
            np.array([own == right for own, right in zip(written, outputs, strict=True)], dtype=np.bool_),
        )

    @property
    def accuracy(self) -> float:
        """The share of characters told rightly, ends among them."""
        return float(self.right.sum() / self.characters.sum())

    @property
    def accuracy_without_ends(self) -> float:
        """The share of characters told rightly, ends left out."""
        return float((self.right - self.end_right).sum() / (self.characters - 1).sum())

    @property
    def exact(self) -> float:
        """The share of outputs that are right as a whole, written freely."""
        return float(self.whole.mean())

    def some(self, chosen: NDArray[np.bool_]) -> Marks:
        """Those of some programs."""
        return Marks(self.characters[chosen], self.right[chosen], self.end_right[chosen], self.whole[chosen])


def by_level(marks: Marks, levels: Sequence[Level]) -> dict[Level, Marks]:
    """The marks of each level, the easiest first."""
    known = sorted(set(levels), key=lambda level: (level.nesting, level.length))
    return {level: marks.some(np.array([each == level for each in levels])) for level in known}


def levels_table(found: dict[Level, Marks]) -> Table:
    """One row a level."""
    columns = (
        Column("length"),
        Column("nesting"),
        Column("programs"),
        Column("characters right", digits=4),
        Column("without ends", digits=4),
        Column("outputs right", digits=4),
    )
    rows = tuple(
        (level.length, level.nesting, len(each.whole), each.accuracy, each.accuracy_without_ends, each.exact)
        for level, each in found.items()
    )
    return Table("By length and nesting", columns, rows)
