"""Which of the F inputs of a step belong to which variable: `encoding` spreads one column over several of them.

A column's level, change, one-hot code and "seen" flag are the column's; a column known ahead is "next NAME"; the phases
of the date are "calendar".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from throughtime.tasks.calendar import calendar_names
from throughtime.tasks.encoding import Encoding

CALENDAR = "calendar"


@dataclass(frozen=True)
class InputGroup:
    """The inputs of one variable.

    Args:
        name: of the variable.
        column: its place among the columns; None of the calendar.
        ahead: whether it is the next row's.
        places: of its inputs, in 0 .. F - 1.
        number: whether it is a number, not a class or a date.
    """

    name: str
    column: int | None
    ahead: bool
    places: tuple[int, ...]
    number: bool

    def read(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """What was read of it at each of T steps from T + 1 rows [T + 1, C]; nan of what is no number."""
        if self.column is None or not self.number:
            return np.full(len(values) - 1, np.nan)
        return values[1:, self.column] if self.ahead else values[:-1, self.column]


def input_groups(encoding: Encoding) -> tuple[InputGroup, ...]:
    """The variables, in the order of the columns; then those known ahead, then the calendar."""
    owners = list(_owners(encoding))
    found = []
    for owner in sorted(set(owners), key=_order):
        column, ahead = owner
        name = CALENDAR if column is None else encoding.columns[column]
        places = tuple(place for place, each in enumerate(owners) if each == owner)
        number = column is not None and column not in encoding.classes
        found.append(InputGroup(f"next {name}" if ahead else name, column, ahead, places, number))
    return tuple(found)


def _owners(encoding: Encoding) -> Iterator[tuple[int | None, bool]]:
    """Of each input its column and whether it is the next row's, in the order of `Encoding.input_names`."""
    for _ in ("level", "change"):
        yield from ((place, False) for place in encoding.numbers)
    for place, labels in encoding.classes.items():
        if place not in encoding.known:
            yield from [(place, False)] * len(labels)
    yield from ((place, False) for place in encoding.gaps)
    for place in encoding.known:
        yield from [(place, True)] * len(encoding.classes.get(place, (None,)))
    yield from [(None, False)] * len(calendar_names(encoding.periods))


def _order(owner: tuple[int | None, bool]) -> tuple[bool, bool, int]:
    column, ahead = owner
    return column is None, ahead, column or 0
