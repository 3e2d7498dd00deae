"""An attribution with the names that make it readable: what was explained, of which steps, by how much each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from throughtime.base.checks import Checks
from throughtime.base.errors import ConfigError, ShapeError

Floats = NDArray[np.float64]
TEXT, LETTERS, SERIES = "text", "letters", "series"
KINDS = (TEXT, LETTERS, SERIES)


@dataclass(frozen=True)
class Contribution:
    """What one step, or one variable of it, adds.

    Args:
        place: of the step, from 0.
        step: its name.
        variable: whose; "" of symbols.
        read: what entered there, in the variable's own units; nan where there is no such number.
        value: what it adds to the answer.
        share: its size among those of all steps, 0 .. 1.
    """

    place: int
    step: str
    variable: str
    read: float
    value: float
    share: float


@dataclass(frozen=True)
class Attribution:
    """What each step of a sequence adds to an answer of a network, so that

        sum of values = answer - start + gap

    Args:
        kind: "text" (symbols of any length), "letters" (one sign each) or "series" (numbers).
        steps: what each of T steps is called: its symbol, time or number.
        values: [T] of symbols, [T, C] of numbers.
        subject: what is explained, in words, such as "log-odds of 'fast' against the rest".
        answer: the network's.
        start: its answer to the baseline.
        baseline: what that is, in words.
        gap: what the values' sum misses.
        points: of the path that was integrated over.
        variables: names of C variables; none of symbols.
        read: [T, C] what was read, in the variables' own units; nan where missing or no number; None of symbols.
        unknown: places of symbols that training never showed.
        label: the class explained; None of a number.
        probability: of that class; None of a number.
        name: of the sequence, "" without one.
        first: number of the first step, 1 unless earlier ones were left as they are.
    """

    kind: str
    steps: tuple[str, ...]
    values: Floats
    subject: str
    answer: float
    start: float
    baseline: str
    gap: float
    points: int
    variables: tuple[str, ...] = ()
    read: Floats | None = None
    unknown: tuple[int, ...] = ()
    label: Any = None
    probability: float | None = None
    name: str = ""
    first: int = 1

    def __post_init__(self) -> None:
        checks = Checks()
        checks.choice("kind", self.kind, KINDS)
        checks.report("Attribution")
        wanted = (len(self.steps), len(self.variables)) if self.kind == SERIES else (len(self.steps),)
        read = wanted if self.read is None else self.read.shape
        if not self.steps or self.values.shape != wanted or read != wanted:
            raise ShapeError(
                f"An attribution has a value for each step, and of a series for each variable: {wanted} wanted, "
                f"values of {self.values.shape} came, and what was read is {read}."
            )

    @property
    def per_step(self) -> Floats:
        """[T] what each step adds, all variables together."""
        return self.values if self.values.ndim == 1 else self.values.sum(1)

    def strongest(self, count: int = 10) -> tuple[Contribution, ...]:
        """The steps, and of numbers the variables in them, that add or take most; the largest first.

        Args:
            count: how many at most, 1 or more.

        Raises:
            ConfigError: count is no such number.
        """
        checks = Checks()
        count = checks.whole("count", count)
        checks.report("The strongest steps")
        sizes = np.abs(self.values)
        total = float(sizes.sum()) or 1.0
        order = np.argsort(-sizes, axis=None, kind="stable")[:count]
        places = (np.unravel_index(each, sizes.shape) for each in order)
        return tuple(self._contribution(tuple(map(int, place)), total) for place in places)

    def _contribution(self, place: tuple[int, ...], total: float) -> Contribution:
        value = float(self.values[place])
        return Contribution(
            place=place[0],
            step=self.steps[place[0]],
            variable=self.variables[place[1]] if len(place) > 1 else "",
            read=float("nan") if self.read is None else float(self.read[place]),
            value=value,
            share=abs(value) / total,
        )


def kind_of(symbols: tuple[str, ...]) -> str:
    """How symbols are best drawn: "letters" where each is one sign and none a blank, else "text"."""
    if not symbols:
        raise ConfigError("A sequence has at least one step: none came.")
    return LETTERS if all(len(each) == 1 and not each.isspace() for each in symbols) else TEXT
