"""Which programs each epoch trains on: the four curricula, as pure functions of the epoch and the validation so far.

    baseline    every program is as hard as the hardest asked for
    mix         every program's length and nesting are drawn, up to those asked for, each as likely
    naive       all programs of an epoch are of one level: length 1 and nesting 1 first, then longer, then more nested
    combined    a share of the programs as `mix` has them, the others as `naive`

The naive level moves on when the validation loss has not fallen by a hundredth for `PATIENCE` epochs, and at the latest
so that the levels before the hardest share `CLIMB` of the epochs evenly. Nothing is kept between epochs: the level is
worked out anew from all losses, so that a resumed training goes on bit by bit.

Source: Zaremba & Sutskever 2014, arXiv 1410.4615; their naive curriculum takes as long as it takes, ours has a number
of epochs. The latest moment is ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from throughtime.base.errors import ConfigError
from throughtime.recipes.execute.draws import Draws
from throughtime.recipes.execute.programs import TRAIN, Drawn, Level, draw, levels

BASELINE, NAIVE, MIX, COMBINED = CURRICULA = ("baseline", "naive", "mix", "combined")
# Epochs without a loss lower by `LEAST_GAIN` of itself that end a level.
PATIENCE, LEAST_GAIN = 2, 0.01
# Share of all epochs in which the hardest level is reached at the latest.
CLIMB = 0.4
# Programs in a hundred that a combined curriculum draws from all levels.
MIXED_PERCENT = 30


@dataclass(frozen=True)
class Curriculum:
    """Lessons of a training.

    Args:
        kind: of the programs, of `KINDS`.
        length: of the hardest ones.
        nesting: of the hardest ones.
        name: of `CURRICULA`.
        programs: of each epoch.
        epochs: of the whole training.
        seed: of the draws.
    """

    kind: str
    length: int
    nesting: int
    name: str
    programs: int
    epochs: int
    seed: int

    @property
    def levels(self) -> list[Level]:
        """All there are, the easiest first."""
        return levels(self.kind, self.length, self.nesting)

    def lesson(self, epoch: int, losses: Sequence[float]) -> list[Drawn]:
        """The programs of an epoch.

        Args:
            epoch: from 0.
            losses: on the validation part after each epoch before this one.

        Raises:
            ConfigError: losses of epochs before are missing.
        """
        if len(losses) < epoch:
            raise ConfigError(f"A lesson follows upon all epochs before it: {len(losses)} losses came for {epoch}.")
        known, current = self.levels, self.level_at(epoch, losses)
        first = epoch * self.programs
        return [self._program(number, known, current) for number in range(first, first + self.programs)]

    def level_at(self, epoch: int, losses: Sequence[float]) -> Level:
        """The level that `naive` is at in an epoch; arguments as of `lesson`."""
        known = self.levels
        return known[min(max(_moved(losses[:epoch]), self._latest(epoch, len(known))), len(known) - 1)]

    def _latest(self, epoch: int, count: int) -> int:
        """The place among the levels below which an epoch is not."""
        climbing = CLIMB * self.epochs
        return int(epoch * (count - 1) / climbing) if climbing else count - 1

    def _program(self, number: int, known: Sequence[Level], current: Level) -> Drawn:
        draws = Draws(self.seed, "lesson", self.name, number)
        mixed = self.name == MIX or (self.name == COMBINED and draws.below(100) < MIXED_PERCENT)
        level = draws.one_of(known) if mixed else known[-1] if self.name == BASELINE else current
        return draw(self.seed, TRAIN, self.kind, level, number)


def _moved(losses: Sequence[float]) -> int:
    """How often the naive curriculum has moved on after so many epochs."""
    moved, best, waited = 0, float("inf"), 0
    for loss in losses:
        if loss < best * (1 - LEAST_GAIN):
            best, waited = loss, 0
            continue
        waited += 1
        if waited == PATIENCE:
            moved, best, waited = moved + 1, loss, 0
    return moved
