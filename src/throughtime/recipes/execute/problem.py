"""Programs with a part that trains and one that tests: drawn by a curriculum, or one's own with what they print.

drawn       each epoch draws anew from the training part; of each level so many programs of the test part test
one's own   a share of the programs tests, drawn by a seed; or a file of its own
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from throughtime.base.errors import DataError
from throughtime.data import epoch_order
from throughtime.recipes.execute.curricula import BASELINE, CLIMB, COMBINED, MIXED_PERCENT, NAIVE, Curriculum
from throughtime.recipes.execute.lessons import ProgramLessons, as_read, evenly
from throughtime.recipes.execute.programs import TEST, Level
from throughtime.recipes.execute.reading import Given, read_pairs
from throughtime.recipes.execute.settings import Settings, check_drawn, check_own
from throughtime.recipes.settings import own_share

EXAMPLE = "other.csv"  # of a test part of its own


@dataclass(frozen=True)
class Part:
    """Programs and what they print.

    Args:
        programs: texts.
        outputs: of each; empty where nobody knows.
        levels: of each; empty where they are somebody's own.
    """

    programs: Sequence[str]
    outputs: Sequence[str]
    levels: Sequence[Level] = ()

    def __len__(self) -> int:
        return len(self.programs)

    def some(self, places: Sequence[int]) -> Part:
        """Some of them."""
        outputs = [self.outputs[place] for place in places] if self.outputs else []
        levels = [self.levels[place] for place in places] if self.levels else []
        return Part([self.programs[place] for place in places], outputs, levels)


@dataclass(frozen=True)
class ProgramProblem:
    """What trains and what tests.

    Args:
        title: what the programs are.
        train: lessons that are drawn, or one's own programs; None where others are run by a network that is trained.
        test: others.
        doubled: whether each program is read twice.
        notes: one line for each rule and guess.
    """

    title: str
    train: ProgramLessons | Part | None
    test: Part
    doubled: bool
    notes: tuple[str, ...]

    def sources(self, part: Part) -> list[str]:
        """The programs of a part as the network is given them."""
        return [as_read(text, self.doubled) for text in part.programs]


def curriculum_of(chosen: Settings) -> Curriculum:
    """The curriculum of the settings."""
    asked, model = chosen.programs, chosen.model
    return Curriculum(
        asked.kind, asked.length, asked.nesting, asked.curriculum, asked.programs, model.epochs or 1, model.seed
    )


def sample(chosen: Settings) -> ProgramProblem:
    """Drawn programs.

    Raises:
        ConfigError: settings that do not go together, or a part has no program of a level.
    """
    check_drawn(chosen.programs)
    curriculum = curriculum_of(chosen)
    tested = evenly(0, TEST, curriculum.kind, curriculum.levels, chosen.programs.test_programs)
    test = Part([each.text for each in tested], [each.output for each in tested], [each.level for each in tested])
    lessons = ProgramLessons(curriculum, chosen.programs.doubled)
    return ProgramProblem(_title(curriculum), lessons, test, lessons.doubled, tuple(_rules(curriculum, test)))


def own(data: str | Path, chosen: Settings) -> ProgramProblem:
    """A user's programs.

    Raises:
        ConfigError: the share is none, or a setting says nothing of them.
        DataError, FileMissingError: whatever is wrong with them.
    """
    asked = chosen.programs
    check_own(asked)
    share, given = own_share(asked.test, EXAMPLE), read_pairs(data, asked.program, asked.output)
    part, name = _part(given), Path(data).name
    if share is None:
        others = read_pairs(asked.test, asked.program, asked.output)
        sizes = f"Parts: {len(part):,} programs train, {len(others.programs):,} of {asked.test} test."
        notes = (*given.notes, *others.notes, sizes)
        return ProgramProblem(name, part, _part(others), asked.doubled, notes)
    order, count = epoch_order(len(part), chosen.model.seed, 0), round(share * len(part))
    if not 0 < count < len(part):
        raise DataError(
            f"Each part needs a program: {len(part) - count} train and {count} test. Give more programs, or another "
            "test=."
        )
    train, test = part.some(sorted(order[count:].tolist())), part.some(sorted(order[:count].tolist()))
    sizes = (
        f"Parts: {len(train):,} programs train, {len(test):,} test ({share:.3g} of them, drawn by seed "
        f"{chosen.model.seed}); validation is taken from the training part."
    )
    return ProgramProblem(name, train, test, asked.doubled, (*given.notes, sizes))


def others(data: str | Path, chosen: Settings, scored: bool) -> ProgramProblem:
    """Other programs, all of which are test part.

    Args:
        data: as `read_pairs` takes it.
        chosen: settings of the run.
        scored: whether what they print must be known.

    Raises:
        DataError, FileMissingError: whatever is wrong with them.
    """
    given = read_pairs(data, chosen.programs.program, chosen.programs.output, needed=scored)
    return ProgramProblem(Path(data).name, None, _part(given), chosen.programs.doubled, given.notes)


def _part(given: Given) -> Part:
    return Part(given.programs, given.outputs)


def _title(curriculum: Curriculum) -> str:
    deep = f", nesting 1 to {curriculum.nesting}" if curriculum.nesting > 1 else ""
    return f"{curriculum.kind.capitalize()} of 1 to {curriculum.length} digits{deep}"


def _rules(curriculum: Curriculum, test: Part) -> list[str]:
    how = {
        BASELINE: "all of them as hard as the hardest",
        NAIVE: f"the easiest first, the hardest from {CLIMB:.0%} of the epochs on at the latest",
        COMBINED: f"{MIXED_PERCENT} % of any level, the others the easiest first",
    }.get(curriculum.name, "of any level")
    each = len(test) // len(curriculum.levels)
    return [
        f"Curriculum {curriculum.name}: {curriculum.programs:,} programs drawn for each of {curriculum.epochs} epochs, "
        f"{how}.",
        f"Test: {each:,} programs of each of {len(curriculum.levels)} levels, none of which can be drawn for training; "
        "of short numbers there are so few that some come twice.",
    ]
