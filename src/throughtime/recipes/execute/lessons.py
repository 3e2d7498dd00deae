"""Drawn programs as lessons of `SequenceToSequence`, each a pure function of the epoch and the losses so far.

    pairs        what the curriculum has for the epoch
    validation   in every epoch the same: as many programs of each level, of the validation part, so that epochs can be
                 compared, and the kept one is good at all levels

Where a program is read twice, its text stands twice with a line between.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from throughtime.recipes.execute.curricula import Curriculum
from throughtime.recipes.execute.programs import VALIDATION, Drawn, Level, draw

# Programs that validate: an accuracy of .9 is known to .01, and they cost a small part of an epoch.
VALIDATING = 600
# Of each level so many show every character there is, but for a chance that nobody needs to count with.
SHOWING = 100
BETWEEN = "\n"

Texts = list[str]


@dataclass(frozen=True)
class ProgramLessons:
    """A curriculum as `SequenceToSequence.fit` takes it.

    Args:
        curriculum: which programs there are.
        doubled: whether each is read twice.
    """

    curriculum: Curriculum
    doubled: bool = False

    @property
    def vocabulary(self) -> tuple[Texts, Texts]:
        """Programs of all levels, of the validation part, and their outputs."""
        return self._texts(self._evenly(SHOWING))

    def pairs(self, epoch: int, losses: Sequence[float]) -> tuple[Texts, Texts]:
        """The programs of an epoch, and their outputs; arguments as of `Curriculum.lesson`."""
        return self._texts(self.curriculum.lesson(epoch, losses))

    def validation(self, epoch: int, losses: Sequence[float]) -> tuple[Texts, Texts]:
        """The programs that validate, and their outputs, the same in every epoch."""
        return self._validating

    @cached_property
    def _validating(self) -> tuple[Texts, Texts]:
        return self._texts(self._evenly(-(-VALIDATING // len(self.curriculum.levels))))

    def _evenly(self, count: int) -> list[Drawn]:
        chosen = self.curriculum
        return evenly(chosen.seed, VALIDATION, chosen.kind, chosen.levels, count)

    def _texts(self, drawn: Iterable[Drawn]) -> tuple[Texts, Texts]:
        programs, outputs = zip(*((each.text, each.output) for each in drawn), strict=True)
        return [as_read(text, self.doubled) for text in programs], list(outputs)


def as_read(program: str, doubled: bool) -> str:
    """A program as the network is given it."""
    return f"{program}{BETWEEN}{program}" if doubled else program


def evenly(seed: int, part: str, kind: str, known: Sequence[Level], count: int) -> list[Drawn]:
    """As many programs of each level of a part; arguments as of `draw`."""
    return [draw(seed, part, kind, level, index) for level in known for index in range(count)]
